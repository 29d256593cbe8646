"""Names of sent files on disk, and the records of a run in the order of the request."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.local.solutions.sent_files import SentFile, names_on_disk, records_in_order


@pytest.mark.parametrize(
    ("name", "on_disk"),
    [
        ("test.pdf", "test.pdf"),
        ("Übersicht 2024 (final).pdf", "Übersicht 2024 (final).pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\a.pdf", "a.pdf"),
        ("/abs/b.pdf", "b.pdf"),
        ("..", "_.."),
        ("", "_"),
        (".hidden.pdf", "_.hidden.pdf"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        ("a:b?.pdf", "a_b_.pdf"),
        ("batch.ibflowresults", "_batch.ibflowresults"),
    ],
)
def test_a_name_on_disk_leads_nowhere_else(name: str, on_disk: str) -> None:
    """Only the last part of a path is kept, and only characters that every system takes."""
    assert names_on_disk([name]) == [on_disk]


def test_files_of_the_same_name_are_told_apart() -> None:
    """Also where they differ in their folder or in case alone."""
    names = ["a.pdf", "x/a.pdf", "A.PDF", "noext", "noext"]
    assert names_on_disk(names) == ["a.pdf", "a (2).pdf", "A (3).PDF", "noext", "noext (2)"]


@given(st.lists(st.text(max_size=300), max_size=12))
def test_any_names_become_distinct_file_names(names: list[str]) -> None:
    """Whatever is sent, each file gets one visible name of bearable length."""
    given_names = names_on_disk(names)
    assert len({name.casefold() for name in given_names}) == len(names)
    for name in given_names:
        assert PurePosixPath(name).name == name
        assert not name.startswith(".")
        assert 0 < len(name.encode()) < 200


def test_records_come_in_the_order_of_the_request() -> None:
    """Under the names as they were sent; a file may have several records."""
    files = [SentFile("x/b.txt", Path("0")), SentFile("a.txt", Path("1"))]
    run = [
        ResultRecord(file_name="a.txt", results=[Field("k", "1")]),
        ResultRecord(file_name="b.txt", file_index=1, record_index=0),
        ResultRecord(file_name="b.txt", file_index=1, record_index=1),
    ]
    answers = records_in_order(files, ["b.txt", "a.txt"], run)
    told = [(answer.file_name, answer.file_index, answer.record_index) for answer in answers]
    assert told == [("x/b.txt", 0, 0), ("x/b.txt", 0, 1), ("a.txt", 1, 0)]
    assert answers[2].results == [Field("k", "1")]


def test_failures_name_the_file_as_sent_and_its_index() -> None:
    """Whether its base64 was wrong or the run could not read it."""
    files = [SentFile("x/b.txt", Path("0")), SentFile("c.txt", Path("1"), error="is cut off")]
    run = [ResultRecord(file_name="b.txt", status="ERROR", error_msg="b.txt: it is broken.")]
    first, second = records_in_order(files, ["b.txt", "c.txt"], run)
    assert first.error_msg == "File 0 (x/b.txt): it is broken."
    assert second.error_msg == "File 1 (c.txt): Its file_content is cut off."
    assert (second.status, second.file_index) == ("ERROR", 1)
