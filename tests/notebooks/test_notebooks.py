"""The tutorials run, and give what is saved in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from file_kernels import run_nbval

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_outputs_are_as_saved(notebook: Path, tmp_path: Path) -> None:
    """Every cell of a tutorial, on a platform of its own, gives its saved outputs."""
    from ibflow_nb.local.launch import stop_platform

    options = ["--nbval-sanitize-with", str(NOTEBOOKS / "sanitize.cfg"), "--nbval-cell-timeout=400"]
    environment = {"IBFLOW_NB_DISPLAY": "static", "XDG_DATA_HOME": str(tmp_path)}
    try:
        done = run_nbval(notebook, *options, **environment)
    finally:
        stop_platform(tmp_path / "ibflow-nb" / "platform")
    assert done.returncode == 0, done.stdout + done.stderr
