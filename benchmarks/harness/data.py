"""Where the documents lie that benchmarks read."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.harness.comparing import Absent

ROOT = Path(__file__).resolve().parents[2]


def sample(name: str) -> Path:
    """Give a folder of sample documents, of ``$IBFLOW_NB_TEST_DATA``.

    Raises:
        Absent: it is not on this machine.
    """
    place = os.environ.get("IBFLOW_NB_TEST_DATA", ROOT.parent / "shared" / "data")
    folder = Path(place, name)
    if not folder.exists():
        raise Absent(f"there is no folder {name!r} of documents; set IBFLOW_NB_TEST_DATA")
    return folder
