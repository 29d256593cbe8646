"""The live view of many jobs: one table, and a button that cancels the one that is chosen.

A button a job would be a dozen widget models each; a table is one, however many jobs there are.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from ibflow_nb.jobs.overview import Overview
from ibflow_nb.notebook.progress import board
from ibflow_nb.notebook.progress.output import Output


class BoardWidget:
    """Live table; text and HTML take its place at the end.

    Args:
        overview: the jobs to begin with.
        on_cancel: called by the button with the id of a job; must return at once.
        on_stop: called by the button that ends the watching; must return at once.
    """

    ticks = True
    redraw: Callable[[], None]

    def __init__(
        self, overview: Overview, on_cancel: Callable[[str], None], on_stop: Callable[[], object]
    ) -> None:
        import ipywidgets

        self._problem = ""
        self._output = Output()
        self._table = ipywidgets.HTML(layout={"margin": "0"})
        self._choice = ipywidgets.Dropdown(layout={"width": "20em"})
        cancel = ipywidgets.Button(
            description="Cancel", tooltip="Stop the chosen job", layout={"width": "80px"}
        )
        cancel.on_click(lambda _: on_cancel(self._choice.value) if self._choice.value else None)
        stop = ipywidgets.Button(
            description="Stop watching", tooltip="The jobs go on", layout={"width": "120px"}
        )
        stop.on_click(lambda _: on_stop())
        self._controls = ipywidgets.HBox([self._choice, cancel, stop])
        box = ipywidgets.VBox([self._table, self._controls])
        told = board.tell(overview)
        self._show(overview, told.html)
        self._output.publish({**box._repr_mimebundle_(), **told.bundle})

    def draw(self, overview: Overview) -> None:
        """Change the table, and what can be chosen."""
        self._show(overview, board.tell(overview).html)

    def finish(self, overview: Overview) -> None:
        """Show the end in the widget, for pages loaded anew, and replace the output."""
        told = board.tell(overview)
        self._show(overview, told.html)
        self._controls.layout.display = "none"
        self._output.publish(told.bundle)

    def tell_problem(self, problem: BaseException | None) -> None:
        """Tell why a job cannot be cancelled."""
        self._problem = f"It cannot be cancelled: {problem}" if problem else ""
        self.redraw()

    def _show(self, overview: Overview, html: str) -> None:
        self._table.value = html + (f"<div>{escape(self._problem)}</div>" if self._problem else "")
        options = [
            (f"{row.title} {board.short(row.job.job_id)}", row.job.job_id) for row in overview.going
        ]
        if options != list(self._choice.options):
            chosen, ids = self._choice.value, [job_id for _, job_id in options]
            self._choice.options = options
            self._choice.value = chosen if chosen in ids else next(iter(ids), None)
