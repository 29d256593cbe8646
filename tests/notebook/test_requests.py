"""Requests of the commands, as ``--dry-run`` shows them: nothing is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

OPTIONS = {"include_page_layouts": True, "refined_phrases_features": ["provenance_info"]}


@pytest.mark.parametrize(
    ("cell", "call", "body"),
    [
        ("%ibflow step f.ibflow 2", "flow/run_step_async",
         {"ibflow_path": "f.ibflow", "step_index": 2}),
        ("%%ibflow step\nstep_name: process_files\nkwargs: {input_folder: a/b/fs/D/in}",
         "flow/run_step_async",
         {"step_json_str":
          '{"step_name":"process_files","kwargs":{"input_folder":"a/b/fs/D/in"}}'}),
        ("%ibflow metaflow a/b/fs/D/flows --classifier c --input i --run-id --delete-out",
         "flow/run_metaflow_async",
         {"flow_root_dir": "a/b/fs/D/flows", "classifier_file_path": "c", "input_dir": "i",
          "output_has_run_id": True, "delete_out_dir": True}),
        ("%ibflow flows a/b/fs/D/flows --input i --tag t", "flow/run_flows_async",
         {"flow_root_dir": "a/b/fs/D/flows", "input_dir": "i", "tags": ["t"]}),
        ("%ibflow solution run W 1.0.0 --input i --tag t --webhook http://h",
         "solution/run",
         {"name": "W", "version": "1.0.0", "input_folder": "i",
          "settings": {"tags": ["t"], "webhook_config": {"url": "http://h"}}}),
        (("%%ibflow solution run\nsolution_path: p\ninput_folder: i\n"
          "settings: {delete_out_dir: true}"), "solution/run",
         {"solution_path": "p", "input_folder": "i", "settings": {"delete_out_dir": True}}),
        ("%ibflow solution create c o", "solution/create",
         {"content_folder": "c", "output_folder": "o"}),
        ("%ibflow marketplace publish p", "marketplace/publish", {"ibsolution_path": "p"}),
        ("%ibflow marketplace install W 1.0.0", "marketplace/install",
         {"name": "W", "version": "1.0.0"}),
        ("%ibflow marketplace unpublish W 1.0.0", "marketplace/unpublish",
         {"name": "W", "version": "1.0.0"}),
        ("%ibflow run_sync W --no-cache 1.0.0 $pair --repo r --extract-to x --format csv",
         "solution/run_sync",
         {"name": "W", "version": "1.0.0", "repo_name": "r", "output_dir": "x",
          "write_to_cache": False, "options": {"result_format": "csv"},
          "files": [{"file_name": "n.pdf", "file_content": "(3 bytes in base64)"}]}),
        ("%%ibflow run_sync --solution p\n$pair", "solution/run_sync",
         {"solution_path": "p", "options": OPTIONS,
          "files": [{"file_name": "n.pdf", "file_content": "(3 bytes in base64)"}]}),
        (("%%ibflow run_sync\nname: W\nversion: 1.0.0\n"
          "files: [{file_name: a.txt, file_content: QUJD}]"), "solution/run_sync",
         {"name": "W", "version": "1.0.0", "options": OPTIONS,
          "files": [{"file_name": "a.txt", "file_content": "(3 bytes in base64)"}]}),
        ("%ibflow pipelines j --set a b", "jobs/pipelines",
         {"job_id": "j", "pipeline_ids": ["a", "b"]}),
        ("%%ibflow approve j\n- {file_index: 1, values: {total: '2'}}\n", "flow/review",
         {"job_id": "j", "records": [{"file_index": 1, "values": {"total": "2"}}]}),
        ("%ibflow rerun j", "flow/restart", {"job_id": "j"}),
        ("%ibflow rerun j --failed", "jobs/retry", {"job_id": "j"}),
    ],
)  # fmt: skip
def test_a_command_makes_this_request(
    shell: Any,
    server: Any,
    cell: str,
    call: str,
    body: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The call and its body, under the API's own names, defaults left out."""
    server.set("j")
    shell.user_ns["pair"] = ("n.pdf", b"abc")
    shell.run_cell(f"%ibflow connect {server.url}")
    capsys.readouterr()
    first, _, rest = cell.partition("\n")
    result = shell.run_cell(f"{first} --dry-run\n{rest}" if rest else f"{first} --dry-run")
    result.raise_error()
    shown = capsys.readouterr().out
    assert shown.startswith(f"POST /api/v1/{call}\n")
    assert json.loads(shown[shown.index("{") : shown.rindex("}") + 1]) == body
    assert not [path for method, path, _ in server.requests if method == "POST"]
