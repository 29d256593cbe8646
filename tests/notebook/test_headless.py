"""Notebooks that run where nobody watches: their saved outputs are final and repeatable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from file_kernels import AsyncFileKernelManager, run_nbval
from nbclient import NotebookClient
from nbconvert import HTMLExporter, MarkdownExporter

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


def executed(notebook: Any, folder: Path) -> Any:
    """Execute a notebook as a service would, and give it as it is read from its file."""
    NotebookClient(
        notebook,
        timeout=200,
        resources={"metadata": {"path": folder}},
        kernel_manager_class=AsyncFileKernelManager,
    ).execute()
    nbformat.write(notebook, folder / "saved.ipynb")
    return nbformat.read(folder / "saved.ipynb", as_version=4)


@pytest.mark.parametrize("display", ["auto", "widget", "text"])
def test_exports_show_the_end_and_the_frame_below(
    notebook: Any, own_folders: Path, monkeypatch: pytest.MonkeyPatch, display: str
) -> None:
    """Whatever the display, HTML and Markdown exports hold the end as text, then the frame."""
    monkeypatch.setenv("IBFLOW_NB_DISPLAY", display)
    notebook.cells[2].source = "job.to_frame()"
    saved = executed(notebook, own_folders)
    for exporter in (HTMLExporter(), MarkdownExporter()):
        text, _ = exporter.from_notebook_node(saved)
        for scripted in re.findall(r"(?s)<script.*?</script>|<style.*?</style>", text):
            text = text.replace(scripted, "")
        assert "widget-view" not in text
        assert 0 < text.index("COMPLETE") < text.rindex("a.txt") < text.rindex("b.txt")


def test_a_viewer_without_widgets_finds_text_and_html(notebook: Any, own_folders: Path) -> None:
    """Every output is kept in a form that needs no kernel, no script and no network."""
    saved = executed(notebook, own_folders)
    kinds = [
        set(output.data) for cell in saved.cells for output in cell.outputs if "data" in output
    ]
    assert kinds
    assert all(kind <= {"text/plain", "text/html"} and "text/plain" in kind for kind in kinds)


def test_a_server_that_dies_ends_the_wait_with_one_sentence(
    kernel: Any, server: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that nobody watches does not hang when its server has gone for good."""

    def break_off(*_: object) -> None:
        raise ConnectionError

    kernel.printed(f"%ibflow connect {server.url}")
    kernel.printed("from ibflow_nb.jobs import silence\nsilence.PATIENCE = 1.0")
    run = "%ibflow run a/b/fs/D/x.ibflow --input a/b/fs/D/in"
    request = kernel.start(run, allow_stdin=False)
    until(lambda: server.calls("jobs/status"))
    monkeypatch.setattr(server, "answer", break_off)
    messages = kernel.finish(request)
    (error,) = [one["content"] for one in messages if one["msg_type"] == "error"]
    assert error["ename"] == "ConnectionFailed"
    assert re.fullmatch(
        r"Job job-0001 was waited for, but its server has not answered for \d+ s \(Trying again: "
        r".*\); '%ibflow attach job-0001' looks after it again\.",
        error["evalue"],
    )


def test_saved_outputs_are_final_and_pass_nbval(notebook: Any, own_folders: Path) -> None:
    """The end of the run is saved, and nbval finds the same outputs again."""
    (shown,) = executed(notebook, own_folders).cells[1].outputs
    assert shown["data"]["text/plain"] == "COMPLETE · letters.ibflow · 2 of 2 files"
    assert set(shown["data"]) == {"text/plain", "text/html"}
    assert "widgets" not in notebook.metadata
    done = run_nbval(own_folders / "saved.ipynb")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
