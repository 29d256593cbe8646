"""Bodies of cell magics: YAML or JSON with the API's own parameter names, checked by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import yaml

from ibflow_nb.api.errors import CommandError, InvalidRequest
from ibflow_nb.api.schema import Request, convert_request
from ibflow_nb.notebook.expansion import expand_values, split_line

R = TypeVar("R", bound=Request)

_STRUCTURED = re.compile(r"""^\s*(-\s|\[|\{\s*["']|\w+\s*:(\s|$))""", re.MULTILINE)


class _Loader(yaml.SafeLoader):
    """YAML whose dates stay text, as they do in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Body:
    """A parsed body.

    Attributes:
        values: the parameters, references expanded.
        lines: line number (from 1) of each key, by its path, such as ``webhook_config.url``.
    """

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def where(self, key: str) -> str:
        """Give ``Line n: `` for a key of the body, or nothing when the key is not in it."""
        path = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", key)
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return f"Line {self.lines[path]}: " if path else ""


def parse_body(text: str, namespace: Mapping[str, Any], *, list_key: str = "") -> Body:
    """Read a body as YAML (which JSON is, too) and expand references in its strings.

    Args:
        text: the body.
        namespace: the user's variables.
        list_key: parameter that a body gives which is a list or just words.

    Raises:
        CommandError: it is not YAML, holds a key twice, is no mapping, or a reference fails.
    """
    if list_key and text.strip() and not _STRUCTURED.search(text):
        return Body({list_key: split_line(text, namespace)})
    loader = _Loader(text.expandtabs(4))
    try:
        node = loader.get_single_node()
        listed = list_key if isinstance(node, yaml.SequenceNode) else ""
        lines = _line_numbers(node, f"{listed}." if listed else "")
        values = loader.construct_document(node) if node is not None else {}
    except yaml.YAMLError as error:
        raise CommandError(_syntax_error(error)) from error
    finally:
        loader.dispose()
    if listed:
        values = {listed: values}
    if not isinstance(values, dict):
        raise CommandError("The body must hold 'parameter: value' lines, or a JSON object.")
    return Body(expand_values(values, namespace), lines)


def to_request(kind: type[R], body: Body, options: Mapping[str, Any], *, call: str) -> R:
    """Make a request of the parameters of the body and those of the line.

    Raises:
        CommandError: a parameter is unknown, missing, of a wrong type, or given in both places.
    """
    fields = [item.encode_name for item in msgspec.structs.fields(kind)]
    for key in body.values:
        if key not in fields:
            raise CommandError(f"{body.where(key)}{_unknown(str(key), fields, call)}")
        if key in options:
            raise CommandError(f"{body.where(key)}'{key}' is also given in the line.")
    try:
        return convert_request(kind, {**body.values, **options}, call=call)
    except InvalidRequest as error:
        text = str(error)
        named = re.search(r"'([\w.\[\]]+)'", text)
        place = body.where(named[1]) if named and "is missing" not in text else ""
        raise CommandError(f"{place}{text}{_hint(named, body)}") from error


def _line_numbers(node: yaml.Node | None, prefix: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{prefix}{key.value}"
            if path in lines:
                raise yaml.MarkedYAMLError(
                    problem=f"'{key.value}' is given twice", problem_mark=key.start_mark
                )
            lines[path] = key.start_mark.line + 1
            lines |= _line_numbers(value, f"{path}.")
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[f"{prefix}{index}"] = item.start_mark.line + 1
            lines |= _line_numbers(item, f"{prefix}{index}.")
    return lines


def _syntax_error(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = f"Line {mark.line + 1}: " if mark else ""
    return f"{place}the body is neither YAML nor JSON ({problem})."


def _unknown(key: str, fields: list[str], call: str) -> str:
    near = difflib.get_close_matches(key, fields, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(fields)}."
    return f"{call} has no parameter '{key}'; {hint}"


def _hint(named: re.Match[str] | None, body: Body) -> str:
    value = body.values.get(named[1]) if named else None
    if isinstance(value, dict) and len(value) == 1 and list(value.values()) == [None]:
        return f' In YAML a reference needs quotes: "{{{next(iter(value))}}}".'
    return ""
