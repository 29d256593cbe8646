"""The same run on a Dask cluster with one and with two workers, beside the local pool.

    python -m benchmarks.executors [--quick]

All are on this machine, so that the figures tell what Dask's way of a unit costs, not what more
machines bring. One run of one-page text files, which take milliseconds, and one of receipts that
are read by OCR, which take a second. Each worker has one thread; the pools have as many processes.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.harness import Absent, Figure, compare, main, sample, sized
from benchmarks.queueing import page, wait
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.settings import Settings


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Run a scheduler and workers; gives the executor's name."""
    try:
        import distributed
    except ImportError as error:
        raise Absent("Dask is not installed") from error
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        start = partial(_start, stack, folder)
        start("scheduler", "--host", host, "--port", port, "--no-dashboard")
        for _ in range(workers):
            start("worker", f"tcp://{address}", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        with distributed.Client(f"tcp://{address}", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield f"dask://{address}"


def _start(stack: contextlib.ExitStack, folder: str, kind: str, *arguments: str) -> None:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=folder)
    stack.callback(process.wait)
    stack.callback(process.terminate)


class Runs:
    """Runs on one executor, on a drive of its own."""

    def __init__(self, root: Path, executor: str, workers: int) -> None:
        self._root = root
        (root / "flow.ibflow").write_bytes(
            msgspec.json.encode({"steps": [{"step_name": "process_files"}]})
        )
        settings = Settings(root=root, workers=workers, executor=executor)
        self._engine = Engine(Drive(root), settings)
        self._engine.start()
        self._runs = 0

    def files_a_second(self, files: Mapping[str, bytes]) -> float:
        """Run a flow on files, given by name; they are written before the clock starts."""
        self._runs += 1
        folder = self._root / f"input-{self._runs}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        request = RunFlow(
            ibflow_path="flow.ibflow",
            input_dir=folder.name,
            output_dir=f"out-{self._runs}",
            save_binary_to_output=False,
        )
        began = time.perf_counter()
        wait(self._engine, self._engine.run_flow(request).job_id)
        return len(files) / (time.perf_counter() - began)

    def stop(self) -> None:
        """End the engine."""
        self._engine.stop()


@contextlib.contextmanager
def runs(executor: str, workers: int) -> Iterator[Runs]:
    """Give warm runs on an executor."""
    with tempfile.TemporaryDirectory() as folder:
        made = Runs(Path(folder), executor, workers)
        try:
            made.files_a_second({f"{number}.txt": b"warm" for number in range(2 * workers)})
            yield made
        finally:
            made.stop()


def figures() -> Iterator[Figure]:
    """Give files a second by Dask, with one and two workers, beside the pool."""
    texts = {f"{number:05}.txt": page(number).encode() for number in range(sized(300, 10))}
    receipts = sorted(sample("receipts").glob("*.jpg"))[: sized(12, 1)]
    scans = {path.name: path.read_bytes() for path in receipts}
    for workers in sized((1, 2), (2,)):
        pool = f"the local pool, {workers} processes"
        with (
            cluster(workers) as executor,
            runs(executor, workers) as spread,
            runs("local", workers) as local,
        ):
            for what, files in (("one-page text files", texts), ("scanned receipts", scans)):
                yield compare(
                    f"{len(files)} {what} by Dask, {workers} workers",
                    partial(spread.files_a_second, files),
                    {pool: partial(local.files_a_second, files)},
                    unit="files/s",
                    better="higher",
                    repeats=3,
                )


if __name__ == "__main__":
    main(figures)
