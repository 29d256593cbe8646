"""The screens without a notebook: a terminal, and none."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from ibflow_nb.config.table import DISPLAY, Display
from ibflow_nb.notebook.settings import Settings
from ibflow_nb.notebook.showings import Showings

if TYPE_CHECKING:
    from ibflow_nb.jobs import Job
    from ibflow_nb.jobs.board import Board
    from ibflow_nb.notebook.context import Screen
    from ibflow_nb.notebook.progress.output import Told
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

    def show_board(self, board: Board) -> None:
        """Show nothing."""
        self._count_as_shown(board)

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Show nothing."""

    def notify_at_end(self, job: Job, title: str) -> None:
        """Do nothing."""

    def settle(self, shown: object) -> None:
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
        self._showings = Showings()

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
        from ibflow_nb.notebook.progress.card import tell

        self._print(job, functools.partial(tell, title=title))

    def show_board(self, board: Board) -> None:
        """Print a line whenever the number of jobs in some state has changed."""
        from ibflow_nb.notebook.progress.board import tell

        self._print(board, tell)

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Print a line at the beginning and at the end."""
        from ibflow_nb.notebook.progress.card import tell

        if self._settings[DISPLAY] is not Display.STATIC:
            self._print(upload, functools.partial(tell, title=title))

    def notify_at_end(self, job: Job, title: str) -> None:
        """Nothing: a terminal has no browser."""

    def settle(self, shown: object) -> None:
        """Print what is not printed yet."""
        self._showings.settle(shown)

    def _print(self, source: Any, tell: Callable[[Any], Told]) -> None:
        from ibflow_nb.notebook.progress.views import LinesView

        display = self._settings[DISPLAY]
        if display is not Display.OFF:
            only_end = display is Display.STATIC
            view = LinesView(tell, only_end=only_end, stream=self._progress)
            self._showings.add(source, view)
            self.settle(source)  # the first line stands above what the caller prints next
