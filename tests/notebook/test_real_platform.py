"""Commands of a shell against the real embedded platform, with small text documents."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ibflow_nb.connecting import LOCAL_HOME

Run = Callable[[str], Any]
READ = {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}}
REFINE = {"step_name": "apply_refiner", "kwargs": {"refiner_path": "m.ibrefiner"}}
CHECK = {
    "step_name": "apply_checkpoint",
    "kwargs": {"validations": [{"name": "v", "expression": "total == '12.50'", "message": "No."}]},
}
REFINER = {
    "fields": [
        {
            "desc": {"label": "total", "outputType": "TEXT"},
            "req": {"expression": "regex_search(INPUT_COL, 'Total:? *([0-9.]+)', 1)"},
        }
    ]
}
RULES = {"rules": [{"class": "bill", "any": ["bill"]}, {"class": "receipt", "any": ["receipt"]}]}


@pytest.fixture
def run(shell: Any, ibflow_platform: Any, own_folders: Path) -> Run:
    """Give a function that runs a cell and gives its value; local files are laid out."""
    flow = own_folders / "flow"
    flow.mkdir()
    (flow / "m.ibrefiner").write_text(json.dumps(REFINER))
    (flow / "bill.ibflow").write_text(json.dumps({"steps": [READ, REFINE]}))
    (flow / "receipt.ibflow").write_text(json.dumps({"steps": [READ, REFINE]}))
    (own_folders / "checked.ibflow").write_text(json.dumps({"steps": [READ, REFINE, CHECK]}))
    (own_folders / "m.ibrefiner").write_text(json.dumps(REFINER))
    rules = {"type": "keywords", "version": "1.1", "classifier_text": json.dumps(RULES)}
    (own_folders / "c.ibclassifier").write_text(json.dumps(rules))
    docs = own_folders / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("Bill\nTotal: 12.50\n")
    (docs / "b.txt").write_text("Receipt\nTotal: 3.25\n")

    def run_cell(cell: str) -> Any:
        result = shell.run_cell(cell)
        result.raise_error()
        return result.result

    run_cell(f"client = %ibflow connect local --root '{ibflow_platform.root}'")
    shell.user_ns["home"] = LOCAL_HOME
    return run_cell


def totals(records: Any) -> dict[str, str]:
    """Give the total of each file."""
    frame = records.to_frame()
    return dict(zip(frame["file_name"], frame["total"], strict=True))


def test_local_flow_and_folder_are_uploaded_and_found_again(run: Run) -> None:
    """Run, tag, list, read the log to its end, restart, run the failed files again."""
    run("job = %ibflow run ./flow/bill.ibflow --input ./docs --tag july --wait --log-to-timeline")
    assert totals(run("%ibflow results")) == {"a.txt": "12.50", "b.txt": "3.25"}
    (listed,) = run("%ibflow jobs --tag july")
    assert listed.tags == ["july"]
    assert run("%ibflow jobs --tag august --state failed") is not None
    assert any("2" in line.log for line in run("%ibflow logs"))
    again = run("%ibflow restart --wait")
    assert again.id != listed.job_id
    assert run(f"%ibflow rerun {listed.job_id} --wait").state == "COMPLETE"


def test_a_log_is_followed_to_the_end(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of a running job are printed until it has ended."""
    job = run("%ibflow run ./flow/bill.ibflow --input ./docs --run-id --log-to-timeline")
    capsys.readouterr()
    assert run("%ibflow logs --follow") is None
    assert job.done
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("20")]
    assert len(lines) == len(job.logs())


def test_pause_resume_and_retry(run: Run, own_folders: Path) -> None:
    """A paused job stands still until it is resumed; its failed files run again."""
    for number in range(60):
        (own_folders / "docs" / f"{number}.txt").write_text(f"Total: {number}")
    (own_folders / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 no more")
    job = run("%ibflow run ./flow/bill.ibflow --input ./docs --run-id")
    run("%ibflow pause")
    assert run("%ibflow resume --wait").state == "COMPLETE"
    assert job.snapshot.error_files == 1
    for verb in ("retry", "rerun --failed"):
        assert run(f"%ibflow {verb} --wait").id == job.id
        assert job.snapshot.error_files == 1


def test_failed_files_alone_run_again(run: Run, own_folders: Path) -> None:
    """A file that was mended is read by 'rerun --failed', in the same job; no other is."""
    broken = own_folders / "docs" / "c.docx"
    broken.write_bytes(b"PK cut off")
    job = run("%ibflow run ./flow/bill.ibflow --input ./docs --run-id --log-to-timeline --wait")
    assert totals(job.records()[:2]) == {"a.txt": "12.50", "b.txt": "3.25"}
    assert [record.file_name for record in job.records().errors] == ["c.docx"]
    seen = len(job.logs())
    folder = next(one.input_dir for one in run("%ibflow jobs") if one.job_id == job.id)
    run("docx = __import__('docx').Document(); _ = docx.add_paragraph('Total: 8.75')")
    run(f"docx.save({str(broken)!r})")
    run(f"%ibflow files put ./docs/c.docx '{folder}/c.docx'")
    again = run(f"%ibflow rerun --failed {job.id} --wait")
    assert again.id == job.id
    assert totals(again.records()) == {"a.txt": "12.50", "b.txt": "3.25", "c.docx": "8.75"}
    assert not [line for line in again.logs(start=seen) if "a.txt" in line.log]


def test_jobs_are_awaited_together_and_watched(run: Run, shell: Any, own_folders: Path) -> None:
    """A cell gathers jobs, one of which another cell waited for; the board tells their ends."""
    run("%ibflow files put ./flow '$home/many'")
    for number in range(4):
        run(f"%ibflow files put ./docs '$home/many/{number}/input'")
    run("start = lambda n: client.flows.run(home + '/many/bill.ibflow',"
        " f'{home}/many/{n}/input', tags=['many'])")  # fmt: skip
    run("jobs = [start(number) for number in range(4)]")
    run("board = %ibflow jobs --watch --tag many --quiet")
    assert run("jobs[2].wait().state") == "COMPLETE"
    run("import asyncio\nends = await asyncio.gather(*jobs)")
    run("done, pending = await asyncio.wait([asyncio.ensure_future(job) for job in jobs])")
    assert {str(end.state) for end in shell.user_ns["ends"]} == {"COMPLETE"}
    assert len(shell.user_ns["done"]) == 4
    rows = run("(await board).snapshot.rows")
    assert {row.job.job_id for row in rows} == {job.id for job in shell.user_ns["jobs"]}
    assert {(row.job.state, row.job.done_files) for row in rows} == {("COMPLETE", 2)}


def test_a_timeout_of_asyncio_leaves_the_job_running(run: Run, shell: Any) -> None:
    """The wait ends, the job does not."""
    run("%ibflow files put ./docs '$home/slow/input'")
    for number in range(100):
        run(f"_ = client.files.write(f'{{home}}/slow/input/{number}.txt', b'Total: 1')")
    run("%ibflow files put ./flow '$home/slow'")
    run("job = client.flows.run(home + '/slow/bill.ibflow', home + '/slow/input')")
    run("job.pause()")
    error = shell.run_cell("import asyncio\nawait asyncio.wait_for(job, 0.3)").error_in_exec
    assert isinstance(error, TimeoutError)
    assert not run("job.refresh().done")
    run("job.resume()")
    assert run("(await job).state") == "COMPLETE"


def test_pipelines_are_listed_and_replaced(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A job's set is replaced and cleared."""
    run("%ibflow run ./flow/bill.ibflow --input ./docs --run-id --pipeline p1 --wait")
    job = run("%ibflow status").job_id
    run(f"%ibflow pipelines {job} --set p2 p3")
    assert {pipeline.id for pipeline in run("%ibflow pipelines")} >= {"p2", "p3"}
    capsys.readouterr()
    run("%ibflow pipelines --clear")
    assert capsys.readouterr().out.endswith(": none.\n")


def test_steps_by_index_and_by_themselves(run: Run) -> None:
    """A step by itself reads a local folder; the next reads what a run has left."""
    job = run(
        "%%ibflow step --wait\nstep_name: process_files\nkwargs:\n  input_folder: ./docs\n"
        "  output_folder: $home/stepped\n  process_type: auto_to_txt\n"
    )
    assert job.state == "COMPLETE"
    run("%ibflow files put ./flow '$home/steps'")
    run("%ibflow files put ./docs '$home/steps/input'")
    assert run("%ibflow step '$home/steps/bill.ibflow' 0 --wait").state == "COMPLETE"
    assert run("%ibflow step '$home/steps/bill.ibflow' 1 --wait").state == "COMPLETE"


def test_metaflow_and_all_flows_of_a_folder(run: Run) -> None:
    """Local flows and classifier are uploaded; each file goes to the flow of its class."""
    run("%ibflow metaflow ./flow --classifier ./c.ibclassifier --input ./docs --run-id --wait")
    labels = {r.file_name: r.classification_label for r in run("%ibflow results")}
    assert labels == {"a.txt": "bill", "b.txt": "receipt"}
    assert run("%ibflow flows ./flow --input ./docs --run-id --wait").state == "COMPLETE"


def test_approved_values_let_a_stopped_job_go_on(run: Run) -> None:
    """The reviewed value takes the place of the one that failed its validation."""
    job = run("%ibflow run ./checked.ibflow --input ./docs --run-id --wait")
    assert job.state == "STOPPED_AT_CHECKPOINT"
    run("%%ibflow approve --wait --reviewer me\n- file_index: 1\n  values: {total: '12.50'}\n")
    assert job.state == "COMPLETE"
    assert totals(run("%ibflow results")) == {"a.txt": "12.50", "b.txt": "12.50"}


def test_a_solution_from_content_to_records(run: Run, shell: Any, own_folders: Path) -> None:
    """Create, publish, install, list, run, run_sync in all its forms, complete, unpublish."""
    package = {"name": "Bills", "version": "1.0.0"}
    (own_folders / "flow" / "package.json").write_text(json.dumps(package))
    (own_folders / "flow" / "receipt.ibflow").unlink()
    run("package = %ibflow solution create ./flow '$home/packages'")
    run("%ibflow marketplace publish '$package'")
    run("%ibflow marketplace install Bills 1.0.0")
    (app,) = run("%ibflow marketplace list")
    assert (app.available_versions, app.installed_versions) == (["1.0.0"], ["1.0.0"])

    job = run("%ibflow solution run Bills 1.0.0 --input ./docs --run-id --tag s --wait")
    assert totals(job.records()) == {"a.txt": "12.50", "b.txt": "3.25"}
    job = run(
        "%%ibflow solution run --wait\nsolution_path: $package\ninput_folder: ./docs\n"
        "settings: {output_has_run_id: true}\n"
    )
    assert job.state == "COMPLETE"

    shell.user_ns["content"] = [("x.txt", b"Total: 7"), io.BytesIO(b"Total: 8")]
    assert totals(run("%ibflow run_sync Bills 1.0.0 ./docs/*.txt $content")) == {
        "a.txt": "12.50",
        "b.txt": "3.25",
        "x.txt": "7",
        "document_4": "8",
    }
    text = run("%ibflow run_sync --solution '$package' ./docs --no-cache --format csv")
    assert set(pd.read_csv(io.StringIO(text))["total"]) == {12.5, 3.25}
    assert totals(run("%%ibflow run_sync Bills 1.0.0\n./docs/a.txt\n$content\n"))["x.txt"] == "7"
    cell = "%%ibflow run_sync\nname: Bills\nversion: 1.0.0\nfiles: [./docs/a.txt, '{content[0]}']"
    assert totals(run(cell)) == {"a.txt": "12.50", "x.txt": "7"}
    run("%ibflow marketplace unpublish Bills 1.0.0")
    assert run("%ibflow marketplace list")[0].available_versions == []


def test_run_sync_refuses_in_one_sentence(run: Run, shell: Any) -> None:
    """What cannot be sent, or is not known, is told at once."""
    for line, sentence in (
        ("run_sync Bills 1.0.0", "no documents to send"),
        ("run_sync Bills 1.0.0 ./nowhere.pdf", "There is no local file './nowhere.pdf'."),
        ("run_sync Nobody 1.0.0 ./docs", "Nobody"),
        ("run_sync Bills ./docs", "after NAME VERSION"),
        ("run_sync Bills 1.0.0 ./docs --format xml", "The format can be json or csv."),
    ):
        result = shell.run_cell(f"%ibflow {line}")
        assert sentence in str(result.error_in_exec)
