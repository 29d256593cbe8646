"""``ibflow-nb demo``: from nothing to a frame."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ibflow_nb.examples import WORKSPACE

pytestmark = pytest.mark.slow


def run_demo(folder: Path, *, change: str = "pass") -> subprocess.CompletedProcess[str]:
    """Run the demo in a process of its own, with its temporary files in this folder."""
    code = f"import sys; from ibflow_nb.examples import demo; {change}; sys.exit(demo.main())"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_demo_prints_the_fields_of_all_receipts(tmp_path: Path) -> None:
    """The frame that is printed holds what the receipts say, and nothing is left behind."""
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    truth = msgspec.json.decode((WORKSPACE / "receipts" / "truth.json").read_bytes())
    for name, fields in truth.items():
        (line,) = (line for line in done.stdout.splitlines() if f" {name} " in line)
        assert re.sub(r"\s+", " ", line).endswith(" ".join(fields.values()))
    assert list(tmp_path.glob("ibflow-demo-*")) == []


def test_failure_is_one_sentence(tmp_path: Path) -> None:
    """A cell that fails ends the demo with exit code 1 and one sentence; no platform stays."""
    done = run_demo(tmp_path, change="demo._CELLS = ('1 / 0',)")
    assert done.returncode == 1
    assert done.stderr == "The demo failed: ZeroDivisionError: division by zero\n"
    assert done.stdout == ""
    assert list(tmp_path.glob("ibflow-demo-*")) == []


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """Where only the platform is installed, the demo says what else it needs."""
    done = run_demo(tmp_path, change="sys.modules['nbclient'] = None")
    assert done.returncode == 1
    assert done.stderr == (
        "The demo failed: nbclient is missing; "
        "a notebook is run with: pip install nbclient ipykernel.\n"
    )
