"""Notebooks that run where nobody watches: their saved outputs are final and repeatable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from ibflow_nb.local.launch import ensure_running, stop_platform

pytestmark = pytest.mark.slow

FOLDER = "local/my-repo/fs/Instabase Drive/letters"
FLOW = (
    '{"rootDir": ".", "steps": [{"option": {"internalName": "process_files"},'
    ' "kwargs": {"process_type": "auto_to_txt"}}]}'
)


@pytest.fixture
def notebook(own_folders: Path) -> Any:
    """A notebook that runs a small flow on a platform of its own."""
    root = own_folders / "root"
    letters = root / FOLDER
    (letters / "input").mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (letters / "input" / name).write_text(f"Dear {name},\n")
    (letters / "letters.ibflow").write_text(FLOW)
    ensure_running(root)
    cells = [
        f'%load_ext ibflow_nb\n%ibflow connect local --root "{root}"',
        f'job = %ibflow run "{FOLDER}/letters.ibflow" --input "{FOLDER}/input"',
        "len(job.records())",
    ]
    yield nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    stop_platform(root)


def test_saved_outputs_are_final_and_pass_nbval(notebook: Any, own_folders: Path) -> None:
    """The end of the run is saved, and nbval finds the same outputs again."""
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": own_folders}})
    client.execute()
    (shown,) = notebook.cells[1].outputs
    assert shown["data"]["text/plain"] == "COMPLETE · letters.ibflow · 2 of 2 files"
    assert set(shown["data"]) == {"text/plain", "text/html"}
    assert "widgets" not in notebook.metadata
    path = own_folders / "saved.ipynb"
    nbformat.write(notebook, path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", str(path), "-p", "no:cacheprovider", "-q"],
        capture_output=True,
        text=True,
        cwd=own_folders,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
