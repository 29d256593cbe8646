"""Bodies of cell magics: YAML or JSON with the API's own parameter names, checked by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args, get_origin

import msgspec
import yaml

from ibflow_nb.api.errors import CommandError, InvalidRequest
from ibflow_nb.api.hints import did_you_mean
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

    A server ignores keys that it does not know. Here they are refused, also inside of objects: a
    misspelled option would otherwise be lost without a word, and all that is documented is known.

    Raises:
        CommandError: a parameter is unknown, missing, of a wrong type, or given in both places.
    """
    for path, key, known in _unknown_keys(kind, body.values):
        raise CommandError(f"{body.where(path + key)}{_unknown(path + key, key, known, call)}")
    for key in body.values:
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


def _unknown_keys(
    kind: type[msgspec.Struct], values: Mapping[Any, Any], path: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    """Find keys that a type does not have: the path to each, itself, and those that there are."""
    fields = {item.encode_name: item.type for item in msgspec.structs.fields(kind)}
    for key, value in values.items():
        if key not in fields:
            yield path, str(key), list(fields)
            continue
        within = _struct_of(fields[key])
        if within is not None:
            items = enumerate(value) if isinstance(value, list) else [("", value)]
            for index, item in items:
                if isinstance(item, dict):
                    place = f"{path}{key}[{index}]." if index != "" else f"{path}{key}."
                    yield from _unknown_keys(within, item, place)


def _struct_of(annotation: Any) -> type[msgspec.Struct] | None:
    """Give the struct that a field holds, alone, as an option or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    if get_origin(annotation) is dict:
        return None
    return next(filter(None, map(_struct_of, get_args(annotation))), None)


def _unknown(path: str, key: str, known: list[str], call: str) -> str:
    hint = did_you_mean(key, known, f"it takes {', '.join(known)}.")
    return f"{call} has no parameter '{path}'; {hint}"


def _hint(named: re.Match[str] | None, body: Body) -> str:
    value = body.values.get(named[1]) if named else None
    if isinstance(value, dict) and len(value) == 1 and list(value.values()) == [None]:
        return f' In YAML a reference needs quotes: "{{{next(iter(value))}}}".'
    return ""
