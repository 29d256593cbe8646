"""What the audit of the installed packages makes of pip-audit's reports."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT = runpy.run_path(str(Path(__file__).resolve().parent.parent / ".ci" / "audit.py"))
SOUND = {"name": "anyio", "version": "4.9", "vulns": []}
FLAWED = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"], "description": "bad"}],
}
UNKNOWN = {"name": "other", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "sentence"),
    [
        ([SOUND], 0, "No known vulnerabilities in 1 packages."),
        ([SOUND, UNKNOWN], 0, "WARNING: 1 of 2 packages could not be audited."),
        ([UNKNOWN, FLAWED], 1, "pillow 1.0: CVE-1 (fixed in 1.1)"),
    ],
)
def test_only_found_vulnerabilities_fail_the_audit(
    packages: list[Any], code: int, sentence: str
) -> None:
    """What could not be audited is a warning."""
    found, told = AUDIT["judge"](json.dumps({"dependencies": packages}))
    assert found == code
    assert sentence in told


@pytest.mark.parametrize("report", ["", "No known vulnerabilities found", "{}"])
def test_a_service_out_of_reach_is_a_warning(report: str) -> None:
    """Without a report nothing is known, and the line says so."""
    code, told = AUDIT["judge"](report)
    assert code == 0
    assert told.startswith("WARNING: nothing was audited")
