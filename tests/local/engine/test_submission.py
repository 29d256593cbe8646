"""What is refused at submission, and where a run writes."""

from __future__ import annotations

import os
import re
import shutil
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.engine import submission


@pytest.fixture
def project(platform: Any) -> Any:
    """Give a platform with one input file."""
    platform.files(a="one")
    return platform


def path(platform: Any, *parts: str) -> str:
    """Give the drive path of something in the project."""
    return platform.drive.path_of(platform.project.joinpath(*parts))


def no_jobs(platform: Any) -> bool:
    """Tell whether nothing was stored."""
    return not platform.engine._ledger.query("SELECT 1 FROM job")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "is not valid JSON"),
        (b"\xff\xfe\x00", "is not valid JSON"),
        (b"[]", "must be an object"),
        (b"{}", "'steps' is missing"),
        (b'{"steps": []}', "has no steps"),
        (b'{"steps": [{}]}', "Step 1 of flow.ibflow has no option.internalName"),
        (b'{"steps": [{"step_name": "fly"}]}', "no flow step 'fly'"),
        (b'{"steps": [{"step_name": 5}]}', "must be a string"),
        (b'{"steps": [{"step_name": "read", "kwargs": {"wrong": 1}}]}', "'wrong' must not"),
        (
            b'{"steps": [{"step_name": "read", "kwargs": {"words_path": "no.txt"}}]}',
            "words_path 'no.txt' does not exist",
        ),
        (b'{"steps": [{"step_name": "read"}], "rootDir": "../../../../../../.."}', "leads out"),
        (b'{"steps": [{"step_name": "read"}], "rootDir": "\\u0000"}', "rootDir"),
    ],
)
def test_a_flow_that_cannot_run_is_refused_in_one_sentence(
    project: Any, content: bytes, sentence: str
) -> None:
    """Broken flow files, unknown steps, wrong kwargs and missing modules store no job."""
    (project.project / "flow.ibflow").write_bytes(content)
    with pytest.raises(InvalidRequest, match=re.escape(sentence)) as caught:
        project.submit()
    assert "\n" not in str(caught.value)
    assert no_jobs(project)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"ibflow_path": "me/none.ibflow"}, NotFound, "me/none.ibflow"),
        ({"input_dir": "me/none"}, NotFound, "me/none"),
        ({"input_dir": "../up"}, InvalidRequest, "'..'"),
        ({"output_dir": "../up"}, InvalidRequest, "'..'"),
        ({"step_timeout": -2}, InvalidRequest, "step_timeout"),
        ({"tags": [" "]}, InvalidRequest, "tags"),
        ({"notification_emails": ["nobody"]}, InvalidRequest, "'nobody'"),
        ({"webhook_config": {"url": "ftp://x/y"}}, InvalidRequest, "webhook_config.url"),
        (
            {"webhook_config": {"url": "http://x/", "headers": {"A B": "c"}}},
            InvalidRequest,
            "'A B'",
        ),
    ],
)
def test_wrong_options_are_refused(
    project: Any, options: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    """Each refusal names what is wrong, and stores no job."""
    with pytest.raises(error, match=re.escape(sentence)):
        project.submit(**options)
    assert no_jobs(project)


def test_an_input_that_is_a_file_is_refused(project: Any) -> None:
    """``input_dir`` must be a folder."""
    with pytest.raises(InvalidRequest, match="is a file, not a folder"):
        project.submit(input_dir=path(project, "flow.ibflow"))


def test_an_empty_input_folder_is_refused(platform: Any) -> None:
    """A run without files is a mistake that is told at once."""
    with pytest.raises(InvalidRequest, match="holds no files"):
        platform.submit()


def test_run_ids_go_beside_the_input_folder(project: Any) -> None:
    """``output_has_run_id`` gives ``run_<user>/<time>/<job_id>/out`` (Flow API document)."""
    submitted = project.engine.run_flow(project.request(output_has_run_id=True))
    assert re.fullmatch(
        re.escape(path(project, "data"))
        + r"/run_local/\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d/"
        + submitted.job_id
        + "/out",
        submitted.output_folder,
    )


def test_run_ids_go_into_the_output_dir_when_there_is_one(project: Any) -> None:
    """With ``output_dir`` the run's folder is made in it."""
    request = project.request(output_has_run_id=True, output_dir=path(project, "results"))
    assert project.engine.run_flow(request).output_folder.startswith(
        path(project, "results") + "/run_local/"
    )


def test_delete_out_dir_empties_the_output_first(project: Any) -> None:
    """What an earlier run left is gone; without it, it stays."""
    old = project.project / "data" / "out" / "deep" / "old.txt"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    project.run()
    assert old.exists()
    job_id = project.run(delete_out_dir=True)
    assert not old.exists()
    assert len(project.records(job_id)) == 1


def test_delete_out_dir_does_nothing_with_run_ids(project: Any) -> None:
    """With ``output_has_run_id`` nothing is deleted."""
    old = project.project / "results" / "old.txt"
    old.parent.mkdir()
    old.write_text("old")
    project.run(delete_out_dir=True, output_has_run_id=True, output_dir=path(project, "results"))
    assert old.exists()


def test_the_input_folder_as_output_is_refused(project: Any) -> None:
    """A later run would read the output as input."""
    with pytest.raises(InvalidRequest, match="must not be the input folder"):
        project.submit(output_dir=path(project, "data", "input"))


@pytest.mark.parametrize("folder", [("data",), ()])
def test_delete_out_dir_never_deletes_input_or_flow(project: Any, folder: tuple[str, ...]) -> None:
    """It is refused for a folder that holds the input or the flow, and nothing is lost."""
    with pytest.raises(InvalidRequest, match="delete_out_dir is refused"):
        project.submit(output_dir=path(project, *folder), delete_out_dir=True)
    assert (project.input / "a.txt").read_text() == "one"
    assert (project.project / "flow.ibflow").exists()
    assert no_jobs(project)


def test_a_refused_run_deletes_nothing(project: Any) -> None:
    """A flow that cannot be read is refused before anything is touched."""
    old = project.project / "data" / "out" / "old.txt"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    (project.project / "flow.ibflow").write_text("{")
    with pytest.raises(InvalidRequest):
        project.submit(delete_out_dir=True)
    assert old.exists()


def test_two_live_runs_into_one_output_are_refused(project: Any, tmp_path: Path) -> None:
    """The second is refused by name of the first; once that has ended it is taken."""
    gate = tmp_path / "gate"
    project.flow({"name": "read", "gate": str(gate)})
    first = project.submit()
    with pytest.raises(InvalidRequest, match=f"Job {first} still writes"):
        project.submit()
    with pytest.raises(InvalidRequest, match=f"job {first} still writes"):
        project.submit(output_dir=path(project, "data", "out", "s1_read"), delete_out_dir=True)
    gate.touch()
    assert project.engine.wait(first, 60)
    project.run()


def test_a_folder_that_is_about_to_be_emptied_takes_no_other_run(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run into a folder below it would lose its records, if the platform died meanwhile."""
    emptying, gate = threading.Event(), threading.Event()
    real = submission.clear_folder

    def clear(*arguments: Any) -> None:
        emptying.set()
        assert gate.wait(60)
        real(*arguments)

    monkeypatch.setattr(submission, "clear_folder", clear)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(project.submit, delete_out_dir=True)
        assert emptying.wait(60)
        below = path(project, "data", "out", "below")
        with pytest.raises(InvalidRequest, match=r"is about to empty: try again in a moment\."):
            project.submit(output_dir=below)
        gate.set()
        assert project.engine.wait(first.result(), 60)
    project.run(output_dir=below)


def test_the_flow_binary_is_kept_in_the_output(project: Any) -> None:
    """``<flow>.ibflowbin`` is a zip of the flow and its modules, equal bytes for equal flows."""
    (project.project / "words.txt").write_text("module")
    project.flow({"name": "read", "words_path": "words.txt"})
    binary = project.output(project.run()) / "flow.ibflowbin"
    first = binary.read_bytes()
    with zipfile.ZipFile(binary) as archive:
        assert archive.namelist() == ["binary.json", "flow.ibflow", "words.txt"]
        assert archive.read("words.txt") == b"module"
    assert (project.output(project.run()) / "flow.ibflowbin").read_bytes() == first


def test_no_binary_is_kept_when_not_wanted(project: Any) -> None:
    """``save_binary_to_output: false`` leaves it out."""
    job_id = project.run(save_binary_to_output=False)
    assert not list(project.output(job_id).glob("*.ibflowbin"))


def test_encoded_paths_in_a_body_are_decoded_once(project: Any) -> None:
    """``Instabase%20Drive`` finds the drive with a space, for input, flow and output."""
    encoded = {
        key: value.replace(" ", "%20")
        for key, value in {
            "ibflow_path": "/" + path(project, "flow.ibflow"),
            "input_dir": "/" + path(project, "data", "input"),
            "output_dir": "/" + path(project, "fresh"),
        }.items()
    }
    assert project.output(project.run(**encoded)) == project.project / "fresh"


def test_pipelines_are_stored_and_can_be_replaced(project: Any) -> None:
    """A job's pipelines are those it was submitted with, until they are replaced."""
    job_id = project.run(pipeline_ids=["p1", "p2"])
    assert project.engine.pipelines() == ["p1", "p2"]
    project.engine.set_pipelines(job_id, ["p3"])
    assert project.engine.pipelines() == ["p3"]


@pytest.mark.parametrize("target", ["outside", "state", "through a link"])
def test_links_to_what_is_not_the_drives_are_not_read(
    project: Any, tmp_path: Path, target: str
) -> None:
    """A link in the input folder that leads out of the root or into the state is passed over."""
    hidden = {
        "outside": tmp_path / "secret.txt",
        "state": project.drive.state / "secret.txt",
        "through a link": project.input.parent / "state" / "secret.txt",
    }[target]
    (project.input.parent / "state").symlink_to(project.drive.state)
    hidden.write_text("secret")
    (project.input / "link.txt").symlink_to(hidden)
    assert [record.file_name for record in project.records(project.run())] == ["a.txt"]


def test_links_to_other_files_of_the_drive_are_read(project: Any) -> None:
    """A link that stays on the drive is as good as a file."""
    (project.project / "b.txt").write_text("text")
    (project.input / "link.txt").symlink_to(project.project / "b.txt")
    files = [record.file_name for record in project.records(project.run())]
    assert files == ["a.txt", "link.txt"]


def test_a_file_name_that_is_no_text_is_refused(project: Any) -> None:
    """Names that are not UTF-8 cannot be told over the API."""
    (Path(os.fsdecode(os.fsencode(project.input) + b"/\xff.txt"))).write_text("x")
    with pytest.raises(InvalidRequest, match="not valid UTF-8"):
        project.submit()


def test_a_binary_that_would_leave_the_drive_fails_its_job(project: Any, tmp_path: Path) -> None:
    """A link in the output folder is not followed; the job ends and leaves the folder free."""
    out = project.project / "data" / "out"
    out.mkdir()
    (out / "flow.ibflowbin").symlink_to(tmp_path / "outside")
    job_id = project.run()
    assert project.status(job_id).status == "FAILED"
    assert "output folder cannot be written" in project.log(job_id)
    assert not (tmp_path / "outside").exists()


def test_a_job_whose_folder_has_left_the_drive_ends_at_the_next_start(
    make_platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform starts all the same, whether it died before or after it made the folder."""
    first = make_platform(root=tmp_path / "root")
    first.flow({"name": "read", "gate": str(tmp_path / "gate")})
    first.files(a="x")
    begun = first.submit(output_dir=f"{first.drive.path_of(first.project)}/begun")
    monkeypatch.setattr(first.engine._submitter, "_prepare", lambda *_: None)
    stored = first.submit(output_dir=f"{first.drive.path_of(first.project)}/stored")
    first.engine.stop(grace=0)
    shutil.rmtree(first.project / "begun")
    for name in ("begun", "stored"):
        (first.project / name).symlink_to(tmp_path)
    second = make_platform(root=tmp_path / "root")
    for job_id in (begun, stored):
        assert second.status(job_id).status == "FAILED"
        assert "The job ended as FAILED" in second.log(job_id)
    assert not second.engine.busy
