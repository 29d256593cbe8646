"""The house: imports run downwards only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "ibflow_nb"

# Each floor and the floors that it may stand on.
FLOORS: dict[str, set[str]] = {
    "api": set(),
    "config": {"api"},
    "frames": {"api"},
    "jobs": {"api", "frames"},
    "client": {"api", "config", "frames", "jobs"},
    "local": {"api"},
    "examples": {"api", "local"},
    "notebook": {"api", "config", "frames", "jobs", "client", "local", "examples"},
}
# Inside the embedded platform.
ROOMS: dict[str, set[str]] = {
    "documents": set(),
    "refiner": {"documents"},
    "classifier": {"documents"},
    "steps": {"documents", "refiner", "classifier"},
    "engine": {"documents", "steps"},
    "solutions": {"engine"},
    "server": {"engine", "solutions"},
}


def imported_modules(file: Path) -> Iterator[str]:
    """Yield the absolute names of all modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(base: str, floors: dict[str, set[str]]) -> list[str]:
    """List the imports that do not run downwards between the folders of a package."""
    root = PACKAGE.parent / Path(*base.split("."))
    found = []
    for floor, below in floors.items():
        for file in sorted((root / floor).rglob("*.py")):
            for module in imported_modules(file):
                if not module.startswith(f"{base}."):
                    continue
                target = module.removeprefix(f"{base}.").split(".")[0]
                if target in floors and target != floor and target not in below:
                    found.append(f"{file.relative_to(PACKAGE.parent)} imports {module}")
    return found


def test_floors_import_downwards_only() -> None:
    """No floor of the package knows of those above it."""
    assert violations("ibflow_nb", FLOORS) == []


def test_rooms_of_the_platform_import_downwards_only() -> None:
    """No room of the embedded platform knows of those above it."""
    assert violations("ibflow_nb.local", ROOMS) == []


@pytest.mark.parametrize("folder", ["api", "config", "frames", "jobs", "local"])
def test_only_the_notebook_floor_knows_ipython(folder: str) -> None:
    """IPython and ipywidgets are imported on the notebook floor alone."""
    for file in (PACKAGE / folder).rglob("*.py"):
        for module in imported_modules(file):
            assert module.split(".")[0] not in {"IPython", "ipywidgets"}, file


@pytest.mark.parametrize("folder", ["api", "config", "frames", "jobs", "notebook", "local"])
def test_only_the_client_floor_knows_httpx(folder: str) -> None:
    """The HTTP library stays behind one floor, so that a successor can take its place."""
    for file in (PACKAGE / folder).rglob("*.py"):
        for module in imported_modules(file):
            assert module.split(".")[0] != "httpx", file
