"""Kernels that are joined by sockets in the file system.

A kernel's TCP ports are picked before it starts, and may be taken when it binds them. Loaded as a
plugin of pytest, this has nbval start its kernels in the same way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import nbval.kernel
from jupyter_client.connect import ConnectionFileMixin
from jupyter_client.manager import AsyncKernelManager, KernelManager
from traitlets import default


class _BySocketFiles(ConnectionFileMixin):
    @default("transport")
    def _transport_default(self) -> str:
        return "ipc"

    @default("connection_file")
    def _connection_file_default(self) -> str:
        return str(Path(tempfile.gettempdir(), f"kernel-{uuid.uuid4()}.json"))


class FileKernelManager(_BySocketFiles, KernelManager):
    """Starts a kernel that is joined by sockets in the file system."""


class AsyncFileKernelManager(_BySocketFiles, AsyncKernelManager):
    """The same for nbclient."""


nbval.kernel.KernelManager = FileKernelManager


def run_nbval(
    notebook: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Have nbval execute a notebook, in a process of its own, and compare the outputs."""
    command = [sys.executable, "-m", "pytest", "--nbval", str(notebook), *options, "-q"]
    command += ["-p", "file_kernels", "-p", "no:cacheprovider", "-o", "addopts="]
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        command,
        cwd=notebook.parent,
        env=os.environ | {"PYTEST_ADDOPTS": "", "PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
