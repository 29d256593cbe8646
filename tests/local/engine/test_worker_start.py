"""Workers that cannot start end the job with a sentence; none is left waiting."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.jobs import JobState

BROKEN_STEPS = """
import sys
if "ibflow_nb.local.engine.dispatcher" not in sys.modules:
    raise ImportError("a library is missing")
from engine_steps import *
"""
BROKEN_INTERPRETER = "import os, sys\nprint('no libc', file=sys.stderr, flush=True)\nos._exit(3)\n"


def test_steps_that_workers_cannot_import_fail_the_job(
    make_platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job's message gives the reason of the import error."""
    (tmp_path / "broken_steps.py").write_text(BROKEN_STEPS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    platform = make_platform(steps_module="broken_steps")
    platform.flow("read")
    platform.files(a="1")
    job_id = platform.run()
    assert platform.status(job_id).status == JobState.FAILED
    assert "a library is missing" in platform.engine.status(job_id).results[0].msg


def test_workers_that_die_at_their_start_fail_the_job(
    make_platform: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After three attempts the job says so; its log and the server's have the reason."""
    (tmp_path / "sitecustomize.py").write_text(BROKEN_INTERPRETER)
    platform = make_platform()
    platform.flow("read")
    platform.files(a="1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with caplog.at_level(logging.WARNING, "ibflow_nb.local.engine.pool"):
        job_id = platform.run()
    assert platform.status(job_id).status == JobState.FAILED
    assert platform.engine.status(job_id).results[0].msg == (
        "read on a.txt failed: its worker process died (exit code 3), 3 times in a row."
    )
    assert "no libc" in platform.log(job_id)
    assert caplog.messages == ["A worker process died (exit code 3). no libc"] * 3
