"""Broken documents: records or a reason, never a dead worker or a stack."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from damaging import damage

from ibflow_nb.local.engine.executor import FileFailed
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.steps.base import Task

pytestmark = pytest.mark.faults

ROUNDS = int(os.environ.get("IBFLOW_NB_TEST_ROUNDS", "1"))
WORKSPACE = Path(__file__).resolve().parents[2] / "ibflow_nb" / "examples" / "workspace"
LARGEST = 300_000
SECONDS = 120


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[LocalPool]:
    """Give real workers with the real steps."""
    made = LocalPool(Settings(root=tmp_path, workers=2))
    yield made
    made.close()


@pytest.fixture
def reading(pool: LocalPool, tmp_path: Path) -> Callable[[Path], Any]:
    """Give a function that has a worker read a file."""

    def submit(path: Path) -> Any:
        task = Task(
            job_id="j",
            step="process_files",
            kwargs={"ocr_config": {"engine": "tesseract"}},
            source=str(path),
            input=str(path),
            name=path.name,
            index=0,
            output_dir=str(tmp_path / "out" / "s1_process_files"),
            limits=Limits(),
        )
        return pool.submit(task, SECONDS)

    return submit


@pytest.mark.parametrize("how", ["cut", "flip", "overwrite"])
def test_broken_documents_give_records_or_a_reason(
    documents: Path, reading: Callable[[Path], Any], tmp_path: Path, how: str
) -> None:
    """Whatever is broken in a document of any kind, its worker lives and answers."""
    good = [path for path in (documents / "office").iterdir() if path.stat().st_size < LARGEST]
    good += sorted(WORKSPACE.glob("*/input/*.pdf"))
    good += [WORKSPACE / "receipts" / "input" / "blue-heron-taxi.jpg"]
    rng = random.Random(f"{how} {ROUNDS}")
    waiting = {}
    for number in range(ROUNDS):
        for path in sorted(good):
            broken = tmp_path / f"{number}-{path.name}"
            broken.write_bytes(damage(path.read_bytes(), how, rng))
            waiting[broken.name] = reading(broken)
    failed = 0
    for name, future in waiting.items():
        try:
            assert future.result(2 * SECONDS).records >= 0, name
        except FileFailed as error:
            failed += 1
            assert error.detail == "", f"{name}: {error.detail}"
            assert str(error).endswith("."), name
            assert name in str(error)
    assert failed or how != "cut"
