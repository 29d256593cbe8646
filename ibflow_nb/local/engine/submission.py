"""Taking in a run: checks first, then the stored job, then its output folder, then the reply."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import RunBinary, RunFlow, RunOptions, Submission
from ibflow_nb.api.jobs import JobState
from ibflow_nb.api.schema import Request
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.binary import load_binary, pack_binary
from ibflow_nb.local.engine.dispatcher import Dispatcher
from ibflow_nb.local.engine.folders import (
    check_output,
    clear_folder,
    list_inputs,
    output_folder,
)
from ibflow_nb.local.engine.joblog import JobLog
from ibflow_nb.local.engine.ledger import Ledger, new_job
from ibflow_nb.local.engine.mail import check_addresses
from ibflow_nb.local.engine.model import Job, Plan, UnitKind
from ibflow_nb.local.engine.plan import LoadedFlow, Planner
from ibflow_nb.local.engine.webhooks import check_webhook
from ibflow_nb.local.settings import Settings

FLOW = "flow"
BINARY = "binary"


class Submitter:
    """Turns requests into jobs."""

    def __init__(
        self,
        ledger: Ledger,
        drive: Drive,
        dispatcher: Dispatcher,
        log: JobLog,
        settings: Settings,
    ) -> None:
        self._ledger = ledger
        self._drive = drive
        self._dispatcher = dispatcher
        self._log = log
        self._settings = settings
        self._planner = Planner(drive, settings.steps_module)

    def run_flow(self, request: RunFlow) -> Submission:
        """Start a flow (source: Flow API document, "Run a flow").

        Raises:
            NotFound: the flow file or the input folder does not exist.
            InvalidRequest: an option is wrong, the flow cannot be read, the input folder holds
                no files, or the output folder cannot be used.
        """
        check_options(request)
        flow = self._planner.load(request.ibflow_path)
        return self._submit(FLOW, request, request, flow, request.input_dir)

    def run_binary(self, request: RunBinary) -> Submission:
        """Start a flow binary (source: Flow Binary API, "Run a Flow Binary").

        Raises:
            NotFound: the binary or the input folder does not exist.
            InvalidRequest: the binary is refused (see :func:`load_binary`), or as for a flow.
        """
        check_options(request.settings)
        path = self._drive.locate(request.binary_path)
        flow = load_binary(self._planner, path, self._settings.limits)
        return self._submit(BINARY, request, request.settings, flow, request.input_dir)

    def restart(self, job_id: str) -> Submission:
        """Start a job again from the beginning, under a new id, with the same request.

        Flow and input are read anew.

        Raises:
            NotFound: there is no such job, or its flow or input is gone.
            InvalidRequest: as for the first submission.
        """
        job = self._ledger.job(job_id)
        if job.kind == BINARY:
            return self.run_binary(msgspec.json.decode(job.request, type=RunBinary))
        return self.run_flow(msgspec.json.decode(job.request, type=RunFlow))

    def check_claim(self, job: Job) -> None:
        """Refuse to take up an ended job while another one writes to its output folder.

        Raises:
            InvalidRequest: it names the other job.
        """
        output = self._drive.resolve(job.output_folder)
        check_output(self._drive, output, live=self._claims(), deletes=False, protected=())

    def _submit(
        self, kind: str, request: Request, options: RunOptions, flow: LoadedFlow, input_path: str
    ) -> Submission:
        source = self._drive.locate(input_path)
        if not source.is_dir():
            raise InvalidRequest(f"The input '{input_path}' is a file, not a folder.")
        job_id = str(uuid.uuid4())
        user = self._settings.user
        output = output_folder(self._drive, options, source, user=user, job_id=job_id)
        names = list_inputs(self._drive, source, output)
        if not names:
            raise InvalidRequest(f"The input folder '{input_path}' holds no files to process.")
        folder = self._drive.path_of(output)
        binary_path = f"{folder}/{flow.path.stem}.ibflowbin"
        plan = Plan(
            steps=flow.steps,
            options=options,
            binary_path=binary_path if options.save_binary_to_output else "",
        )
        job = new_job(
            id=job_id,
            kind=kind,
            request=msgspec.json.encode(request),
            plan=msgspec.json.encode(plan),
            binary=pack_binary(flow) if options.save_binary_to_output else b"",
            flow_path=self._drive.path_of(flow.path),
            input_dir=self._drive.path_of(source),
            output_folder=folder,
            user=user,
        )
        protected = [
            ("the input folder", source),
            ("the flow or a file that it uses", flow.root),
            *(("the flow or a file that it uses", path) for path in flow.sources),
        ]
        with self._ledger.transaction():
            check_output(
                self._drive,
                output,
                live=self._claims(),
                deletes=options.delete_out_dir and not options.output_has_run_id,
                protected=protected,
            )
            self._store(job, plan, names)
        self.prepare(job_id)
        return Submission(job_id=job_id, output_folder=folder)

    def _store(self, job: Job, plan: Plan, names: list[str]) -> None:
        first = UnitKind.BATCH if plan.steps[0].scope == "batch" else UnitKind.FILE
        options = plan.options
        self._ledger.add_job(
            job, names, first=first, tags=options.tags, pipelines=options.pipeline_ids
        )
        self._log.add(job.id, [_opening_line(options, len(names), self._settings)])

    def _claims(self) -> list[tuple[str, Path]]:
        """Give the output folders that are being written to."""
        return [
            (job_id, self._drive.resolve(self._ledger.job(job_id).output_folder))
            for job_id in self._ledger.live()
        ]

    def prepare(self, job_id: str) -> None:
        """Make ready the output folder of a stored job, and begin with it.

        A folder that cannot be written fails the job.
        """
        job = self._ledger.job(job_id)
        plan = msgspec.json.decode(job.plan, type=Plan)
        output = self._drive.resolve(job.output_folder)
        options = plan.options
        try:
            if options.delete_out_dir and not options.output_has_run_id:
                clear_folder(output, self._settings.state_dir / "trash" / job.id)
            output.mkdir(parents=True, exist_ok=True)
            if job.binary:
                write_atomic(self._drive.resolve(plan.binary_path), job.binary)
        except OSError as error:
            reason = f"The output folder cannot be written: {error.strerror}."
            self._ledger.update_job(job_id, ending=JobState.FAILED, msg=reason)
        self._ledger.update_job(job_id, prepared=True, binary=b"")
        self._dispatcher.add(job_id)


def check_options(options: RunOptions) -> None:
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
        check_webhook(options.webhook_config)


def _opening_line(options: RunOptions, files: int, settings: Settings) -> str:
    if options.step_timeout > 0:
        limit = f"each step may take {options.step_timeout} s for a file (step_timeout)"
    elif options.step_timeout < 0:
        limit = "steps have no time limit (step_timeout -1)"
    else:
        seconds = settings.limits.unit_seconds
        limit = f"the platform lets each step take {seconds:g} s for each page (step_timeout 0)"
    return f"Submitted with {files} file{'s' * (files != 1)}; {limit}."
