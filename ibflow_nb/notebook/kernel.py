"""What the magic sets up in a shell when it is first used, and takes back at its end."""

from __future__ import annotations

from typing import Any

from ibflow_nb.jobs import Job, Snapshot
from ibflow_nb.jobs.background import background
from ibflow_nb.notebook.connection import Connection
from ibflow_nb.notebook.context import Context, KnownJobs
from ibflow_nb.notebook.history import History
from ibflow_nb.notebook.progress.card import card
from ibflow_nb.notebook.progress.describe import describe
from ibflow_nb.notebook.progress.painter import painter
from ibflow_nb.notebook.screens import NotebookScreen, TerminalScreen
from ibflow_nb.notebook.settings import Settings


def make_context(shell: Any) -> Context:
    """Make what the commands of one shell work with; jobs then show themselves live."""
    settings = Settings()
    in_kernel = getattr(shell, "kernel", None) is not None
    screen = NotebookScreen(shell, settings) if in_kernel else TerminalScreen(settings)
    context = Context(Connection(), KnownJobs(History()), settings, screen)
    _set_formatters(shell, context, live=in_kernel)
    return context


def take_back(shell: Any) -> None:
    """End all threads and forget how to show jobs."""
    painter.stop()
    background.stop()
    formatter = shell.display_formatter
    formatter.ipython_display_formatter.pop(Job, None)
    for mime in ("text/plain", "text/html"):
        formatter.formatters[mime].pop(Snapshot, None)


def _set_formatters(shell: Any, context: Context, *, live: bool) -> None:
    """Have a job at the end of a cell show its progress, and a snapshot its words."""

    def title(job_id: str) -> str:
        return context.jobs.title(job_id)

    formatter = shell.display_formatter
    formatter.formatters["text/html"].for_type(
        Snapshot, lambda seen: card(describe(seen, title(seen.job_id)))
    )
    formatter.formatters["text/plain"].for_type(
        Snapshot, lambda seen, printer, _: printer.text(describe(seen, title(seen.job_id)).line)
    )
    if live:
        formatter.ipython_display_formatter.for_type(
            Job, lambda job: context.screen.show_job(job, title(job.id))
        )
