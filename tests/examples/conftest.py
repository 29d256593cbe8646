"""The steps of the example flows, run on one file as a worker would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ibflow_nb.api.flow import FlowFile
from ibflow_nb.local.documents.record import Record, load_records
from ibflow_nb.local.steps.base import BatchItem, Outcome, Task
from ibflow_nb.local.steps.registry import get_step

RunFlow = Callable[[Path, Path], tuple[list[Record], str]]


@pytest.fixture
def run_flow(tmp_path: Path) -> RunFlow:
    """Run a flow on one file; give its records, and the reason of a checkpoint that stopped it."""

    def run(flow_path: Path, source: Path) -> tuple[list[Record], str]:
        flow = msgspec.json.decode(flow_path.read_bytes(), type=FlowFile)
        path = source
        for number, entry in enumerate(flow.steps, start=1):
            folder = tmp_path / source.name / f"s{number}_{entry.internal_name}"
            outcome = _run_step(
                flow_path.parent, entry.internal_name, entry.kwargs, source, path, folder
            )
            if outcome.stop:
                return [], outcome.stop
            path = Path(outcome.outputs["0"] if outcome.outputs else outcome.output)
        return load_records(path), ""

    return run


def _run_step(
    root: Path, name: str, kwargs: dict[str, object], source: Path, path: Path, folder: Path
) -> Outcome:
    step = get_step(name)
    modules = {key: (root / str(kwargs[key])).read_text() for key in step.modules}
    step.check(kwargs, modules)
    task = Task(
        job_id="example",
        step=name,
        kwargs=kwargs,
        modules=modules,
        source=str(source),
        input=str(path),
        name=source.name,
        index=0,
        output_dir=str(folder),
        items=[BatchItem(0, source.name, str(path))] if step.scope == "batch" else [],
    )
    return step.run(task)
