"""A worker process: ``python -m ibflow_nb.local.engine.worker STEPS_MODULE PARENT BYTES``.

It reads tasks from its stdin and answers on the pipe that was its stdout; whatever libraries
print goes to stderr. It never outlives its parent: the kernel kills it where that can be asked
for, and everywhere else it ends when its stdin does.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import BinaryIO

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.local.engine.channel import Reply, receive, send
from ibflow_nb.local.steps.base import Task

_PR_SET_PDEATHSIG = 1
_DISK_ERRORS = {errno.ENOSPC, errno.EROFS, errno.EDQUOT}
_ACCESS_ERRORS = {errno.EACCES, errno.EPERM}


def main(arguments: list[str]) -> None:
    """Serve tasks until the parent is gone."""
    steps_module, parent, limit = arguments[0], int(arguments[1]), int(arguments[2])
    die_with(parent)
    limit_memory(limit)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks), daemon=True).start()
    while True:
        send(replies, run(steps_module, tasks.get()))


def _listen(stream: BinaryIO, tasks: queue.SimpleQueue[Task]) -> None:
    while (task := receive(stream, Task)) is not None:
        tasks.put(task)
    os._exit(0)


def run(steps_module: str, task: Task) -> Reply:
    """Run one unit and put its end, good or bad, into words."""
    try:
        began = time.monotonic()
        step = importlib.import_module(steps_module).get_step(task.step)
        outcome = step.run(task)
        outcome.seconds = time.monotonic() - began
        return Reply(outcome=outcome)
    except IbflowError as error:
        return Reply(failure="file", message=str(error))
    except MemoryError:
        limit = task.limits.worker_bytes / 1024**3
        message = f"{task.name} needs more than the {limit:g} GiB of memory a worker may use."
        return Reply(failure="file", message=message)
    except OSError as error:
        if _concerns_output(error, task):
            message = f"The output cannot be written: {error.strerror} ({_where(error, task)})."
            return Reply(failure="output", message=message)
        return _unforeseen(error, task)
    except BaseException as error:  # noqa: BLE001 - also SystemExit fails its file alone
        return _unforeseen(error, task)


def _concerns_output(error: OSError, task: Task) -> bool:
    if error.errno in _DISK_ERRORS:
        return True
    path = str(error.filename or "")
    return error.errno in _ACCESS_ERRORS and path.startswith(task.output_dir)


def _where(error: OSError, task: Task) -> str:
    return Path(str(error.filename or task.output_dir)).name


def _unforeseen(error: BaseException, task: Task) -> Reply:
    reason = " ".join(str(error).split()) or "no reason given"
    message = f"{task.step} failed on {task.name or 'the batch'}: {type(error).__name__}: {reason}"
    return Reply(failure="file", message=message[:500], detail=traceback.format_exc())


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, where it knows how to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if sys.platform != "win32" and os.getppid() != parent:
        os._exit(0)


def limit_memory(extra: int) -> None:
    """Bound the address space to what is used now and ``extra`` bytes, where that is known.

    A process that dies leaves no core file either: it could fill the disk.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # absent on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        bound = pages * resource.getpagesize() + extra
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


if __name__ == "__main__":
    main(sys.argv[1:])
