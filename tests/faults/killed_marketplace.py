"""Kills every operation of the marketplace at each of its changes of the file system.

Run as a script with a root and two packages, it prints one line of JSON for each kill: the
operation, its number, and what the next platform finds. Processes are forked here, since the
process that runs the tests has threads.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.marketplace import Marketplace
from ibflow_nb.local.solutions.package import file_digest

_CHANGES = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.link"}
_MOST = 100
_NAME, _VERSION = "w2", "1.0.0"


def market(root: Path) -> Marketplace:
    """Give the marketplace of a platform that starts on a root."""
    return Marketplace(Drive(root), Limits())


def killed_at(number: int, operation: Callable[[], object]) -> bool:
    """Run an operation in a process that dies before its n-th change; False if it has fewer."""
    child = os.fork()
    if child == 0:
        seen = 0

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen
            writes = event != "open" or (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
            if event in _CHANGES and writes:
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        operation()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def seen(root: Path) -> dict[str, Any]:
    """Tell what a platform that starts on a root finds of the solution."""
    found: dict[str, Any] = {"published": "", "installed": "", "on_drive": []}
    place = market(root)
    for app in place.apps():
        if app.available_versions:
            found["published"] = file_digest(place.published(_NAME, _VERSION))
        if app.installed_versions:
            solution = place.installed(_NAME, _VERSION)
            found["installed"] = solution.digest if solution else "broken"
    try:
        place.find(_NAME, _VERSION)
    except IbflowError as error:
        found["refused"] = str(error)
    found["on_drive"] = [file_digest(path) for path in root.glob("system/**/[!.]*.ibsolution")]
    return found


def main(folder: Path, old: Path, new: Path) -> None:
    """Print what is found after each kill of each operation, and after its repetition."""
    scenes: dict[str, tuple[list[Callable[[Marketplace], object]], Any]] = {
        "publish": ([], lambda m: m.publish(old)),
        "install": ([lambda m: m.publish(old)], lambda m: m.install(_NAME, _VERSION)),
        "unpublish": ([lambda m: m.publish(old)], lambda m: m.unpublish(_NAME, _VERSION)),
        "publish anew": (
            [lambda m: m.publish(old), lambda m: m.unpublish(_NAME, _VERSION)],
            lambda m: m.publish(new),
        ),
        "install anew": (
            [
                lambda m: m.publish(old),
                lambda m: m.install(_NAME, _VERSION),
                lambda m: m.unpublish(_NAME, _VERSION),
                lambda m: m.publish(new),
            ],
            lambda m: m.install(_NAME, _VERSION),
        ),
    }
    for name, (preparations, operation) in scenes.items():
        for number in range(1, _MOST):
            root = folder / "root"
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            for prepare in preparations:
                prepare(market(root))
            before = seen(root)
            if not killed_at(number, lambda root=root, run=operation: run(market(root))):
                break
            after = seen(root)
            repeated = ""
            try:
                operation(market(root))
            except IbflowError as error:
                repeated = str(error)
            line = {"operation": name, "kill": number, "before": before, "after": after}
            print(json.dumps(line | {"repeated": repeated, "end": seen(root)}))  # noqa: T201


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
