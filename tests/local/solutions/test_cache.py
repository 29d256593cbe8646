"""Answers of run_sync that are kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.results import Field, SentRecord
from ibflow_nb.api.solutions import RunSync, RunSyncReply
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.solutions import cache as cache_module
from ibflow_nb.local.solutions.cache import AnswerCache, cache_key
from ibflow_nb.local.solutions.package import Solution, open_solution
from ibflow_nb.local.solutions.sent_files import SentFile

FILES = [SentFile("a.txt", Path("0.part"), "d1")]


@pytest.fixture
def solution(make_package: Callable[..., Path]) -> Solution:
    """A solution that passed all checks."""
    return open_solution(make_package(), Limits())


def request(**body: Any) -> RunSync:
    """Make a request; its files play no part in the key, what was received does."""
    return msgspec.convert({"files": [], "name": "w2", "version": "1.0.0", **body}, RunSync)


def test_an_answer_is_given_back_as_it_was(tmp_path: Path) -> None:
    """Another cache on the same folder, as after a restart, gives it too."""
    record = SentRecord(
        file_name="a.txt",
        file_index=0,
        record_index=0,
        results=[Field("k", "v")],
        output_file_path="a.ibdoc",
        status="OK",
    )
    answer = RunSyncReply(records=[record], binary_path="b", job_id="j")
    AnswerCache(tmp_path).write("k1", answer)
    kept = AnswerCache(tmp_path).read("k1")
    assert kept is not None
    assert (kept.binary_path, kept.job_id) == ("b", "j")
    assert kept.records == [record]
    assert AnswerCache(tmp_path).read("k2") is None


def test_a_damaged_answer_counts_as_none(tmp_path: Path) -> None:
    """The request is then run again."""
    (tmp_path / "k1.json").write_bytes(b'{"records": [')
    assert AnswerCache(tmp_path).read("k1") is None


def test_the_oldest_answers_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of kept answers is bounded."""
    monkeypatch.setattr(cache_module, "_KEPT", 2)
    cache = AnswerCache(tmp_path)
    for number in range(3):
        cache.write(f"k{number}", RunSyncReply(records=[], binary_path="", job_id=""))
        os.utime(tmp_path / f"k{number}.json", (number, number))
    cache.write("k3", RunSyncReply(records=[], binary_path="", job_id=""))
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["k2", "k3"]


def test_the_form_of_the_answer_is_no_part_of_the_key(solution: Solution) -> None:
    """JSON and CSV come from the same run; a package by name or by path is the same."""
    key = cache_key(request(), solution, FILES)
    assert cache_key(request(options={"result_format": "csv"}), solution, FILES) == key
    by_path = request(name="", version="", solution_path="x.ibsolution")
    assert cache_key(by_path, solution, FILES) == key


@pytest.mark.parametrize(
    ("body", "files"),
    [
        ({"repo_name": "other"}, FILES),
        ({"output_dir": "there"}, FILES),
        ({"options": {"include_page_layouts": True}}, FILES),
        ({"options": {"refined_phrases_features": ["provenance_info"]}}, FILES),
        ({}, [SentFile("a.txt", Path("0.part"), "d2")]),
        ({}, [SentFile("b.txt", Path("0.part"), "d1")]),
        ({}, [*FILES, *FILES]),
    ],
)
def test_what_changes_the_answer_changes_the_key(
    solution: Solution, body: dict[str, Any], files: list[SentFile]
) -> None:
    """Names, bytes, their number, and every option that the answer or its place depends on."""
    assert cache_key(request(**body), solution, files) != cache_key(request(), solution, FILES)


def test_other_content_of_the_solution_changes_the_key(
    solution: Solution, make_package: Callable[..., Path]
) -> None:
    """The version alone does not decide."""
    other = open_solution(make_package("b.ibsolution", authors=["x"]), Limits())
    assert cache_key(request(), other, FILES) != cache_key(request(), solution, FILES)
