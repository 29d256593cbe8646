"""Single steps: of a flow by index, and standalone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.flow import RunStep

PROJECT = "me/my-repo/fs/Instabase Drive/project"
FLOW = f"{PROJECT}/flow.ibflow"


def run_step(platform: Any, index: int) -> Any:
    """Run a step of the project's flow to its end; give its submission."""
    started = platform.engine.run_step(RunStep(ibflow_path=FLOW, step_index=index))
    assert platform.engine.wait(started.job_id, 60)
    assert platform.status(started.job_id).status == "COMPLETE"
    return started


def run_alone(platform: Any, **step: Any) -> Any:
    """Submit a step by itself."""
    return platform.engine.run_step(RunStep(step_json_str=json.dumps(step)))


def test_steps_run_one_by_one_give_what_the_flow_gives(platform: Any) -> None:
    """Step 0 reads data/input, step 1 the output of step 0, into the folders of a whole run."""
    platform.files(a="one", b="three")
    first = run_step(platform, 0)
    assert first.output_folder == f"{PROJECT}/data/out"
    second = run_step(platform, 1)
    assert second.output_folder == first.output_folder
    records = platform.records(second.job_id)
    assert [(r.file_name, r.results[0].value) for r in records] == [("a.txt", "3"), ("b.txt", "5")]
    assert records[0].output_file_path == f"{PROJECT}/data/out/s2_extract/a.txt.ibdoc"


def test_a_step_without_the_step_before_says_so(platform: Any) -> None:
    """The sentence names the folders that were looked for and what to do."""
    with pytest.raises(NotFound) as caught:
        run_step(platform, 1)
    assert str(caught.value) == (
        "Step 1 of flow.ibflow has nothing to read: there is neither data/out/s1_read nor "
        f"out/s1_read in '{PROJECT}'; run step 0 first or give the step an input_folder."
    )


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_outside_of_the_flow_names_the_range(platform: Any, index: int) -> None:
    """Valid indexes are 0 to len(steps) - 1."""
    with pytest.raises(InvalidRequest) as caught:
        run_step(platform, index)
    assert str(caught.value) == (
        f"run_step_async: step_index {index} is outside of flow.ibflow, whose steps are 0 to 1."
    )


def test_the_folders_of_the_kwargs_come_first(platform: Any) -> None:
    """input_folder and output_folder are relative to rootDir; the latter may be the step's own."""
    platform.flow({"name": "read", "input_folder": "in", "output_folder": "res/s1_read"})
    (platform.project / "in").mkdir()
    (platform.project / "in" / "x.txt").write_text("x")
    started = run_step(platform, 0)
    assert started.output_folder == f"{PROJECT}/res"
    assert (platform.project / "res" / "s1_read" / "x.txt.ibdoc").is_file()


def test_a_step_by_itself_names_its_folders(platform: Any) -> None:
    """Absolute drive paths, one with and one without a leading slash."""
    platform.files(a="one")
    kwargs = {"input_folder": f"/{PROJECT}/data/input", "output_folder": f"{PROJECT}/files/out"}
    started = run_alone(platform, step_name="read", kwargs=kwargs)
    assert started.output_folder == f"{PROJECT}/files/out"
    assert platform.engine.wait(started.job_id, 60)
    [record] = platform.records(started.job_id)
    assert record.output_file_path == f"{PROJECT}/files/out/s1_read/a.txt.ibdoc"


def test_a_step_by_itself_writes_beside_its_input_by_default(platform: Any) -> None:
    """Without an output_folder it is ``out`` beside the input; the input itself is refused."""
    platform.files(a="one")
    folder = f"{PROJECT}/data/input"
    started = run_alone(platform, step_name="read", kwargs={"input_folder": folder})
    assert started.output_folder == f"{PROJECT}/data/out"
    kwargs = {"input_folder": folder, "output_folder": folder}
    with pytest.raises(InvalidRequest, match="must not be the input folder itself"):
        run_alone(platform, step_name="read", kwargs=kwargs)


def test_a_single_step_can_be_restarted(platform: Any) -> None:
    """A restart of a step runs that step again under a new id."""
    platform.files(a="one")
    first = run_step(platform, 0)
    again = platform.engine.restart(first.job_id)
    assert again.job_id != first.job_id
    assert platform.engine.wait(again.job_id, 60)
    assert platform.records(again.job_id)[0].file_name == "a.txt"


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            RunStep(),
            (
                "run_step_async: the required key 'ibflow_path' is missing (or 'step_json_str',"
                " for a step by itself)."
            ),
        ),
        (RunStep(ibflow_path=FLOW), "run_step_async: the required key 'step_index' is missing."),
        (
            RunStep(ibflow_path=FLOW, step_index=0, step_json_str="{}"),
            "run_step_async: give 'ibflow_path' or 'step_json_str', not both.",
        ),
        (
            RunStep(step_json_str='{"kwargs": {}}'),
            "run_step_async: step_json_str lacks the key 'step_name'.",
        ),
        (
            RunStep(step_json_str='{"kwargs": {}, "step_name": "read"}'),
            "run_step_async: the kwargs of the step lack 'input_folder'.",
        ),
        (
            RunStep(step_json_str='{"kwargs": {"input_folder": 7}, "step_name": "read"}'),
            "run_step_async: input_folder is not a string.",
        ),
        (
            RunStep(step_json_str='{"kwargs": [], "step_name": "read"}'),
            "run_step_async: step_json_str is no step: 'kwargs' must be an object, not a list.",
        ),
        (
            RunStep(step_json_str="{'kwargs': {}}"),
            (
                "run_step_async: step_json_str is not valid JSON (JSON is malformed: object keys"
                " must be strings (byte 1))."
            ),
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    platform: Any, request_: RunStep, sentence: str
) -> None:
    """One sentence that names the key."""
    with pytest.raises(InvalidRequest) as caught:
        platform.engine.run_step(request_)
    assert str(caught.value) == sentence
