"""Flow binaries: a flow with all its modules in one ``.ibflowbin``, a zip."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from ibflow_nb.local.archives import pack_archive
from ibflow_nb.local.engine.plan import LoadedFlow

MANIFEST = "binary.json"


class BinaryManifest(msgspec.Struct):
    """What a binary holds: its kind and the flow to run, by entry name."""

    flow_file: str
    binary_type: str = "Single Flow"


def pack_binary(flow: LoadedFlow) -> bytes:
    """Give the ``.ibflowbin`` of a flow; the same flow always gives the same bytes.

    Entries keep their places relative to each other, so that ``rootDir`` and module paths stay
    right; ``binary.json`` names the flow.
    """
    base = Path(os.path.commonpath([flow.root, *(path.parent for path in flow.sources)]))
    entries: dict[str, Path | bytes] = {
        path.relative_to(base).as_posix(): content for path, content in flow.sources.items()
    }
    manifest = BinaryManifest(flow_file=flow.path.relative_to(base).as_posix())
    entries[MANIFEST] = msgspec.json.encode(manifest)
    with tempfile.TemporaryDirectory(prefix="ibflow-") as scratch:
        target = Path(scratch) / "binary.zip"
        pack_archive(target, entries)
        return target.read_bytes()
