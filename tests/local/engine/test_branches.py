"""Metaflows, and all flows of a folder on the same input, with the platform's own steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.flow import RunFlows, RunMetaflow
from ibflow_nb.api.results import BatchResults
from ibflow_nb.local.engine.batch import read_batch_results
from ibflow_nb.local.limits import Limits

PROJECT = "me/my-repo/fs/Instabase Drive/project"
RULES = {"rules": [{"class": label, "any": [label]} for label in ("invoice", "receipt")]}
CLASSIFIER = {"type": "keywords", "classifier_text": json.dumps(RULES)}
READ = {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}}
PAGES = {
    "step_name": "process_files",
    "kwargs": {
        "process_type": "auto_to_txt",
        "settings": {"output_format_layout": "layout_per_page"},
    },
}


def refine(expression: str) -> dict[str, Any]:
    """Give the step of a refiner."""
    return {"step_name": "apply_refiner", "kwargs": {"refiner_path": f"{expression}.ibrefiner"}}


class Metaflow:
    """A project with a folder of flows, a classifier and some documents."""

    def __init__(self, platform: Any) -> None:
        self.platform = platform
        self.flows = platform.project / "workflows"
        self.flows.mkdir()
        (platform.project / "c.ibclassifier").write_text(json.dumps(CLASSIFIER))
        for name in ("total", "number"):
            field = {
                "desc": {"label": name},
                "req": {"expression": f"regex_search(INPUT_COL, '{name} (\\S+)', group=1)"},
            }
            (self.flows / f"{name}.ibrefiner").write_text(json.dumps({"fields": [field]}))

    def flow(self, name: str, *steps: dict[str, Any]) -> None:
        """Write a flow into the folder of flows."""
        (self.flows / f"{name}.ibflow").write_text(json.dumps({"steps": steps}))

    def request(self, **options: Any) -> RunMetaflow:
        """Give the request for the metaflow on the project's input."""
        return RunMetaflow(
            input_dir=f"{PROJECT}/data/input",
            flow_root_dir=f"/{PROJECT}/workflows",
            classifier_file_path=f"/{PROJECT}/c.ibclassifier",
            **options,
        )

    def run(self, **options: Any) -> str:
        """Run the metaflow to its end; give the job's id."""
        job_id = str(self.platform.engine.run_metaflow(self.request(**options)).job_id)
        assert self.platform.engine.wait(job_id, 60), self.platform.engine.status(job_id)
        return job_id

    def written(self, job_id: str) -> set[str]:
        """Give the record files of a job, relative to its output folder."""
        output: Path = self.platform.output(job_id)
        return {path.relative_to(output).as_posix() for path in output.rglob("*.ibdoc")}


@pytest.fixture
def metaflow(make_platform: Callable[..., Any]) -> Metaflow:
    """Give a project with flows for invoices and receipts, and a document of each."""
    limits = Limits(file_bytes=400)
    made = Metaflow(make_platform(steps_module="ibflow_nb.local.steps.registry", limits=limits))
    made.flow("invoice", READ, refine("number"))
    made.flow("receipt", READ, refine("total"))
    made.platform.files(a="invoice number 7", b="receipt total 12.50")
    return made


def test_each_file_goes_through_the_flow_of_its_class(metaflow: Metaflow) -> None:
    """The results are merged, with the class of each record; every flow has its own folder."""
    job_id = metaflow.run()
    assert metaflow.platform.status(job_id).status == "COMPLETE"
    records = metaflow.platform.records(job_id)
    assert [
        (r.file_name, r.classification_label, r.results[0].key, r.results[0].value) for r in records
    ] == [
        ("a.txt", "invoice", "number", "7"),
        ("b.txt", "receipt", "total", "12.50"),
    ]
    assert records[0].output_file_path.endswith("out/invoice/s2_apply_refiner/a.txt.ibdoc")


def test_a_document_is_read_once_for_flows_that_read_alike(metaflow: Metaflow) -> None:
    """A flow that begins with the same reading goes on with the record file that is there."""
    metaflow.flow("receipt", PAGES, refine("total"))
    metaflow.flow("other", READ)
    metaflow.platform.files(c="a letter")
    assert metaflow.written(metaflow.run()) == {
        "s1_process_files/a.txt.ibdoc",
        "s1_process_files/b.txt.ibdoc",
        "s1_process_files/c.txt.ibdoc",
        "s2_apply_classifier/a.txt.ibdoc",
        "s2_apply_classifier/b.txt.ibdoc",
        "s2_apply_classifier/c.txt.ibdoc",
        "invoice/s2_apply_refiner/a.txt.ibdoc",
        "receipt/s1_process_files/b.txt.ibdoc",
        "receipt/s2_apply_refiner/b.txt.ibdoc",
    }


def test_a_class_without_a_flow_goes_to_other(metaflow: Metaflow) -> None:
    """other.ibflow takes what no other flow takes; the record keeps its true class."""
    (metaflow.flows / "receipt.ibflow").unlink()
    metaflow.flow("other", READ, refine("total"))
    receipt = metaflow.platform.records(metaflow.run())[1]
    assert receipt.output_file_path.endswith("out/other/s2_apply_refiner/b.txt.ibdoc")
    assert receipt.classification_label == "receipt"


def test_a_file_without_any_flow_fails_and_names_its_class(metaflow: Metaflow) -> None:
    """It fails alone, whether it has no class or a class without a flow."""
    (metaflow.flows / "receipt.ibflow").unlink()
    metaflow.platform.files(c="a letter")
    job_id = metaflow.run()
    invoice, receipt, letter = metaflow.platform.records(job_id)
    assert invoice.status == "OK"
    assert receipt.error_msg == (
        "b.txt has the class 'receipt', and there is neither a flow receipt.ibflow nor"
        " other.ibflow for it."
    )
    assert letter.error_msg == ("c.txt has the class 'other', and there is no other.ibflow for it.")
    assert letter.classification_label == "other"
    assert metaflow.platform.status(job_id).run_summary.numRuntimeErrors == 2


def test_retry_takes_a_failed_file_up_again(metaflow: Metaflow) -> None:
    """A file that can be read by now is classified and goes through the flow of its class."""
    metaflow.platform.files(c="too large " * 50)
    job_id = metaflow.run()
    assert [r.status for r in metaflow.platform.records(job_id)] == ["OK", "OK", "ERROR"]
    metaflow.platform.files(c="invoice number 8")
    metaflow.platform.engine.retry(job_id)
    assert metaflow.platform.engine.wait(job_id, 60)
    assert metaflow.platform.records(job_id)[2].results[0].value == "8"


def test_a_metaflow_can_be_restarted(metaflow: Metaflow) -> None:
    """The restart classifies and runs again, under a new id."""
    first = metaflow.run(output_has_run_id=True)
    again = metaflow.platform.engine.restart(first)
    assert again.job_id != first
    assert metaflow.platform.engine.wait(again.job_id, 60)
    assert len(metaflow.platform.records(again.job_id)) == 2


def test_the_class_survives_a_split_into_pages(metaflow: Metaflow) -> None:
    """Records that lost their class on the way are merged with that of their file."""
    pages = {"step_name": "map_records", "kwargs": {"map_type": "page"}}
    metaflow.flow("invoice", READ, pages)
    metaflow.platform.files(a="invoice\fsecond page")
    records = metaflow.platform.records(metaflow.run())
    assert [r.classification_label for r in records] == ["invoice", "invoice", "receipt"]


def test_a_barrier_waits_for_its_own_branch_only(metaflow: Metaflow) -> None:
    """merge_files in one flow merges the files of that flow."""
    metaflow.flow("invoice", READ, {"step_name": "merge_files", "kwargs": {}})
    metaflow.platform.files(c="invoice number 9")
    job_id = metaflow.run()
    merged = metaflow.platform.output(job_id) / "invoice" / "s2_merge_files" / "out.ibdoc"
    texts = [record["text"] for record in json.loads(merged.read_text())]
    assert texts == ["invoice number 7", "invoice number 9"]


def test_the_binary_of_a_metaflow_is_kept(metaflow: Metaflow) -> None:
    """It holds the flows and the classifier, as a compiled one does."""
    job_id = metaflow.run()
    assert (metaflow.platform.output(job_id) / "workflows.ibflowbin").is_file()


def test_a_folder_without_flows_is_named(metaflow: Metaflow) -> None:
    """The sentence says what was looked for."""
    for flow in metaflow.flows.glob("*.ibflow"):
        flow.rename(flow.with_suffix(".txt"))
    with pytest.raises(InvalidRequest) as caught:
        metaflow.run()
    assert str(caught.value) == f"The folder '/{PROJECT}/workflows' holds no flow (.ibflow)."


def test_a_classifier_that_is_none_is_named(metaflow: Metaflow) -> None:
    """Absent or broken: one sentence with its path."""
    classifier = metaflow.platform.project / "c.ibclassifier"
    classifier.write_text("{")
    with pytest.raises(InvalidRequest, match="ibclassifier: The classifier file cannot be read"):
        metaflow.run()
    classifier.unlink()
    with pytest.raises(NotFound, match="no file or folder '/me/"):
        metaflow.run()


def test_all_flows_of_a_folder_run_on_the_same_input(metaflow: Metaflow) -> None:
    """Each flow has its own sub-folder; the results list every file once for each flow."""
    request = RunFlows(flow_root_dir=f"{PROJECT}/workflows", input_dir=f"{PROJECT}/data/input")
    started = metaflow.platform.engine.run_flows(request)
    assert metaflow.platform.engine.wait(started.job_id, 60)
    records = metaflow.platform.records(started.job_id)
    assert [(r.file_index, r.file_name, r.output_file_path.split("/out/")[1]) for r in records] == [
        (0, "a.txt", "invoice/s2_apply_refiner/a.txt.ibdoc"),
        (1, "b.txt", "invoice/s2_apply_refiner/b.txt.ibdoc"),
        (2, "a.txt", "receipt/s2_apply_refiner/a.txt.ibdoc"),
        (3, "b.txt", "receipt/s2_apply_refiner/b.txt.ibdoc"),
    ]
    assert metaflow.platform.status(started.job_id).total == 4
    again = metaflow.platform.engine.restart(started.job_id)
    assert metaflow.platform.engine.wait(again.job_id, 60)


def test_a_checkpoint_in_a_branch_stops_the_job_and_goes_on(metaflow: Metaflow) -> None:
    """Records that wait are those that were checked; after a resume the job completes."""
    check = {
        "step_name": "apply_checkpoint",
        "kwargs": {"validations": [{"expression": "total == '9'"}]},
    }
    metaflow.flow("receipt", READ, refine("total"), check)
    job_id = metaflow.run()
    assert metaflow.platform.status(job_id).status == "STOPPED_AT_CHECKPOINT"
    batch: BatchResults = read_batch_results(
        metaflow.platform.output(job_id) / "batch.ibflowresults"
    )
    assert batch.can_resume
    [waiting] = batch.results["1"].records
    assert waiting.ibocr_full_path.endswith("out/receipt/s3_apply_checkpoint/b.txt.ibdoc")


def test_a_checkpoint_in_a_branch_lets_the_other_branches_finish(make_platform: Any) -> None:
    """The job stops only once nothing else can go on; the other flow's records are there."""
    platform = make_platform(workers=1)
    platform.files(a="one", b="two")
    approval = platform.project / "approved"
    platform.flow("read", "extract", name="goes_on.ibflow")
    stop = {"name": "checkpoint", "approval": str(approval)}
    platform.flow("read", stop, name="stops.ibflow")  # its units come first: their steps are later
    request = RunFlows(flow_root_dir=PROJECT, input_dir=f"{PROJECT}/data/input")
    job_id = platform.engine.run_flows(request).job_id
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "STOPPED_AT_CHECKPOINT"
    assert [record.results[0].value for record in platform.records(job_id)[:2]] == ["3", "3"]
    approval.touch()
    platform.engine.resume(job_id)
    assert platform.engine.wait(job_id, 60)
    assert platform.status(job_id).status == "COMPLETE"


def test_progress_never_falls_in_flows_of_different_length(
    metaflow: Metaflow, until: Callable[..., None]
) -> None:
    """A file that is routed to a short flow has more of its way behind it, never less."""
    pages = {"step_name": "map_records", "kwargs": {}}
    metaflow.flow("invoice", READ, pages, pages, refine("number"))
    texts = {f"f{number}": ("invoice", "receipt", "letter")[number % 3] for number in range(9)}
    metaflow.platform.files(**texts)
    platform = metaflow.platform
    job_id = platform.engine.run_metaflow(metaflow.request()).job_id
    seen = [0.0]
    while not platform.engine.wait(job_id, 0.005):
        seen.append(platform.status(job_id).curProgress)
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert platform.status(job_id).curProgress == 1.0


def test_a_metaflow_goes_on_after_the_platform_was_stopped(
    metaflow: Metaflow, make_platform: Callable[..., Any], until: Callable[..., None]
) -> None:
    """Files go on in their branches; the records are those of an undisturbed run."""
    metaflow.platform.files(**{f"f{number}": f"invoice number {number}" for number in range(9)})
    undisturbed = metaflow.platform.records(metaflow.run(output_dir=f"{PROJECT}/first"))
    platform = metaflow.platform
    request = metaflow.request(output_dir=f"{PROJECT}/second")
    job_id = platform.engine.run_metaflow(request).job_id
    until(lambda: platform.status(job_id).index >= 3)
    platform.engine.stop(grace=0)
    again = make_platform(steps_module="ibflow_nb.local.steps.registry")
    assert again.engine.wait(job_id, 60)
    records = again.records(job_id)
    assert [(r.file_name, r.classification_label, r.results) for r in records] == [
        (r.file_name, r.classification_label, r.results) for r in undisturbed
    ]
