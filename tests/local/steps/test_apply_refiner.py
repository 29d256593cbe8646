"""The step apply_refiner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.layout import Page, compose, page_from_text
from ibflow_nb.local.documents.record import RefinedPhrase, load_records, save_records
from ibflow_nb.local.steps.apply_refiner import ApplyRefiner
from ibflow_nb.local.steps.base import StepError, Task

KWARGS = {"refiner_path": "modules/receipts.ibrefiner"}


def program(**expressions: str) -> str:
    """Write a refiner program."""
    fields = [
        {"desc": {"label": label, "outputType": "TEXT"}, "req": {"expression": expression}}
        for label, expression in expressions.items()
    ]
    return json.dumps({"fields": fields})


def task(folder: Path, refiner: str, **options: Any) -> Task:
    """Make the unit of a file ``sub/a.txt`` with one record."""
    source = folder / "s1_process_files" / "sub" / "a.txt.ibdoc"
    if not source.exists():
        save_records(source, [compose([page_from_text("Total: 5.00")])])
    return Task(
        job_id="job",
        step="apply_refiner",
        kwargs=KWARGS,
        modules={"refiner_path": refiner},
        source=str(folder / "sub" / "a.txt"),
        input=str(source),
        name="sub/a.txt",
        index=0,
        output_dir=str(folder / "s2_apply_refiner"),
        **options,
    )


def test_records_get_the_fields_of_the_program(tmp_path: Path) -> None:
    """The step writes the records with their refined phrases to its own folder."""
    outcome = ApplyRefiner().run(
        task(tmp_path, program(total="scan_right(INPUT_COL, 'total')", bad="parse_number('x')"))
    )
    assert outcome.output == str(tmp_path / "s2_apply_refiner" / "sub" / "a.txt.ibdoc")
    (record,) = load_records(Path(outcome.output))
    total, bad = record.refined_phrases
    assert (total.label, total.word, total.output_type) == ("total", "5.00", "TEXT")
    assert len(total.regions) == 1
    assert (bad.word, bad.error_msg) == ("ERROR", "There is no number in 'x'.")
    assert outcome.log == []


def test_a_second_refiner_keeps_the_fields_of_the_first(tmp_path: Path) -> None:
    """Fields of an earlier refiner stay unless the program has one of the same label."""
    first = task(tmp_path, program(b="'new'", c="'new'"))
    record = compose([page_from_text("text")])
    record.refined_phrases = [RefinedPhrase("a", "old"), RefinedPhrase("b", "old")]
    save_records(Path(first.input), [record])
    (refined,) = load_records(Path(ApplyRefiner().run(first).output))
    words = {phrase.label: phrase.word for phrase in refined.refined_phrases}
    assert words == {"a": "old", "b": "new", "c": "new"}


def test_the_timeline_tells_each_field(tmp_path: Path) -> None:
    """With log_to_timeline there is one line a field: its value or why it failed."""
    refiner = program(total="scan_right(INPUT_COL, 'total')", bad="parse_number('x')")
    outcome = ApplyRefiner().run(task(tmp_path, refiner, log_to_timeline=True))
    assert outcome.log == [
        "sub/a.txt, record 0, total: 5.00",
        "sub/a.txt, record 0, bad: There is no number in 'x'.",
    ]


def test_page_images_are_found_from_the_folder_of_refined_records(tmp_path: Path) -> None:
    """The image path of a page follows the record file to its new folder."""
    unit = task(tmp_path, program(a="'x'"))
    page = Page(10, 10, [], image="images/a.txt_p0.jpg")
    save_records(Path(unit.input), [compose([page])])
    output = Path(ApplyRefiner().run(unit).output)
    (record,) = load_records(output)
    image = output.parent / record.metadata_list[0].layout.processed_image_path
    assert image.resolve() == Path(unit.input).parent / "images" / "a.txt_p0.jpg"


def test_a_broken_program_is_refused_at_submission() -> None:
    """The fault is told with the file, the label and the position."""
    with pytest.raises(InvalidRequest) as caught:
        ApplyRefiner().check(KWARGS, {"refiner_path": program(total="first(")})
    assert str(caught.value) == (
        "modules/receipts.ibrefiner: The expression of field 'total' ends too early:"
        " a value is expected at the end."
    )


def test_a_step_without_a_program_is_refused_at_submission() -> None:
    """The missing key is named."""
    with pytest.raises(InvalidRequest, match="needs 'refiner_path'"):
        ApplyRefiner().check({}, {})


def test_a_missing_record_file_fails_the_file(tmp_path: Path) -> None:
    """What the step before did not write is told with the file's name."""
    unit = task(tmp_path, program(a="'x'"))
    Path(unit.input).unlink()
    with pytest.raises(StepError, match=r"^sub/a.txt: The record file a.txt.ibdoc cannot be read"):
        ApplyRefiner().run(unit)
