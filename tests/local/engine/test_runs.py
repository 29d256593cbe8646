"""Runs from submission to records."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.results import BatchResults, ResultsQuery
from ibflow_nb.local.limits import Limits


def test_a_run_gives_a_record_for_each_file(platform: Any) -> None:
    """Each input file goes through all steps and ends as a record with its fields."""
    platform.files(a="one", b="three")
    job_id = platform.run()
    assert platform.status(job_id).status == "COMPLETE"
    records = platform.records(job_id)
    assert [(r.file_name, r.file_index, r.results[0].value) for r in records] == [
        ("a.txt", 0, "3"),
        ("b.txt", 1, "5"),
    ]


def test_each_step_writes_into_its_own_folder(platform: Any) -> None:
    """Step output goes to ``s<n>_<name>``, under the input's own name."""
    platform.files(a="one")
    output = platform.output(platform.run())
    assert output == platform.project / "data" / "out"
    assert (output / "s1_read" / "a.txt.ibdoc").is_file()
    assert (output / "s2_extract" / "a.txt.ibdoc").is_file()


def test_records_name_their_record_file_by_drive_path(platform: Any) -> None:
    """``output_file_path`` is the drive path of the last step's ``.ibdoc``."""
    platform.files(a="one")
    (record,) = platform.records(platform.run())
    assert record.output_file_path.startswith("me/my-repo/fs/Instabase Drive/project/data/out/s2_")
    assert platform.drive.resolve(record.output_file_path).is_file()


def test_files_in_sub_folders_keep_their_relative_names(platform: Any) -> None:
    """Files are found recursively and named relative to the input folder."""
    (platform.input / "2024" / "may").mkdir(parents=True)
    (platform.input / "2024" / "may" / "x.txt").write_text("deep")
    (record,) = platform.records(platform.run())
    assert record.file_name == "2024/may/x.txt"


def test_hidden_files_and_outputs_of_earlier_runs_are_not_read(platform: Any) -> None:
    """Hidden and temporary files, and folders that hold results, are no input."""
    platform.files(a="one")
    (platform.input / ".hidden.txt").write_text("no")
    (platform.input / ".ibflow-x1").write_text("no")
    first = f"{platform.drive.path_of(platform.input)}/out"
    platform.run(output_dir=first)
    job_id = platform.run(output_dir=first)
    assert [record.file_name for record in platform.records(job_id)] == ["a.txt"]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("UNREADABLE", "bad.txt is not readable."),
        ("BUG", "read failed on bad.txt: KeyError: 'a bug'"),
        ("CRASH", "died (signal SIGSEGV), 3 times in a row"),
        ("MEMORY", "GiB of memory a worker may use"),
    ],
)
def test_a_file_that_fails_fails_alone(platform: Any, word: str, reason: str) -> None:
    """The others succeed; the failed file is one record with status ERROR and its reason."""
    platform.files(bad=word, good="fine")
    job_id = platform.run()
    bad, good = platform.records(job_id)
    assert (bad.file_name, bad.file_index, bad.record_index) == ("bad.txt", 0, 0)
    assert (bad.status, bad.results) == ("ERROR", [])
    assert reason in bad.error_msg
    assert good.status == "OK"
    reply = platform.engine.status(job_id)
    assert reply.results[0].status == "OK"
    assert platform.status(job_id).run_summary.numRuntimeErrors == 1


def test_a_job_without_any_good_file_fails_with_the_reason(platform: Any) -> None:
    """When every file failed, the job FAILED and says why; the records are there."""
    platform.files(a="UNREADABLE", b="UNREADABLE")
    job_id = platform.run()
    reply = platform.engine.status(job_id)
    assert platform.status(job_id).status == "FAILED"
    assert reply.results[0].status == "ERROR"
    assert "None of the 2 files" in reply.results[0].msg
    assert len(platform.records(job_id)) == 2


def test_a_worker_that_dies_once_is_forgiven(platform: Any) -> None:
    """A unit whose worker died is tried again, and the log says so."""
    platform.files(a="CRASHONCE")
    job_id = platform.run()
    assert platform.status(job_id).status == "COMPLETE"
    assert "it is tried again" in platform.log(job_id)


def test_the_settings_say_how_often_a_unit_is_tried(make_platform: Any) -> None:
    """With one attempt a file fails at the first death of its worker."""
    platform = make_platform(limits=Limits(attempts=1))
    platform.flow("read")
    platform.files(a="CRASHONCE")
    (record,) = platform.records(platform.run())
    assert record.error_msg.endswith("its worker process died (signal SIGKILL).")


def test_a_full_disk_fails_the_job_with_that_reason(platform: Any) -> None:
    """No space left is the job's fault, not one file's."""
    platform.files(a="FULL", b="fine")
    job_id = platform.run()
    assert platform.status(job_id).status == "FAILED"
    assert os.strerror(errno.ENOSPC) in platform.engine.status(job_id).msg


def test_an_output_that_cannot_be_made_fails_the_job(platform: Any) -> None:
    """A file in the place of a parent folder is told as the job's reason."""
    platform.files(a="x")
    blocker = platform.project / "blocked"
    blocker.write_text("a file")
    path = platform.drive.path_of(blocker)
    job_id = platform.run(output_dir=f"{path}/out")
    assert platform.status(job_id).status == "FAILED"
    assert "cannot be written" in platform.engine.status(job_id).msg


def test_a_large_file_is_read_in_parts_and_joined(platform: Any) -> None:
    """Pages of one file are units of their own; the joined record is in order."""
    platform.flow("read")
    platform.files(a="one\ftwo\fthree")
    (record,) = platform.records(platform.run(), options={"include_page_layouts": True})
    assert record.page_range.end_page == 3
    text = platform.drive.resolve(record.output_file_path).read_text()
    assert "one\\ftwo\\fthree" in text


def test_a_part_that_fails_fails_its_file(platform: Any) -> None:
    """One bad page range gives the file's reason; no join is tried."""
    platform.files(a="one\fUNREADABLE\fthree", b="fine")
    bad, good = platform.records(platform.run())
    assert bad.error_msg == "a.txt is not readable."
    assert good.status == "OK"


def test_a_batch_step_waits_for_all_files(platform: Any) -> None:
    """A batch step sees the records of every file that has not failed, in order."""
    platform.flow("read", "merge")
    platform.files(a="one", b="UNREADABLE", c="three")
    job_id = platform.run()
    records = platform.records(job_id)
    assert [(r.file_index, r.record_index, r.status) for r in records] == [
        (0, 0, "OK"),
        (0, 1, "OK"),
        (1, 0, "ERROR"),
    ]


def test_a_dropped_file_has_no_records(platform: Any) -> None:
    """A step may drop a file: it is done, without records and without error."""
    platform.files(a="drop it", b="keep it")
    job_id = platform.run()
    assert [r.file_name for r in platform.records(job_id)] == ["b.txt"]
    assert platform.status(job_id).run_summary.numRuntimeErrors == 0


def test_the_results_file_has_the_documented_shape(platform: Any) -> None:
    """``batch.ibflowresults`` maps file indexes to records with status and path."""
    platform.files(a="one", b="UNREADABLE")
    job_id = platform.run()
    content = (platform.output(job_id) / "batch.ibflowresults").read_bytes()
    batch = msgspec.json.decode(content, type=BatchResults)
    assert batch.job_id == job_id
    assert batch.binary_path.endswith("out/flow.ibflowbin")
    assert batch.results["0"].records[0].ibocr_full_path.endswith("s2_extract/a.txt.ibdoc")
    assert batch.results["1"].records[0].status == "ERROR"


def test_hidden_fields_and_regions_come_on_request(platform: Any) -> None:
    """Internal keys, provenance, layouts and checkpoint results are options."""
    platform.files(a="one")
    job_id = platform.run()
    (plain,) = platform.records(job_id)
    assert [field.key for field in plain.results] == ["length"]
    assert plain.results[0].provenance is None
    assert (plain.layout, plain.checkpoint_results) == (None, None)
    options = {
        "include_page_layouts": True,
        "include_checkpoint_results": True,
        "refined_phrases_features": ["provenance_info", "internal_keys"],
    }
    (full,) = platform.records(job_id, options=options)
    assert [field.key for field in full.results] == ["length", "__internal"]
    region = full.results[0].provenance.extracted_regions[0]
    assert (region.index, region.bounding_poly.top_x, region.bounding_poly.bottom_y) == (0, 1, 4)
    assert full.layout.page_layouts[0].processed_image_path.endswith("s2_extract/images/0.jpg")
    assert full.checkpoint_results == {}
    assert (full.classification_label, full.class_score) == ("note", 0.9)


def test_results_come_twenty_files_a_page(platform: Any) -> None:
    """``file_offset`` and ``has_more`` walk through the files of a run."""
    platform.flow("read")
    platform.files(**{f"f{number:02}": "x" for number in range(23)})
    output = platform.drive.path_of(platform.output(platform.run()))
    query = {"ibresults_path": f"{output}/batch.ibflowresults"}
    first = platform.engine.results(msgspec.convert(query, ResultsQuery))
    assert (len(first.records), first.has_more) == (20, True)
    rest = platform.engine.results(msgspec.convert({**query, "file_offset": 20}, ResultsQuery))
    assert ([r.file_index for r in rest.records], rest.has_more) == ([20, 21, 22], False)


def test_a_file_that_is_no_results_file_is_refused(platform: Any) -> None:
    """The path of a flow instead of its results is an error, not a run without records."""
    platform.files(a="one")
    job_id = platform.run()
    output = platform.drive.path_of(platform.output(job_id))
    (platform.output(job_id) / "other.json").write_text('{"steps": []}')
    query = msgspec.convert({"ibresults_path": f"{output}/other.json"}, ResultsQuery)
    with pytest.raises(InvalidRequest, match=r"other\.json is no results file"):
        platform.engine.results(query)


def test_a_record_file_that_is_gone_is_told(platform: Any) -> None:
    """Results of a run whose output was deleted name the file that is missing."""
    platform.files(a="one")
    job_id = platform.run()
    (platform.output(job_id) / "s2_extract" / "a.txt.ibdoc").unlink()
    (record,) = platform.records(job_id)
    assert record.status == "ERROR"
    assert "a.txt.ibdoc" in record.error_msg


def test_a_flow_changed_after_submission_changes_nothing(
    platform: Any, tmp_path: Path, until: Any
) -> None:
    """What a job does is fixed when it is submitted."""
    gate = tmp_path / "gate"
    platform.flow({"name": "read", "gate": str(gate)}, "extract")
    platform.files(a="one")
    job_id = platform.submit()
    platform.flow("read")
    gate.touch()
    assert platform.engine.wait(job_id, 60)
    assert platform.records(job_id)[0].results[0].value == "3"


def test_a_step_that_answers_nonsense_fails_its_job_only(platform: Any) -> None:
    """The job says which step it was; the platform goes on."""
    platform.flow("read", {"name": "merge", "nonsense": True})
    platform.files(a="one")
    job_id = platform.run()
    assert platform.status(job_id).status == "FAILED"
    assert "The answer of merge makes no sense" in platform.engine.status(job_id).msg
    platform.flow("read")
    assert platform.status(platform.run()).status == "COMPLETE"


def test_an_output_folder_that_is_turned_into_a_link_fails_its_job_only(
    platform: Any, tmp_path: Path, until: Any
) -> None:
    """The results are not written outside of the drive; the platform goes on."""
    gate = tmp_path / "gate"
    platform.flow({"name": "read", "gate": str(gate)})
    platform.files(a="x")
    output = platform.project / "linked"
    path = platform.drive.path_of(output)
    job_id = platform.submit(output_dir=path)
    until(lambda: platform.status(job_id).step == "read")
    outside = tmp_path / "outside"
    output.rename(outside)
    output.symlink_to(outside)
    gate.touch()
    assert platform.engine.wait(job_id, 60)
    assert platform.engine.status(job_id).msg == (
        f"The results cannot be written: The path '{path}' leads out of the drive."
    )
    assert not (outside / "batch.ibflowresults").exists()
    platform.flow("read")
    assert platform.status(platform.run()).status == "COMPLETE"
