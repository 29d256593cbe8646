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


class RunFlow(Request):
    """Body of ``run_flow_async`` (source: Flow API document, "Run a flow").

    Attributes:
        ibflow_path: drive path of the ``.ibflow`` file.
        input_dir: drive path of the folder with the documents.
        output_dir: folder for the output; default ``input_dir/../out/``.
        output_has_run_id: write into ``run_<user>/<time>/<job_id>/out``.
        delete_out_dir: empty the output folder first; no effect with ``output_has_run_id``.
        log_to_timeline: keep logs of steps and refiners.
        notification_emails: told at the end; a list, or one string with commas.
        tags: strings to find the run by.
        step_timeout: seconds for each step; 0 lets the platform pick, -1 is none.
        pipeline_ids: pipelines that the run belongs to.
        save_binary_to_output: keep the flow binary beside the output.
        webhook_config: who is told at the end.
    """

    ibflow_path: str
    input_dir: str
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

    def __post_init__(self) -> None:
        """Accept mail addresses as one string, drop empty ones and a webhook without a url."""
        emails = self.notification_emails
        listed = emails.split(",") if isinstance(emails, str) else emails
        self.notification_emails = [email.strip() for email in listed if email.strip()]
        if self.webhook_config is not None and not self.webhook_config.url.strip():
            self.webhook_config = None


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
