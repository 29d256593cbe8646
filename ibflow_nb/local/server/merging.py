"""Putting a folder into another: all of it, or nothing where the two clash."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ibflow_nb.api.errors import InvalidRequest


def merge(source: Path, target: Path) -> None:
    """Put ``source`` in the place of ``target``; a folder goes into an existing folder.

    Raises:
        InvalidRequest: somewhere one is a file and the other a folder; nothing was changed.
    """
    _refuse_clash(source, target)
    if not (source.is_dir() and target.is_dir()):
        source.replace(target)
        return
    for folder, _, names in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            Path(folder, name).replace(here / name)
    shutil.rmtree(source)


def _refuse_clash(source: Path, target: Path) -> None:
    if not target.exists():
        return
    if source.is_dir() != target.is_dir():
        kinds = ("file", "folder") if target.is_file() else ("folder", "file")
        raise InvalidRequest(
            f"'{target.name}' exists as a {kinds[0]} and would become a {kinds[1]}."
        )
    if source.is_dir():
        if target.is_symlink():
            raise InvalidRequest(f"'{target.name}' is a link; nothing is written through it.")
        for entry in source.iterdir():
            _refuse_clash(entry, target / entry.name)
