"""Broken documents, flows and packages: records or a reason, never a dead worker or a stack."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.local.archives import pack_archive
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.executor import FileFailed
from ibflow_nb.local.engine.plan import Planner
from ibflow_nb.local.engine.pool import LocalPool
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.solutions.package import open_solution
from ibflow_nb.local.steps.base import Task
from ibflow_nb.local.steps.registry import STEP_NAMES

pytestmark = pytest.mark.faults

ROUNDS = int(os.environ.get("IBFLOW_NB_TEST_ROUNDS", "1"))
EXAMPLES = int(os.environ.get("IBFLOW_NB_TEST_EXAMPLES", "15")) * 10
WORKSPACE = Path(__file__).resolve().parents[2] / "ibflow_nb" / "examples" / "workspace"
LARGEST = 300_000
SECONDS = 120
RELAXED = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))


def damage(content: bytes, how: str, rng: random.Random) -> bytes:
    """Break a file: cut it off, flip bits, or overwrite a stretch of it."""
    if how == "cut":
        return content[: rng.randrange(1, len(content))]
    broken = bytearray(content)
    if how == "flip":
        for _ in range(rng.choice([1, 20, len(broken) // 500 + 1])):
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        return bytes(broken)
    start = rng.randrange(len(broken))
    stretch = rng.randbytes(min(200, len(broken) - start))
    return bytes(broken[:start]) + stretch + bytes(broken[start + len(stretch) :])


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


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["..", "/", "a.ibrefiner", "\0", "../../x", "fields.ibrefiner", *STEP_NAMES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)  # fmt: skip
KWARGS = st.dictionaries(
    st.sampled_from(
        ["refiner_path", "classifier_path", "settings", "ocr_config", "process_type", "paths",
         "page_range", "passwords", "output_format", "script_path", "expression", "odd"]
    ),
    JSON_VALUES,
)  # fmt: skip
STEPS = st.fixed_dictionaries(
    {"step_name": st.sampled_from([*STEP_NAMES, "no_step"]) | JSON_VALUES},
    optional={"kwargs": KWARGS | JSON_VALUES, "option": JSON_VALUES},
)
FLOWS = st.one_of(
    st.binary(max_size=40),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"steps": st.lists(STEPS, max_size=3) | JSON_VALUES},
        optional={"rootDir": st.sampled_from([".", "..", "../../..", "/", "\0"]) | JSON_VALUES},
    ).map(lambda value: json.dumps(value).encode()),
)


def test_flow_files_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    """Whatever a flow file holds, reading it gives steps or a documented error."""
    planner = Planner(Drive(tmp_path), "ibflow_nb.local.steps.registry")
    (tmp_path / "fields.ibrefiner").write_text("{}")

    @RELAXED
    @given(content=FLOWS)
    def read(content: bytes) -> None:
        (tmp_path / "f.ibflow").write_bytes(content)
        try:
            assert planner.load("f.ibflow").steps
        except IbflowError as error:
            assert str(error).endswith(".")

    read()


NAMES = st.sampled_from(
    [
        "package.json",
        "w2.ibflowbin",
        "w2/package.json",
        "w2/b.ibflowbin",
        "../x",
        "/x",
        "C:x",
        "a\\b",
    ]
) | st.text(max_size=5)


def test_packages_are_opened_or_refused_in_a_sentence(tmp_path: Path) -> None:
    """Whatever an .ibsolution holds, and wherever it is broken, there is a documented error."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("f.ibflow", '{"steps": []}')
    package = json.dumps({"name": "w2", "version": "1.0.0"}).encode()
    path = tmp_path / "p.ibsolution"
    contents = st.sampled_from([inner.getvalue(), package, b"", b"{}", b"[1", b"\xff"])

    def check() -> None:
        try:
            open_solution(path, Limits(archive_bytes=10**6, archive_files=20))
        except IbflowError as error:
            assert str(error).endswith(".")

    @RELAXED
    @given(
        entries=st.dictionaries(NAMES, contents | st.binary(max_size=9), max_size=4),
        how=st.sampled_from(["as it is", "cut", "flip", "overwrite"]),
        rng=st.randoms(use_true_random=False),
    )
    def opened(entries: dict[str, bytes], how: str, rng: random.Random) -> None:
        pack_archive(path, {"package.json": package, "w2.ibflowbin": inner.getvalue()} | entries)
        if how != "as it is":
            path.write_bytes(damage(path.read_bytes(), how, rng))
        check()

    opened()
