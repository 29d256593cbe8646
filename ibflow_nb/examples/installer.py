"""Lays the example workspace onto the drive of an embedded platform."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive

WORKSPACE = Path(__file__).parent / "workspace"
EXAMPLES = "local/my-repo/fs/Instabase Drive/examples"
"""Drive path of the workspace on an embedded platform."""

_MANIFEST = "examples.json"
_decoder = msgspec.json.Decoder(dict[str, str])


def install(root: Path) -> list[str]:
    """Lay the workspace onto ``local/my-repo/fs/Instabase Drive/examples/``.

    Missing files are written, files that nobody touched are brought up to date, and files that
    differ from what was laid there are left as they are: a user changed them. What was laid is
    remembered in ``root/.ibflow/examples.json``.

    Args:
        root: root folder of the platform; created when absent.

    Returns:
        The files that were written, relative to the workspace.

    Raises:
        OSError: the disk is full or the root cannot be written.
    """
    drive = Drive(root)
    manifest = drive.state / _MANIFEST
    laid = _read(manifest)
    written = []
    for source in sorted(path for path in WORKSPACE.rglob("*") if path.is_file()):
        name = source.relative_to(WORKSPACE).as_posix()
        target = drive.resolve(f"{EXAMPLES}/{name}")
        content = source.read_bytes()
        found = _digest(target.read_bytes()) if target.is_file() else None
        wanted = _digest(content)
        if found not in (None, wanted, laid.get(name)):
            continue
        if found != wanted:
            write_atomic(target, content)
            written.append(name)
        laid[name] = wanted
    _remember(manifest, laid)
    return written


def _read(manifest: Path) -> dict[str, str]:
    """Give the digests of what was laid; without them every file counts as a user's own."""
    try:
        return _decoder.decode(manifest.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}


def _remember(manifest: Path, laid: dict[str, str]) -> None:
    if laid != _read(manifest):
        write_atomic(manifest, msgspec.json.encode(laid), mode=0o600)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
