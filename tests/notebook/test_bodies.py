"""Bodies of cell magics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from ibflow_nb.api.errors import CommandError
from ibflow_nb.api.flow import ReviewJob, RunFlow, RunFlows, RunMetaflow, RunStep
from ibflow_nb.api.schema import Request
from ibflow_nb.api.solutions import RunSolution, RunSync
from ibflow_nb.notebook.bodies import Body, parse_body, to_request


def request(text: str, **options: object) -> RunFlow:
    """Make a run of a body."""
    return to_request(RunFlow, parse_body(text, {"x": "July"}), options, call="run")


YAML = """
ibflow_path: a/b.ibflow
input_dir: c
tags: [$x, 2026-01-02]
webhook_config:
  url: http://x/y
"""
JSON = (
    '{\n\t"ibflow_path": "a/b.ibflow",\n\t"input_dir": "c",\n'
    '\t"tags": ["$x", "2026-01-02"],\n\t"webhook_config": {"url": "http://x/y"}\n}'
)


def test_yaml_and_json_give_the_same_request() -> None:
    """A body is YAML or JSON (tabs and all) with the API's own names; dates stay text."""
    assert request(YAML) == request(JSON)
    assert request(YAML).tags == ["July", "2026-01-02"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ibflow_path: a\ninput_dri: b", "Line 2: run has no parameter 'input_dri'; did you mean"),
        ("ibflow_path: a\ninput_dir: b\nstep_timeout: soon", "Line 3: run: 'step_timeout' must"),
        ("ibflow_path: a\ninput_dir: b\ntags:\n- x\n- 7", "Line 5: run: 'tags"),
        (
            "ibflow_path: a\ninput_dir: b\nwebhook_config:\n  headers: 3",
            "Line 4: run: 'webhook_config.headers'",
        ),
        (
            "ibflow_path: a\ninput_dir: b\nwebhook_config:\n  urll: http://x",
            "Line 4: run has no parameter 'webhook_config.urll'; did you mean 'url'?",
        ),
        ("ibflow_path: a", "run: the required key 'input_dir' is missing"),
        ("ibflow_path: a\nibflow_path: b", "Line 2: .* given twice"),
        ("ibflow_path: a\n  input_dir: b", "Line 2: the body is neither YAML nor JSON"),
        ("- a\n- b", "'parameter: value' lines"),
        ("ibflow_path: a\ninput_dir: {x}", 'Line 2: .*needs quotes: "{x}"'),
        ("ibflow_path: a\ninput_dir: $y", "'y'"),
    ],
)
def test_faulty_line_is_named(text: str, sentence: str) -> None:
    """Each mistake is one sentence that names the line and the parameter."""
    with pytest.raises(CommandError, match=sentence):
        request(text)


REQUESTS: list[type[Request]] = [
    RunFlow, RunFlows, RunMetaflow, RunStep, RunSolution, RunSync, ReviewJob,
]  # fmt: skip


def parameters(kind: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, bool]]:
    """Give the dotted path of every documented parameter, and whether it is a list."""
    for item in msgspec.structs.fields(kind):
        listed = item.type is not Any and "list" in str(item.type)
        yield f"{path}{item.encode_name}", listed
        for within in (item.type, *get_args(item.type)):
            if isinstance(within, type) and issubclass(within, msgspec.Struct) and not listed:
                yield from parameters(within, f"{path}{item.encode_name}.")


@pytest.mark.parametrize(
    ("kind", "path", "listed"),
    [(kind, *found) for kind in REQUESTS for found in parameters(kind)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_every_documented_parameter_is_checked(
    kind: type[Request], path: str, listed: bool
) -> None:
    """A value of a wrong type is told by line and name, whichever parameter it is given to."""
    *outer, name = path.split(".")
    required = [
        item.encode_name
        for item in msgspec.structs.fields(kind)
        if item.required and item.encode_name != path
    ]
    lines = [f"{key}: []" if key in {"files", "records"} else f"{key}: x" for key in required]
    lines += [f"{'  ' * depth}{key}:" for depth, key in enumerate(outer)]
    lines.append(f"{'  ' * len(outer)}{name}: {'7' if listed else '[[1]]'}")
    with pytest.raises(CommandError) as raised:
        to_request(kind, parse_body("\n".join(lines), {}), {}, call="call")
    assert str(raised.value).startswith(f"Line {len(lines)}: call: '{path}")


def test_items_of_a_list_are_checked_too() -> None:
    """A key that an item of a list does not have is told by line, item and near match."""
    text = "job_id: x\nrecords:\n- file_index: 0\n- file_indx: 1\n"
    sentence = r"Line 4: call has no parameter 'records\[1\].file_indx'; did you mean 'file_index'"
    with pytest.raises(CommandError, match=sentence):
        to_request(ReviewJob, parse_body(text, {}), {}, call="call")


def test_same_parameter_in_line_and_body() -> None:
    """What is given twice is refused, not silently chosen."""
    with pytest.raises(CommandError, match="Line 1: 'ibflow_path' is also given in the line"):
        request("ibflow_path: a\ninput_dir: b", ibflow_path="c")


def test_line_and_body_complete_each_other() -> None:
    """The line may give what the body leaves out."""
    assert request("tags: [a]", ibflow_path="f", input_dir="d").tags == ["a"]


def test_empty_body_is_no_parameters() -> None:
    """Blank lines and comments are a body without parameters."""
    assert parse_body("\n# nothing\n", {}) == Body()


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("./a.pdf 'b c.pdf'\n$x\n", ["./a.pdf", "b c.pdf", "July"]),
        ("- ./a.pdf\n- $x", ["./a.pdf", "July"]),
        ('["./a.pdf"]', ["./a.pdf"]),
        ("files: [./a.pdf]", ["./a.pdf"]),
    ],
)
def test_a_list_or_words_stand_for_one_parameter(text: str, files: list[str]) -> None:
    """Where a command says so, a body that is no mapping gives that parameter."""
    assert parse_body(text, {"x": "July"}, list_key="files").values == {"files": files}


def test_lines_of_a_list_are_known() -> None:
    """A fault in the second item is told with its line."""
    body = parse_body("- file_index: 0\n- file_index: x\n", {}, list_key="records")
    assert body.where("records[1].file_index") == "Line 2: "
