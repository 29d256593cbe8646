"""Spooling of long base64 strings, held against json.loads."""

from __future__ import annotations

import base64
import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.server.spool import JsonSpooler

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary().map(base64.b64encode).map(bytes.decode),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def spool(body: bytes, folder: Path, *, cuts: list[int] | None = None, **options: Any) -> Any:
    """Feed ``body`` cut at ``cuts`` and give the spooler and the parsed skeleton."""
    spooler = JsonSpooler(folder, **{"limit": 10**9, "threshold": 10**9, "rest": 10**9, **options})
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts or []), len(body)]
    for start, end in itertools.pairwise(edges):
        spooler.feed(body[start:end])
    return spooler, json.loads(spooler.finish())


@given(JSON, st.lists(st.integers(0, 10**6), max_size=8), st.booleans())
def test_short_strings_pass_through_unchanged(
    value: Any, cuts: list[int], ascii_only: bool
) -> None:
    """Without long strings the skeleton says what json.loads says, wherever chunks are cut."""
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        assert spool(body, Path(folder), cuts=cuts)[1] == json.loads(body)


@given(st.binary(min_size=12), st.lists(st.integers(0, 10**6), max_size=8), st.booleans())
def test_a_long_string_is_decoded_into_a_file(
    content: bytes, cuts: list[int], slashes_escaped: bool
) -> None:
    """The file behind the token holds the decoded bytes, wherever chunks are cut."""
    text = base64.b64encode(content).decode()
    body = json.dumps({"a": 1, "files": [{"file_content": text}], "b": "end"})
    if slashes_escaped:
        body = body.replace("/", "\\/")
    with tempfile.TemporaryDirectory() as folder:
        spooler, parsed = spool(body.encode(), Path(folder), cuts=cuts, threshold=13)
        file = spooler.spooled(parsed["files"][0]["file_content"])
        assert file is not None
        assert (file.error, file.size, file.path.read_bytes()) == ("", len(content), content)
        assert (parsed["a"], parsed["b"]) == (1, "end")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("A" * 40 + "!" * 4, "has a character that base64 does not know"),
        ("A" * 41, "is cut off"),
        ("A" * 40 + "@@@", "has a character that base64 does not know"),
        ("A" * 38 + "==" + "AAAA" * 8, "has a character that base64 does not know"),
        ("\\u00e4" * 40, "has a character that base64 does not know"),
        ("A" * 4000, "is larger than the limit of 1,000 bytes for one file"),
    ],
)
def test_a_fault_is_kept_with_its_file(tmp_path: Path, text: str, error: str) -> None:
    """Wrong base64 spoils its own file and leaves the rest of the body readable."""
    body = f'{{"bad": "{text}", "good": "{base64.b64encode(bytes(90)).decode()}"}}'
    spooler, parsed = spool(body.encode(), tmp_path, threshold=16, limit=1000)
    assert spooler.spooled(parsed["bad"]).error == error
    assert spooler.spooled(parsed["good"]).error == ""


def test_line_breaks_within_base64_are_allowed(tmp_path: Path) -> None:
    """MIME style base64 with line breaks decodes to the same bytes."""
    content = bytes(range(256)) * 4
    body = json.dumps({"f": base64.encodebytes(content).decode()}).encode()
    spooler, parsed = spool(body, tmp_path, threshold=16)
    assert spooler.spooled(parsed["f"]).path.read_bytes() == content


def test_a_token_cannot_be_guessed(tmp_path: Path) -> None:
    """A string that looks like a token of another request stands for itself."""
    spooler, parsed = spool(b'{"f": "spooled-00-0"}', tmp_path)
    assert spooler.spooled(parsed["f"]) is None


def test_a_body_that_ends_within_a_string_is_refused(tmp_path: Path) -> None:
    """A connection that broke within a file gives one sentence."""
    spooler = JsonSpooler(tmp_path, limit=100, rest=100)
    spooler.feed(b'{"f": "AAAA')
    with pytest.raises(InvalidRequest, match="ends within a string"):
        spooler.finish()
