"""The steps apply_classifier, filter and merge_files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.record import Classification, Record, load_records, save_records
from ibflow_nb.local.steps.apply_classifier import ApplyClassifier
from ibflow_nb.local.steps.base import BatchItem, Outcome, StepError, Task
from ibflow_nb.local.steps.filter import Filter
from ibflow_nb.local.steps.merge_files import MergeFiles

RULES = {"rules": [{"class": label, "any": [label]} for label in ("invoice", "letter")]}
CLASSIFIER = json.dumps({"type": "keywords", "classifier_text": json.dumps(RULES)})
MODULES = {"classifier_path": CLASSIFIER}
Make = Callable[..., Task]


@pytest.fixture
def make_task(tmp_path: Path) -> Make:
    """Make a task for records with these texts; each text is one record, a list its pages."""

    def make(records: list[Record], name: str = "a.pdf", **kwargs: Any) -> Task:
        source = tmp_path / "me/repo/fs/Drive/in" / name
        records_file = tmp_path / "out" / "s1_process_files" / f"{name}.ibdoc"
        save_records(records_file, records)
        return Task(
            job_id="job",
            step="",
            kwargs=kwargs,
            modules=MODULES,
            source=str(source),
            input=str(records_file),
            name=name,
            index=0,
            output_dir=str(tmp_path / "out" / "s2_step"),
            drive_path=f"me/repo/fs/Drive/in/{name}",
        )

    return make


def record(*pages: str, label: str = "") -> Record:
    """Make a record of pages of text, classified if a label is given."""
    made = compose([page_from_text(text, number) for number, text in enumerate(pages)])
    made.classification_payload = Classification(label, 0.9) if label else None
    return made


def classes(outcome: Outcome) -> list[str]:
    """Give the classes of the records that a step wrote."""
    payloads = [item.classification_payload for item in load_records(Path(outcome.output))]
    return [payload.class_label for payload in payloads if payload]


def test_each_record_gets_its_class(make_task: Make) -> None:
    """Records are labelled in place, those of no class as other."""
    outcome = ApplyClassifier().run(make_task([record("an invoice"), record("nothing")]))
    assert classes(outcome) == ["invoice", "other"]
    assert load_records(Path(outcome.output))[0].classification_payload == Classification(
        "invoice", 1.0
    )


def test_a_whole_file_has_one_class(make_task: Make) -> None:
    """All records get the class of the file; single records would be of several."""
    texts = ("invoice", "nothing")
    records = [compose([page_from_text(text, number)]) for number, text in enumerate(texts)]
    single = ApplyClassifier().run(make_task(records))
    assert (classes(single), single.route) == (["invoice", "other"], "")
    whole = ApplyClassifier().run(make_task(records, settings={"whole_file": "yes"}))
    assert (classes(whole), whole.route) == (["invoice", "invoice"], "invoice")
    assert [item.text for item in load_records(Path(whole.output))] == ["invoice", "nothing"]


def test_a_whole_file_cannot_be_split_too() -> None:
    """The two settings contradict each other."""
    kwargs = {
        "classifier_path": "c",
        "settings": {"whole_file": "yes", "split_inputs": "yes"},
    }
    with pytest.raises(InvalidRequest, match="exclude each other"):
        ApplyClassifier().check(kwargs, MODULES)


def test_filter_classes_lets_only_these_go_on(make_task: Make) -> None:
    """The setting is a list with commas; empty means all."""
    records = [record("invoice"), record("letter"), record("nothing")]
    task = make_task(records, settings={"filter_classes": "letter, other", "split_inputs": "no"})
    assert classes(ApplyClassifier().run(task)) == ["letter", "other"]


def test_split_inputs_joins_neighbouring_pages_of_one_class(
    make_task: Make, tmp_path: Path
) -> None:
    """Pages are classified one by one; runs of a class become records and PDFs."""
    task = make_task([record("invoice 1", "invoice 2", "letter")], settings={"split_inputs": "yes"})
    Path(task.source).parent.mkdir(parents=True)
    with pdfium.PdfDocument.new() as document:
        for _ in range(3):
            document.new_page(100, 100)
        document.save(task.source)
    outcome = ApplyClassifier().run(task)
    assert classes(outcome) == ["invoice", "letter"]
    assert [item.pages for item in load_records(Path(outcome.output))] == [[0, 1], [2]]
    folder = tmp_path / "out/s2_step/labeled_outputs"
    with pdfium.PdfDocument(folder / "invoice" / "a.pdf.invoice-1-2.pdf") as part:
        assert len(part) == 2
    assert (folder / "letter" / "a.pdf.letter-3-3.pdf").exists()


def test_split_inputs_cuts_tiff_files(make_task: Make, tmp_path: Path) -> None:
    """The pages of a TIFF are written as PDFs too."""
    task = make_task([record("letter", "invoice")], "a.tif", settings={"split_inputs": "yes"})
    Path(task.source).parent.mkdir(parents=True)
    frames = [Image.new("L", (20, 20), grey) for grey in (0, 255)]
    frames[0].save(task.source, save_all=True, append_images=frames[1:])
    assert ApplyClassifier().run(task).log == []
    assert (tmp_path / "out/s2_step/labeled_outputs/letter/a.tif.letter-1-1.pdf").exists()


@pytest.mark.parametrize("content", [None, b"%PDF-1.7 broken", b"text"])
def test_a_source_that_cannot_be_cut_is_told_in_the_log(
    content: bytes | None, make_task: Make
) -> None:
    """Records are made all the same."""
    task = make_task([record("letter")], settings={"split_inputs": "yes"})
    if content is not None:
        Path(task.source).parent.mkdir(parents=True)
        Path(task.source).write_bytes(content)
    outcome = ApplyClassifier().run(task)
    assert classes(outcome) == ["letter"]
    assert len(outcome.log) == 1


@pytest.mark.parametrize(
    ("kwargs", "modules", "reason"),
    [
        ({}, {}, "classifier_path"),
        ({"classifier_path": "c.ibclassifier"}, {"classifier_path": "{}"}, "c.ibclassifier"),
        ({"settings": {"split_inputs": "maybe"}}, MODULES, "split_inputs"),
        ({"settings": {"filter_classes": 5}}, MODULES, "filter_classes"),
        ({"settings": "x"}, MODULES, "settings"),
    ],
)
def test_a_wrong_classifier_step_is_refused_by_name(
    kwargs: dict[str, Any], modules: dict[str, str], reason: str
) -> None:
    """The sentence names the key or the file."""
    with pytest.raises(InvalidRequest, match=reason):
        ApplyClassifier().check(kwargs, modules)


def test_filter_keeps_the_named_classes(make_task: Make) -> None:
    """Records of other classes go no further."""
    records = [record("a", label="x"), record("b", label="y"), record("c")]
    task = make_task(records, settings={"filter_classes": "x,other"})
    assert [item.text for item in load_records(Path(Filter().run(task).output))] == ["a", "c"]


def test_filter_can_exclude(make_task: Make) -> None:
    """With exclude the named classes are those that go."""
    records = [record("a", label="x"), record("b", label="y")]
    task = make_task(records, settings={"filter_classes": ["x"], "exclude": "yes"})
    assert classes(Filter().run(task)) == ["y"]


def test_a_file_that_loses_all_records_is_dropped(make_task: Make) -> None:
    """It has no output, so that later steps do not see it."""
    outcome = Filter().run(make_task([record("a")], settings={"filter_classes": "x"}))
    assert outcome.output == ""


def test_a_filter_without_classes_is_refused() -> None:
    """A filter that names nothing would drop every record."""
    with pytest.raises(InvalidRequest, match="filter_classes"):
        Filter().check({"settings": {"filter_classes": " , "}}, {})


def test_merged_records_keep_their_file(make_task: Make, tmp_path: Path) -> None:
    """All records are in out.ibdoc, and each file goes on with its own."""
    tasks = [make_task([record("a"), record("b")], "1.txt"), make_task([record("c")], "2.txt")]
    items = [BatchItem(index, task.name, task.input) for index, task in enumerate(tasks)]
    batch = make_task([], "unused")
    batch.items = items
    outcome = MergeFiles().run(batch)
    merged = tmp_path / "out/s2_step/out.ibdoc"
    assert [item.text for item in load_records(merged)] == ["a", "b", "c"]
    assert outcome.outputs == {"0": tasks[0].input, "1": tasks[1].input}
    assert outcome.record_counts == {"0": 2, "1": 1}


def test_a_damaged_record_file_leaves_no_merged_one(make_task: Make, tmp_path: Path) -> None:
    """Merging names the file at fault and writes nothing."""
    task = make_task([record("a")], "1.txt")
    Path(task.input).write_bytes(b"[{")
    task.items = [BatchItem(0, "1.txt", task.input)]
    with pytest.raises(StepError, match=r"1\.txt"):
        MergeFiles().run(task)
    assert not (tmp_path / "out/s2_step/out.ibdoc").exists()
