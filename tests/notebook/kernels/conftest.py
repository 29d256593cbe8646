"""Kernels of several ipykernel versions, all on one real platform."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from ibflow_nb.connecting import LOCAL_HOME

VERSIONS = os.environ.get("IBFLOW_NB_TEST_IPYKERNELS", "6.31.0 7.3.0 7.4.0").split()
LETTERS = f"{LOCAL_HOME}/letters"
READ = {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}}

OpenKernel = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """The version of ipykernel under test."""
    return str(request.param)


@pytest.fixture(scope="module")
def packages(version: str) -> Path | None:
    """Folder that holds this version of ipykernel; None where it is the installed one."""
    if importlib.metadata.version("ipykernel") == version:
        return None
    cache = platformdirs.user_cache_path("ibflow-nb", appauthor=False) / "test-kernels"
    folder = cache / f"ipykernel-{version}-{sys.implementation.cache_tag}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            _install(version, Path(fresh) / "packages")
            shutil.move(Path(fresh) / "packages", folder)
    return folder


def _install(version: str, folder: Path) -> None:
    """Install one version of ipykernel alone; all that it needs is installed with the tests."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--target", str(folder), f"ipykernel=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        problem = f"ipykernel {version} cannot be installed: {done.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)


@pytest.fixture(scope="module")
def open_kernel(
    start_kernel: Any, packages: Path | None, tmp_path_factory: pytest.TempPathFactory
) -> OpenKernel:
    """Give what runs a bare kernel of this version, in folders of its own."""
    folder = tmp_path_factory.mktemp("kernel")
    own = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "DATA", "CONFIG")}
    own |= {"IPYTHONDIR": str(folder / "ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    if packages:
        inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        own["PYTHONPATH"] = os.pathsep.join(filter(None, [str(packages), *inherited]))
    return partial(start_kernel, folder, own)


@pytest.fixture(scope="module")
def letters(ibflow_platform: Any) -> Callable[..., str]:
    """Lay out so many text files and a flow on the drive; gives the words that run it."""

    def lay_out(count: int = 200) -> str:
        folder = ibflow_platform.root / LETTERS / str(count)
        if not folder.exists():
            (folder / "input").mkdir(parents=True)
            for number in range(count):
                (folder / "input" / f"{number:04}.txt").write_text(f"Dear {number},\n")
            (folder / "letters.ibflow").write_text(json.dumps({"steps": [READ]}))
        path = f"{LETTERS}/{count}"
        return f'run "{path}/letters.ibflow" --input "{path}/input" --run-id --again'

    return lay_out


@pytest.fixture(scope="module")
def connect(ibflow_platform: Any) -> str:
    """The cell that loads the extension and connects to the platform."""
    return f'%load_ext ibflow_nb\n%ibflow connect local --root "{ibflow_platform.root}" --quiet'


@pytest.fixture(scope="module")
def kernel(open_kernel: OpenKernel, connect: str) -> Iterator[Any]:
    """A connected kernel that the tests of one version share."""
    with open_kernel() as kernel:
        kernel.printed(connect)
        yield kernel


@pytest.fixture
def held(ibflow_client: Any, until: Any) -> Callable[[str], Any]:
    """Give the handle, in this process, of a job that a kernel has started with ``HELD``."""

    def find(printed: str) -> Any:
        job = ibflow_client.jobs.get(printed.split()[-1])
        until(lambda: job.state == "PAUSED")
        return job

    return find
