"""A cancel while native OCR code works on a page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image, ImageDraw, ImageFont

from ibflow_nb.api.flow import RunFlow
from ibflow_nb.api.jobs import CurStatus
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.settings import Settings

pytestmark = pytest.mark.faults

LINES = 150


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give a platform with a page that takes many seconds to read."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    root = tmp_path / "root"
    (root / "p" / "input").mkdir(parents=True)
    page = Image.new("L", (3000, 4200), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    for line in range(LINES):
        draw.text((40, 20 + 27 * line), f"{line} lorem ipsum dolor sit amet " * 8, 0, font)
    page.save(root / "p" / "input" / "dense.png")
    ocr = json.dumps({"engine": "rapidocr"})
    step = {"step_name": "process_files", "kwargs": {"settings": {"ocr_config": ocr}}}
    (root / "p" / "flow.ibflow").write_text(json.dumps({"steps": [step]}))
    engine = Engine(Drive(root), Settings(root=root, workers=1))
    engine.start()
    yield engine
    engine.stop(grace=0)


def workers_in_ocr() -> list[int]:
    """Give the worker processes of this process that have loaded the OCR engine."""
    found = []
    children = Path("/proc/self/task").glob("*/children")
    for pid in {pid for file in children for pid in file.read_text().split()}:
        folder = Path("/proc") / pid
        try:
            if b"engine.worker" in (folder / "cmdline").read_bytes():
                loaded = "onnxruntime" in (folder / "maps").read_text()
                found += [int(pid)] if loaded else []
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_cancel_stops_ocr_within_two_seconds(engine: Engine, until: Callable[..., object]) -> None:
    """The worker is gone, and the job is CANCELLED."""
    for _ in range(3):  # other work on the machine may delay any single one
        job_id = engine.run_flow(RunFlow(ibflow_path="p/flow.ibflow", input_dir="p/input")).job_id
        until(workers_in_ocr)
        begin = time.monotonic()
        reply = engine.cancel(job_id)
        until(lambda: not workers_in_ocr())
        if (spent := time.monotonic() - begin) < 2:
            break
    assert spent < 2
    assert msgspec.json.decode(reply.cur_status, type=CurStatus).status == "CANCELLED"
