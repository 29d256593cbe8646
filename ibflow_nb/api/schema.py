"""What all wire types share: the base classes and the decoding of request bodies.

Rules that hold for every request (source: conventions of the platform's API index):

* JSON is read whatever the Content-Type says;
* unknown keys are ignored;
* booleans and integers may arrive as strings (``"true"``, ``"10"``);
* an empty string stands for an absent value;
* a missing key or a wrong type is answered with one sentence that names the key.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from ibflow_nb.api.errors import InvalidRequest

_MISSING = re.compile(
    r"Object missing required field `(?P<key>[^`]+)`(?: - at `\$\.?(?P<at>[^`]*)`)?"
)
_WRONG_TYPE = re.compile(
    r"Expected `(?P<want>[^`]+)`, got `(?P<got>[^`]+)`(?: - at `(?P<at>[^`]+)`)?"
)
_WRONG_CHOICE = re.compile(r"Invalid enum value (?P<got>.+?) - at `\$\.?(?P<at>[^`]*)`")
_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


class Request(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Base of all request bodies; defaults are not sent."""


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Base of all replies; keys with their default value are not sent."""


def ok() -> str:
    """Give the default of a ``status`` key; being made by a factory, it is always sent."""
    return "OK"


class Envelope(Reply, kw_only=True, omit_defaults=False):
    """Base of all v1 replies: ``status`` is ``OK`` or ``ERROR``."""

    status: str = msgspec.field(default_factory=ok)


class ErrorReply(Envelope, kw_only=True):
    """A v1 error (HTTP 200): ``{"status": "ERROR", "msg": ...}``."""

    msg: str
    status: str = "ERROR"


class MessageReply(Reply):
    """A v2 error, sent with its HTTP status: ``{"message": ...}``."""

    message: str


R = TypeVar("R", bound=Request)


def decode_request(kind: type[R], body: bytes, *, call: str = "") -> R:
    """Read a request body as ``kind``.

    Args:
        kind: the request type.
        body: the raw bytes; nothing at all stands for an empty object.
        call: name of the call, put in front of the error sentence.

    Raises:
        InvalidRequest: the body is no JSON object, or a key is missing or of a wrong type.
    """
    try:
        raw = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(_sentence(call, f"the body is not valid JSON ({error})")) from error
    return convert_request(kind, raw, call=call)


def convert_request(kind: type[R], raw: object, *, call: str = "") -> R:
    """Turn parsed JSON or YAML into ``kind``, under the rules of this module.

    Raises:
        InvalidRequest: it is no object, or a key is missing or of a wrong type.
    """
    if not isinstance(raw, dict):
        raise InvalidRequest(_sentence(call, "the body must be a JSON object"))
    try:
        return msgspec.convert(_without_empty(kind, raw), kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(_sentence(call, explain(error))) from error


def explain(error: msgspec.ValidationError) -> str:
    """Say in words what msgspec found wrong, naming the key."""
    text = str(error)
    if found := _MISSING.match(text):
        key = ".".join(part for part in (found["at"], found["key"]) if part)
        return f"the required key '{key}' is missing"
    if found := _WRONG_TYPE.match(text):
        want = " or ".join(_NAMES.get(name.strip(), name) for name in found["want"].split("|"))
        got = _NAMES.get(found["got"], found["got"])
        key = (found["at"] or "$").removeprefix("$").removeprefix(".") or "the body"
        return f"'{key}' must be {want}, not {got}"
    if found := _WRONG_CHOICE.fullmatch(text):
        return f"'{found['at']}' cannot be {found['got']}"
    return text[:1].lower() + text[1:]


def _without_empty(kind: type[msgspec.Struct], raw: dict[str, Any]) -> dict[str, Any]:
    """Drop empty strings, and nulls where the key is optional, also in objects within."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    kept: dict[str, Any] = {}
    for key, value in raw.items():
        field = fields.get(key)
        if field is not None:
            if value == "" or (value is None and not field.required):
                continue
            if isinstance(value, dict) and _is_struct(field.type):
                value = _without_empty(field.type, value)
        kept[key] = value
    return kept


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _sentence(call: str, text: str) -> str:
    sentence = f"{call}: {text}." if call else f"{text[:1].upper()}{text[1:]}."
    return sentence.replace("..", ".")
