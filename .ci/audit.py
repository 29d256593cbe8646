"""Asks pip-audit for known vulnerabilities of what is installed.

Exits with 1 only when there are some. Where the vulnerability service cannot be reached, or knows
none of the packages, it says so in a line that begins with WARNING and exits with 0.
"""

from __future__ import annotations

import json
import subprocess
import sys

SECONDS = 300
COMMAND = [sys.executable, "-m", "pip_audit", "--format=json", "--skip-editable"]


def judge(report: str) -> tuple[int, str]:
    """Give exit code and sentence for what pip-audit wrote to its standard output."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return 0, "WARNING: nothing was audited, the vulnerability service cannot be reached."
    audited = [package for package in packages if "vulns" in package]
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}"
        f" (fixed in {', '.join(flaw['fix_versions']) or 'no version yet'})"
        for package in audited
        for flaw in package["vulns"]
    ]
    if found:
        return 1, "\n".join(["Known vulnerabilities:", *found])
    if len(audited) < len(packages):
        missing = len(packages) - len(audited)
        return 0, f"WARNING: {missing} of {len(packages)} packages could not be audited."
    return 0, f"No known vulnerabilities in {len(packages)} packages."


def main() -> int:
    """Run pip-audit and tell what it found."""
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            COMMAND, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        report = done.stdout
    except subprocess.TimeoutExpired:
        report = ""
    code, sentence = judge(report)
    print(sentence)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
