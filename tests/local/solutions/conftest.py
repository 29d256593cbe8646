"""Packages made for the tests."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.local.archives import pack_archive


@pytest.fixture
def binary() -> Callable[[str], bytes]:
    """Give a function that makes a flow binary: a zip that holds a flow."""

    def make(flow: str = '{"steps": []}') -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("flow.ibflow", flow)
        return buffer.getvalue()

    return make


@pytest.fixture
def make_package(tmp_path: Path, binary: Callable[..., bytes]) -> Callable[..., Path]:
    """Give a function that makes an ``.ibsolution``; further keywords go into package.json."""

    def make(
        file_name: str = "w2.ibsolution",
        *,
        content: dict[str, bytes] | None = None,
        flow: str = '{"steps": []}',
        **keys: Any,
    ) -> Path:
        package = {"name": "w2", "version": "1.0.0", **keys}
        whole = {"package.json": json.dumps(package).encode(), "w2.ibflowbin": binary(flow)}
        path = tmp_path / file_name
        pack_archive(path, whole if content is None else content)
        return path

    return make
