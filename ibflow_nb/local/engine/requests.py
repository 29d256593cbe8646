"""From a request to the work that it asks for: one table of all kinds of jobs.

Submission and restart look into the same table, so that every kind of job can be restarted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from ibflow_nb.api.flow import RunBinary, RunFlow, RunFlows, RunMetaflow, RunStep
from ibflow_nb.api.schema import Request
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.binary import load_binary, pack_binary
from ibflow_nb.local.engine.branches import plan_binary, read_flows, read_metaflow
from ibflow_nb.local.engine.plan import Planner
from ibflow_nb.local.engine.single_step import read_step
from ibflow_nb.local.engine.work import Work, input_folder
from ibflow_nb.local.limits import Limits

FLOW = "flow"
BINARY = "binary"
STEP = "step"
METAFLOW = "metaflow"
FLOWS = "flows"


class _Kind(NamedTuple):
    request: type[Request]
    read: Callable[[Any], Work]


class Requests:
    """Reads requests: finds the files that they name and checks all there is to check."""

    def __init__(self, drive: Drive, planner: Planner, limits: Limits) -> None:
        self._drive = drive
        self._planner = planner
        self._limits = limits
        self._kinds = {
            FLOW: _Kind(RunFlow, self._flow),
            BINARY: _Kind(RunBinary, self._binary),
            STEP: _Kind(RunStep, lambda request: read_step(planner, drive, request)),
            METAFLOW: _Kind(RunMetaflow, lambda request: read_metaflow(planner, drive, request)),
            FLOWS: _Kind(RunFlows, lambda request: read_flows(planner, drive, request)),
        }

    def read(self, kind: str, request: Request) -> Work:
        """Find out what a request of a kind asks for.

        Raises:
            NotFound: a file or folder that it names does not exist.
            InvalidRequest: a flow cannot be read, or the request makes no sense.
        """
        work = self._kinds[kind].read(request)
        return msgspec.structs.replace(work, kind=kind)

    def decode(self, kind: str, stored: bytes) -> Request:
        """Give the request that a job was stored with."""
        return msgspec.json.decode(stored, type=self._kinds[kind].request)

    def _flow(self, request: RunFlow) -> Work:
        flow = self._planner.load(request.ibflow_path)
        return Work(
            request=request,
            options=request,
            path=flow.path,
            source=input_folder(self._drive, request.input_dir),
            steps=flow.steps,
            used=[flow.root, *flow.sources],
            binary=pack_binary(flow) if request.save_binary_to_output else b"",
        )

    def _binary(self, request: RunBinary) -> Work:
        path = self._drive.locate(request.binary_path)
        binary = load_binary(self._planner, path, self._limits)
        steps, starts = plan_binary(self._planner, binary)
        return Work(
            request=request,
            options=request.settings,
            path=path,
            source=input_folder(self._drive, request.input_dir),
            steps=steps,
            starts=starts,
            used=[path],
            binary=binary.content if request.settings.save_binary_to_output else b"",
        )
