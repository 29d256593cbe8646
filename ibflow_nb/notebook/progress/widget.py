"""The live view of one job: a bar, a button that cancels, the end of the log behind another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ibflow_nb.api.jobs import JobState
from ibflow_nb.jobs import Snapshot
from ibflow_nb.notebook.progress import card
from ibflow_nb.notebook.progress.describe import Description, describe
from ibflow_nb.notebook.progress.logtail import FetchLog, LogTail
from ibflow_nb.notebook.progress.output import Output

_BAR_STYLES = {
    JobState.COMPLETE: "success",
    JobState.FAILED: "danger",
    JobState.CANCELLED: "warning",
    JobState.PAUSED: "warning",
    JobState.STOPPED_AT_CHECKPOINT: "warning",
}


class WidgetView:
    """Live widget; text and HTML take its place at the end.

    A widget alone would leave "model not found" in a notebook that is opened again.

    Args:
        title: what runs.
        snapshot: how it stands.
        on_cancel: called by the button, on whatever thread the kernel handles it; must return
            at once. Without it there is no button.
        fetch_log: gives the lines of its log from a number on; None where there is no log.
    """

    ticks = True
    redraw: Callable[[], None]

    def __init__(
        self,
        title: str,
        snapshot: Snapshot,
        on_cancel: Callable[[], None] | None = None,
        fetch_log: FetchLog | None = None,
    ) -> None:
        import ipywidgets

        self._title = title
        self._log = LogTail(fetch_log, lambda: self.redraw()) if fetch_log else None
        self._cancelling = False
        self._problem = ""
        self._output = Output()
        self._headline = ipywidgets.HTML(layout={"margin": "0"})
        self._remarks = ipywidgets.HTML(layout={"margin": "0"})
        self._lines = ipywidgets.HTML(layout={"margin": "0", "display": "none"})
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"flex": "1", "height": "20px"})
        self._cancel = ipywidgets.Button(
            description="Cancel", tooltip="Stop this job", layout={"width": "80px"}
        )
        self._show_log = ipywidgets.ToggleButton(
            description="Log", tooltip="Show the last lines of its log", layout={"width": "60px"}
        )
        self._show_log.observe(lambda change: self._open_log(change["new"]), "value")
        if on_cancel is None:
            self._cancel.layout.display = "none"
        else:
            self._cancel.on_click(lambda _: on_cancel())
        if self._log is None:
            self._show_log.layout.display = "none"
        row = ipywidgets.HBox(
            [self._bar, self._show_log, self._cancel], layout={"align_items": "center"}
        )
        parts = [self._headline, row, self._remarks, self._lines]
        box = ipywidgets.VBox(parts, layout={"max_width": "48em"})
        words = describe(snapshot, title)
        self._show(words)
        live = box._repr_mimebundle_()  # how ipywidgets tells front ends which model to show
        self._output.publish({**live, **card.told(words).bundle})

    def draw(self, snapshot: Snapshot) -> None:
        """Move the bar and change the words."""
        words = describe(snapshot, self._title)
        note = " ".join(part for part in (words.note, self._problem) if part)
        self._show(dataclasses.replace(words, note=note))
        self._cancel.disabled = self._cancelling
        self._cancel.description = "Cancelling" if self._cancelling else "Cancel"

    def finish(self, snapshot: Snapshot) -> None:
        """Show the end in the widget, for pages loaded anew, and replace the output.

        The last lines of the log come a moment later, and are added behind a closed title.
        """
        words = describe(snapshot, self._title)
        self._show(words)
        self._cancel.layout.display = "none"
        told = card.told(words)
        if self._log is not None:
            self._log.end()
            told = told._replace(html=told.html + self._log.details)
        self._output.publish(told.bundle)

    def tell_cancelling(self) -> None:
        """Tell that the button was heard."""
        self._cancelling = True
        self.redraw()

    def tell_problem(self, problem: BaseException | None) -> None:
        """Tell why the job cannot be cancelled."""
        self._cancelling = False
        self._problem = f"It cannot be cancelled: {problem}" if problem else ""
        self.redraw()

    def _open_log(self, wanted: bool) -> None:
        """Follow the log only while it is open; called by the button, returns at once."""
        self._lines.layout.display = None if wanted else "none"
        if self._log is not None:
            (self._log.open if wanted else self._log.close)()

    def _show(self, words: Description) -> None:
        self._headline.value = card.headline(words)
        self._remarks.value = card.remarks(words)
        self._bar.value = words.fraction
        self._bar.bar_style = _BAR_STYLES.get(words.state, "info")
        if self._log is not None and self._show_log.value:
            self._lines.value = self._log.html
