"""Taking in a run: checks first, then the stored job and its output folder, then the reply."""

from __future__ import annotations

import uuid

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import RunOptions, Submission
from ibflow_nb.api.schema import Request
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.claims import Claims
from ibflow_nb.local.engine.dispatcher import Dispatcher
from ibflow_nb.local.engine.folders import clear_folder, input_names, output_folder
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger, new_job
from ibflow_nb.local.engine.live import LiveJob
from ibflow_nb.local.engine.mail import check_addresses
from ibflow_nb.local.engine.model import Job, Plan
from ibflow_nb.local.engine.requests import Requests
from ibflow_nb.local.engine.tasks import Places
from ibflow_nb.local.engine.webhooks import check_webhook
from ibflow_nb.local.engine.work import Work
from ibflow_nb.local.settings import Settings


class Submitter:
    """Turns requests into jobs."""

    def __init__(
        self,
        ledger: Ledger,
        drive: Drive,
        dispatcher: Dispatcher,
        log: JobLog,
        requests: Requests,
        settings: Settings,
    ) -> None:
        self._ledger = ledger
        self._drive = drive
        self._dispatcher = dispatcher
        self._log = log
        self._settings = settings
        self._claims = Claims(ledger, drive)
        self._requests = requests

    def submit(self, kind: str, request: Request) -> Submission:
        """Start what a request of one of the kinds of :class:`Requests` asks for.

        Raises:
            NotFound: a file or folder that the request names does not exist.
            InvalidRequest: an option is wrong, a flow cannot be read, the input folder holds no
                files, or the output folder cannot be used.
        """
        return self._submit(self._requests.read(kind, request))

    def restart(self, job_id: str) -> Submission:
        """Start a job again from the beginning, under a new id, with the same request.

        Flow and input are read anew.

        Raises:
            NotFound: there is no such job, or its flow or input is gone.
            InvalidRequest: as for the first submission.
        """
        job = self._ledger.job(job_id)
        return self.submit(job.kind, self._requests.decode(job.kind, job.request))

    def reclaim(self, job: Job) -> None:
        """Claim the output folder of an ended job that is taken up; on the dispatcher's thread.

        Raises:
            InvalidRequest: another job writes there; it is named.
        """
        self._claims.take(job.id, self._drive.resolve(job.output_folder))

    def _submit(self, work: Work) -> Submission:
        check_options(work.options, self._settings.delivery.webhook_hosts)
        job_id = str(uuid.uuid4())
        user = self._settings.user
        output = output_folder(self._drive, work.options, work.source, user=user, job_id=job_id)
        names = input_names(self._drive, work.source, output, work.suffix)
        folder = self._drive.path_of(output)
        binary_path = f"{folder}/{work.path.stem}.ibflowbin" if work.path and work.binary else ""
        plan = Plan(
            steps=work.steps,
            starts=work.starts,
            suffix=work.suffix,
            options=work.options,
            binary_path=binary_path,
        )
        job = new_job(
            id=job_id,
            kind=work.kind,
            request=msgspec.json.encode(work.request),
            plan=msgspec.json.encode(plan),
            binary=work.binary,
            flow_path=self._drive.path_of(work.path) if work.path else "",
            input_dir=self._drive.path_of(work.source),
            output_folder=folder,
            user=user,
        )
        self._accept(job, names, LiveJob(plan, Places(job.input_dir, work.source, output)), work)
        return Submission(job_id=job_id, output_folder=folder)

    def _accept(self, job: Job, names: list[str], live: LiveJob, work: Work) -> None:
        """Store a job and begin with it: at once if its output folder only needs to be there."""
        options, output = live.plan.options, live.places.output
        at_once = not _empties(options) and not job.binary
        protected = [
            ("the input folder", work.source),
            *(("the flow or a file that it uses", path) for path in work.used),
        ]

        def store() -> None:
            self._claims.take(job.id, output, deletes=_empties(options), protected=protected)
            self._ledger.add_job(job, names, live.plan)
            self._log.add(job.id, [_opening_line(options, len(names), self._settings), *work.notes])
            if at_once:
                self._dispatcher.begin(job.id, live, self._made_ready(job, live))

        self._dispatcher.accept(job.id, store, undo=self._claims.doubt)
        if not at_once:
            self._prepare(job, live)

    def prepare(self, job_id: str) -> None:
        """Make ready the output folder of a stored job, and begin with it.

        A folder that cannot be written, or lies outside the drive by now, fails the job.
        """
        job = self._ledger.job(job_id)
        plan = msgspec.json.decode(job.plan, type=Plan)
        try:
            places = Places.of(self._drive, job)
        except InvalidRequest as error:
            self._dispatcher.give_up(job, str(error))
            return
        self._prepare(job, LiveJob(plan, places))

    def _prepare(self, job: Job, live: LiveJob) -> None:
        self._dispatcher.add(job.id, live, self._made_ready(job, live))

    def _made_ready(self, job: Job, live: LiveJob) -> str:
        """Make ready the output folder of a job; give why it cannot be used, else nothing."""
        output = live.places.output
        try:
            if _empties(live.plan.options):
                clear_folder(output, self._settings.state_dir / "trash" / job.id)
            output.mkdir(parents=True, exist_ok=True)
            if job.binary:
                write_atomic(self._drive.resolve(live.plan.binary_path), job.binary)
        except OSError as error:
            return f"The output folder cannot be written: {error.strerror}."
        except InvalidRequest as error:
            return f"The output folder cannot be written: {error}"
        return ""


def _empties(options: RunOptions) -> bool:
    """Tell whether the output folder is to be emptied; one with the job's id is new."""
    return options.delete_out_dir and not options.output_has_run_id


def check_options(options: RunOptions, webhook_hosts: tuple[str, ...] = ()) -> None:
    """Refuse options that have the right type and make no sense.

    Raises:
        InvalidRequest: it names the key.
    """
    if options.step_timeout < -1:
        raise InvalidRequest(
            "step_timeout must be a number of seconds, 0 (the platform picks) or -1 (none)."
        )
    for key, values in (("tags", options.tags), ("pipeline_ids", options.pipeline_ids)):
        if not all(value.strip() for value in values):
            raise InvalidRequest(f"{key} must not hold empty strings.")
    check_addresses(list(options.notification_emails))
    if options.webhook_config is not None:
        check_webhook(options.webhook_config, webhook_hosts)


def _opening_line(options: RunOptions, files: int, settings: Settings) -> str:
    if options.step_timeout > 0:
        limit = f"each step may take {options.step_timeout} s for a file (step_timeout)"
    elif options.step_timeout < 0:
        limit = "steps have no time limit (step_timeout -1)"
    else:
        seconds = settings.limits.unit_seconds
        limit = f"the platform lets each step take {seconds:g} s for each page (step_timeout 0)"
    return f"Submitted with {files} file{'s' * (files != 1)}; {limit}."
