"""Twenty real kernels that join one platform at the same moment and use it together."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from file_kernels import FileKernelManager

from ibflow_nb.local.launch import stop_platform
from ibflow_nb.local.presence import Presence

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="platforms are found in /proc"),
]

KERNELS = int(os.environ.get("IBFLOW_NB_TEST_KERNELS", "20"))
RUNS = 3  # of each kernel
SECONDS = 180
IDLE_EXIT = 2.0
CONNECT = """
from ibflow_nb import connect
from ibflow_nb.local import launch
launch.ensure_running.__kwdefaults__["idle_exit"] = {idle_exit}
client = connect("local", root={root!r})
"""
WORK = """
import json
client.files.write(f"{{client.files.home}}/flow-{number}/f.ibflow", {flow!r})
client.files.write(f"{{client.files.home}}/flow-{number}/f.ibrefiner", {fields!r})
told = []
for run in range({runs}):
    folder = f"{{client.files.home}}/flow-{number}/in-{{run}}"
    client.files.write(f"{{folder}}/a.txt", f"kernel {number} run {{run}}".encode())
    job = client.flows.run(
        f"{{client.files.home}}/flow-{number}/f.ibflow", folder, output_has_run_id=True
    )
    told.append(job.to_frame()["first"].tolist())
client.close()
print("told", json.dumps(told))
"""
FIELDS = {"fields": [{"desc": {"label": "first"}, "req": {"expression": "INPUT_COL"}}]}
FLOW = {
    "steps": [
        {"step_name": "process_files", "kwargs": {}},
        {"step_name": "apply_refiner", "kwargs": {"refiner_path": "f.ibrefiner"}},
    ]
}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A root whose platform is stopped at the end, if it has not left."""
    root = tmp_path / "root"
    yield root
    stop_platform(root)


class Kernels:
    """Real kernels that run cells at the same time."""

    def __init__(self, number: int) -> None:
        self._managers = [FileKernelManager(kernel_name="python3") for _ in range(number)]
        for manager in self._managers:
            manager.start_kernel()
        self._clients = [manager.blocking_client() for manager in self._managers]
        for client in self._clients:
            client.start_channels()
        for client in self._clients:
            client.wait_for_ready(timeout=SECONDS)

    def run(self, code: Callable[[int], str]) -> list[str]:
        """Run a cell in each kernel; give what each printed. An error in one fails the test."""
        requests = [client.execute(code(number)) for number, client in enumerate(self._clients)]
        return [
            _printed(client, request)
            for client, request in zip(self._clients, requests, strict=True)
        ]

    def end(self) -> None:
        """Kill those that still live."""
        for client in self._clients:
            client.stop_channels()
        while self._managers:
            manager = self._managers.pop()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


def _printed(client: Any, request: str) -> str:
    printed = []
    while True:
        message = client.get_iopub_msg(timeout=SECONDS)
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        assert message["msg_type"] != "error", content["evalue"]
        if message["msg_type"] == "stream":
            printed.append(content["text"])
        if content.get("execution_state") == "idle":
            return "".join(printed)


@pytest.fixture
def kernels() -> Iterator[Kernels]:
    """Running kernels."""
    made = Kernels(KERNELS)
    yield made
    made.end()


def platforms(root: Path) -> list[int]:
    """Give the processes that serve a root."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"ibflow_nb.local.server" in command and str(root).encode() in command:
            found.append(int(entry.name))
    return found


def test_many_kernels_share_one_platform(
    root: Path, kernels: Kernels, wait_until: Callable[..., None]
) -> None:
    """Each gets the records of its own runs; one process serves all and leaves after the last."""
    kernels.run(lambda _: CONNECT.format(idle_exit=IDLE_EXIT, root=str(root)))
    serving = platforms(root)
    assert len(serving) == 1
    texts = {"flow": json.dumps(FLOW).encode(), "fields": json.dumps(FIELDS).encode()}
    told = kernels.run(lambda number: WORK.format(number=number, runs=RUNS, **texts))
    for number, printed in enumerate(told):
        expected = [[f"kernel {number} run {run}"] for run in range(RUNS)]
        assert json.loads(printed.partition("told ")[2]) == expected
    assert platforms(root) == serving
    kernels.end()
    wait_until(lambda: not platforms(root))
    assert Presence(root).is_free()
    kept = [path for path in Presence(root).state.rglob("*") if path.is_file()]
    assert "serve.out" in {path.name for path in kept}
    assert [path.name for path in kept if path.stat().st_mode & 0o077] == []
