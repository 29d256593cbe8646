"""One Chromium, and one Jupyter server that gives both front ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "notebook-extension/tracker": {"autoStartDefaultKernel": True},
    "apputils-extension/notification": {"fetchNews": "false"},
}
RAN = re.compile(r"\[\d+\]:")
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


@pytest.fixture(scope="module")  # its loop runs in this thread: asyncio.run fails beside it
def chromium() -> Iterator[sync_api.Browser]:
    """The system's Chromium, headless."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(chromium: sync_api.Browser) -> Iterator[sync_api.BrowserContext]:
    """One context for all pages, so that the front ends are loaded from its cache."""
    with chromium.new_context(viewport={"width": 1100, "height": 1000}) as context:
        yield context


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: ``IBFLOW_NB_TEST_PICTURES``, or a folder of the tests' own."""
    named = os.environ.get("IBFLOW_NB_TEST_PICTURES")
    return Path(named) if named else tmp_path_factory.mktemp("pictures")


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server on loopback.

    Attributes:
        url: its address.
        token: lets the browser in.
        work: folder of its notebooks.
        settings: folder of the settings of both front ends.
    """

    url: str
    token: str
    work: Path
    settings: Path

    def address(self, front_end: str, name: str) -> str:
        """Give the address at which a front end shows a notebook."""
        page = "lab/tree" if front_end == "lab" else "notebooks"
        return f"{self.url}/{page}/{name}?token={self.token}&reset"

    def set_theme(self, name: str) -> None:
        """Have both front ends look like this from their next page on."""
        self.set("apputils-extension/themes", {"theme": name})

    def set(self, plugin: str, values: dict[str, Any]) -> None:
        """Write the settings of a plugin."""
        path = self.settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A Jupyter server with folders of its own."""
    folder = tmp_path_factory.mktemp("jupyter")
    # Short, for the sockets of kernels lie there: a TCP port may be taken before it is bound.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as runtime:
        own = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "DATA", "CONFIG")}
        own |= {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA")}
        own |= {"JUPYTER_RUNTIME_DIR": runtime, "JUPYTER_TOKEN": secrets.token_hex(16)}
        own |= {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
        own |= {"IPYTHONDIR": str(folder / "ipython"), "OMP_NUM_THREADS": "1"}
        (folder / "work").mkdir()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder / 'work'}"]
        command += ["--KernelManager.transport=ipc"]
        with (folder / "jupyter.log").open("wb") as log:
            process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
        try:
            url = _told_url(Path(runtime) / f"jpserver-{process.pid}.json", process)
            server = Jupyter(url, own["JUPYTER_TOKEN"], folder / "work", folder / "settings")
            for plugin, values in SETTINGS.items():
                server.set(plugin, values)
            _wait_for_answer(f"{server.url}/api?token={server.token}", process)
            yield server
        finally:
            process.terminate()
            process.wait(60)


def _told_url(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait for the file in which the server tells its address: it takes a port that is free."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert process.poll() is None, "Jupyter ended"
        with contextlib.suppress(OSError, ValueError):  # absent, or not yet whole
            return str(json.loads(file.read_text())["url"]).rstrip("/")
        time.sleep(0.1)
    raise AssertionError("Jupyter does not start")


def _wait_for_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert process.poll() is None, "Jupyter ended"
        with contextlib.suppress(URLError, ConnectionError), urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise AssertionError("Jupyter does not answer")


@dataclass(frozen=True)
class Notebook:
    """A notebook that a front end shows.

    Attributes:
        page: the browser's page.
        path: the file.
    """

    page: sync_api.Page
    path: Path

    @property
    def outputs(self) -> sync_api.Locator:
        """The outputs of all cells."""
        return self.page.locator(".jp-OutputArea-output")

    def prompt(self, index: int) -> sync_api.Locator:
        """Give the prompt of a cell, which tells whether it runs or has run."""
        return self.page.locator(".jp-CodeCell").nth(index).locator(".jp-InputPrompt")

    def run(self, index: int) -> None:
        """Start a cell."""
        self.page.locator(".jp-CodeCell").nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run_first(self) -> None:
        """Run the first cell until it answers; it must be one that may run twice.

        A page that has only just opened may lose what is run at first, or take it and not run it.
        """
        for patience in (2_000,) * 20 + (60_000,):
            self.run(0)
            with contextlib.suppress(AssertionError):
                sync_api.expect(self.prompt(0)).not_to_have_text("[ ]:", timeout=patience)
                sync_api.expect(self.prompt(0)).to_have_text(RAN, timeout=60_000)
                return
        raise AssertionError("the first cell does not run")

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook and read the file."""
        with self.page.expect_response(lambda reply: reply.request.method == "PUT"):
            self.page.keyboard.press("Escape")
            self.page.keyboard.press("Control+s")
        return nbformat.read(self.path, as_version=4)

    def open_again(self) -> None:
        """Load the page anew, as if it were opened later."""
        self.page.reload()
        self.page.wait_for_selector(".jp-CodeCell")


@pytest.fixture(params=["lab", "notebook"])
def front_end(request: pytest.FixtureRequest) -> str:
    """The front end under test."""
    return str(request.param)


OpenNotebook = Callable[..., Notebook]


@pytest.fixture
def open_notebook(
    context: sync_api.BrowserContext,
    jupyter: Jupyter,
    front_end: str,
    request: pytest.FixtureRequest,
    pictures: Path,
) -> Iterator[OpenNotebook]:
    """Give what opens a new notebook with the given cells in a new page."""
    pages = []
    name = "".join(sign if sign.isalnum() else "-" for sign in request.node.name)

    def open_notebook(*cells: str) -> Notebook:
        path = jupyter.work / f"{name}.ipynb"
        nodes = [nbformat.v4.new_code_cell(cell) for cell in cells]
        content = nbformat.v4.new_notebook(cells=nodes, metadata={"kernelspec": KERNEL})
        nbformat.write(content, path)
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(90_000)
        page.goto(jupyter.address(front_end, path.name))
        page.wait_for_selector(".jp-CodeCell")
        return Notebook(page, path)

    yield open_notebook
    for page in pages:
        page.screenshot(path=pictures / f"{name}.png")
        page.close()
