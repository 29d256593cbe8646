"""References in a line and in a body."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.errors import CommandError
from ibflow_nb.notebook.expansion import Word, expand_values, split_line

NAMES: dict[str, Any] = {
    "folder": "my files",
    "n": 3,
    "paths": ["a b.pdf", Path("c.pdf")],
    "job": SimpleNamespace(id="42"),
    "stem": "x",
}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run $folder --n {n + 1}", ["run", "my files", "--n", "4"]),
        ("get $folder/x.pdf", ["get", "my files/x.pdf"]),
        ("wait $job.id", ["wait", "42"]),
        ("get $stem.pdf", ["get", "x.pdf"]),
        ("get ${stem}y", ["get", "xy"]),
        ("x $paths", ["x", "a b.pdf", "c.pdf"]),
        ("x {paths[0]}", ["x", "a b.pdf"]),
        ("price $$5 $5 $", ["price", "$5", "$5", "$"]),
        ("x {{n}}", ["x", "{n}"]),
        ("x {}", ["x", "{}"]),
        ("""x '{"a": {"b": {"c": 1}}}'""", ["x", '{"a": {"b": {"c": 1}}}']),
        ("""x '{"tag": "$stem"}'""", ["x", '{"tag": "x"}']),
        ("x {a:b}", ["x", "{a:b}"]),
        ("x }} { y", ["x", "}", "{", "y"]),
        ('x "a b" c#d', ["x", "a b", "c#d"]),
    ],
)
def test_line(line: str, words: list[str]) -> None:
    """References become words, escapes and literal braces stay text."""
    assert split_line(line, NAMES) == words


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("run $nosuch", "'nosuch'"),
        ("run {nosuch + 1}", "'nosuch'"),
        ("run $foldr", "'foldr'; did you mean 'folder'"),
        ("run {pahts[0]}", "'pahts'; did you mean 'paths'"),
        ("run {n / 0}", "ZeroDivisionError"),
        ("run {n +}", "SyntaxError"),
        ('run "open', "quote"),
    ],
)
def test_line_that_cannot_be_expanded(line: str, named: str) -> None:
    """An unknown name, a failing expression or an open quote is an error that names it."""
    with pytest.raises(CommandError, match=named):
        split_line(line, NAMES)


def test_body_expands_inside_string_values_only() -> None:
    """Keys and numbers stay, containers come in whole, everything else as text."""
    body = {"$n": "{n}", "tags": "$paths", "deep": [{"text": "job $job.id"}, 5], "raw": "{}"}
    assert expand_values(body, NAMES) == {
        "$n": "3",
        "tags": ["a b.pdf", Path("c.pdf")],
        "deep": [{"text": "job 42"}, 5],
        "raw": "{}",
    }


@given(st.text(alphabet=st.characters(exclude_characters="$", exclude_categories=["Cs"])))
def test_escaped_text_comes_back(text: str) -> None:
    """Doubling every dollar and brace gives the text back, whatever it is."""
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert expand_values(escaped, {}) == text


def test_documents_in_variables_stay_what_they_are() -> None:
    """Bytes, open files and named ones are words that carry the value, in line and body."""
    opened = io.BytesIO(b"x")
    namespace = {
        "data": b"bytes",
        "several": [opened, Path("a.pdf"), ("n.pdf", b"y")],
        "pair": ("n.pdf", b"y"),
        "named": {"n.pdf": b"y"},
    }
    words = split_line("run_sync $data $several $pair $named", namespace)
    assert words == ["run_sync", "$data", "$several", "a.pdf", "$several", "$pair", "$named"]
    values = [word.value for word in words if isinstance(word, Word)]
    assert values == [b"bytes", opened, ("n.pdf", b"y"), ("n.pdf", b"y"), ("n.pdf", b"y")]
    body = expand_values({"files": ["$data", "$pair"], "name": "$data!"}, namespace)
    assert body == {"files": [b"bytes", ("n.pdf", b"y")], "name": "b'bytes'!"}
