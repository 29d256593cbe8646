"""Request bodies: what is tolerated, and how faults are named."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.files import CreateNode
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.api.results import ResultsQuery
from ibflow_nb.api.schema import ErrorReply, decode_request

PATHS = {"ibflow_path": "a/b/fs/Drive/f.ibflow", "input_dir": "a/b/fs/Drive/in"}


def decode(**keys: Any) -> RunFlow:
    """Decode a run_flow_async body that has the two required paths and ``keys``."""
    return decode_request(RunFlow, json.dumps({**PATHS, **keys}).encode(), call="run_flow_async")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_booleans_may_be_strings(text: str, value: bool) -> None:
    """The strings "true" and "false" are read as booleans."""
    assert decode(delete_out_dir=text).delete_out_dir is value


def test_integers_may_be_strings() -> None:
    """A number in quotes is read as a number."""
    assert decode(step_timeout="30").step_timeout == 30


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_optional_value_counts_as_absent(empty: str | None) -> None:
    """An empty string or null leaves an optional key at its default."""
    request = decode(output_dir=empty, tags=empty, save_binary_to_output=empty)
    assert (request.output_dir, request.tags, request.save_binary_to_output) == (None, [], True)


def test_empty_values_within_objects_count_as_absent() -> None:
    """A null option of an object of options leaves it at its default."""
    body = {"ibresults_path": "a", "options": {"refined_phrases_features": None}}
    query = decode_request(ResultsQuery, json.dumps(body).encode())
    assert query.options.refined_phrases_features == []


def test_a_value_out_of_a_list_of_choices_is_named() -> None:
    """The sentence names the key and the value, not the way it is checked."""
    with pytest.raises(InvalidRequest, match="'node_type' cannot be 'link'"):
        decode_request(CreateNode, b'{"name": "a", "node_type": "link"}')


def test_unknown_keys_are_ignored() -> None:
    """Keys that this version does not know are tolerated."""
    assert decode(enable_ibdoc=True, post_flow_fn="x") == decode()


@pytest.mark.parametrize("config", [{}, {"headers": {}}, {"url": "", "headers": {"a": "b"}}])
def test_a_webhook_without_a_url_is_none(config: dict[str, Any]) -> None:
    """A webhook_config without a url, or with an empty one, means no webhook."""
    assert decode(webhook_config=config).webhook_config is None


@pytest.mark.parametrize(
    ("given_emails", "kept"),
    [([""], []), (["a@x.org", " "], ["a@x.org"]), ("a@x.org, b@x.org", ["a@x.org", "b@x.org"])],
)
def test_mail_addresses_are_a_list_or_one_string(given_emails: Any, kept: list[str]) -> None:
    """Addresses come as a list or with commas, and empty ones are dropped."""
    assert decode(notification_emails=given_emails).notification_emails == kept


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{}", "run_flow_async: the required key 'ibflow_path' is missing."),
        (b"", "run_flow_async: the required key 'ibflow_path' is missing."),
        (
            b'{"ibflow_path": "", "input_dir": "d"}',
            "run_flow_async: the required key 'ibflow_path' is missing.",
        ),
        (b"[]", "run_flow_async: the body must be a JSON object."),
        (
            b'{"ibflow_path": "f", "input_dir": 5}',
            "run_flow_async: 'input_dir' must be a string, not an integer.",
        ),
        (
            b'{"ibflow_path": "f", "input_dir": "d", "tags": "x"}',
            "run_flow_async: 'tags' must be a list, not a string.",
        ),
        (
            b'{"ibflow_path": "f", "input_dir": "d", "tags": [1]}',
            "run_flow_async: 'tags[0]' must be a string, not an integer.",
        ),
        (
            b'{"ibflow_path": "f", "input_dir": "d", "webhook_config": {"headers": 5}}',
            "run_flow_async: 'webhook_config.headers' must be an object, not an integer.",
        ),
    ],
)
def test_a_fault_is_one_sentence_that_names_the_key(body: bytes, sentence: str) -> None:
    """A missing key or a wrong type is named in one sentence."""
    with pytest.raises(InvalidRequest) as caught:
        decode_request(RunFlow, body, call="run_flow_async")
    assert str(caught.value) == sentence


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(repr).map(str.encode))
def test_no_body_raises_anything_but_invalid_request(body: bytes) -> None:
    """Whatever bytes arrive, the answer is a request or one sentence."""
    try:
        decode_request(RunFlow, body, call="run_flow_async")
    except InvalidRequest as error:
        assert str(error).endswith(".")
        assert "\n" not in str(error)


def test_an_error_reply_carries_status_and_message() -> None:
    """A v1 error is {"status": "ERROR", "msg": ...}."""
    assert json.loads(msgspec.json.encode(ErrorReply(msg="No such job."))) == {
        "status": "ERROR",
        "msg": "No such job.",
    }
