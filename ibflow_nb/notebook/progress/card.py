"""The HTML of a job: looks at home in JupyterLab's light and dark themes, and without any."""

from __future__ import annotations

from html import escape

from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import Snapshot
from ibflow_nb.notebook.progress.describe import Description, describe
from ibflow_nb.notebook.progress.output import Told

_TEXT = "var(--jp-content-font-color1, inherit)"
_FAINT = "var(--jp-content-font-color2, #666)"
_TRACK = "var(--jp-layout-color3, #d0d0d0)"
_COLOURS = {
    JobState.COMPLETE: "var(--jp-success-color1, #2e7d32)",
    JobState.FAILED: "var(--jp-error-color1, #c62828)",
    JobState.CANCELLED: "var(--jp-warn-color0, #b26a00)",
    JobState.PAUSED: "var(--jp-warn-color0, #b26a00)",
    JobState.STOPPED_AT_CHECKPOINT: "var(--jp-warn-color0, #b26a00)",
}
_RUNNING = "var(--jp-brand-color1, #1976d2)"
FRAME = (
    f"color:{_TEXT};font-family:var(--jp-ui-font-family, system-ui, sans-serif);"
    "font-size:var(--jp-ui-font-size1, 13px);line-height:1.5;max-width:48em;padding:4px 0"
)


def colour(state: JobState) -> str:
    """Give the CSS colour that stands for a state."""
    return _COLOURS.get(state, _RUNNING)


def card(words: Description) -> str:
    """Draw a job: state and counts, a bar, and what there is to say."""
    parts = [headline(words), bar(words), remarks(words)]
    return f'<div style="{FRAME}">{"".join(parts)}</div>'


def told(words: Description) -> Told:
    """Give a job in all the forms that views show."""
    return Told(words.word, words.line, words.line, card(words))


def tell(snapshot: Snapshot, title: str, *, fixed: bool = False) -> Told:
    """Put a job into all the forms that views show; see :func:`describe`."""
    return told(describe(snapshot, title, fixed=fixed))


def headline(words: Description) -> str:
    """State, title, counts and time; the state is a word, not only a colour."""
    faint = " · ".join(escape(part) for part in (words.counts, words.elapsed) if part)
    return (
        f'<div><span style="color:{colour(words.state)};font-weight:600">'
        f"{escape(words.word)}</span>&ensp;{escape(words.title)}"
        f'<span style="color:{_FAINT}">&ensp;{faint}</span></div>'
    )


def remarks(words: Description) -> str:
    """What happens or why it ended, trouble with the connection, and the job's id."""
    reference = f"job {words.reference}" if words.reference else ""
    texts = [escape(text) for text in (words.message, words.note) if text]
    if reference:
        texts.append(f'<span style="color:{_FAINT}">{escape(reference)}</span>')
    return f"<div>{'&ensp;'.join(texts)}</div>" if texts else ""


def bar(words: Description) -> str:
    """Draw how far it is, also for screen readers."""
    percent = round(100 * words.fraction)
    return (
        f'<div role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
        f'aria-label="{escape(words.title or "job", quote=True)}" '
        f'style="background:{_TRACK};height:6px;border-radius:3px;margin:3px 0">'
        f'<div style="background:{colour(words.state)};width:{percent}%;height:6px;'
        'border-radius:3px"></div></div>'
    )
