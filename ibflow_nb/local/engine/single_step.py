"""One step by itself: of a flow by its index, or standalone (source: Flow API, "Run a step").

Where the source is silent, the rules are this project's: a step of a flow reads the
``input_folder`` of its kwargs (relative to ``rootDir``), else what the step before wrote into the
flow's output folder; the first step reads ``data/input``, else ``input``. It writes to
``s<n>_<name>`` in the output folder, as in a run of the whole flow.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.flow import FlowFile, FlowStep, RunOptions, RunStep
from ibflow_nb.api.schema import explain
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.model import PlannedStep
from ibflow_nb.local.engine.paths import chain
from ibflow_nb.local.engine.plan import Planner
from ibflow_nb.local.engine.work import Work, input_folder

RECORD_SUFFIX = ".ibdoc"
_INPUTS = ("data/input", "input")
_OUTPUTS = ("data/out", "out")


def read_step(planner: Planner, drive: Drive, request: RunStep) -> Work:
    """Find out what a request for a single step asks for.

    Raises:
        NotFound: the flow file or a folder does not exist.
        InvalidRequest: the request has neither or both of its forms, the index is outside the
            flow, the step is refused, or there is nothing for it to read.
    """
    if request.step_json_str and request.ibflow_path:
        raise InvalidRequest("run_step_async: give 'ibflow_path' or 'step_json_str', not both.")
    if request.step_json_str:
        return _standalone(planner, drive, request)
    if not request.ibflow_path:
        raise InvalidRequest(
            "run_step_async: the required key 'ibflow_path' is missing (or 'step_json_str', for a"
            " step by itself)."
        )
    if request.step_index is None:
        raise InvalidRequest("run_step_async: the required key 'step_index' is missing.")
    return _of_flow(planner, drive, request, request.step_index)


def _of_flow(planner: Planner, drive: Drive, request: RunStep, index: int) -> Work:
    flow = planner.load(request.ibflow_path)
    last = len(flow.steps) - 1
    if not 0 <= index <= last:
        raise InvalidRequest(
            f"run_step_async: step_index {index} is outside of {flow.path.name}, whose steps are"
            f" 0 to {last}."
        )
    step = flow.steps[index]
    folders = _Folders(drive, flow.root)
    source = folders.named_input(step) or folders.find_input(flow.path.name, flow.steps, index)
    output = folders.named_output(step) or (source.parent if index else None)
    return Work(
        request=request,
        options=folders.options(output),
        path=flow.path,
        source=source,
        steps=chain([step]),
        used=[flow.root, *flow.sources],
        suffix=RECORD_SUFFIX if index or step.reads == "records" else "",
    )


def _standalone(planner: Planner, drive: Drive, request: RunStep) -> Work:
    """Plan a step that names its own folders: drive paths, with or without a leading slash."""
    described = _parse(request.step_json_str)
    sources: dict[Path, bytes] = {}
    reader = planner.module_reader(drive.root, sources)
    [step] = planner.plan(FlowFile(steps=[described]), "step_json_str", reader)
    folders = _Folders(drive, drive.root)
    source = folders.named_input(step)
    if source is None:
        raise InvalidRequest("run_step_async: the kwargs of the step lack 'input_folder'.")
    return Work(
        request=request,
        options=folders.options(folders.named_output(step)),
        source=source,
        steps=chain([step]),
        used=[*sources],
        suffix=RECORD_SUFFIX if step.reads == "records" else "",
    )


def _parse(text: str) -> FlowStep:
    try:
        step = msgspec.json.decode(text, type=FlowStep)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"run_step_async: step_json_str is no step: {explain(error)}."
        ) from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(
            f"run_step_async: step_json_str is not valid JSON ({error})."
        ) from error
    if not step.internal_name:
        raise InvalidRequest("run_step_async: step_json_str lacks the key 'step_name'.")
    return step


class _Folders:
    """The folders of a step, whose names are relative to a root folder."""

    def __init__(self, drive: Drive, root: Path) -> None:
        self._drive = drive
        self._root = root

    def named_input(self, step: PlannedStep) -> Path | None:
        """Give the folder that ``input_folder`` names; None without one.

        Raises:
            NotFound: it does not exist.
            InvalidRequest: it is no string, no folder, or leads out of the drive.
        """
        value = _text(step.kwargs, "input_folder")
        return input_folder(self._drive, self._path(value)) if value else None

    def named_output(self, step: PlannedStep) -> Path | None:
        """Give the root output folder that the kwargs name; None without one.

        ``output_folder`` may name it or the step's own folder ``s<n>_<name>`` in it.
        """
        value = _text(step.kwargs, "output_folder")
        if not value:
            return None
        folder = self._drive.place(self._path(value))
        return folder.parent if folder.name == step.folder else folder

    def options(self, output: Path | None) -> RunOptions:
        """Give the options of a step with this root output folder, by default beside the input."""
        return RunOptions(
            output_dir=None if output is None else f"/{self._drive.path_of(output)}",
            save_binary_to_output=False,
        )

    def find_input(self, flow: str, steps: list[PlannedStep], index: int) -> Path:
        """Give the folder that a step without ``input_folder`` reads.

        Raises:
            NotFound: there is none.
        """
        if index == 0:
            choices = list(_INPUTS)
            advice = "put the documents there or give the step an input_folder"
        else:
            choices = [f"{output}/{steps[index - 1].folder}" for output in _OUTPUTS]
            advice = f"run step {index - 1} first or give the step an input_folder"
        for choice in choices:
            if (folder := self._root / choice).is_dir():
                return folder
        raise NotFound(
            f"Step {index} of {flow} has nothing to read: there is neither {choices[0]} nor "
            f"{choices[1]} in '{self._drive.path_of(self._root)}'; {advice}."
        )

    def _path(self, value: str) -> str:
        return os.path.normpath(f"{self._drive.path_of(self._root)}/{value}")


def _text(kwargs: dict[str, Any], key: str) -> str:
    value = kwargs.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"run_step_async: {key} is not a string.")
    return value or ""
