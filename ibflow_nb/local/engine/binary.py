"""Flow binaries: a flow with all its modules in one ``.ibflowbin``, a zip.

Source: Flow Binary API. ``binary.json`` names what is inside; a binary of other origin has none
and its only flow is the one to run.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.archives import file_entries, open_archive, pack_archive
from ibflow_nb.local.engine.plan import (
    FLOW_SUFFIX,
    LoadedFlow,
    Planner,
    parse_flow,
    read_file,
)
from ibflow_nb.local.limits import Limits

MANIFEST = "binary.json"
BINARY_SUFFIX = ".ibflowbin"
SINGLE_FLOW = "Single Flow"
METAFLOW = "Metaflow"
FLOWS = "Flows"


class BinaryManifest(msgspec.Struct, omit_defaults=True):
    """What a binary holds, by entry names.

    Attributes:
        flow_file: the flow to run, of a ``Single Flow``.
        binary_type: ``Single Flow``, ``Metaflow`` or ``Flows``.
        flows: the flows of the other two.
        classifier_file: the classifier of a ``Metaflow``.
    """

    flow_file: str = ""
    binary_type: str = SINGLE_FLOW
    flows: list[str] = []
    classifier_file: str = ""


def pack_binary(flow: LoadedFlow) -> bytes:
    """Give the ``.ibflowbin`` of a flow; that of a loaded binary is itself."""
    return flow.packed or pack_sources(
        flow.sources, [flow.root], lambda name: BinaryManifest(flow_file=name(flow.path))
    )


def pack_flows(
    flows: Sequence[LoadedFlow], classifier: Mapping[Path, bytes] | None = None
) -> bytes:
    """Give the ``.ibflowbin`` of several flows: a ``Metaflow`` with a classifier, else ``Flows``.

    Args:
        flows: of one folder.
        classifier: path and content of the classifier file; none or empty without one.
    """
    classifier = classifier or {}
    sources = {path: content for flow in flows for path, content in flow.sources.items()}

    def describe(name: Callable[[Path], str]) -> BinaryManifest:
        return BinaryManifest(
            binary_type=METAFLOW if classifier else FLOWS,
            flows=[name(flow.path) for flow in flows],
            classifier_file="".join(map(name, classifier)),
        )

    return pack_sources({**sources, **classifier}, [flow.root for flow in flows], describe)


def pack_sources(
    sources: Mapping[Path, bytes],
    roots: Sequence[Path],
    describe: Callable[[Callable[[Path], str]], BinaryManifest],
) -> bytes:
    """Pack files into a binary; the same files always give the same bytes.

    Args:
        sources: contents by local path. Entries keep their places relative to each other, so
            that ``rootDir`` and module paths stay right.
        roots: folders that must lie within the binary.
        describe: makes the manifest with a function from local path to entry name.
    """
    base = Path(os.path.commonpath([*roots, *(path.parent for path in sources)]))

    def name(path: Path) -> str:
        return path.relative_to(base).as_posix()

    entries: dict[str, Path | bytes] = {name(path): content for path, content in sources.items()}
    entries[MANIFEST] = msgspec.json.encode(describe(name))
    with tempfile.TemporaryDirectory(prefix="ibflow-") as scratch:
        target = Path(scratch) / "binary.zip"
        pack_archive(target, entries)
        return target.read_bytes()


def load_binary(planner: Planner, path: Path, limits: Limits) -> LoadedFlow:
    """Read the flow of a binary and its modules, straight from the zip.

    Args:
        planner: checks the steps.
        path: the binary.
        limits: bounds on it.

    Raises:
        InvalidRequest: it is no zip or an unsafe one, holds no flow, several flows or something
            else than a single flow, or the flow is refused.
    """
    try:
        with open_archive(path, limits) as archive:
            names = {entry.filename for entry in file_entries(archive)}
            flow_name = _flow_name(path.name, archive, names)
            shown = f"{PurePosixPath(flow_name).name} in {path.name}"
            flow = parse_flow(archive.read(flow_name), shown)
            root = os.path.normpath(PurePosixPath(flow_name).parent / flow.rootDir)

            def read_module(value: str) -> bytes:
                return archive.read(_entry(value, root, names))

            steps = planner.plan(flow, shown, read_module)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InvalidRequest(f"The flow binary {path.name} is damaged ({error}).") from error
    content = read_file(path, f"The flow binary {path.name}")
    return LoadedFlow(path, path, steps, {path: content})


def _flow_name(where: str, archive: zipfile.ZipFile, names: set[str]) -> str:
    """Find the flow to run: what the manifest names, else the only flow, or that at the top."""
    manifest = _manifest(where, archive) if MANIFEST in names else BinaryManifest()
    if manifest.binary_type != SINGLE_FLOW:
        raise InvalidRequest(
            f"{where} is a binary of the type {manifest.binary_type}; only those of the type"
            f" {SINGLE_FLOW} can be run by themselves."
        )
    if manifest.flow_file:
        if manifest.flow_file not in names:
            raise InvalidRequest(
                f"The flow binary {where} lacks its flow {manifest.flow_file}: compile it again."
            )
        return manifest.flow_file
    flows = sorted(name for name in names if name.endswith(FLOW_SUFFIX))
    at_top = [name for name in flows if "/" not in name]
    for choice in (flows, at_top):
        if len(choice) == 1:
            return choice[0]
    found = f"several flows: {', '.join(flows[:5])}" if flows else f"no flow ({FLOW_SUFFIX})"
    raise InvalidRequest(f"The flow binary {where} holds {found}.")


def _manifest(where: str, archive: zipfile.ZipFile) -> BinaryManifest:
    try:
        return msgspec.json.decode(archive.read(MANIFEST), type=BinaryManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{MANIFEST} of {where} cannot be read ({error}).") from error


def _entry(value: str, root: str, names: set[str]) -> str:
    """Find a module below the flow's root, else by the end of its drive path.

    Raises:
        NotFound: no entry fits.
    """
    wanted = value.lstrip("/")
    below_root = os.path.normpath(PurePosixPath(root) / wanted)
    parts = PurePosixPath(wanted).parts
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    for name in (below_root, *ends):
        if name in names:
            return name
    raise NotFound(f"There is no '{value}' in the binary.")
