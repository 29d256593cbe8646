"""The step apply_checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import (
    Classification,
    Record,
    RefinedPhrase,
    load_records,
    save_records,
)
from ibflow_nb.local.steps.apply_checkpoint import ApplyCheckpoint
from ibflow_nb.local.steps.base import BatchItem, Outcome, Task

SUM = {"name": "sum", "expression": "(net + tax) == total", "message": "The sum is wrong."}


def record(net: str, tax: str, total: str, label: str = "receipt") -> Record:
    """Make a refined record of a class."""
    values = {"net": net, "tax": tax, "total": total}
    return Record(
        refined_phrases=[
            RefinedPhrase(key, word, error_msg="unread" if word == "ERROR" else "")
            for key, word in values.items()
        ],
        classification_payload=Classification(label),
    )


GOOD = record("10.00", "0.60", "10.60")
BAD = record("10.00", "0.60", "11.00")


def run(folder: Path, files: dict[str, list[Record]], **kwargs: Any) -> Outcome:
    """Run a checkpoint on files with these records."""
    items = []
    for index, (name, records) in enumerate(files.items()):
        source = folder / "s2" / f"{name}.ibdoc"
        save_records(source, records)
        items.append(BatchItem(index, name, str(source)))
    kwargs = {"validations": [SUM], **kwargs}
    step = ApplyCheckpoint()
    step.check(kwargs, {})
    return step.run(
        Task(
            job_id="job",
            step="apply_checkpoint",
            kwargs=kwargs,
            source="",
            input="",
            name="",
            index=-1,
            output_dir=str(folder / "s3"),
            items=items,
        )
    )


def results(folder: Path, name: str) -> dict[str, Any]:
    """Read the checkpoint results of a file's first record."""
    found = load_records(folder / "s3" / f"{name}.ibdoc")[0].checkpoint_results
    assert found is not None
    return found


def test_records_that_pass_go_on(tmp_path: Path) -> None:
    """With all validations held, each file goes on with its results in its records."""
    outcome = run(tmp_path, {"a": [GOOD], "b": [GOOD, GOOD]})
    assert outcome.stop == ""
    assert outcome.outputs == {
        str(n): str(tmp_path / "s3" / f"{x}.ibdoc") for n, x in [(0, "a"), (1, "b")]
    }
    assert outcome.record_counts == {"0": 1, "1": 2}
    assert results(tmp_path, "a") == {
        "passed": True,
        "approved": False,
        "reviewed": [],
        "validations": [{"name": "sum", "passed": True, "message": ""}],
    }


def test_one_failing_record_holds_up_the_batch(tmp_path: Path) -> None:
    """The job stops with a reason that names file, record and message; nothing goes on."""
    outcome = run(tmp_path, {"a": [GOOD], "b": [GOOD, BAD]})
    assert outcome.stop == (
        "Stopped at the checkpoint until these are reviewed: b, record 1: The sum is wrong."
    )
    assert outcome.outputs == {}
    assert results(tmp_path, "a")["passed"]


def test_straight_through_lets_passing_files_go_on(tmp_path: Path) -> None:
    """The files that pass are handed on although the job stops for the others."""
    outcome = run(tmp_path, {"a": [GOOD], "b": [BAD]}, settings={"straight_through": "yes"})
    assert outcome.stop
    assert list(outcome.outputs) == ["0"]


def test_reviewed_values_let_a_record_pass(tmp_path: Path) -> None:
    """A reviewed value replaces what was read before the record is checked again."""
    review = {"file_index": 0, "fields": {"total": "10.60"}}
    outcome = run(tmp_path, {"a": [BAD]}, reviewed=[review])
    assert outcome.stop == ""
    (passed,) = load_records(Path(outcome.outputs["0"]))
    assert passed.refined_phrases[2].word == "10.60"
    assert passed.checkpoint_results is not None
    assert passed.checkpoint_results["reviewed"] == ["total"]


def test_a_reviewer_may_approve_what_fails(tmp_path: Path) -> None:
    """An approved record goes on as it is; its results still tell what failed."""
    outcome = run(tmp_path, {"a": [BAD]}, reviewed=[{"file_index": 0, "approved": True}])
    assert outcome.stop == ""
    assert results(tmp_path, "a")["validations"][0]["message"] == "The sum is wrong."


def test_a_review_of_nothing_is_told(tmp_path: Path) -> None:
    """A review that matches no record is a line of the log."""
    outcome = run(tmp_path, {"a": [GOOD]}, reviewed=[{"file_index": 4}])
    assert outcome.log == ["The review of file 4, record 0: no such record waits here."]


def test_formulas_can_be_for_one_class(tmp_path: Path) -> None:
    """A formula with a class label leaves records of other classes alone."""
    outcome = run(tmp_path, {"a": [BAD]}, validations=[{**SUM, "class_label": "invoice"}])
    assert outcome.stop == ""


def test_a_field_that_failed_fails_its_formulas(tmp_path: Path) -> None:
    """A formula that uses a failed field fails; without a message of its own it says why."""
    validation = {"expression": "total > 0"}
    outcome = run(tmp_path, {"a": [record("1", "1", "ERROR")]}, validations=[validation])
    assert "It uses the field 'total', which failed." in outcome.stop


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"validations": []}, "validations names no formula"),
        ({"validations": "x"}, r"Expected `array`, got `str` - at `\$.validations`"),
        (
            {"validations": [{"expression": "1 +"}]},
            "The expression of field '1 \\+' ends too early",
        ),
        ({"settings": {"straight_through": "maybe"}}, "straight_through is 'maybe'"),
        ({"reviewed": [{"fields": {}}]}, "missing required field `file_index`"),
    ],
)
def test_wrong_kwargs_are_refused_at_submission(
    tmp_path: Path, kwargs: dict[str, Any], message: str
) -> None:
    """A wrong checkpoint is told before the job starts, with the key or the formula."""
    with pytest.raises(InvalidRequest, match=message):
        run(tmp_path, {}, **kwargs)
