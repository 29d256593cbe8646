"""Widgets with their buttons tied to jobs; a button only posts to the background loop."""

from __future__ import annotations

from ibflow_nb.jobs import Job
from ibflow_nb.jobs.background import background
from ibflow_nb.jobs.board import Board
from ibflow_nb.notebook.progress.board_widget import BoardWidget
from ibflow_nb.notebook.progress.widget import WidgetView


def job_widget(job: Job, title: str) -> WidgetView:
    """Give the live view of a job."""

    def cancel() -> None:
        view.tell_cancelling()
        background.submit(job.cancel.aio()).add_done_callback(
            lambda future: view.tell_problem(future.exception())
        )

    view = WidgetView(title, job.snapshot, cancel, lambda start: job.logs.aio(start=start))
    return view


def board_widget(board: Board) -> BoardWidget:
    """Give the live view of many jobs."""

    def cancel(job_id: str) -> None:
        background.submit(board.cancel.aio(job_id)).add_done_callback(
            lambda future: view.tell_problem(future.exception())
        )

    view = BoardWidget(board.snapshot, cancel, lambda: background.submit(board.stop.aio()))
    return view
