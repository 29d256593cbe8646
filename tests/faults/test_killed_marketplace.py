"""The platform dies while it publishes, withdraws or installs a solution."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.local.archives import pack_archive

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.name == "nt", reason="needs fork and SIGKILL"),
]

DRIVER = Path(__file__).with_name("killed_marketplace.py")
OPERATIONS = {"publish", "install", "unpublish", "publish anew", "install anew"}


def package(path: Path, flow: str) -> Path:
    """Write a package whose flow is this text."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("flow.ibflow", flow)
    manifest = json.dumps({"name": "w2", "version": "1.0.0"}).encode()
    pack_archive(path, {"package.json": manifest, "w2.ibflowbin": inner.getvalue()})
    return path


def test_each_operation_is_done_or_not_done_whenever_it_is_killed(tmp_path: Path) -> None:
    """The next platform finds what was before or what should be, whole, and can do it again."""
    old, new = package(tmp_path / "old", "{}"), package(tmp_path / "new", '{"steps": []}')
    driver = [sys.executable, str(DRIVER), str(tmp_path), str(old), str(new)]
    told = subprocess.run(driver, capture_output=True, text=True, check=True).stdout
    kills: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    for name, group in groupby(kills, key=lambda kill: kill["operation"]):
        found = list(group)
        assert [kill["kill"] for kill in found] == list(range(1, len(found) + 1))
        (end,) = {json.dumps(kill["end"]) for kill in found}
        for kill in found:
            assert json.dumps(kill["after"]) in {json.dumps(kill["before"]), end}, kill
            assert kill["after"]["on_drive"] == [kill["after"]["published"]] * bool(
                kill["after"]["published"]
            )
            assert kill["repeated"] == "" or name == "unpublish", kill
    assert {kill["operation"] for kill in kills} == OPERATIONS
    assert len(kills) > 50
