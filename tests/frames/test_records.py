"""Records: a sequence read from replies."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ibflow_nb.api.errors import ApiError, BadReply, FrameError
from ibflow_nb.api.results import Field, ResultRecord
from ibflow_nb.frames import Records

SEED_REPLY = b"""{
  "records": [{
      "results": [
          {"key": "first_name", "value": "Coder"},
          {"key": "last_name", "value": "Maloder"}
      ],
      "file_name": "test.pdf", "file_index": 0, "record_index": 0
  }],
  "binary_path": "jaydoe/my_repo/fs/InstabaseDrive/build/bin/workflow/my_flow.ibflowbin",
  "job_id": "5eb7df69-7506-41b3-bd3a-eb69d8b8a36d"
}"""


def receipt(index: int, **fields: str) -> ResultRecord:
    """A record with text fields."""
    return ResultRecord(
        file_name=f"{index}.pdf",
        file_index=index,
        results=[Field(key=key, value=value) for key, value in fields.items()],
    )


def test_reply_of_run_sync_is_read() -> None:
    """The documented reply, which has no status, gives its records and job id."""
    records = Records.from_json(SEED_REPLY)
    assert [(field.key, field.value) for field in records[0].results] == [
        ("first_name", "Coder"),
        ("last_name", "Maloder"),
    ]
    assert records.job_id == "5eb7df69-7506-41b3-bd3a-eb69d8b8a36d"


def test_reply_with_an_error_raises_its_message() -> None:
    """A v1 error reply is raised with the server's own sentence."""
    with pytest.raises(ApiError, match="No such solution"):
        Records.from_json(b'{"status": "ERROR", "msg": "No such solution."}')


@pytest.mark.parametrize("reply", [b"", b"<html>", b"[]", b'{"records": 3}', b'{"job_id": "x"}'])
def test_other_replies_are_bad(reply: bytes) -> None:
    """What holds no list of records is a BadReply, not an empty result."""
    with pytest.raises(BadReply):
        Records.from_json(reply)


@pytest.mark.parametrize("enabled", [True, False])
def test_reading_leaves_the_collector_as_it_was(enabled: bool) -> None:
    """The cyclic collector is paused while reading and then as the user had set it."""
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(BadReply):
            Records.from_json(b"{")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_sequence() -> None:
    """Length, iteration, indexing from both ends and membership are those of a list."""
    given = [receipt(index) for index in range(3)]
    records = Records(given, job_id="j")
    assert len(records) == 3
    assert list(records) == given
    assert records[-1] is given[2]
    assert given[1] in records
    with pytest.raises(IndexError):
        records[3]


def test_slice_gives_records_of_the_same_job() -> None:
    """A slice is Records again and remembers the job."""
    part = Records([receipt(0), receipt(1), receipt(2)], job_id="j")[1:]
    assert isinstance(part, Records)
    assert [record.file_index for record in part] == [1, 2]
    assert part.job_id == "j"


def test_errors_are_failed_files_and_failed_fields() -> None:
    """Errors holds the records whose file failed, or one of whose fields failed."""
    bad_file = ResultRecord(file_name="bad.pdf", status="ERROR", error_msg="It is no PDF.")
    bad_field = receipt(1, total="ERROR")
    records = Records([receipt(0, total="1"), bad_field, bad_file])
    assert list(records.errors) == [bad_field, bad_file]


def test_unknown_layout_is_refused() -> None:
    """A layout that does not exist is answered with the names of those that do."""
    with pytest.raises(FrameError, match="wide, long, errors, confidence"):
        Records([]).to_frame("tall")  # type: ignore[call-overload]


def test_repr_is_one_line() -> None:
    """The text form says how many records, files and errors there are, and of which job."""
    records = Records([receipt(0), receipt(1, total="ERROR")], job_id="j")
    assert repr(records) == "<Records: 2 records of 2 files, 1 with errors, job j>"


def test_pandas_is_loaded_only_for_a_frame() -> None:
    """Reading, printing and drawing records works without loading pandas."""
    code = (
        "import sys; from ibflow_nb.frames import Records;"
        f"r = Records.from_json({SEED_REPLY!r}); r._repr_html_(); repr(r);"
        "assert 'pandas' not in sys.modules; r.to_frame(); assert 'pandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_html_escapes_what_documents_hold(build: Callable[..., Records]) -> None:
    """Names, values and messages of documents cannot bring their own markup."""
    evil = "<script>alert(1)</script>"
    fields: list[dict[str, Any]] = [
        {"key": evil, "value": evil},
        {"key": "b", "value": "ERROR", "error_msg": f'"{evil}'},
    ]
    html = build(
        {"file_name": evil, "results": fields, "classification_label": evil},
        {"file_name": evil, "status": "ERROR", "error_msg": evil},
        job_id=evil,
    )._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 6


def test_html_shows_a_limited_table() -> None:
    """Long results show their first rows and fields and say what was left out."""
    records = Records([receipt(i, **{f"f{k}": "v" for k in range(20)}) for i in range(50)])
    html = records._repr_html_()
    assert html.count("<tr>") == 21
    assert html.count("<th ") == 13
    assert "30 more records and 8 more fields: to_frame()" in html


def test_html_tells_why_a_file_failed(build: Callable[..., Records]) -> None:
    """A failed file has its reason across the columns of the fields."""
    html = build(
        {"file_name": "a.pdf", "results": [{"key": "x", "value": "1"}, {"key": "y"}]},
        {"file_name": "b.pdf", "status": "ERROR", "error_msg": "No PDF."},
    )._repr_html_()
    assert 'colspan="2"' in html
    assert "No PDF." in html


def test_html_marks_doubtful_values(build: Callable[..., Records]) -> None:
    """Values with a low confidence are marked and carry the figure."""
    sure, unsure = (
        build({"results": [{"key": "x", "value": "1", "model_confidence": confidence}]})
        for confidence in (0.95, 0.41)
    )
    assert "confidence" not in sure._repr_html_()
    assert 'title="confidence 0.41"' in unsure._repr_html_()
