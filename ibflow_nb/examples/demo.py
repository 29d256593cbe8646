"""What ``make demo`` runs: from nothing to a frame, in a notebook without a screen."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.examples.installer import EXAMPLES, install
from ibflow_nb.local.launch import ensure_running, stop_platform

if TYPE_CHECKING:
    from nbformat import NotebookNode

_CELL_SECONDS = 300
_INSTALL = "a notebook is run with: pip install nbclient ipykernel."
_CELLS = (
    "%load_ext ibflow_nb",
    '%ibflow connect local --root "{root}"',
    f'job = %ibflow run "{EXAMPLES}/receipts/receipts.ibflow" --input "{EXAMPLES}/receipts/input"',
    "df = job.records().to_frame()",
    'print(df.drop(columns=["record_index", "class_label", "output_file_path"]).to_string())',
)


class DemoFailed(IbflowError):
    """A cell of the demo failed, or a part that it needs is not installed."""


def main() -> int:
    """Run the demo on a temporary drive and print its frame and times.

    Returns:
        0, or 1 after one sentence on what failed.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="ibflow-demo-") as folder:
            report = _run(Path(folder))
    except (IbflowError, OSError) as error:
        sys.stderr.write(f"The demo failed: {error}\n")
        return 1
    sys.stdout.write(f"{report}\n")
    return 0


def _run(root: Path) -> str:
    """Start a platform, run the cells against it and stop it; give what is to be told."""
    started = time.perf_counter()
    platform = ensure_running(root, install_examples=install)
    ready = time.perf_counter()
    try:
        text = _execute(root)
    finally:
        stopping = time.perf_counter()
        stop_platform(root)
    ended = time.perf_counter()
    return (
        f"{text}\n\nPlatform up at {platform.url} in {ready - started:.1f} s, notebook run in "
        f"{stopping - ready:.1f} s, platform stopped in {ended - stopping:.1f} s."
    )


def _execute(root: Path) -> str:
    """Run the cells; give what the last one printed.

    Raises:
        DemoFailed: a cell failed, or nothing is there to run cells with.
    """
    try:
        from jupyter_client.kernelspec import NoSuchKernel
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
        from nbformat import v4
    except ImportError as error:
        raise DemoFailed(f"{error.name} is missing; {_INSTALL}") from error
    cells = [v4.new_code_cell(source.replace("{root}", str(root))) for source in _CELLS]
    notebook = v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook,
        timeout=_CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=[f"--log-level={logging.ERROR}"],
        resources={"metadata": {"path": str(root)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise DemoFailed(f"{error.ename}: {error.evalue}") from error
    except NoSuchKernel as error:
        raise DemoFailed(f"Jupyter has no Python kernel here; {_INSTALL}") from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise DemoFailed(str(error).splitlines()[0]) from error
    return _printed(notebook)


def _printed(notebook: NotebookNode) -> str:
    outputs = notebook.cells[-1].outputs
    return "".join(output.text for output in outputs if output.output_type == "stream").rstrip()
