"""Flow binaries: a flow with all its modules in one ``.ibflowbin``, a zip.

Source: Flow Binary API. ``binary.json`` names what is inside; a binary of other origin has none
and its only flow is the one to run.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.archives import file_entries, open_archive, pack_archive, reading_entries
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
BINARY_TYPES = (SINGLE_FLOW, METAFLOW, FLOWS)


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


@dataclass(frozen=True)
class Binary:
    """A binary that was read and checked.

    Attributes:
        path: the file.
        content: its bytes.
        binary_type: ``Single Flow``, ``Metaflow`` or ``Flows``.
        flows: its flows, their paths within the binary; one for a ``Single Flow``.
        classifier: content of the classifier of a ``Metaflow``.
    """

    path: Path
    content: bytes
    binary_type: str
    flows: list[LoadedFlow]
    classifier: bytes


def pack_binary(flow: LoadedFlow) -> bytes:
    """Give the ``.ibflowbin`` of a flow."""
    return pack_sources(
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


def load_binary(planner: Planner, path: Path, limits: Limits) -> Binary:
    """Read the flows of a binary and their modules, straight from the zip.

    Args:
        planner: checks the steps.
        path: the binary.
        limits: bounds on it.

    Raises:
        InvalidRequest: it is no zip or an unsafe one, its type is unknown, it lacks what it
            should hold, or a flow is refused.
    """
    with open_archive(path, limits) as archive, reading_entries(f"The flow binary {path.name}"):
        contents = _Contents(path.name, archive)
        manifest = contents.manifest()
        flows = [contents.flow(planner, name) for name in manifest.flows]
        classifier = contents.read(manifest.classifier_file) if manifest.classifier_file else b""
    content = read_file(path, f"The flow binary {path.name}")
    return Binary(path, content, manifest.binary_type, flows, classifier)


class _Contents:
    """The entries of a binary that is open."""

    def __init__(self, where: str, archive: zipfile.ZipFile) -> None:
        self._where = where
        self._archive = archive
        self._names = {entry.filename for entry in file_entries(archive)}

    def manifest(self) -> BinaryManifest:
        """Give the manifest with all flows in ``flows``; a binary without one has one flow."""
        if MANIFEST not in self._names:
            return BinaryManifest(flows=[self._only_flow()])
        try:
            manifest = msgspec.json.decode(self._archive.read(MANIFEST), type=BinaryManifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(
                f"{MANIFEST} of {self._where} cannot be read ({error})."
            ) from error
        if manifest.binary_type not in BINARY_TYPES:
            raise InvalidRequest(
                f"{self._where} is of the unknown type '{manifest.binary_type}'; it must be one"
                f" of {', '.join(BINARY_TYPES)}."
            )
        if manifest.binary_type == SINGLE_FLOW:
            manifest.flows = [manifest.flow_file or self._only_flow()]
        if not manifest.flows or (
            manifest.binary_type == METAFLOW and not manifest.classifier_file
        ):
            raise InvalidRequest(f"The {manifest.binary_type} {self._where} names too few files.")
        return manifest

    def flow(self, planner: Planner, name: str) -> LoadedFlow:
        """Read one flow with its modules."""
        shown = f"{PurePosixPath(name).name} in {self._where}"
        flow = parse_flow(self.read(name), shown)
        root = os.path.normpath(PurePosixPath(name).parent / flow.rootDir)

        def read_module(value: str) -> bytes:
            return self._archive.read(_entry(value, root, self._names))

        return LoadedFlow(Path(name), Path(root), planner.plan(flow, shown, read_module), {})

    def read(self, name: str) -> bytes:
        """Read an entry that the manifest names."""
        if name not in self._names:
            raise InvalidRequest(
                f"The flow binary {self._where} lacks its file {name}: compile it again."
            )
        return self._archive.read(name)

    def _only_flow(self) -> str:
        """Find the only flow, or the only one at the top."""
        flows = sorted(name for name in self._names if name.endswith(FLOW_SUFFIX))
        at_top = [name for name in flows if "/" not in name]
        for choice in (flows, at_top):
            if len(choice) == 1:
                return choice[0]
        found = f"several flows: {', '.join(flows[:5])}" if flows else f"no flow ({FLOW_SUFFIX})"
        raise InvalidRequest(f"The flow binary {self._where} holds {found}.")


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
