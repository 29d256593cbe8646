"""Starting flows (source: Flow API, Flow Binary API)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ibflow_nb.api import endpoints
from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import (
    CompileBinary,
    CompileReply,
    ExportBatch,
    ExportReply,
    RunBinary,
    RunFlow,
    RunFlows,
    RunMetaflow,
    RunOptions,
    RunStep,
    SubmissionReply,
)
from ibflow_nb.api.hints import did_you_mean
from ibflow_nb.api.schema import Request, convert_request
from ibflow_nb.client.jobs import Jobs
from ibflow_nb.client.transport import Transport
from ibflow_nb.jobs import Job
from ibflow_nb.jobs.call import call

R = TypeVar("R", bound=Request)


class Flows:
    """``client.flows``: runs of flows, steps, metaflows and binaries.

    Paths are drive paths. Keyword parameters are those of the API; one that it does not know is
    refused with :class:`~ibflow_nb.api.errors.InvalidRequest`, so that no typing error is lost.
    A submission is sent again only when it surely did not arrive.
    """

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self._transport = transport
        self._jobs = jobs

    @call
    async def run(self, /, ibflow_path: str, input_dir: str, **params: Any) -> Job:
        """Run a flow.

        Args:
            ibflow_path: the ``.ibflow`` file.
            input_dir: folder with the documents.
            **params: the rest of :class:`~ibflow_nb.api.flow.RunFlow`.

        Raises:
            InvalidRequest: a parameter is unknown or of a wrong type.
            ApiError: the server refuses the run.
        """
        params |= {"ibflow_path": ibflow_path, "input_dir": input_dir}
        return await self._start(endpoints.RUN_FLOW, RunFlow, params)

    @call
    async def run_step(
        self, /, ibflow_path: str = "", step_index: int | None = None, *, step_json_str: str = ""
    ) -> Job:
        """Run one step of a flow on the output of the step before, or a step by itself.

        Args:
            ibflow_path: the ``.ibflow`` file.
            step_index: 0 to ``len(steps) - 1``.
            step_json_str: a whole step as JSON text, instead of both.
        """
        params: dict[str, Any] = {"step_json_str": step_json_str}
        if not step_json_str:
            params = {"ibflow_path": ibflow_path, "step_index": step_index}
        return await self._start(endpoints.RUN_STEP, RunStep, params)

    @call
    async def run_standalone_step(self, /, step_name: str, **kwargs: Any) -> Job:
        """Run a step without a flow, such as ``process_files``.

        Args:
            step_name: internal name of the step.
            **kwargs: the step's own, such as ``input_folder`` and ``output_folder``.
        """
        step = msgspec.json.encode({"step_name": step_name, "kwargs": kwargs}).decode()
        return await self.run_step.aio(step_json_str=step)

    @call
    async def run_metaflow(
        self, /, flow_root_dir: str, classifier_file_path: str, input_dir: str, **params: Any
    ) -> Job:
        """Classify each file and run the flow of its class.

        Args:
            flow_root_dir: folder with the ``.ibflow`` files.
            classifier_file_path: the ``.ibclassifier`` file.
            input_dir: folder with the documents.
            **params: the rest of :class:`~ibflow_nb.api.flow.RunMetaflow`.
        """
        params |= {
            "flow_root_dir": flow_root_dir,
            "classifier_file_path": classifier_file_path,
            "input_dir": input_dir,
        }
        return await self._start(endpoints.RUN_METAFLOW, RunMetaflow, params)

    @call
    async def run_all(self, /, flow_root_dir: str, input_dir: str, **params: Any) -> Job:
        """Run every flow of a folder on the same input."""
        params |= {"flow_root_dir": flow_root_dir, "input_dir": input_dir}
        return await self._start(endpoints.RUN_FLOWS, RunFlows, params)

    @call
    async def run_binary(self, /, binary_path: str, input_dir: str, **settings: Any) -> Job:
        """Run a flow binary.

        Args:
            binary_path: the ``.ibflowbin`` file.
            input_dir: folder with the documents.
            **settings: those of :class:`~ibflow_nb.api.flow.RunOptions`.
        """
        checked = checked_request(RunOptions, settings, endpoints.RUN_BINARY)
        params = {"binary_path": binary_path, "input_dir": input_dir}
        params["settings"] = msgspec.to_builtins(checked)
        return await self._start(endpoints.RUN_BINARY, RunBinary, params)

    @call
    async def compile(self, /, flow_project_root: str, **params: Any) -> CompileReply:
        """Compile a flow into an ``.ibflowbin``; tells the job and where the binary is.

        Args:
            flow_project_root: folder that holds the flow and all it refers to.
            **params: the rest of :class:`~ibflow_nb.api.flow.CompileBinary`.
        """
        params["flow_project_root"] = flow_project_root
        payload = checked_request(CompileBinary, params, endpoints.COMPILE)
        return await self._transport.fetch(endpoints.COMPILE, payload, CompileReply)

    @call
    async def export_csv(self, path: str) -> str:
        """Give a run's records as CSV text.

        Args:
            path: output folder of the run, or a file in it.
        """
        endpoint, payload = endpoints.EXPORT_BATCH, ExportBatch(path=path)
        return (await self._transport.fetch(endpoint, payload, ExportReply)).csv_text

    async def _start(self, endpoint: Endpoint, kind: type[Request], params: dict[str, Any]) -> Job:
        payload = checked_request(kind, params, endpoint)
        reply = await self._transport.fetch(endpoint, payload, SubmissionReply)
        return self._jobs.follow(reply.data)


def checked_request(kind: type[R], params: dict[str, Any], endpoint: Endpoint) -> R:
    """Make a request of parameters given by name.

    Raises:
        InvalidRequest: one is unknown, missing or of a wrong type.
    """
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in params:
        if name not in known:
            advice = did_you_mean(name, known, f"it knows {', '.join(known)}.")
            raise InvalidRequest(f"{endpoint.name}: unknown parameter '{name}'; {advice}")
    return convert_request(kind, params, call=endpoint.name)
