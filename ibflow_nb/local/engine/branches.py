"""Several flows in one job: a metaflow, and all flows of a folder on the same input.

A metaflow's plan has a trunk that reads and classifies each file; the step that classifies then
routes the file to the flow of its class. Each flow is a branch of the plan that writes into a
sub-folder of its name (sources: Flow API, "Run a metaflow" and run_flows_async; which file stands
for which class is this project's rule).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from ibflow_nb.api.flow import FlowFile, FlowStep, RunFlows, RunMetaflow
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.binary import FLOWS, METAFLOW, Binary, pack_flows
from ibflow_nb.local.engine.model import END, PlannedStep
from ibflow_nb.local.engine.paths import chain
from ibflow_nb.local.engine.plan import LoadedFlow, Planner, ReadModule
from ibflow_nb.local.engine.work import Work, input_folder

_READ = "process_files"
_CLASSIFY = "apply_classifier"
_FOLDERS = {"input_folder", "output_folder"}


def read_flows(planner: Planner, drive: Drive, request: RunFlows) -> Work:
    """Plan a job in which each file goes through every flow of a folder.

    Raises:
        NotFound: a folder does not exist.
        InvalidRequest: the folder holds no flows, or one is refused.
    """
    folder, flows = planner.load_all(request.flow_root_dir)
    steps, starts = _side_by_side(flows)
    return Work(
        request=request,
        options=request,
        path=folder,
        source=input_folder(drive, request.input_dir),
        steps=steps,
        starts=starts,
        used=_used(flows),
        binary=pack_flows(flows) if request.save_binary_to_output else b"",
    )


def read_metaflow(planner: Planner, drive: Drive, request: RunMetaflow) -> Work:
    """Plan a job that classifies each file and runs the flow whose file stem is the class.

    Files of a class without a flow go to ``other.ibflow`` where there is one, else they fail.
    The trunk reads files as most of the flows do; a flow whose first step reads in the same way
    goes on with that reading, one with other settings reads its files again.

    Raises:
        NotFound: a folder or the classifier does not exist.
        InvalidRequest: the folder holds no flows, or a flow or the classifier is refused.
    """
    folder, flows = planner.load_all(request.flow_root_dir)
    classifier = drive.locate(request.classifier_file_path)
    sources: dict[Path, bytes] = {}
    read_module = planner.module_reader(drive.root, sources)
    steps = _by_class(planner, flows, drive.path_of(classifier), read_module)
    return Work(
        request=request,
        options=request,
        path=folder,
        source=input_folder(drive, request.input_dir),
        steps=steps,
        used=[*_used(flows), *sources],
        binary=pack_flows(flows, sources) if request.save_binary_to_output else b"",
    )


def plan_binary(planner: Planner, binary: Binary) -> tuple[list[PlannedStep], tuple[int, ...]]:
    """Plan what a binary does, as its flows by themselves would do it; give steps and starts.

    Raises:
        InvalidRequest: the classifier of a metaflow is refused.
    """
    if binary.binary_type == FLOWS:
        return _side_by_side(binary.flows)
    if binary.binary_type == METAFLOW:
        name = f"classifier of {binary.path.name}"
        return _by_class(planner, binary.flows, name, lambda _: binary.classifier), (0,)
    return binary.flows[0].steps, (0,)


def _side_by_side(flows: list[LoadedFlow]) -> tuple[list[PlannedStep], tuple[int, ...]]:
    """Plan each flow as a branch that every file starts at; give the steps and the starts."""
    steps: list[PlannedStep] = []
    starts = []
    for flow in flows:
        starts.append(len(steps))
        steps += chain(flow.steps, first=len(steps), folder=flow.path.stem)
    return steps, tuple(starts)


def _by_class(
    planner: Planner, flows: list[LoadedFlow], classifier: str, read_module: ReadModule
) -> list[PlannedStep]:
    """Plan a trunk that reads and classifies, and each flow as the branch of a class."""
    reading = _common_reading(flows)
    steps = _trunk(planner, reading, classifier, read_module)
    routes: dict[str, int] = {}
    for flow in flows:
        name = flow.path.stem
        reads_alike = flow.steps[0].name == _READ and _reading(flow.steps[0]) == reading
        rest = flow.steps[1:] if reads_alike else flow.steps
        routes[name] = len(steps) if rest else END
        steps += chain(rest, first=len(steps), folder=name)
    steps[1] = msgspec.structs.replace(steps[1], routes=routes)
    return steps


def _trunk(
    planner: Planner, reading: dict[str, Any], classifier: str, read_module: ReadModule
) -> list[PlannedStep]:
    """Plan the steps that read and classify."""
    classify = {"classifier_path": classifier, "settings": {"whole_file": "yes"}}
    flow = FlowFile(
        steps=[
            FlowStep(step_name=_READ, kwargs=reading),
            FlowStep(step_name=_CLASSIFY, kwargs=classify),
        ]
    )
    return planner.plan(flow, "the metaflow", read_module)


def _common_reading(flows: list[LoadedFlow]) -> dict[str, Any]:
    """Give the kwargs that most flows read their files with; of several, those of the first."""
    readings = [_reading(flow.steps[0]) for flow in flows if flow.steps[0].name == _READ]
    counts = Counter(msgspec.json.encode(reading, order="sorted") for reading in readings)
    most = max(counts, key=lambda reading: counts[reading], default=b"{}")
    return dict(msgspec.json.decode(most))


def _reading(step: PlannedStep) -> dict[str, Any]:
    """Give what decides how a step reads files: its kwargs without folders and empty values."""
    kwargs = {key: value for key, value in step.kwargs.items() if key not in _FOLDERS and value}
    if isinstance(settings := kwargs.pop("settings", None), dict):
        kwargs["settings"] = {key: value for key, value in settings.items() if value}
    return {key: value for key, value in kwargs.items() if value}


def _used(flows: list[LoadedFlow]) -> list[Path]:
    return [path for flow in flows for path in (flow.root, *flow.sources)]
