"""What a command works with, and the jobs that this kernel knows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ibflow_nb.api.errors import CommandError
from ibflow_nb.config.address import LOCAL
from ibflow_nb.config.target import Target
from ibflow_nb.notebook.connection import Connection
from ibflow_nb.notebook.settings import Settings

if TYPE_CHECKING:
    from ibflow_nb.jobs import Job, Snapshot
    from ibflow_nb.jobs.board import Board
    from ibflow_nb.notebook.bodies import Body
    from ibflow_nb.notebook.history import History
    from ibflow_nb.notebook.uploads import UploadProgress


class Screen(Protocol):
    """Where a command shows things: a notebook, a terminal, or nowhere.

    Attributes:
        waits: whether started jobs are waited for, because nobody can watch them.
        lives_on: whether jobs are still shown after the command has returned.
    """

    @property
    def lives_on(self) -> bool:
        """Whether jobs are still shown after the command has returned."""
        ...

    @property
    def waits(self) -> bool:
        """Whether started jobs are waited for."""
        ...

    def silenced(self) -> Screen:
        """Give a screen in its place that shows nothing."""
        ...

    def say(self, text: str) -> None:
        """Show a sentence."""
        ...

    def count_as_shown(self, value: object) -> None:
        """Note that the running cell has shown a value, so that its end does not repeat it."""
        ...

    def show_job(self, job: Job, title: str) -> None:
        """Show a job's progress from now on."""
        ...

    def show_board(self, board: Board) -> None:
        """Show many jobs from now on."""
        ...

    def notify_at_end(self, job: Job, title: str) -> None:
        """Have the browser tell the job's end."""
        ...

    def show_upload(self, upload: UploadProgress, title: str) -> None:
        """Show an upload's progress from now on."""
        ...

    def settle(self, shown: object) -> None:
        """Show the latest state of a job or a board now, before the cell ends."""
        ...


class KnownJobs:
    """The jobs that this kernel has started or attached to.

    Attributes:
        last: the latest of them.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.last: Job | None = None
        self._jobs: dict[str, Job] = {}
        self._titles: dict[str, str] = {}
        self._marks: dict[str, str] = {}

    def add(self, job: Job, title: str) -> None:
        """Remember a job; it becomes the latest."""
        self._jobs[job.id] = job
        self._titles[job.id] = title
        self.last = job

    def record(self, job: Job, title: str, kind: str, target: Target | None, mark: str) -> None:
        """Remember a job that was just submitted, also for later kernels."""
        from ibflow_nb.notebook.history import Entry

        self.add(job, title)
        self._marks[job.id] = mark
        self.history.add(
            Entry(
                job_id=job.id,
                server=target.url if target else LOCAL,
                root=target.root if target else "",
                kind=kind,
                title=title,
                output_folder=job.output_folder,
                submitted=time.time(),
                mark=mark,
            )
        )

    def like(self, mark: str) -> str | None:
        """Give the latest job of a request, unless it is known to have ended."""
        mine = [job_id for job_id in self.known() if self._marks.get(job_id) == mark]
        if mine:
            return next((job_id for job_id in mine if not self._jobs[job_id].done), None)
        return next((one.job_id for one in self.history.entries() if one.mark == mark), None)

    def title(self, job_id: str) -> str:
        """Give the short name of a job; empty if none is known."""
        if job_id in self._titles:
            return self._titles[job_id]
        return next((entry.title for entry in self.history.find(job_id)), "")

    def known(self) -> list[str]:
        """Give the ids of this kernel's jobs, latest first."""
        return list(reversed(self._jobs))

    def get(self, job_id: str) -> Job | None:
        """Give a job of this kernel."""
        return self._jobs.get(job_id)

    def full_id(self, reference: str) -> str:
        """Complete the beginning of an id from the jobs of this and earlier kernels.

        Raises:
            CommandError: several jobs begin with it.
        """
        found = [job_id for job_id in self._jobs if job_id.startswith(reference)]
        found += [entry.job_id for entry in self.history.find(reference)]
        candidates = list(dict.fromkeys(found))
        if reference in candidates or not candidates:
            return reference
        if len(candidates) > 1:
            raise CommandError(
                f"'{reference}' is the beginning of {len(candidates)} job ids, "
                f"such as {candidates[0]} and {candidates[1]}; write more of it."
            )
        return candidates[0]


@dataclass(frozen=True)
class Context:
    """What a command works with.

    Attributes:
        connection: the way to the server.
        jobs: the jobs of this kernel.
        settings: what the user has set.
        screen: where things are shown.
        namespace: the user's variables.
        body: body of a cell magic; None in the line form.
        prog: ``%ibflow`` or ``ibflow-nb``, for sentences that name a next step.
        last_error: the latest error, for ``%ibflow traceback``.
    """

    connection: Connection
    jobs: KnownJobs
    settings: Settings
    screen: Screen
    namespace: Mapping[str, Any] = field(default_factory=dict)
    body: Body | None = None
    prog: str = "%ibflow"
    last_error: BaseException | None = None

    def job(self, reference: str | None) -> Job:
        """Find a job by its id, the beginning of its id, or take the latest.

        Raises:
            CommandError: there is no latest job, or several jobs begin like that.
            NotFound: the server does not know it.
        """
        if reference is None:
            if self.jobs.last is None:
                raise CommandError(
                    f"No job was started here yet; name one, '{self.prog} jobs' lists them."
                )
            return self.jobs.last
        job_id = self.jobs.full_id(reference)
        job = self.jobs.get(job_id)
        if job is None:
            job = self.connection.client.jobs.get(job_id)
            self.jobs.add(job, self.jobs.title(job_id))
        return job

    def ask(self, reference: str | None) -> Snapshot:
        """Ask the server once how a job stands now; see :meth:`job`.

        Raises:
            CommandError: there is no latest job, or several jobs begin like that.
            NotFound: the server does not know it.
            JobError: the server does not know it any more.
        """
        known = self.jobs.last if reference is None else None
        if reference is not None:
            known = self.jobs.get(self.jobs.full_id(reference))
        return self.job(reference).snapshot if known is None else known.refresh()
