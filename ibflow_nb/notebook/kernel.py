"""What the magic sets up in a shell when it is first used, and takes back at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ibflow_nb.client import Client
from ibflow_nb.jobs import Job, Snapshot
from ibflow_nb.jobs.background import background
from ibflow_nb.jobs.board import Board
from ibflow_nb.jobs.waiting import interrupt_policy
from ibflow_nb.notebook.connection import Connection
from ibflow_nb.notebook.context import Context, KnownJobs, Screen
from ibflow_nb.notebook.history import History
from ibflow_nb.notebook.notebook_screen import NotebookScreen
from ibflow_nb.notebook.progress.card import card
from ibflow_nb.notebook.progress.describe import describe
from ibflow_nb.notebook.progress.painter import painter
from ibflow_nb.notebook.screens import TerminalScreen
from ibflow_nb.notebook.settings import Settings
from ibflow_nb.notebook.waiting import set_interrupt_policy

if TYPE_CHECKING:
    from ibflow_nb.notebook.traits import Traits


def make_context(shell: Any, own: Traits) -> Context:
    """Make what the commands of one shell work with, and tell IPython how to show it."""
    settings = Settings(own)
    known = KnownJobs(History())
    screen: Screen = TerminalScreen(settings)
    if getattr(shell, "kernel", None) is not None:
        screen = NotebookScreen(shell, settings)
        _show_live(shell, screen, known)
    _show_snapshots(shell, known)
    context = Context(Connection(settings), known, settings, screen)
    set_interrupt_policy(context)
    return context


def take_back(shell: Any) -> None:
    """End all threads and forget how to show jobs."""
    painter.stop()
    background.stop()
    interrupt_policy.reset()
    formatter = shell.display_formatter
    for kind in (Job, Board, Client):
        formatter.ipython_display_formatter.pop(kind, None)
    for mime in ("text/plain", "text/html"):
        formatter.formatters[mime].pop(Snapshot, None)


def _show_live(shell: Any, screen: NotebookScreen, known: KnownJobs) -> None:
    """Have a job at the end of a cell show its progress; what the cell has shown stays alone."""

    def show_client(client: Client) -> None:
        if not screen.is_shown(client):
            screen.say(repr(client))

    formatter = shell.display_formatter.ipython_display_formatter
    formatter.for_type(Job, lambda job: screen.show_job(job, known.title(job.id)))
    formatter.for_type(Board, screen.show_board)
    formatter.for_type(Client, show_client)


def _show_snapshots(shell: Any, known: KnownJobs) -> None:
    """Have a snapshot show itself in words."""
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(
        Snapshot, lambda seen: card(describe(seen, known.title(seen.job_id)))
    )
    formatters["text/plain"].for_type(
        Snapshot,
        lambda seen, printer, _: printer.text(describe(seen, known.title(seen.job_id)).line),
    )
