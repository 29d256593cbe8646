"""The engine: what the server calls."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from filelock import FileLock, Timeout

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.api.flow import (
    CompileBinary,
    ReviewJob,
    RunBinary,
    RunFlow,
    RunFlows,
    RunMetaflow,
    RunStep,
    Submission,
)
from ibflow_nb.api.jobs import (
    JobListQuery,
    JobListReply,
    JobLogsReply,
    JobState,
    JobStatusReply,
)
from ibflow_nb.api.results import (
    PageImage,
    PageImageQuery,
    ResultRecord,
    ResultsOptions,
    ResultsQuery,
    ResultsReply,
)
from ibflow_nb.api.timeline import TimelineQuery, TimelineReply
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.compiling import Compiler
from ibflow_nb.local.engine.controls import Controls
from ibflow_nb.local.engine.deliveries import Deliveries
from ibflow_nb.local.engine.dispatcher import Dispatcher
from ibflow_nb.local.engine.executor import Executor
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger
from ibflow_nb.local.engine.pages import PageDrawer
from ibflow_nb.local.engine.plan import Planner
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.engine.requests import BINARY, FLOW, FLOWS, METAFLOW, STEP, Requests
from ibflow_nb.local.engine.results import read_all_records, read_results
from ibflow_nb.local.engine.review import store_review
from ibflow_nb.local.engine.status import job_status, list_jobs
from ibflow_nb.local.engine.store import Store
from ibflow_nb.local.engine.submission import Submitter
from ibflow_nb.local.engine.timeline import read_timeline
from ibflow_nb.local.settings import Settings

STORE = "jobs.sqlite3"
_CANCEL_WAIT = 5.0


class Engine:
    """Runs jobs on one drive; methods may be called from any thread.

    Args:
        drive: the file tree.
        settings: of the platform.
        executor: what runs units; default the pool of local worker processes.

    Raises:
        ConfigError: another engine runs on this root, its store is of a newer version, or
            there is no such executor.
    """

    def __init__(self, drive: Drive, settings: Settings, executor: Executor | None = None) -> None:
        executor = executor or make_executor(settings)
        state = settings.state_dir
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(state / "engine.lock", mode=0o600, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise ConfigError(f"Another platform already runs on {settings.root}.") from error
        try:
            self._ledger = Ledger(state / STORE)
        except BaseException:
            self._lock.release()
            raise
        self._drive = drive
        self._pages = PageDrawer(drive, self._ledger, executor, settings)
        self._log = JobLog(self._ledger, settings.log_bytes)
        self._deliveries = Deliveries(self._ledger, self._log, settings)
        self._dispatcher = Dispatcher(
            self._ledger,
            drive,
            executor,
            self._log,
            self._deliveries,
            settings.limits,
        )
        planner = Planner(drive, settings.steps_module)
        self._submitter = Submitter(
            self._ledger,
            drive,
            self._dispatcher,
            self._log,
            Requests(drive, planner, settings.limits),
            settings,
        )
        self._controls = Controls(self._ledger, self._dispatcher, self._submitter)
        self._compiler = Compiler(drive, planner)

    def start(self) -> None:
        """Begin, and go on with what was running when the platform was stopped or died."""
        self._ledger.recover()
        self._dispatcher.start()
        for job_id in self._ledger.live():
            if not self._ledger.job(job_id).prepared:
                self._submitter.prepare(job_id)
        self._deliveries.start()

    def stop(self, grace: float = 5.0) -> None:
        """Stop: running units get ``grace`` seconds, then they are killed and run again later."""
        self._dispatcher.stop(grace)
        self._deliveries.stop()
        self._ledger.close()
        self._lock.release()

    @property
    def store(self) -> Store:
        """The platform's store, for what the server keeps beside the jobs."""
        return self._ledger

    @property
    def busy(self) -> bool:
        """Whether a job waits or runs (paused ones do neither)."""
        return any(state is JobState.RUNNING for state, _ in self._ledger.live().values())

    def run_flow(self, request: RunFlow) -> Submission:
        """Start a flow; errors: :meth:`Submitter.submit`."""
        return self._submitter.submit(FLOW, request)

    def run_binary(self, request: RunBinary) -> Submission:
        """Start a flow binary; errors: :meth:`Submitter.submit`."""
        return self._submitter.submit(BINARY, request)

    def run_step(self, request: RunStep) -> Submission:
        """Start a single step; errors: :meth:`Submitter.submit`."""
        return self._submitter.submit(STEP, request)

    def run_metaflow(self, request: RunMetaflow) -> Submission:
        """Start a metaflow; errors: :meth:`Submitter.submit`."""
        return self._submitter.submit(METAFLOW, request)

    def run_flows(self, request: RunFlows) -> Submission:
        """Start all flows of a folder; errors: :meth:`Submitter.submit`."""
        return self._submitter.submit(FLOWS, request)

    def compile(self, request: CompileBinary) -> str:
        """Compile flows into a binary, give its drive path; see :meth:`Compiler.compile`."""
        return self._compiler.compile(request)

    def pack_flow(self, flow: Path) -> bytes:
        """Give the binary of a flow file on the drive; raises InvalidRequest where refused."""
        return self._compiler.pack_flow(flow)

    def restart(self, job_id: str) -> Submission:
        """Start a job again under a new id; see :meth:`Submitter.restart`."""
        return self._submitter.restart(job_id)

    def status(self, job_id: str) -> JobStatusReply:
        """Tell how a job stands; raises NotFound for an unknown id."""
        return job_status(self._ledger, job_id)

    def list_jobs(self, query: JobListQuery) -> JobListReply:
        """List jobs; ``next_page`` is relative to the server's root."""
        return list_jobs(self._ledger, query)

    def logs(self, job_id: str, offset: int = 0, limit: int = 10_000) -> JobLogsReply:
        """Give lines of a job's log; raises NotFound for an unknown id."""
        return self._log.read(job_id, offset, limit)

    def timeline(self, query: TimelineQuery) -> TimelineReply:
        """Tell when the units of a job ran; raises NotFound for an unknown id."""
        return read_timeline(self._ledger, query)

    def results(self, query: ResultsQuery) -> ResultsReply:
        """Give the records of up to 20 files of a run."""
        return read_results(self._drive, query)

    def all_records(self, path: str, options: ResultsOptions) -> list[ResultRecord]:
        """Give all records of a run; see :func:`read_all_records`."""
        return read_all_records(self._drive, path, options)

    def page_image(self, query: PageImageQuery) -> PageImage:
        """Draw a page of a record; see :meth:`PageDrawer.draw`."""
        return self._pages.draw(query)

    def wait(self, job_id: str, timeout: float | None = None) -> bool:
        """Wait for a job's end; False when it goes on after ``timeout`` seconds.

        Raises:
            NotFound: there is no such job.
        """
        self._ledger.job(job_id)
        return self._dispatcher.wait(job_id, timeout)

    def ended(self, job_id: str) -> Future[None]:
        """Give a future that is done once the job has ended; raises NotFound."""
        self._ledger.job(job_id)
        return self._dispatcher.ends.future(job_id)

    def set_pipelines(self, job_id: str, pipeline_ids: list[str]) -> None:
        """Replace the pipelines of a job; raises NotFound for an unknown id."""
        self._ledger.job(job_id)
        self._ledger.set_pipelines(job_id, pipeline_ids)

    def pipelines(self) -> list[str]:
        """Give the ids of all pipelines that a job belongs to."""
        rows = self._ledger.query("SELECT DISTINCT pipeline_id FROM pipeline ORDER BY 1")
        return [row["pipeline_id"] for row in rows]

    def cancel(self, job_id: str) -> JobStatusReply:
        """Stop a job and its workers; a job that has ended stays as it is.

        Raises:
            NotFound: there is no such job.
        """
        self._controls.cancel(job_id)
        self._dispatcher.wait(job_id, _CANCEL_WAIT)
        return self.status(job_id)

    def pause(self, job_id: str) -> JobStatusReply:
        """Start no more units of a job; running ones finish.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it has ended.
        """
        self._controls.pause(job_id)
        return self.status(job_id)

    def resume(self, job_id: str) -> JobStatusReply:
        """Go on with a job that is paused or stopped at a checkpoint.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it has ended otherwise.
        """
        self._controls.resume(job_id)
        return self.status(job_id)

    def retry(self, job_id: str) -> JobStatusReply:
        """Run the failed files of an ended job again, and those that a cancel left undone.

        Raises:
            NotFound: there is no such job.
            InvalidRequest: it has not ended, or no file of it failed.
        """
        self._controls.retry(job_id)
        return self.status(job_id)

    def review(self, request: ReviewJob) -> JobStatusReply:
        """Give reviewed values to a job that stopped at a checkpoint; see :func:`store_review`."""
        self._dispatcher.call(lambda: store_review(self._ledger, request))
        return self.status(request.job_id)


def make_executor(settings: Settings) -> Executor:
    """Make the executor that the settings name.

    Raises:
        ConfigError: there is none of that name, or its cluster cannot be reached.
    """
    if settings.executor == "local":
        return LocalPool(settings)
    scheme, found, address = settings.executor.partition("://")
    if scheme != "dask" or not found:
        raise ConfigError(
            f"There is no executor {settings.executor!r}; use local or dask://HOST:PORT."
        )
    try:
        from ibflow_nb.local.engine.dask_pool import DaskPool
    except ImportError as error:
        raise ConfigError(
            "Dask is not installed here: run pip install 'ibflow-nb[dask]', on all machines."
        ) from error
    return DaskPool(settings, address)
