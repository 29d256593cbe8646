"""The example flows read from the example documents what these say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ibflow_nb.api.flow import FlowFile
from ibflow_nb.examples import WORKSPACE
from ibflow_nb.local.documents.record import load_records
from ibflow_nb.local.steps.base import Task
from ibflow_nb.local.steps.registry import get_step

SCANS = {".jpg", ".png", ".tif"}


def example_documents() -> list[object]:
    """All documents of the workspace, those that need OCR marked as slow."""
    return [
        pytest.param(
            path.parent.parent.name,
            path.name,
            id=path.name,
            marks=[pytest.mark.slow] if path.suffix in SCANS or "polder" in path.name else [],
        )
        for path in sorted(WORKSPACE.glob("*/input/*"))
    ]


def run_steps(kind: str, source: Path, output: Path) -> dict[str, str]:
    """Run the steps of a flow on one file, as a worker would; give the fields it found."""
    folder = WORKSPACE / kind
    flow = msgspec.json.decode((folder / f"{kind}.ibflow").read_bytes(), type=FlowFile)
    path = source
    for number, entry in enumerate(flow.steps, start=1):
        step = get_step(entry.internal_name)
        modules = {key: (folder / entry.kwargs[key]).read_text() for key in step.modules}
        step.check(entry.kwargs, modules)
        task = Task(
            job_id="example",
            step=entry.internal_name,
            kwargs=entry.kwargs,
            modules=modules,
            source=str(source),
            input=str(path),
            name=source.name,
            index=0,
            output_dir=str(output / f"s{number}_{entry.internal_name}"),
        )
        path = Path(step.run(task).output)
    (record,) = load_records(path)
    return {phrase.label: phrase.word for phrase in record.refined_phrases}


@pytest.mark.parametrize(("kind", "name"), example_documents())
def test_fields_equal_the_truth(kind: str, name: str, tmp_path: Path) -> None:
    """Every field of the document is found as it is printed, in normal form."""
    truth = msgspec.json.decode((WORKSPACE / kind / "truth.json").read_bytes())
    source = WORKSPACE / kind / "input" / name
    assert run_steps(kind, source, tmp_path) == truth[name]
