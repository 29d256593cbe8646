"""Packing a content folder."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.create import CreatedSolution, create_solution

PACKAGE = '{"name": "w2", "version": "1.2.0"}'
Binary = Callable[..., bytes]


@pytest.fixture
def content(tmp_path: Path, binary: Binary) -> Path:
    """A content folder with a package.json, a binary in a sub-folder, and a readme."""
    folder = tmp_path / "content"
    (folder / "Flow").mkdir(parents=True)
    (folder / "package.json").write_text(PACKAGE)
    (folder / "Flow/w2.ibflowbin").write_bytes(binary())
    (folder / "readme.md").write_text("Reads W2 forms.")
    return folder


def refuse(flow: Path) -> bytes:
    """Stand for the compiler where nothing is to be compiled."""
    raise AssertionError(flow)


def create(content: Path, output: Path) -> CreatedSolution:
    """Pack content that has its binary."""
    return create_solution(content, output, refuse, Limits())


def names(package: Path) -> list[str]:
    """List the entries of a package."""
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def test_the_package_is_named_by_its_package_json(content: Path, tmp_path: Path) -> None:
    """The file is <name>-<version>.ibsolution in the output folder, which is made."""
    created = create(content, tmp_path / "new/out")
    assert created.path == tmp_path / "new/out/w2-1.2.0.ibsolution"
    assert names(created.path) == ["Flow/w2.ibflowbin", "package.json", "readme.md"]


def test_the_same_content_gives_the_same_bytes(content: Path, tmp_path: Path) -> None:
    """Times of files do not reach the package."""
    first = create(content, tmp_path / "1").path.read_bytes()
    os.utime(content / "readme.md", (0, 0))
    assert create(content, tmp_path / "2").path.read_bytes() == first


def test_a_package_does_not_swallow_itself(content: Path) -> None:
    """Content and output folder may be the same, also twice."""
    first = create(content, content).path.read_bytes()
    assert create(content, content).path.read_bytes() == first


def test_hidden_files_and_links_stay_outside(content: Path, tmp_path: Path) -> None:
    """What an editor or a version control left is not packed, links are not followed."""
    (content / ".git").mkdir()
    (content / ".git/config").write_text("x")
    (content / ".DS_Store").write_text("x")
    (content / "link").symlink_to("/etc/passwd")
    assert names(create(content, tmp_path).path) == [
        "Flow/w2.ibflowbin",
        "package.json",
        "readme.md",
    ]


def test_a_plain_flow_is_compiled_and_said_so(
    content: Path, tmp_path: Path, binary: Binary
) -> None:
    """Without a binary the only flow is compiled beside itself."""
    (content / "Flow/w2.ibflowbin").unlink()
    (content / "Flow/w2.ibflow").write_text("{}")
    created = create_solution(content, tmp_path, lambda flow: binary(), Limits())
    assert created.note == "Flow/w2.ibflow was compiled, since content holds no flow binary."
    assert "Flow/w2.ibflowbin" in names(created.path)


@pytest.mark.parametrize(
    ("flows", "sentence"),
    [
        ([], "and no flow either."),
        (["a.ibflow", "b.ibflow"], "and several flows: a.ibflow, b.ibflow."),
    ],
)
def test_content_without_anything_to_run_is_refused(
    content: Path, tmp_path: Path, flows: list[str], sentence: str
) -> None:
    """The sentence says what is missing, and no package appears."""
    (content / "Flow/w2.ibflowbin").unlink()
    for flow in flows:
        (content / flow).write_text("{}")
    with pytest.raises(InvalidRequest) as caught:
        create(content, tmp_path / "out")
    assert str(caught.value).endswith(sentence)
    assert not (tmp_path / "out").exists()


def test_a_refused_package_leaves_an_earlier_one(content: Path, tmp_path: Path) -> None:
    """A broken binary is refused and the package made before stays as it was."""
    path = create(content, tmp_path).path
    before = path.read_bytes()
    (content / "Flow/w2.ibflowbin").write_bytes(b"no zip")
    with pytest.raises(InvalidRequest, match="is not a zip file"):
        create(content, tmp_path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_a_folder_without_package_json_is_refused(tmp_path: Path) -> None:
    """The missing file is named."""
    with pytest.raises(InvalidRequest, match=r"has no package\.json"):
        create(tmp_path, tmp_path)
