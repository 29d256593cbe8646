"""Packing a content folder into an ``.ibsolution``.

Source: Marketplace and Solution API document, "Package a solution".
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.archives import pack_archive
from ibflow_nb.local.atomic import TEMPORARY_PREFIX
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.package import (
    BINARY_SUFFIX,
    PACKAGE_FILE,
    SOLUTION_SUFFIX,
    open_solution,
    read_package,
    solution_file_name,
)

FLOW_SUFFIX = ".ibflow"


@dataclass(frozen=True)
class CreatedSolution:
    """A new package: where it lies, and what was done to make it whole."""

    path: Path
    note: str


def create_solution(
    content: Path, output: Path, compile_flow: Callable[[Path], bytes], limits: Limits
) -> CreatedSolution:
    """Pack a content folder; the same content gives the same bytes.

    Args:
        content: folder with ``package.json`` and a flow binary, or a plain flow.
        output: folder of the package, made when absent; may be the content folder.
        compile_flow: gives the binary of a flow file, for content without one.
        limits: bounds on the package.

    Raises:
        InvalidRequest: the content is no folder, or the package would be refused
            (see :func:`ibflow_nb.local.solutions.package.open_solution`).
    """
    files: dict[str, Path | bytes] = {**_content_files(content)}
    manifest = files.get(PACKAGE_FILE)
    if not isinstance(manifest, Path):
        raise InvalidRequest(f"The folder {content.name} has no {PACKAGE_FILE}.")
    package = read_package(manifest.read_bytes(), content.name)
    note = ""
    if not any(name.lower().endswith(BINARY_SUFFIX) for name in files):
        flow = _only_flow(content.name, files)
        files[str(PurePosixPath(flow).with_suffix(BINARY_SUFFIX))] = compile_flow(content / flow)
        note = f"{flow} was compiled, since {content.name} holds no flow binary."
    output.mkdir(parents=True, exist_ok=True)
    target = output / solution_file_name(package)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=output) as work:
        made = Path(work) / target.name
        pack_archive(made, files)
        open_solution(made, limits)
        made.replace(target)
    return CreatedSolution(target, note)


def _content_files(content: Path) -> dict[str, Path]:
    """Collect what belongs into the package: no hidden files, links or earlier packages."""
    if not content.is_dir():
        raise InvalidRequest(f"The content folder {content.name} is not a folder.")
    files = {}
    for folder, folders, names in os.walk(content):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder) / name
            if name.startswith(".") or name.endswith(SOLUTION_SUFFIX) or path.is_symlink():
                continue
            files[path.relative_to(content).as_posix()] = path
    return files


def _only_flow(where: str, files: dict[str, Path | bytes]) -> str:
    flows = [name for name in files if name.endswith(FLOW_SUFFIX)]
    at_top = [name for name in flows if "/" not in name]
    for choice in (flows, at_top):
        if len(choice) == 1:
            return choice[0]
    found = f"several flows: {', '.join(sorted(flows)[:5])}" if flows else "no flow either"
    raise InvalidRequest(f"The folder {where} holds no flow binary ({BINARY_SUFFIX}), and {found}.")
