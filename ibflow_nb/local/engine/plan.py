"""From a flow file to a plan: steps resolved and checked, module files taken in.

What a job does is fixed when it is submitted: a flow or a refiner that is changed while the job
runs changes nothing for it.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.flow import FlowFile, FlowStep
from ibflow_nb.api.schema import explain
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.model import PlannedStep
from ibflow_nb.local.engine.paths import chain
from ibflow_nb.local.steps.base import Step

FLOW_SUFFIX = ".ibflow"


@dataclass(frozen=True)
class LoadedFlow:
    """A flow file that was read and checked.

    Attributes:
        path: the flow file; of a flow in a binary, its path within.
        root: its root folder, which module paths are relative to.
        steps: the planned steps.
        sources: content of the flow file and its modules by local path; empty for a flow in a
            binary.
    """

    path: Path
    root: Path
    steps: list[PlannedStep]
    sources: dict[Path, bytes]


ReadModule = Callable[[str], bytes]
"""Gives the content of a module by the value of its kwargs key.

It raises NotFound when there is none.
"""


class Planner:
    """Reads flows of one drive."""

    def __init__(self, drive: Drive, steps_module: str) -> None:
        self._drive = drive
        registry = importlib.import_module(steps_module)
        self._get_step = cast("Callable[[str], Step]", registry.get_step)

    def load(self, ibflow_path: str) -> LoadedFlow:
        """Read a flow file and all that its steps name.

        Raises:
            NotFound: the flow file does not exist.
            InvalidRequest: the flow or a module cannot be read, or a step is refused.
        """
        path = self._drive.locate(ibflow_path)
        content = read_file(path, f"The flow file '{ibflow_path}'")
        flow = parse_flow(content, path.name)
        root = self._root(path, flow)
        sources = {path: content}
        steps = self.plan(flow, path.name, self.module_reader(root, sources))
        return LoadedFlow(path, root, steps, sources)

    def load_all(self, flow_root_dir: str) -> tuple[Path, list[LoadedFlow]]:
        """Read all flow files that lie in a folder; give the folder and the flows by name.

        Raises:
            NotFound: the folder does not exist.
            InvalidRequest: it is a file, holds no flows, or a flow is refused.
        """
        folder = self._drive.locate(flow_root_dir)
        if not folder.is_dir():
            raise InvalidRequest(f"'{flow_root_dir}' is a file, not a folder of flows.")
        paths = sorted(folder.glob(f"*{FLOW_SUFFIX}"))
        if not paths:
            raise InvalidRequest(f"The folder '{flow_root_dir}' holds no flow ({FLOW_SUFFIX}).")
        return folder, [self.load(self._drive.path_of(path)) for path in paths]

    def module_reader(self, root: Path, sources: dict[Path, bytes]) -> ReadModule:
        """Give the reader of the modules below a root folder; it notes what it reads."""

        def read_module(value: str) -> bytes:
            module = self._module_path(root, value)
            sources[module] = read_file(module, f"'{value}'")
            return sources[module]

        return read_module

    def plan(self, flow: FlowFile, name: str, read_module: ReadModule) -> list[PlannedStep]:
        """Check the steps of a flow and take in their modules.

        Args:
            flow: the flow.
            name: name of its file, for error sentences.
            read_module: gives the modules.

        Raises:
            InvalidRequest: a step is refused, or a module cannot be read.
        """
        return chain(
            [
                self._planned(number, step, name, read_module)
                for number, step in enumerate(flow.steps, start=1)
            ]
        )

    def _root(self, path: Path, flow: FlowFile) -> Path:
        root = Path(os.path.normpath(path.parent / flow.rootDir))
        try:
            return self._drive.resolve(self._drive.path_of(root))
        except (InvalidRequest, ValueError) as error:  # the latter for a NUL
            raise InvalidRequest(
                f"The rootDir '{flow.rootDir}' of {path.name} leads out of the drive."
            ) from error

    def _planned(
        self, number: int, step: FlowStep, flow: str, read_module: ReadModule
    ) -> PlannedStep:
        where = f"Step {number} of {flow}"
        if not step.internal_name:
            raise InvalidRequest(f"{where} has no option.internalName and no step_name.")
        try:
            implementation = self._get_step(step.internal_name)
            modules = {
                key: _module(f"{where}: its {key} '{value}'", value, read_module)
                for key in implementation.modules
                if isinstance(value := step.kwargs.get(key), str) and value
            }
            implementation.check(step.kwargs, modules)
        except InvalidRequest as error:
            reason = str(error)
            raise InvalidRequest(
                reason if reason.startswith(where) else f"{where}: {reason}"
            ) from error
        return PlannedStep(
            name=step.internal_name,
            kwargs=step.kwargs,
            modules=modules,
            scope=implementation.scope,
            reads=implementation.reads,
            folder=f"s{number}_{step.internal_name}",
        )

    def _module_path(self, root: Path, value: str) -> Path:
        """Find a module below the flow's root folder, else by its drive path."""
        relative = Path(os.path.normpath(root / value.lstrip("/")))
        try:
            path = self._drive.resolve(self._drive.path_of(relative))
            return path if path.is_file() else self._drive.locate(value)
        except InvalidRequest as error:
            raise NotFound(str(error)) from error


def _module(what: str, value: str, read_module: ReadModule) -> str:
    try:
        content = read_module(value)
    except NotFound as error:
        raise InvalidRequest(f"{what} does not exist under the flow's root folder.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{what} is not UTF-8 text.") from error


def parse_flow(content: bytes, name: str) -> FlowFile:
    """Read the JSON of a flow file.

    Raises:
        InvalidRequest: it is no JSON, no flow, or has no steps.
    """
    try:
        flow = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=FlowFile)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The flow file {name} is no flow: {explain(error)}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The flow file {name} is not valid JSON ({error}).") from error
    if not flow.steps:
        raise InvalidRequest(f"The flow file {name} has no steps.")
    return flow


def read_file(path: Path, what: str) -> bytes:
    """Read a file that a run needs.

    Raises:
        InvalidRequest: it cannot be read; the sentence begins with ``what``.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InvalidRequest(f"{what} cannot be read: {reason}.") from error
