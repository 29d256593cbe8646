"""JupyterLab in a real browser: a run's bar moves while another cell sleeps."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

CHROMIUM = Path("/usr/bin/chromium")
EXAMPLES = "local/my-repo/fs/Instabase Drive/examples/receipts"
CELLS = (
    '%load_ext ibflow_nb\n%ibflow connect local --root "{root}"',
    f'job = %ibflow run "{EXAMPLES}/receipts.ibflow" --input "{EXAMPLES}/input"',
    "import time\nwhile not job.done:\n    time.sleep(0.2)\ntime.sleep(1)\nprint('awake')",
    'job.records().to_frame()[["file_name", "merchant", "date", "total"]]',
)
SETTINGS = {
    "notebook-extension/tracker": '{"autoStartDefaultKernel": true}',
    "apputils-extension/notification": '{"fetchNews": "false"}',
}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab on loopback with folders of its own; gives the notebook's address."""
    cells = [
        nbformat.v4.new_code_cell(cell.replace("{root}", str(tmp_path / "root"))) for cell in CELLS
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    work = tmp_path / "work"
    work.mkdir()
    nbformat.write(notebook, work / "quickstart.ipynb")
    settings = tmp_path / "lab" / "@jupyterlab"
    for name, content in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / f"{name}.jupyterlab-settings").write_text(content)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    own = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "DATA", "CONFIG")}
    own |= {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"IPYTHONDIR": str(tmp_path / "ipython"), "OMP_NUM_THREADS": "1"}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "lab"), "JUPYTER_TOKEN": token}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += [f"--ServerApp.root_dir={work}"]
    log = (tmp_path / "lab.log").open("wb")
    process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_answer(f"{url}/api?token={token}", process)
        yield f"{url}/lab/tree/quickstart.ipynb?token={token}&reset"
    finally:
        process.terminate()
        process.wait(30)
        log.close()
        _stop_platform(tmp_path / "root")


def _wait_for_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "JupyterLab ended"
        with contextlib.suppress(URLError, ConnectionError), urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError("JupyterLab does not answer")


def _stop_platform(root: Path) -> None:
    from ibflow_nb.local.launch import stop_platform

    stop_platform(root)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: ``IBFLOW_NB_TEST_PICTURES``, or the test's own folder."""
    return Path(os.environ.get("IBFLOW_NB_TEST_PICTURES", tmp_path))


@pytest.fixture
def page(lab: str, pictures: Path) -> Iterator[sync_api.Page]:
    """A page of a headless Chromium that shows the notebook."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1100, "height": 1100})
        page.set_default_timeout(120_000)
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        yield page
        page.screenshot(path=pictures / "last.png")
        browser.close()


def test_the_bar_moves_and_the_result_stays(
    page: sync_api.Page, pictures: Path, tmp_path: Path
) -> None:
    """The bar is seen at several widths while a cell sleeps; the saved notebook has the end."""
    _run_all(page)
    bar = page.locator(".widget-bar .progress-bar, .jupyter-widgets .progress-bar").first
    bar.wait_for(state="attached")
    widths = _widths_until(page, bar, pictures / "live.png")
    assert len(widths) >= 3, widths
    page.locator(".jp-OutputArea-output table.dataframe").wait_for()
    assert page.locator(".jp-OutputArea-output", has_text="COMPLETE").count() >= 1
    page.screenshot(path=pictures / "done.png")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(2000)
    saved = nbformat.read(tmp_path / "work" / "quickstart.ipynb", as_version=4)
    (shown,) = saved.cells[1].outputs
    assert "COMPLETE" in shown["data"]["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" not in shown["data"]
    page.reload()
    page.locator(".jp-OutputArea-output", has_text="COMPLETE").first.wait_for()
    assert page.get_by_text("model not found").count() == 0
    page.screenshot(path=pictures / "again.png")


def _run_all(page: sync_api.Page) -> None:
    """Run the first cell until it answers, then the others once.

    A page that has only just opened may lose what is run at first; loading and connecting may be
    repeated, a run may not.
    """
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
    cells = page.locator(".jp-CodeCell")
    first = cells.nth(0).locator(".jp-InputPrompt")
    for _ in range(6):
        cells.nth(0).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(AssertionError):
            sync_api.expect(first).to_have_text(re.compile(r"\d"), timeout=30_000)
            break
    cells.nth(1).locator(".cm-content").click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run Selected Cell and All Below", exact=True).click()


def _widths_until(page: sync_api.Page, bar: sync_api.Locator, picture: Path) -> set[str]:
    """Note the bar's widths until the result takes its place."""
    widths: set[str] = set()
    end = time.monotonic() + 180
    while time.monotonic() < end and bar.count():
        with contextlib.suppress(sync_api.Error):
            width = bar.evaluate("element => element.style.width", timeout=1000)
            if width not in widths and len(widths) == 2:
                page.screenshot(path=picture)
            widths.add(width)
        page.wait_for_timeout(100)
    return widths
