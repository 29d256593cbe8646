"""A token and a webhook's secrets are followed through everything that is written."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from file_kernels import AsyncFileKernelManager
from nbclient import NotebookClient

pytestmark = pytest.mark.faults

SPACE = "local/my-repo/fs/Instabase Drive"
TOKEN = "canary-token-5b1f70"
WEBHOOK_SECRET = "canary-webhook-77e1"
CELLS = [
    "import logging\nlogging.basicConfig(level=logging.DEBUG)\n%xmode Verbose",
    "%load_ext ibflow_nb\nclient = %ibflow connect\nclient",
    f'job = %ibflow run "{SPACE}/f.ibflow" --input "{SPACE}/in"',
    "print(job, repr(job), job.snapshot, vars(client), client.jobs, job.wait())\njob.records()",
    f'%ibflow run "{SPACE}/absent.ibflow" --input "{SPACE}/in"',
    "%ibflow traceback",
    "%ibflow attach no-such-job",
    "%ibflow traceback",
    "%ibflow config",
    "%config IBFlow",
    "%ibflow logs",
    "client.files.read('nothing/here')",
    (
        "import sys, traceback\n"
        "try:\n    client.results.get('nothing/here')\n"
        "except Exception as error:\n"
        "    told = traceback.TracebackException.from_exception(error, capture_locals=True)\n"
        "    print(*told.format())"
    ),
    "%whos",
    "client.close()\nclient.jobs.list()",
]


def holding(folder: Path, secret: str) -> set[str]:
    """Give the names of the files below a folder that hold a text."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and secret.encode() in path.read_bytes():
            found.add(path.name)
    return found


@pytest.fixture
def working(platform: Any) -> Any:
    """Give a started platform with a flow and two inputs."""
    (platform.folder / "in").mkdir()
    (platform.folder / "in" / "a.txt").write_text("Total 1.00")
    (platform.folder / "in" / "b.pdf").write_text("no PDF at all")
    steps = [{"step_name": "process_files", "kwargs": {}}]
    (platform.folder / "f.ibflow").write_text(json.dumps({"rootDir": ".", "steps": steps}))
    platform.start()
    return platform


def test_no_token_in_what_a_platform_writes(working: Any) -> None:
    """Job files, logs, store and output hold no token; only the private announcement does."""
    hook = {
        "url": f"http://127.0.0.1:9/{WEBHOOK_SECRET}?key={WEBHOOK_SECRET}",
        "headers": {"X-Key": WEBHOOK_SECRET},
    }
    job_id = working.submit("f.ibflow", "in", webhook_config=hook, log_to_timeline=True)
    assert working.finish(job_id)["run_summary"]["numRuntimeErrors"] == 1
    told = [
        working.client.get("/api/v1/jobs/logs", params={"job_id": job_id}).text,
        working.client.get("/api/v1/jobs/list").text,
        json.dumps(working.status(job_id)),
        working.client.get("/api/v1/nothing", headers={"Authorization": TOKEN}).text,
        working.client.post("/api/v1/flow/run_flow_async", content=b"\xff{").text,
    ]
    assert not [text for text in told if TOKEN in text or WEBHOOK_SECRET in text]
    assert holding(working.root, TOKEN) == {"platform.json"}
    assert (working.root / ".ibflow" / "platform.json").stat().st_mode & 0o777 == 0o600
    for worker in working.workers():
        assert TOKEN.encode() not in Path(f"/proc/{worker}/environ").read_bytes()
    working.end(signal.SIGTERM)
    assert holding(working.root, TOKEN) == set()
    assert holding(working.root, WEBHOOK_SECRET) == {"jobs.sqlite3"}
    assert TOKEN not in working.output


def test_the_state_is_its_owners_alone(working: Any) -> None:
    """Whatever was used, the state folder is closed to others, and so is each file in it."""
    working.finish(working.submit("f.ibflow", "in", notification_emails=["a@b.test"]))
    working.client.delete(f"/api/v2/files/{SPACE}/nothing")
    package = {"name": "w2", "version": "1.0.0"}
    (working.folder / "package.json").write_text(json.dumps(package))
    working.call("solution/create", content_folder=SPACE, output_folder=SPACE)
    working.call("marketplace/publish", ibsolution_path=f"{SPACE}/w2-1.0.0.ibsolution")
    working.call("marketplace/install", **package)
    sent = [{"file_name": "a.txt", "file_content": "VG90YWwgMS4wMA=="}]
    working.call("solution/run_sync", **package, files=sent, write_to_cache=True)
    state = working.root / ".ibflow"
    assert state.stat().st_mode & 0o777 == 0o700
    files = [path for path in state.rglob("*") if path.is_file()]
    kept = {path.relative_to(state).parts[0] for path in files}
    assert {"jobs.sqlite3", "platform.json", "published", "solutions", "run_sync"} <= kept
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []


def from_environment(url: str, home: Path, patch: pytest.MonkeyPatch) -> set[str]:
    """Have the token in a variable; give the names of the files that it may stand in."""
    patch.setenv("IBFLOW_URL", url)
    patch.setenv("IBFLOW_TOKEN", TOKEN)
    return set()


def from_profile(url: str, home: Path, patch: pytest.MonkeyPatch) -> set[str]:
    """Have the token, and the password of a proxy, in a profile."""
    path = home / "config" / "ibflow-nb" / "profiles.toml"
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(
        f'[p]\nurl = "{url}"\ntoken = "{TOKEN}"\n'
        f'[behind]\nurl = "http://flows.test"\nproxy = "http://me:{TOKEN}@127.0.0.1:9"\n'
    )
    patch.setenv("IBFLOW_PROFILE", "p")
    return {path.name}


def from_keyring(url: str, home: Path, patch: pytest.MonkeyPatch) -> set[str]:
    """Have the token in a keyring."""
    (home / "vault.py").write_text(
        "import pathlib\n"
        "from keyring.backend import KeyringBackend\n"
        "class Vault(KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, username):\n"
        "        return pathlib.Path(__file__).with_name('vault').read_text()\n"
        "    set_password = delete_password = None\n"
    )
    (home / "vault").write_text(TOKEN)
    patch.setenv("PYTHONPATH", str(home))
    patch.setenv("PYTHON_KEYRING_BACKEND", "vault.Vault")
    patch.setenv("IBFLOW_URL", url)
    patch.setenv("IBFLOW_TOKEN_FROM", "keyring")
    return {"vault"}


@pytest.mark.parametrize("source", [from_environment, from_profile, from_keyring])
def test_no_token_in_a_notebook(
    working: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Any
) -> None:
    """A saved notebook with errors, stacks and the most talkative log holds no token."""
    home = tmp_path / "home"
    home.mkdir()
    for kind in ("STATE", "DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    kept = source(str(working.client.base_url), home, monkeypatch)
    cells = [*CELLS, "%ibflow connect --profile behind", "%ibflow traceback"]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    resources = {"metadata": {"path": str(home)}}
    NotebookClient(
        notebook,
        timeout=200,
        allow_errors=True,
        resources=resources,
        kernel_manager_class=AsyncFileKernelManager,
    ).execute()
    nbformat.write(notebook, home / "saved.ipynb")
    saved = (home / "saved.ipynb").read_text()
    assert "1 of 2 files" in saved or "2 of 2 files" in saved
    assert "absent.ibflow" in saved
    assert holding(home, TOKEN) == kept
