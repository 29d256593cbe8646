"""Every request that the Flow API refuses is answered with one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from flow_samples import FLOW, INPUT, PREFIXES, PROJECT, READ, RUN_FLOW, FlowApi, body, flow_of

STEP = "flow/run_step_async"
METAFLOW = "flow/run_metaflow_async"
NO_FLOW = f"{PROJECT}/none.ibflow"
UNREADABLE = f"{PROJECT}/unreadable.ibflow"
SAMPLE = body()
META_SAMPLE = {
    "input_dir": INPUT,
    "flow_root_dir": f"{PROJECT}/workflows",
    "classifier_file_path": f"{PROJECT}/classifiers/my_classifier.ibclassifier",
}
ERRORS = [
    # a missing key
    (RUN_FLOW, {}, "run_flow_async: the required key 'ibflow_path' is missing."),
    (
        RUN_FLOW,
        {"ibflow_path": FLOW},
        "run_flow_async: the required key 'input_dir' is missing.",
    ),
    (STEP, {"ibflow_path": FLOW}, "run_step_async: the required key 'step_index' is missing."),
    (
        STEP,
        {"step_json_str": '{"kwargs": {}, "step_name": "process_files"}'},
        "run_step_async: the kwargs of the step lack 'input_folder'.",
    ),
    (
        METAFLOW,
        {"input_dir": INPUT, "flow_root_dir": PROJECT},
        "run_metaflow_async: the required key 'classifier_file_path' is missing.",
    ),
    ("flow/restart", {}, "restart: the required key 'job_id' is missing."),
    # a wrong type
    (
        RUN_FLOW,
        {**SAMPLE, "tags": 7},
        "run_flow_async: 'tags' must be a list, not an integer.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "delete_out_dir": "perhaps"},
        "run_flow_async: 'delete_out_dir' must be true or false, not a string.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "webhook_config": "http://x"},
        "run_flow_async: 'webhook_config' must be an object or null, not a string.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "webhook_config": {"url": "ftp://x"}},
        "webhook_config.url must be a complete http:// or https:// URL.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "notification_emails": ["nobody"]},
        "notification_emails: 'nobody' is not a mail address.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "step_timeout": -2},
        "step_timeout must be a number of seconds, 0 (the platform picks) or -1 (none).",
    ),
    (
        STEP,
        {"ibflow_path": FLOW, "step_index": "first"},
        "run_step_async: 'step_index' must be an integer or null, not a string.",
    ),
    ("flow/restart", {"job_id": 7}, "restart: 'job_id' must be a string, not an integer."),
    (RUN_FLOW, [], "run_flow_async: the body must be a JSON object."),
    # an unknown path
    (
        RUN_FLOW,
        {**SAMPLE, "ibflow_path": NO_FLOW},
        f"There is no file or folder '{NO_FLOW}' on the drive.",
    ),
    (
        RUN_FLOW,
        {**SAMPLE, "input_dir": f"{PROJECT}/none"},
        f"There is no file or folder '{PROJECT}/none' on the drive.",
    ),
    (RUN_FLOW, {**SAMPLE, "input_dir": FLOW}, f"The input '{FLOW}' is a file, not a folder."),
    (
        RUN_FLOW,
        {**SAMPLE, "input_dir": "../etc"},
        "The path '../etc' must not contain '..'.",
    ),
    (
        STEP,
        {"ibflow_path": NO_FLOW, "step_index": 0},
        f"There is no file or folder '{NO_FLOW}' on the drive.",
    ),
    (
        METAFLOW,
        {**META_SAMPLE, "classifier_file_path": f"{PROJECT}/none.ibclassifier"},
        f"There is no file or folder '{PROJECT}/none.ibclassifier' on the drive.",
    ),
    (
        METAFLOW,
        {**META_SAMPLE, "flow_root_dir": INPUT},
        f"The folder '{INPUT}' holds no flow (.ibflow).",
    ),
    (
        "flow/export/review_batch",
        {"path": INPUT},
        (
            f"There are no results at '{INPUT}/batch.ibflowresults': the run has not ended, or"
            " the path is wrong."
        ),
    ),
    # an unknown job
    *(
        (name, {"job_id": "nope"}, "There is no job 'nope' on this platform.")
        for name in (
            "flow/restart",
            "flow/review",
            "jobs/cancel",
            "jobs/pause",
            "jobs/resume",
            "jobs/retry",
            "jobs/pipelines",
        )
    ),
    # a bad index
    *(
        (
            STEP,
            {"ibflow_path": FLOW, "step_index": index},
            (
                f"run_step_async: step_index {index} is outside of my_flow.ibflow, whose steps"
                " are 0 to 1."
            ),
        )
        for index in (-1, 2)
    ),
]


@PREFIXES
@pytest.mark.parametrize(("path", "request_", "sentence"), ERRORS)
def test_an_error_is_one_sentence(
    platform: FlowApi, prefix: str, path: str, request_: Any, sentence: str
) -> None:
    """HTTP 200, status ERROR, and a sentence that names the key, path, job or index."""
    assert platform.under(prefix).error(path, request_) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "{",
            "The flow file unreadable.ibflow is not valid JSON (Input data was truncated).",
        ),
        ("{}", "The flow file unreadable.ibflow is no flow: the required key 'steps' is missing."),
        ('{"steps": []}', "The flow file unreadable.ibflow has no steps."),
        (
            '{"steps": [{"kwargs": {}}]}',
            "Step 1 of unreadable.ibflow has no option.internalName and no step_name.",
        ),
        (
            '{"steps": [{"step_name": "dance"}]}',
            (
                "Step 1 of unreadable.ibflow: There is no flow step 'dance'; the steps are"
                " process_files, map_records, apply_classifier, apply_refiner, apply_checkpoint,"
                " filter, merge_files."
            ),
        ),
        (
            flow_of(READ, {"step_name": "apply_refiner", "kwargs": {"refiner_path": "no.x"}}),
            (
                "Step 2 of unreadable.ibflow: its refiner_path 'no.x' does not exist under the"
                " flow's root folder."
            ),
        ),
    ],
)
@pytest.mark.parametrize(
    ("call", "more"), [(RUN_FLOW, {"input_dir": INPUT}), (STEP, {"step_index": 0})]
)
def test_a_flow_that_cannot_be_read_is_told(
    platform: FlowApi, call: str, more: dict[str, Any], content: str, sentence: str
) -> None:
    """Broken JSON, no steps, an unknown step, a missing module: the sentence names the file."""
    platform.write(UNREADABLE, content)
    assert platform.error(call, {"ibflow_path": UNREADABLE, **more}) == sentence


def test_an_unknown_job_has_no_status_and_no_log(platform: FlowApi) -> None:
    """The queries about a job answer ERROR with the same sentence."""
    for path in ("jobs/status", "jobs/logs"):
        reply = platform.get(path, job_id="nope")
        assert reply == {"status": "ERROR", "msg": "There is no job 'nope' on this platform."}
