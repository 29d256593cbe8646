"""The step map_records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.record import Record, load_records, save_records
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import Outcome, StepError, Task
from ibflow_nb.local.steps.map_records import MapRecords

STEP = MapRecords()
Run = Callable[..., list[Record]]


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[..., Outcome]:
    """Run the step on a file of pages with the given texts."""

    def run(pages: list[str], *, limits: Limits | None = None, **kwargs: Any) -> Outcome:
        source = tmp_path / "s1_process_files" / "a.pdf.ibdoc"
        made = [page_from_text(text, number) for number, text in enumerate(pages)]
        made[0].image = "images/p0.jpg"
        save_records(source, [compose(made)])
        task = Task(
            job_id="job",
            step=STEP.name,
            kwargs=kwargs,
            source=str(tmp_path / "a.pdf"),
            input=str(source),
            name="a.pdf",
            index=0,
            output_dir=str(tmp_path / "s2_map_records"),
            limits=limits or Limits(),
        )
        STEP.check(kwargs, {})
        return STEP.run(task)

    return run


@pytest.fixture
def mapped(outcome: Callable[..., Outcome]) -> Run:
    """Run the step and give the records that it wrote."""
    return lambda pages, **kwargs: load_records(Path(outcome(pages, **kwargs).output))


def test_by_default_a_file_is_one_record(mapped: Run) -> None:
    """All pages, blank ones too, are in one record."""
    (record,) = mapped(["one", "", "three"])
    assert record.text == "one\f\fthree"
    assert record.pages == [0, 1, 2]


def test_blank_pages_can_be_left_out(mapped: Run) -> None:
    """Pages without text disappear; the others keep their numbers in the file."""
    (record,) = mapped(["one", "", "three"], map_type="entire_doc_no_blank_pages")
    assert record.text == "one\fthree"
    assert record.pages == [0, 2]


def test_a_file_of_blank_pages_keeps_them(mapped: Run) -> None:
    """A file without any text is still a record in the results."""
    (record,) = mapped(["", ""], map_type="entire_doc_no_blank_pages")
    assert record.pages == [0, 1]


def test_each_page_can_be_a_record(mapped: Run) -> None:
    """A page's record has its text, words and page number."""
    first, second = mapped(["one page", "  two"], map_type="page")
    assert (first.text, first.pages) == ("one page", [0])
    assert (second.text, second.pages) == ("  two", [1])
    (word,) = second.lines[0]
    assert second.text[word.offset :] == word.word


def test_a_formula_makes_a_record_of_each_match(mapped: Run) -> None:
    """MATCH finds its pattern on each page for itself."""
    records = mapped(
        ["Item: tea  3\nItem: milk 2", "Item: bread 1"],
        map_type="formula",
        formula="MATCH(INPUT_COL,'Item: \\w+')",
    )
    assert [record.text.strip() for record in records] == ["Item: tea", "Item: milk", "Item: bread"]
    assert [record.pages for record in records] == [[0], [0], [1]]


def test_a_formula_cuts_between_matches(mapped: Run) -> None:
    """SPLIT drops the separators, and parts without text."""
    records = mapped(
        ["a\n----\nb\n----\n"],
        map_type="formula",
        formula="split( INPUT_COL , '^-+$' , multiline = true )",
    )
    assert [record.text.strip() for record in records] == ["a", "b"]


def test_without_multiline_anchors_mean_the_page(mapped: Run) -> None:
    """``^`` and ``$`` match at the begin and end of a page alone by default."""
    records = mapped(
        ["x1\nx2", "x3"], map_type="formula", formula="MATCH(INPUT_COL,'^x\\d',multiline=false)"
    )
    assert [record.text for record in records] == ["x1", "x3"]


def test_page_images_are_found_from_the_folder_of_mapped_records(
    mapped: Run, tmp_path: Path
) -> None:
    """The image path of a page leads from the step's folder to where the image is."""
    (record,) = mapped(["one"])
    image = tmp_path / "s2_map_records" / record.metadata_list[0].layout.processed_image_path
    assert image.resolve() == tmp_path / "s1_process_files/images/p0.jpg"


def test_a_quote_in_the_formula_is_escaped(mapped: Run) -> None:
    """A backslash in front of a quote makes it part of the pattern."""
    (record,) = mapped(["it's here"], map_type="formula", formula=r"MATCH(INPUT_COL,'it\'s')")
    assert record.text == "it's"


def test_a_file_without_matches_has_no_records(outcome: Callable[..., Outcome]) -> None:
    """It is dropped from the later steps, and the log says so."""
    result = outcome(["text"], map_type="formula", formula="MATCH(INPUT_COL,'nothing')")
    assert (result.output, result.records) == ("", 0)
    assert "no record is left" in result.log[0]


def test_a_formula_cannot_hang_the_worker(outcome: Callable[..., Outcome]) -> None:
    """An expression that explodes is stopped at the limit, with a reason."""
    with pytest.raises(StepError, match="formula"):
        outcome(
            ["a" * 5000 + "b"],
            map_type="formula",
            formula="MATCH(INPUT_COL,'^(.*a){15}x$')",
            limits=Limits(regex_seconds=0.05),
        )


@pytest.mark.parametrize(
    ("kwargs", "key"),
    [
        ({"map_type": "chapters"}, "map_type"),
        ({"map_type": "formula"}, "formula"),
        ({"map_type": "formula", "formula": "JOIN(INPUT_COL,'x')"}, "formula"),
        ({"map_type": "formula", "formula": "MATCH(INPUT_COL,'(')"}, "formula"),
    ],
)
def test_wrong_kwargs_are_refused_by_name(kwargs: dict[str, Any], key: str) -> None:
    """The sentence names the key that is wrong."""
    with pytest.raises(InvalidRequest, match=key):
        STEP.check(kwargs, {})
