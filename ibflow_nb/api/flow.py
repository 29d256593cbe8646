"""Flow API: running flows (source: Flow API document, sections "Run a flow", "Restart a flow")."""

from __future__ import annotations

from typing import Any

import msgspec

from ibflow_nb.api.schema import Envelope, Reply, Request


class WebhookConfig(Request):
    """Where to report the end of a run; no ``url`` means no webhook.

    Attributes:
        url: target of the POST.
        headers: sent along, name to value.
    """

    url: str = ""
    headers: dict[str, str] = {}


class RunOptions(Request):
    """Options of every run; also the ``settings`` of a flow binary and of a solution.

    Source: Flow API document, "Run a flow"; Flow Binary API, "Run a Flow Binary".

    Attributes:
        output_dir: folder for the output; default ``input_dir/../out/``.
        output_has_run_id: write into ``run_<user>/<time>/<job_id>/out``.
        delete_out_dir: empty the output folder first; no effect with ``output_has_run_id``.
        log_to_timeline: keep logs of steps and refiners.
        notification_emails: told at the end; a list, or one string with commas.
        tags: strings to find the run by.
        step_timeout: seconds for each step, after which the run fails; 0 lets the platform pick,
            -1 is none.
        pipeline_ids: pipelines that the run belongs to.
        save_binary_to_output: keep the flow binary beside the output.
        webhook_config: who is told at the end.
        runtime_config: keys and values for the flow's own functions.
    """

    output_dir: str | None = None
    output_has_run_id: bool = False
    delete_out_dir: bool = False
    log_to_timeline: bool = False
    notification_emails: list[str] | str = []
    tags: list[str] = []
    step_timeout: int = 0
    pipeline_ids: list[str] = []
    save_binary_to_output: bool = True
    webhook_config: WebhookConfig | None = None
    runtime_config: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Accept mail addresses as one string; what is empty counts as absent."""
        emails = self.notification_emails
        listed = emails.split(",") if isinstance(emails, str) else emails
        self.notification_emails = [email.strip() for email in listed if email.strip()]
        self.output_dir = self.output_dir or None
        if self.webhook_config is not None and not self.webhook_config.url.strip():
            self.webhook_config = None


class RunFlow(RunOptions, kw_only=True):
    """Body of ``run_flow_async`` (source: Flow API document, "Run a flow").

    Attributes:
        ibflow_path: drive path of the ``.ibflow`` file.
        input_dir: drive path of the folder with the documents.
    """

    ibflow_path: str
    input_dir: str


class RunFlows(RunOptions, kw_only=True):
    """Body of ``run_flows_async``: every flow of a folder on the same input, as one job.

    Each flow writes into a sub-folder of the output that is named as its file. The results list
    every input file once for each flow, flow by flow in the order of their names; where a record
    comes from is told by its ``output_file_path``.

    Attributes:
        flow_root_dir: drive path of the folder with the ``.ibflow`` files.
        input_dir: drive path of the folder with the documents.
    """

    flow_root_dir: str
    input_dir: str


class RunMetaflow(RunOptions, kw_only=True):
    """Body of ``run_metaflow_async`` (source: Flow API document, "Run a metaflow").

    Each file is read and classified, then goes through the flow whose file stem is its class,
    else through ``other.ibflow``; without one it fails and names its class. A flow whose first
    step reads files as most of the flows do goes on with that reading; the output of each flow
    is in a sub-folder that is named as its file. The results are one list, each record with its
    ``classification_label``.

    Attributes:
        input_dir: drive path of the folder with the documents.
        flow_root_dir: drive path of the folder with the ``.ibflow`` files.
        classifier_file_path: drive path of the ``.ibclassifier`` file.
    """

    input_dir: str
    flow_root_dir: str
    classifier_file_path: str


class RunStep(Request):
    """Body of ``run_step_async``, in one of two forms.

    Source: Flow API document, "Run a step" and "Run a fully configured step"; the folders of the
    first form are this project's rules. A step of a flow reads and writes the ``input_folder``
    and ``output_folder`` of its kwargs, relative to the flow's ``rootDir``; without them step 0
    reads ``data/input``, else ``input``, and any other what the step before it wrote into
    ``data/out``, else ``out``. A step by itself names both as drive paths.

    Attributes:
        ibflow_path: drive path of the flow file; with ``step_index``.
        step_index: step to run, 0 to ``len(steps) - 1``.
        step_json_str: a standalone step as JSON text (:class:`FlowStep`), instead of both.
    """

    ibflow_path: str = ""
    step_index: int | None = None
    step_json_str: str = ""


class BinarySettings(Request):
    """``settings`` of ``flow_binary/compile``; file and folder names relative to the root.

    Attributes:
        flow_file: the flow, for a ``Single Flow``.
        flows_dir: the folder with the flows, for ``Metaflow`` and ``Flows``.
        classifier_file: the classifier, for a ``Metaflow``.
        metaflow_file: optional description of the metaflow; accepted and not needed.
    """

    flow_file: str = ""
    flows_dir: str = ""
    classifier_file: str = ""
    metaflow_file: str = ""


class CompileBinary(Request):
    """Body of ``flow_binary/compile`` (source: Flow Binary API).

    Attributes:
        flow_project_root: folder that holds the flow and all it refers to.
        binary_type: ``Single Flow``, ``Metaflow`` or ``Flows``.
        predefined_binary_path: target; default ``<flow_project_root>/build/bin/<flow>.ibflowbin``.
        settings: what to compile.
    """

    flow_project_root: str
    binary_type: str = "Single Flow"
    predefined_binary_path: str = ""
    settings: BinarySettings = msgspec.field(default_factory=BinarySettings)


class CompileReply(Envelope):
    """Reply of ``flow_binary/compile``: the job and the binary it wrote (drive path)."""

    job_id: str
    binary_path: str


class RunBinary(Request):
    """Body of ``run_binary_async`` (source: Flow Binary API, "Run a Flow Binary").

    Attributes:
        input_dir: drive path of the folder with the documents.
        binary_path: drive path of the ``.ibflowbin``.
        settings: options of the run.
    """

    input_dir: str
    binary_path: str
    settings: RunOptions = msgspec.field(default_factory=RunOptions)


class ExportBatch(Request):
    """Body of ``flow/export/review_batch``: the output folder of a run, or a file in it."""

    path: str


class ExportReply(Envelope):
    """Reply of ``flow/export/review_batch``: one row a record, fields as columns."""

    csv_text: str


class ReviewedRecord(Request):
    """Values that a reviewer gives for one record.

    Attributes:
        file_index: index of the file in the run, from 0.
        record_index: index of the record in the file, from 0.
        values: field label to its corrected value.
        approved: let the record pass as it is, whatever its validations say.
    """

    file_index: int
    record_index: int = 0
    values: dict[str, str] = {}
    approved: bool = False


class ReviewJob(Request):
    """Body of ``flow/review``: reviewed values for a job that stopped at a checkpoint.

    The platform's public documents do not define this call; it is given in their style.

    Attributes:
        job_id: the stopped job.
        records: the reviewed records; the job goes on with ``jobs/resume``.
        reviewer: who reviewed; default the job's user.
    """

    job_id: str
    records: list[ReviewedRecord] = []
    reviewer: str = ""


class Submission(Reply):
    """What a started job answers: its id and its root output folder (drive path)."""

    job_id: str
    output_folder: str


class SubmissionReply(Envelope):
    """``{"status": "OK", "data": {"job_id", "output_folder"}}``."""

    data: Submission


class FlowStepOption(msgspec.Struct, omit_defaults=True):
    """Names of a step: ``internalName`` decides, ``name`` is for people."""

    internalName: str = ""  # noqa: N815
    name: str = ""


class FlowStep(msgspec.Struct, omit_defaults=True):
    """One step of a flow file: ``option.internalName`` or ``step_name``, and its kwargs."""

    kwargs: dict[str, Any] = {}
    option: FlowStepOption | None = None
    step_name: str = ""

    @property
    def internal_name(self) -> str:
        """Identifier of the step, whichever key carries it."""
        return self.step_name or (self.option.internalName if self.option else "")


class FlowFile(msgspec.Struct, omit_defaults=True):
    """Content of an ``.ibflow``: steps in order, paths relative to ``rootDir``."""

    steps: list[FlowStep]
    rootDir: str = "."  # noqa: N815
