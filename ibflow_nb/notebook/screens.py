"""The screens: a notebook, a terminal, and none."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from ibflow_nb.config.table import DISPLAY, Display
from ibflow_nb.notebook.settings import Settings

if TYPE_CHECKING:
    from ibflow_nb.jobs import Job
    from ibflow_nb.notebook.context import Screen
    from ibflow_nb.notebook.progress.painter import Observable, Showing, View
    from ibflow_nb.notebook.uploads import UploadProgress


class SilentScreen:
    """Shows nothing, for ``--quiet``.

    Args:
        waits: whether started jobs are waited for.
        count_as_shown: told what the end of the cell shall not show either.
    """

    lives_on = True

    def __init__(
        self, waits: bool, count_as_shown: Callable[[object], None] = lambda _: None
    ) -> None:
        self.waits = waits
        self._count_as_shown = count_as_shown

    def silenced(self) -> Screen:
        """Give itself."""
        return self

    def say(self, text: str) -> None:
        """Show nothing."""

    def count_as_shown(self, value: object) -> None:
        """Have the end of the cell not show it either."""
        self._count_as_shown(value)

    def show_job(self, job: Job, title: str) -> None:
        """Show nothing."""
        self._count_as_shown(job)

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Show nothing."""

    def settle(self, job: Job) -> None:
        """Show nothing."""


class TerminalScreen:
    """Lines in a terminal: one for each new state of a job.

    Args:
        settings: of the user.
        progress: stream for lines on progress; default the standard output.
        lives_on: whether the process lives on after a command.
    """

    waits = False

    def __init__(
        self, settings: Settings, *, progress: TextIO | None = None, lives_on: bool = True
    ) -> None:
        self.lives_on = lives_on
        self._settings = settings
        self._progress = progress
        self._showings: dict[str, Showing] = {}

    def silenced(self) -> Screen:
        """Give a screen that shows nothing."""
        return SilentScreen(self.waits)

    def say(self, text: str) -> None:
        """Print a sentence."""
        sys.stdout.write(f"{text}\n")

    def count_as_shown(self, value: object) -> None:
        """Nothing: a terminal shows values by their repr."""

    def show_job(self, job: Job, title: str) -> None:
        """Print a line for each new state."""
        from ibflow_nb.notebook.progress.painter import painter
        from ibflow_nb.notebook.progress.views import LinesView

        display = self._settings[DISPLAY]
        if display is Display.OFF:
            return
        view = LinesView(title, only_end=display is Display.STATIC, stream=self._progress)
        self._showings[job.id] = painter.show(job, view)
        self.settle(job)  # the first line stands above what the caller prints next

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Print a line at the beginning and at the end."""
        from ibflow_nb.notebook.progress.painter import painter
        from ibflow_nb.notebook.progress.views import LinesView

        if self._settings[DISPLAY] not in {Display.OFF, Display.STATIC}:
            painter.show(upload, LinesView(title, stream=self._progress))

    def settle(self, job: Job) -> None:
        """Print what is not printed yet."""
        _settle(self._showings, job)


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
        self._showings: dict[str, Showing] = {}
        self._cells: weakref.WeakKeyDictionary[object, str] = weakref.WeakKeyDictionary()

    @property
    def display(self) -> Display:
        """The display in force, ``auto`` decided."""
        display = self._settings[DISPLAY]
        if display is not Display.AUTO:
            return display
        return Display.WIDGET if self._watched else Display.STATIC

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
        from ibflow_nb.notebook.progress.painter import painter

        if self.is_shown(job):
            return
        self.count_as_shown(job)
        view = self._view(job, title)
        if view is not None:
            self._showings[job.id] = painter.show(job, view)

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Show an upload; nothing in static mode, where a second run finds it done."""
        from ibflow_nb.notebook.progress.painter import painter

        if self.display is not Display.STATIC:
            view = self._view(upload, title)
            if view is not None:
                painter.show(upload, view)

    def settle(self, job: Job) -> None:
        """Draw the job's latest state now."""
        _settle(self._showings, job)

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

    def _view(self, job: Observable, title: str) -> View | None:
        from ibflow_nb.notebook.progress import views

        display = self.display
        if display is Display.OFF:
            return None
        if display is Display.STATIC:
            return views.StaticView(title)
        if display is Display.TEXT:
            return views.TextView(title, job.snapshot)
        return _live_view(job, title)


def _live_view(job: Observable, title: str) -> View:
    """Show a widget; a job's button only posts the request to the background loop."""
    from ibflow_nb.jobs import Job
    from ibflow_nb.jobs.background import background
    from ibflow_nb.notebook.progress.views import WidgetView

    if not isinstance(job, Job):
        return WidgetView(title, job.snapshot)

    def cancel() -> None:
        view.tell_cancelling()
        background.submit(job.cancel.aio()).add_done_callback(
            lambda future: view.tell_problem(future.exception())
        )

    view = WidgetView(title, job.snapshot, cancel)
    return view


def _settle(showings: dict[str, Showing], job: Job) -> None:
    from ibflow_nb.notebook.progress.painter import painter

    if job.id in showings:
        painter.settle(showings[job.id])
        if showings[job.id].over:
            del showings[job.id]
