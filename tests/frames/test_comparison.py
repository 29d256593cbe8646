"""Two runs, or a run and the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ibflow_nb.api.errors import FrameError
from ibflow_nb.frames import Records

Build = Callable[..., Records]


def record(file_name: str, index: int = 0, kind: str = "ANY", **values: str | None) -> Any:
    """A record as it is sent, all its fields of one type."""
    fields = [{"key": key, "value": value, "field_type": kind} for key, value in values.items()]
    return {"file_name": file_name, "record_index": index, "results": fields}


def outcomes(comparison: Any) -> list[tuple[str, ...]]:
    """Give file, field and outcome of each field compared."""
    frame = comparison.to_frame()
    return list(zip(frame["file_name"], frame["key"], frame["outcome"], strict=True))


def test_two_runs_are_compared_field_by_field(build: Build) -> None:
    """Each field is the same, changed, missing here, or new here."""
    here = build(record("a", total="1", tax="2", name="x"), record("b", total="5"))
    there = build(record("a", total="1", tax="3", date="d"), record("c", total="6"))
    comparison = here.compare(there)
    assert outcomes(comparison) == [
        ("a", "total", "same"),
        ("a", "tax", "changed"),
        ("a", "name", "new"),
        ("a", "date", "missing"),
        ("b", "total", "new"),
        ("c", "total", "missing"),
    ]
    changed = comparison.to_frame().loc[1]
    assert (changed["here"], changed["there"]) == ("2", "3")


def test_accuracy_is_the_share_of_known_values_that_are_the_same(build: Build) -> None:
    """New values do not count; a field of which the truth knows nothing has none."""
    here = build(record("a", total="1", tax="2"), record("b", total="9"), record("c"))
    comparison = here.compare({"a": {"total": "1"}, "b": {"total": "2"}, "c": {"total": "3"}})
    accuracy = comparison.accuracy
    assert accuracy.loc["total", ["same", "changed", "missing", "new"]].tolist() == [1, 1, 1, 0]
    assert accuracy.loc["total", "accuracy"] == pytest.approx(1 / 3)
    assert pd.isna(accuracy.loc["tax", "accuracy"])
    assert comparison.overall == pytest.approx(1 / 3)


def test_the_truth_may_be_a_csv_file(build: Build, tmp_path: Path) -> None:
    """Values stay as they are written there; an empty cell is no value."""
    frame = pd.DataFrame({"file_name": ["a", "b"], "number": ["007", ""], "state": ["NA", "x"]})
    frame.to_csv(tmp_path / "truth.csv", index=False)
    here = build(record("a", number="007", state="NA"), record("b", number="8", state="x"))
    told = outcomes(here.compare(tmp_path / "truth.csv"))
    assert [outcome for *_, outcome in told] == ["same", "same", "new", "same"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"a\n1\n1,2\n"])
def test_a_csv_file_that_cannot_be_read_is_told(
    build: Build, tmp_path: Path, content: bytes | None
) -> None:
    """The sentence names the file, in one line."""
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(FrameError, match=r"t\.csv cannot be read as CSV: .+\.\Z"):
        build(record("a", x="1")).compare(str(tmp_path / "t.csv"))


def test_several_records_of_a_file_may_be_listed(build: Build) -> None:
    """The records of a file stand in the order of their index."""
    here = build(record("a", x="1"), record("a", 1, x="2"))
    assert here.compare({"a": [{"x": "1"}, {"x": "2"}]}).overall == 1.0


@pytest.mark.parametrize(
    "truth",
    [
        '[["name", "price"],["Bolt",  "2.50"]]',
        [["name", "price"], ["Bolt ", "2.50"]],
        pd.DataFrame({"name": ["Bolt"], "price": ["2.50"]}),
    ],
    ids=["text", "list", "frame"],
)
def test_tables_are_compared_cell_by_cell(build: Build, truth: Any) -> None:
    """Spaces between and in cells do not count, the cells do."""
    here = build(record("a", kind="TABLE", t='[["name","price"],["Bolt","2.50"]]'))
    assert outcomes(here.compare({"a": {"t": truth}})) == [("a", "t", "same")]
    other = build(record("a", kind="TABLE", t='[["name","price"],["Nut","2.50"]]'))
    assert outcomes(other.compare({"a": {"t": truth}})) == [("a", "t", "changed")]


def test_a_converted_frame_is_the_same_as_its_records(build: Build) -> None:
    """Numbers, dates and nested tables of ``to_frame(convert=True)`` lose nothing."""
    here = build(
        record("a", kind="TABLE", t='[["name"],["Bolt"]]'),
        record("b", kind="DATE", d="2024-05-17"),
        record("c", kind="FLOAT", f="1,250.50"),
        record("d", kind="LIST", items='["x", 1]'),
    )
    comparison = here.compare(here.to_frame(convert=True))
    assert [outcome for *_, outcome in outcomes(comparison)] == ["same"] * 4


def test_html_shows_where_values_differ(build: Build) -> None:
    """From the first character that differs; of a long value its neighbourhood is seen."""
    here = build(record("a", total="84.72", text=f"{'same ' * 30}left"))
    html = here.compare({"a": {"total": "84.92", "text": f"{'same ' * 30}right"}})._repr_html_()
    assert "84.<b>72</b>" in html
    assert "84.<b>92</b>" in html
    assert ">…same same same same <b>left</b>" in html


def test_long_values_are_shortened_in_html(build: Build) -> None:
    """The whole is in the title."""
    html = build(record("a", x="long " * 40)).compare({"a": {"x": "short"}})._repr_html_()
    assert html.count("long " * 30) == 1
    assert 'title="long long' in html


@pytest.mark.parametrize(
    "form",
    [
        lambda truth: truth,
        lambda truth: [{"file_name": name, **fields} for name, fields in truth.items()],
        lambda truth: pd.DataFrame([{"file_name": n, **fields} for n, fields in truth.items()]),
        lambda truth: pd.DataFrame(truth.values(), index=pd.Index(truth, name="file_name")),
    ],
    ids=["mapping", "list", "frame", "indexed frame"],
)
def test_the_truth_may_come_in_any_form(build: Build, form: Callable[[Any], Any]) -> None:
    """Mappings by file, lists of rows and frames say the same."""
    truth = form({"a": {"total": "1"}, "b": {"total": "2"}})
    comparison = build(record("a", total="1"), record("b", total="3")).compare(truth)
    assert outcomes(comparison) == [("a", "total", "same"), ("b", "total", "changed")]


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("FLOAT", "1,234.50", "1234.5"),
        ("ANY", "12.50", 12.5),
        ("DATE", "13 May 2024", "2024-05-13"),
        ("ANY", "2024-05-13", date(2024, 5, 13)),
        ("ANY", "a  b ", "a b"),
    ],
)
def test_values_that_mean_the_same_are_the_same(
    build: Build, kind: str, here: str, there: Any
) -> None:
    """Numbers and dates are compared as such where type or truth say that they are."""
    comparison = build(record("a", kind=kind, x=here)).compare({"a": {"x": there}})
    assert outcomes(comparison) == [("a", "x", "same")]


def test_texts_are_not_taken_for_numbers(build: Build) -> None:
    """The article number 007 is not 7."""
    comparison = build(record("a", x="007")).compare({"a": {"x": "7"}})
    assert outcomes(comparison) == [("a", "x", "changed")]


def test_failed_and_empty_fields_count_as_no_value(build: Build) -> None:
    """They are missing where the other has a value, and left out where it has none."""
    here = build(record("a", x="ERROR", y="", z=None))
    assert outcomes(here.compare({"a": {"x": "1", "y": None, "z": float("nan")}})) == [
        ("a", "x", "missing")
    ]


def test_records_of_one_file_are_told_apart(build: Build) -> None:
    """The index of the record counts."""
    here = build(record("a", 0, x="1"), record("a", 1, x="2"))
    assert here.compare(build(record("a", 1, x="2"))).to_frame()["outcome"].tolist() == [
        "new",
        "same",
    ]


@pytest.mark.parametrize(
    ("truth", "sentence"),
    [([{"x": "1"}], "as 'file_name'"), ([{"file_name": "a"}] * 2, "Record 0 of a is there twice")],
)
def test_a_truth_that_cannot_be_used_is_refused(build: Build, truth: Any, sentence: str) -> None:
    """Rows without a file, or two for one record, are told in a sentence."""
    with pytest.raises(FrameError, match=sentence):
        build(record("a", x="1")).compare(truth)


def test_html_shows_what_differs_and_breaks_on_no_markup(build: Build) -> None:
    """Values are text, whatever they hold; what is the same is only counted."""
    html = build(record("a", x="<b>", y="same")).compare({"a": {"x": "&", "y": "same"}})
    drawn = html._repr_html_()
    assert "&lt;b&gt;" in drawn
    assert "<b>" not in drawn
    assert "accuracy 50.0%" in drawn
    assert repr(html) == "<Comparison: 1 same, 1 changed, 0 missing, 0 new; accuracy 50.0%>"


def test_nothing_to_compare(build: Build) -> None:
    """Two empty runs give an empty frame with its columns, and no accuracy."""
    comparison = build().compare(build())
    assert list(comparison.to_frame().columns)[-3:] == ["outcome", "here", "there"]
    assert comparison.accuracy.empty
    assert "nan" not in comparison._repr_html_()
