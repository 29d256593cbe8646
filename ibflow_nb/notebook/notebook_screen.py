"""The screen that is made of the outputs of a notebook's cells."""

from __future__ import annotations

import functools
import sys
import weakref
from typing import TYPE_CHECKING, Any

from ibflow_nb.config.table import DISPLAY, Display
from ibflow_nb.notebook.screens import SilentScreen
from ibflow_nb.notebook.settings import Settings
from ibflow_nb.notebook.showings import Showings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibflow_nb.jobs import Job
    from ibflow_nb.jobs.board import Board
    from ibflow_nb.notebook.context import Screen
    from ibflow_nb.notebook.progress.output import Told
    from ibflow_nb.notebook.progress.painter import N, Observable, View
    from ibflow_nb.notebook.uploads import UploadProgress


class NotebookScreen:
    """Outputs of a notebook's cells.

    Args:
        shell: the IPython shell of the kernel.
        settings: of the user.
    """

    lives_on = True

    def __init__(self, shell: Any, settings: Settings) -> None:
        self._shell = shell
        self._settings = settings
        self._showings = Showings()
        self._cells: weakref.WeakKeyDictionary[object, str] = weakref.WeakKeyDictionary()

    @property
    def display(self) -> Display:
        """The display in force, ``auto`` decided."""
        display = self._settings[DISPLAY]
        if display is not Display.AUTO:
            return display
        if not self._watched:
            return Display.STATIC
        # Colab is reported not to show what a background thread does to a widget.
        return Display.TEXT if "google.colab" in sys.modules else Display.WIDGET

    @property
    def waits(self) -> bool:
        """Whether nobody can watch a job, so that it is waited for."""
        return self.display is Display.STATIC or not self._watched

    def silenced(self) -> Screen:
        """Give a screen that shows nothing; a job that a cell ends with is not shown either."""
        return SilentScreen(self.waits, self.count_as_shown)

    def say(self, text: str) -> None:
        """Print a sentence into the cell."""
        sys.stdout.write(f"{text}\n")

    def count_as_shown(self, value: object) -> None:
        """Note that the running cell has shown a value, so that its end does not repeat it."""
        self._cells[value] = self._cell

    def is_shown(self, value: object) -> bool:
        """Tell whether the running cell has shown a value."""
        return self._cells.get(value) == self._cell

    def show_job(self, job: Job, title: str) -> None:
        """Show a job in the running cell, unless that cell shows it already."""
        from ibflow_nb.notebook.progress.card import tell
        from ibflow_nb.notebook.progress.live import job_widget

        if not self.is_shown(job):
            self.count_as_shown(job)
            self._show(
                job, functools.partial(tell, title=title), functools.partial(job_widget, job, title)
            )

    def show_board(self, board: Board) -> None:
        """Show many jobs in the running cell, unless that cell shows them already."""
        from ibflow_nb.notebook.progress.board import tell
        from ibflow_nb.notebook.progress.live import board_widget

        if not self.is_shown(board):
            self.count_as_shown(board)
            self._show(board, tell, functools.partial(board_widget, board))

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Show an upload; nothing in static mode, where a second run finds it done."""
        from ibflow_nb.notebook.progress.card import tell
        from ibflow_nb.notebook.progress.widget import WidgetView

        if self.display is not Display.STATIC:
            words = functools.partial(tell, title=title)
            self._show(upload, words, lambda: WidgetView(title, upload.snapshot))

    def notify_at_end(self, job: Job, title: str) -> None:
        """Have the browser tell the job's end, where somebody sits before one."""
        if not self.waits:
            from ibflow_nb.notebook.progress.notice import notify_at_end

            notify_at_end(job, title)

    def settle(self, shown: object) -> None:
        """Draw the latest state now."""
        self._showings.settle(shown)

    @property
    def _cell(self) -> str:
        """Id of the request that runs; the execution count stands still without history."""
        request = self._shell.kernel.get_parent("shell")
        return str(request.get("header", {}).get("msg_id", ""))

    @property
    def _watched(self) -> bool:
        """Whether a front end runs the cell; those without a user cannot ask for input."""
        request = self._shell.kernel.get_parent("shell")
        return bool(request.get("content", {}).get("allow_stdin", True))

    def _show(
        self, source: Observable[N], tell: Callable[..., Told], live: Callable[[], View[N]]
    ) -> None:
        from ibflow_nb.notebook.progress.views import StaticView, TextView

        display = self.display
        if display is Display.STATIC:
            self._showings.add(source, StaticView(functools.partial(tell, fixed=True)))
        elif display is Display.WIDGET and source.snapshot.done:
            self._showings.add(source, StaticView(tell))  # there is nothing to move or to cancel
        elif display is Display.TEXT:
            self._showings.add(source, TextView(tell, source.snapshot))
        elif display is Display.WIDGET:
            self._showings.add(source, live())
