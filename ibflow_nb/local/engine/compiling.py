"""Compiling flows into binaries (source: Flow Binary API, compile)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.flow import BinarySettings, CompileBinary
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine.binary import (
    BINARY_SUFFIX,
    FLOWS,
    METAFLOW,
    SINGLE_FLOW,
    pack_binary,
    pack_flows,
)
from ibflow_nb.local.engine.plan import Planner, read_file


class Compiler:
    """Writes the binaries of one drive."""

    def __init__(self, drive: Drive, planner: Planner) -> None:
        self._drive = drive
        self._planner = planner

    def compile(self, request: CompileBinary) -> str:
        """Write the binary that is asked for; give its drive path.

        A ``Single Flow`` holds one flow with its modules; ``Metaflow`` and ``Flows`` hold all
        flows of ``flows_dir``, a ``Metaflow`` also its classifier.

        Raises:
            NotFound: the root, a flow or the classifier does not exist.
            InvalidRequest: a setting is missing, the type is unknown, or a flow is refused.
        """
        root = self._drive.locate(request.flow_project_root)
        if not root.is_dir():
            raise InvalidRequest(f"'{request.flow_project_root}' is a file, not a folder.")
        pack = self._packers().get(request.binary_type)
        if pack is None:
            known = ", ".join(self._packers())
            raise InvalidRequest(
                f"The binary_type '{request.binary_type}' is unknown; it must be one of {known}."
            )
        name, content = pack(self._drive.path_of(root), request.settings)
        if request.predefined_binary_path:
            target = self._drive.place(request.predefined_binary_path)
        else:
            target = root / "build" / "bin" / f"{name}{BINARY_SUFFIX}"
        path = self._drive.path_of(target)
        if target.suffix != BINARY_SUFFIX or target.is_dir():
            raise InvalidRequest(
                f"The binary '{path}' must be a file that ends in {BINARY_SUFFIX}."
            )
        write_atomic(self._drive.resolve(path), content)
        return path

    def pack_flow(self, flow: Path) -> bytes:
        """Give the binary of one flow file on the drive."""
        return pack_binary(self._planner.load(self._drive.path_of(flow)))

    def _packers(self) -> dict[str, Callable[[str, BinarySettings], tuple[str, bytes]]]:
        return {
            SINGLE_FLOW: self._single,
            METAFLOW: self._metaflow,
            FLOWS: lambda root, settings: self._several(root, settings.flows_dir),
        }

    def _single(self, root: str, settings: BinarySettings) -> tuple[str, bytes]:
        flow = self._planner.load(_below(root, "flow_file", settings.flow_file))
        return flow.path.stem, pack_binary(flow)

    def _metaflow(self, root: str, settings: BinarySettings) -> tuple[str, bytes]:
        path = _below(root, "classifier_file", settings.classifier_file)
        return self._several(root, settings.flows_dir, self._drive.locate(path))

    def _several(
        self, root: str, flows_dir: str, classifier: Path | None = None
    ) -> tuple[str, bytes]:
        _, flows = self._planner.load_all(_below(root, "flows_dir", flows_dir))
        sources = {}
        if classifier is not None:
            sources[classifier] = read_file(classifier, f"The classifier '{classifier.name}'")
        return self._drive.resolve(root).name, pack_flows(flows, sources)


def _below(root: str, key: str, value: str) -> str:
    """Give the drive path of something named relative to the project's root."""
    if not value:
        raise InvalidRequest(f"The setting '{key}' is missing.")
    return f"{root}/{value.lstrip('/')}"
