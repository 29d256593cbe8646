"""The handle of a job that runs on a server."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from ibflow_nb.api.errors import ApiError, BadReply, JobError, JobFailed, JobTimeout, NoResults
from ibflow_nb.api.jobs import JobState, LogEntry
from ibflow_nb.frames import Records
from ibflow_nb.frames.pictures.timeline import Timeline
from ibflow_nb.frames.records import Layout
from ibflow_nb.jobs.call import call
from ibflow_nb.jobs.hooks import Hooks
from ibflow_nb.jobs.poller import Poller, poller
from ibflow_nb.jobs.service import JobService
from ibflow_nb.jobs.silence import silence_told
from ibflow_nb.jobs.snapshot import Snapshot, in_brief, parse_status, refusal
from ibflow_nb.jobs.waiting import waiting
from ibflow_nb.jobs.watch import Watch

if TYPE_CHECKING:
    import pandas as pd

F = TypeVar("F", bound=Callable[["Job"], object])
_NEXT_STEP = {
    JobState.FAILED: "job.logs() tells more, job.records() gives what was read",
    JobState.CANCELLED: "job.restart() runs it again",
    JobState.STOPPED_AT_CHECKPOINT: "review its values, then job.resume()",
}


class Job:
    """A job: watched in the background, waited for when wanted.

    Every method that asks the server can also be awaited as ``job.method.aio(...)``, and
    ``await job`` is ``job.result()`` awaited, so ``asyncio.gather(*jobs)`` and
    ``asyncio.wait_for(job, 5)`` work; ``asyncio.wait`` takes ``asyncio.ensure_future(job)``. An
    interrupt or a timeout ends the waiting; the job goes on.

    Attributes:
        id: the job's id.
    """

    def __init__(
        self,
        job_id: str,
        service: JobService,
        *,
        snapshot: Snapshot | None = None,
        poller: Poller = poller,
    ) -> None:
        self.id = job_id
        self._service = service
        self._poller = poller
        self._watch = Watch(service, snapshot or Snapshot(job_id=job_id))
        self._hooks = Hooks(self, lambda: self.done, self._tell)
        self._watch.subscribe(lambda _: self._hooks.work())
        if not self._watch.closed:
            poller.watch(self._watch)

    @property
    def snapshot(self) -> Snapshot:
        """The latest that is known of the job; immutable."""
        return self._watch.snapshot

    @property
    def state(self) -> JobState:
        """Its condition; UNKNOWN until the server has said."""
        return self.snapshot.state

    @property
    def done(self) -> bool:
        """Whether it has ended: complete, failed, cancelled or stopped at a checkpoint."""
        return self.snapshot.done

    @property
    def progress(self) -> float:
        """How far it is, 0 to 1."""
        return self.snapshot.progress

    @property
    def output_folder(self) -> str:
        """Drive path of its output; empty while not known."""
        return self.snapshot.output_folder

    def subscribe(self, observer: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Have a function called with each new snapshot, on the background thread.

        It must not block. Calling the result ends the subscription.
        """
        return self._watch.subscribe(observer)

    def on_done(self, function: F) -> F:
        """Have a function called with the job, once, when it has ended; at once if it has.

        Functions are called in the order in which they were given, one after another, on a
        thread of their own: they may block, read ``job.records()``, start other jobs. Nobody
        waits for them, :meth:`wait` neither. What one prints lands in the cell that runs at that
        time; its exception is told in one line of the job's view and stops nothing.

        Returns:
            The function, so that this can stand above it as a decorator.
        """
        self._hooks.add(function)
        return function

    @waiting
    async def wait(self, timeout: float | None = None) -> Job:  # noqa: ASYNC109
        """Wait for the job's end, whatever the end, and give the job.

        Args:
            timeout: seconds to wait at most; None waits for as long as it takes, also for a
                server that is away: it is asked until it answers. After two minutes of silence
                a warning (:class:`~ibflow_nb.jobs.silence.ServerSilent`) says since when, and
                how to wait no longer.

        Raises:
            JobTimeout: (a TimeoutError) it has not ended in time; it goes on.
            JobError: the server does not know the job.
            AuthenticationFailed: the server refuses the token.
        """
        if self._watch.error is not None:
            self._watch_again()
        try:
            with silence_told(self._watch, lambda _: f"job {self.id}", timeout):
                await self._watch.wait_closed(timeout)
        except TimeoutError:
            raise JobTimeout(
                f"Job {self.id} has not ended within {timeout:g} s (it is {self.state}, "
                f"{self.progress:.0%}); it goes on, wait again or cancel it.",
                job_id=self.id,
            ) from None
        if self._watch.error is not None:
            raise self._watch.error
        return self

    @waiting
    async def result(self, timeout: float | None = None) -> Snapshot:  # noqa: ASYNC109
        """Wait for the job's end, as :meth:`wait` does, and give its final snapshot.

        Raises:
            JobFailed: it ended in another state than COMPLETE, or the server does not know it.
            JobTimeout: (a TimeoutError) it has not ended in time; it goes on.
        """
        try:
            await self.wait.aio(timeout)
        except JobTimeout:
            raise
        except JobError as error:
            raise JobFailed(str(error), job_id=self.id) from error
        final = self.snapshot
        if final.state is not JobState.COMPLETE:
            raise JobFailed(self._failure(), job_id=self.id)
        return final

    @waiting
    async def records(self, timeout: float | None = None) -> Records:  # noqa: ASYNC109
        """Wait for the job's end, as :meth:`wait` does, and read its records, also of a failed one.

        Raises:
            NoResults: it left no results at all.
            JobTimeout: (a TimeoutError) it has not ended in time; it goes on.
        """
        await self.wait.aio(timeout)
        if not self.output_folder:
            raise NoResults(self._no_results("it told no output folder"), job_id=self.id)
        try:
            records = await self._service.fetch_records(self.output_folder, self.id)
        except BadReply:
            raise
        except ApiError as error:
            if error.status_code not in {200, 404}:
                raise
            raise NoResults(self._no_results(str(error)), job_id=self.id) from error
        if not records and self.state is not JobState.COMPLETE:
            raise NoResults(self._no_results("there are no records"), job_id=self.id)
        return records

    def to_frame(self, layout: Layout = "wide", *, convert: bool = False) -> pd.DataFrame:
        """Wait for the job's end and give its records as a frame.

        Args:
            layout: shape, see :meth:`ibflow_nb.frames.Records.to_frame`.
            convert: give numbers and dates instead of strings.
        """
        return self.records().to_frame(layout, convert=convert)

    @call
    async def refresh(self) -> Snapshot:
        """Ask the server now, once, and give how the job stands.

        Raises:
            JobError: the server does not know the job.
        """
        reply = await self._service.fetch_status(self.id)
        sentence = refusal(reply)
        if sentence is not None:
            raise JobError(
                f"Job {self.id}: the server says: {sentence.rstrip('.')}.", job_id=self.id
            )
        self._poller.hear(self._watch)
        self._watch.publish(parse_status(self.id, reply, now=time.time()))
        if self._watch.closed and not self.done:
            self._watch_again()
        return self.snapshot

    @call
    async def cancel(self) -> None:
        """Ask the server to stop the job; its state tells when it has."""
        await self._control("cancel")

    @call
    async def pause(self) -> None:
        """Let running files finish and start no more."""
        await self._control("pause")

    @call
    async def resume(self) -> None:
        """Go on with a paused job, or with one stopped at a checkpoint."""
        await self._control("resume")

    @call
    async def retry(self) -> None:
        """Run the failed files of an ended job again."""
        await self._control("retry")

    @call
    async def restart(self) -> Job:
        """Run the job's request again from the beginning, under a new id."""
        submission = await self._service.send_restart(self.id)
        snapshot = Snapshot(
            job_id=submission.job_id,
            state=JobState.PENDING,
            output_folder=submission.output_folder,
        )
        return Job(submission.job_id, self._service, snapshot=snapshot, poller=self._poller)

    @call
    async def logs(self, *, start: int = 0) -> list[LogEntry]:
        """Read the job's log, oldest line first.

        Args:
            start: lines to pass over, because they were read before.
        """
        return await self._service.fetch_logs(self.id, start=start)

    @call
    async def timeline(self) -> Timeline:
        """Read when each step ran for each file, so far; a call of the embedded platform.

        The result draws itself in a notebook; its ``to_frame()`` has one row a unit of work.

        Raises:
            NotFound: the server has no such call, or does not know the job.
        """
        return await self._service.fetch_timeline(self.id)

    def __await__(self) -> Generator[Any, None, Snapshot]:
        return self.result.aio().__await__()

    def __repr__(self) -> str:
        return f"<Job {self.id} {in_brief(self.snapshot)}>"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(self.id)}</code> {html.escape(in_brief(self.snapshot))}"

    async def _control(self, action: str) -> None:
        await self._service.send_control(action, self.id)
        if action in {"resume", "retry"} or not self.done:
            self._watch_again()

    def _watch_again(self) -> None:
        self._watch.reopen()
        if self.done:
            self._watch.publish(
                self.snapshot.replace(
                    state=JobState.PENDING, progress=0.0, message="", finished=None
                )
            )
        self._poller.watch(self._watch)

    def _tell(self, sentence: str) -> None:
        """Show a sentence in the job's view, beside what it tells already."""
        note = " ".join(part for part in (self.snapshot.note, f"{sentence.rstrip('.')}.") if part)
        self._watch.publish(self.snapshot.replace(note=note))

    def _failure(self) -> str:
        seen = self.snapshot
        reason = f": {seen.message.rstrip('.')}" if seen.message else ""
        return f"Job {self.id} ended as {seen.state}{reason}; {_NEXT_STEP[seen.state]}."

    def _no_results(self, why: str) -> str:
        reason = self.snapshot.message or why
        return f"Job {self.id} ({self.state}) left no results: {reason.rstrip('.')}."
