"""The disk that holds the job store is full."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.engine.store import StoreUnavailable
from ibflow_nb.local.settings import Settings

pytestmark = pytest.mark.faults

STEPS = Path(__file__).resolve().parent.parent / "local" / "engine"
REQUEST = RunFlow(ibflow_path="p/flow.ibflow", input_dir="p/input", delete_out_dir=True)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a root with a flow whose one step waits for a file, and many input files."""
    monkeypatch.syspath_prepend(STEPS)
    monkeypatch.setenv("PYTHONPATH", str(STEPS))
    (tmp_path / "p" / "input").mkdir(parents=True)
    for number in range(40):
        (tmp_path / "p" / "input" / f"{number}.txt").write_text("UNREADABLE " + "x" * 200)
    (tmp_path / "p" / "input" / "good.txt").write_text("fine")
    kwargs = {"gate": str(tmp_path / "gate")}
    steps = [{"step_name": "read", "kwargs": kwargs}]
    (tmp_path / "p" / "flow.ibflow").write_bytes(msgspec.json.encode({"steps": steps}))
    return tmp_path


@pytest.fixture
def engine(root: Path) -> Iterator[Engine]:
    """A running engine, which ends with the test."""
    engine = Engine(Drive(root), settings_of(root))
    engine.start()
    yield engine
    engine.stop()


def settings_of(root: Path) -> Settings:
    """Give the settings of an engine with one worker and the tests' own steps."""
    return Settings(root=root, workers=1, steps_module="engine_steps")


def limit_store(engine: Engine, spare: int | None) -> None:
    """Let the store grow by some pages only: SQLite then says that the disk is full."""
    store = engine._ledger._connection
    (pages,) = store.execute("PRAGMA page_count").fetchone()
    store.execute(f"PRAGMA max_page_count = {10**6 if spare is None else pages + spare}")


@pytest.fixture
def stuck(root: Path, engine: Engine) -> str:
    """A job whose units have answered while the store takes nothing; gives its id."""
    job_id = engine.run_flow(REQUEST).job_id
    limit_store(engine, 0)
    (root / "gate").touch()
    assert not engine.wait(job_id, 1)
    return job_id


def test_a_run_that_cannot_be_stored_is_refused_and_nothing_is_lost(
    root: Path, engine: Engine
) -> None:
    """The caller gets a sentence, no job exists, and the output folder is untouched."""
    old = root / "p" / "out" / "old.txt"
    old.parent.mkdir()
    old.write_text("old")
    limit_store(engine, 0)
    with pytest.raises(StoreUnavailable, match="free some space"):
        engine.run_flow(msgspec.structs.replace(REQUEST, tags=["x" * 100_000]))
    limit_store(engine, None)
    assert old.exists()
    assert not engine.busy


def test_a_running_job_waits_for_space_and_goes_on(engine: Engine, stuck: str) -> None:
    """What a unit answered is not lost while the store takes nothing."""
    limit_store(engine, None)
    assert engine.wait(stuck, 60)
    summary = msgspec.json.decode(engine.status(stuck).cur_status)["run_summary"]
    assert (summary["numRuntimeErrors"], summary["numRecords"]) == (40, 1)


def test_a_run_is_refused_at_once_while_another_waits_for_space(engine: Engine, stuck: str) -> None:
    """Its caller is not kept waiting, and it can be submitted once there is space."""
    other = msgspec.structs.replace(REQUEST, delete_out_dir=False, output_dir="p/other")
    with pytest.raises(StoreUnavailable, match="free some space"):
        engine.run_flow(other)
    limit_store(engine, None)
    assert engine.wait(stuck, 60)
    assert engine.wait(engine.run_flow(other).job_id, 60)


def test_a_platform_with_a_full_store_can_be_stopped(
    root: Path, engine: Engine, stuck: str
) -> None:
    """It ends at once; the run goes on after the next start."""
    engine.stop(grace=0.1)
    again = Engine(Drive(root), settings_of(root))
    again.start()
    assert again.wait(stuck, 60)
    again.stop()


def test_nobody_waits_for_a_platform_that_was_stopped(engine: Engine, stuck: str) -> None:
    """A call that comes while a full store keeps the platform from ending is answered."""
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(engine.pause, stuck) for _ in range(3)]
        threads.submit(engine.stop, 0.1).result(60)
        calls.append(threads.submit(engine.pause, stuck))
        for call in calls:
            assert isinstance(call.exception(60), IbflowError)
