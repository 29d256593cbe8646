"""Checks of a solution package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions.package import open_solution, parse_version

PACKAGE = b'{"name": "w2", "version": "1.0.0"}'
Make = Callable[..., Path]


def test_a_package_tells_its_name_version_and_binary(make_package: Make) -> None:
    """Name and version come from package.json, the binary is found by its suffix."""
    solution = open_solution(make_package(), Limits())
    assert (solution.package.name, solution.package.version) == ("w2", "1.0.0")
    assert solution.binary == "w2.ibflowbin"


def test_the_binary_may_lie_in_a_sub_folder(
    make_package: Make, binary: Callable[[], bytes]
) -> None:
    """A binary beside its flow in a sub-folder is found."""
    path = make_package(content={"package.json": PACKAGE, "Flow/x.ibflowbin": binary()})
    assert open_solution(path, Limits()).binary == "Flow/x.ibflowbin"


def test_the_content_may_lie_in_the_only_folder(
    make_package: Make, binary: Callable[[], bytes]
) -> None:
    """A zip made of the folder itself, not of its content, is understood."""
    path = make_package(content={"w2/package.json": PACKAGE, "w2/x.ibflowbin": binary()})
    solution = open_solution(path, Limits())
    assert (solution.root, solution.binary) == ("w2/", "x.ibflowbin")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"x.ibflowbin": b""}, "w2.ibsolution has no package.json."),
        (
            {"a/package.json": PACKAGE, "b/package.json": PACKAGE},
            "w2.ibsolution has several roots, a, b; package.json must lie at the top.",
        ),
        (
            {"package.json": b"{"},
            "package.json of w2.ibsolution is not valid JSON: Input data was truncated.",
        ),
        (
            {"package.json": b'{"name": "w2"}'},
            "package.json of w2.ibsolution is wrong: the required key 'version' is missing.",
        ),
        (
            {"package.json": b'{"name": "w2", "version": "1.0"}'},
            "The version '1.0' must have the form major.minor.patch.",
        ),
        ({"package.json": PACKAGE}, "w2.ibsolution holds no flow binary (.ibflowbin)."),
        (
            {"package.json": PACKAGE, "a/x.ibflowbin": b"", "b/y.ibflowbin": b""},
            "w2.ibsolution holds several flow binaries, keep one: a/x.ibflowbin, b/y.ibflowbin.",
        ),
        (
            {"package.json": PACKAGE, "x.ibflowbin": b"no zip"},
            "The flow binary x.ibflowbin in w2.ibsolution is not a zip file.",
        ),
    ],
)
def test_a_package_with_a_fault_is_refused_in_one_sentence(
    make_package: Make, content: dict[str, bytes], sentence: str
) -> None:
    """Each fault of a package is named."""
    with pytest.raises(InvalidRequest) as caught:
        open_solution(make_package(content=content), Limits())
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "a\nb", "x" * 101, "a\\b"])
def test_a_name_that_could_not_be_a_folder_is_refused(make_package: Make, name: str) -> None:
    """Names lead to folders, so they hold nothing that has a meaning in a path."""
    with pytest.raises(InvalidRequest, match="solution name"):
        open_solution(make_package(name=name), Limits())


@pytest.mark.parametrize(
    "name", ["w2", "Demo Solution", "Bank Statements (EU)", "a-b", "Übersicht"]
)
def test_names_of_people_are_accepted(make_package: Make, name: str) -> None:
    """Spaces, hyphens, brackets and letters of all languages are fine."""
    assert open_solution(make_package(name=name), Limits()).package.name == name


@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0.0", "v1.0.0", "1.0.0-beta", "", "1.0.x"])
def test_only_three_numbers_make_a_version(version: str) -> None:
    """A version is major.minor.patch and nothing else."""
    with pytest.raises(InvalidRequest, match=r"major\.minor\.patch"):
        parse_version(version)


def test_versions_are_ordered_as_numbers() -> None:
    """Version 1.10.0 is newer than 1.9.9."""
    versions: list[Any] = ["1.10.0", "1.9.9", "2.0.0", "1.9.10"]
    assert sorted(versions, key=parse_version) == ["1.9.9", "1.9.10", "1.10.0", "2.0.0"]
