"""The views: a widget, a line of text in a notebook, lines in a terminal, the end alone."""

from __future__ import annotations

import dataclasses
import sys
import uuid
from collections.abc import Callable
from typing import Any, TextIO

from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import Snapshot
from ibflow_nb.notebook.progress import card
from ibflow_nb.notebook.progress.describe import Description, describe

_BAR_STYLES = {
    JobState.COMPLETE: "success",
    JobState.FAILED: "danger",
    JobState.CANCELLED: "warning",
    JobState.PAUSED: "warning",
    JobState.STOPPED_AT_CHECKPOINT: "warning",
}


class _Output:
    """A notebook output that can be replaced."""

    def __init__(self) -> None:
        self._display_id = f"ibflow-{uuid.uuid4().hex}"

    def publish(self, bundle: dict[str, Any], *, update: bool) -> None:
        """Show the bundle, or put it in place of what is shown."""
        from IPython.display import display

        display(  # type: ignore[no-untyped-call]
            bundle, raw=True, display_id=self._display_id, update=update
        )


def bundle(words: Description) -> dict[str, Any]:
    """Give a job as text and HTML, which any viewer of notebooks can show."""
    return {"text/plain": words.line, "text/html": card.card(words)}


class WidgetView:
    """Live widget; text and HTML take its place at the end.

    A widget alone would leave "model not found" in a notebook that is opened again.

    Args:
        title: what runs.
        on_cancel: called by the button, on whatever thread the kernel handles it; must return
            at once. Without it there is no button.
    """

    ticks = True

    def __init__(
        self, title: str, snapshot: Snapshot, on_cancel: Callable[[], None] | None = None
    ) -> None:
        import ipywidgets

        self._title = title
        self._cancelling = False
        self._problem = ""
        self._output = _Output()
        self._headline = ipywidgets.HTML(layout={"margin": "0"})
        self._remarks = ipywidgets.HTML(layout={"margin": "0"})
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"flex": "1", "height": "20px"})
        self._cancel = ipywidgets.Button(
            description="Cancel", tooltip="Stop this job", layout={"width": "80px"}
        )
        if on_cancel is None:
            self._cancel.layout.display = "none"
        else:
            self._cancel.on_click(lambda _: on_cancel())
        row = ipywidgets.HBox([self._bar, self._cancel], layout={"align_items": "center"})
        box = ipywidgets.VBox([self._headline, row, self._remarks], layout={"max_width": "48em"})
        self._show(describe(snapshot, title))
        live = box._repr_mimebundle_()  # how ipywidgets tells front ends which model to show
        self._output.publish({**live, **bundle(describe(snapshot, title))}, update=False)

    def draw(self, snapshot: Snapshot) -> None:
        """Move the bar and change the words."""
        words = describe(snapshot, self._title)
        note = " ".join(part for part in (words.note, self._problem) if part)
        self._show(dataclasses.replace(words, note=note))
        self._cancel.disabled = self._cancelling
        self._cancel.description = "Cancelling" if self._cancelling else "Cancel"

    def finish(self, snapshot: Snapshot) -> None:
        """Show the end in the widget, for pages loaded anew, and replace the output."""
        words = describe(snapshot, self._title)
        self._show(words)
        self._cancel.layout.display = "none"
        self._output.publish(bundle(words), update=True)

    def tell_cancelling(self) -> None:
        """Tell that the button was heard, with the next drawing."""
        self._cancelling = True

    def tell_problem(self, problem: BaseException | None) -> None:
        """Tell why the job cannot be cancelled, with the next drawing."""
        self._cancelling = False
        self._problem = f"It cannot be cancelled: {problem}" if problem else ""

    def _show(self, words: Description) -> None:
        self._headline.value = card.headline(words)
        self._remarks.value = card.remarks(words)
        self._bar.value = words.fraction
        self._bar.bar_style = _BAR_STYLES.get(words.state, "info")


class TextView:
    """One line of text in a notebook, replaced in place."""

    ticks = True

    def __init__(self, title: str, snapshot: Snapshot) -> None:
        self._title = title
        self._output = _Output()
        self._output.publish({"text/plain": describe(snapshot, title).line}, update=False)

    def draw(self, snapshot: Snapshot) -> None:
        """Replace the line."""
        self._output.publish({"text/plain": describe(snapshot, self._title).line}, update=True)

    finish = draw


class StaticView:
    """Nothing while the job runs; at its end one output that is the same in every run."""

    ticks = False

    def __init__(self, title: str) -> None:
        self._title = title

    def draw(self, snapshot: Snapshot) -> None:
        """Show nothing."""

    def finish(self, snapshot: Snapshot) -> None:
        """Show the end."""
        _Output().publish(bundle(describe(snapshot, self._title, fixed=True)), update=False)


class LinesView:
    """A line for each new state, in a terminal.

    Args:
        title: what runs.
        only_end: leave out all lines but the last.
        stream: where to write; default the standard output of the moment.
    """

    ticks = False

    def __init__(self, title: str, *, only_end: bool = False, stream: TextIO | None = None) -> None:
        self._title = title
        self._only_end = only_end
        self._stream = stream
        self._state: JobState | None = None

    def draw(self, snapshot: Snapshot) -> None:
        """Write a line if the state is new."""
        if snapshot.state is not self._state and not self._only_end:
            self._write(snapshot)
        self._state = snapshot.state

    def finish(self, snapshot: Snapshot) -> None:
        """Write the last line."""
        self._write(snapshot)

    def _write(self, snapshot: Snapshot) -> None:
        stream = self._stream or sys.stdout
        stream.write(f"{describe(snapshot, self._title).line}\n")
        stream.flush()
