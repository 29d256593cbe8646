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
from ibflow_nb.local.steps.base import Step


@dataclass(frozen=True)
class LoadedFlow:
    """A flow file that was read and checked.

    Attributes:
        path: the flow file.
        root: its root folder, which module paths are relative to.
        steps: the planned steps.
        sources: content of the flow file and its modules, by local path.
    """

    path: Path
    root: Path
    steps: list[PlannedStep]
    sources: dict[Path, bytes]


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
        content = _read(path, f"The flow file '{ibflow_path}'")
        flow = parse_flow(content, path.name)
        root = self._root(path, flow)
        sources = {path: content}
        steps = [
            self._planned(number, step, root, path.name, sources)
            for number, step in enumerate(flow.steps, start=1)
        ]
        return LoadedFlow(path, root, steps, sources)

    def _root(self, path: Path, flow: FlowFile) -> Path:
        root = Path(os.path.normpath(path.parent / flow.rootDir))
        try:
            return self._drive.resolve(self._drive.path_of(root))
        except InvalidRequest as error:
            raise InvalidRequest(
                f"The rootDir '{flow.rootDir}' of {path.name} leads out of the drive."
            ) from error

    def _planned(
        self, number: int, step: FlowStep, root: Path, flow: str, sources: dict[Path, bytes]
    ) -> PlannedStep:
        where = f"Step {number} of {flow}"
        if not step.internal_name:
            raise InvalidRequest(f"{where} has no option.internalName and no step_name.")
        try:
            implementation = self._get_step(step.internal_name)
            modules = {
                key: self._module(where, key, value, root, sources)
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
            folder=f"s{number}_{step.internal_name}",
        )

    def _module(
        self, where: str, key: str, value: str, root: Path, sources: dict[Path, bytes]
    ) -> str:
        relative = Path(os.path.normpath(root / value.lstrip("/")))
        try:
            path = self._drive.resolve(self._drive.path_of(relative))
            path = path if path.is_file() else self._drive.locate(value)
        except (InvalidRequest, NotFound) as error:
            raise InvalidRequest(
                f"{where}: its {key} '{value}' does not exist under the flow's root folder."
            ) from error
        content = _read(path, f"{where}: its {key} '{value}'")
        sources[path] = content
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"{where}: its {key} '{value}' is not UTF-8 text.") from error


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


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InvalidRequest(f"{what} cannot be read: {reason}.") from error
