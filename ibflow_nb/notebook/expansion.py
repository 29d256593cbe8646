"""``$name`` and ``{expression}`` in the line and in the strings of a body.

IPython's own expansion leaves the whole line as it is when one reference fails, and splits values
that hold blanks. Here each reference stands alone: the line is split first, an unknown name is an
error that names it, and JSON in a line stays JSON.

==================  ==========================================================================
``$name``           the variable, ``$name.attribute`` its attribute where it has one
``{expression}``    any Python expression without quotes and colons
``$$ {{ }}``        ``$``, ``{``, ``}``
``{}``, ``{"a":1}``  literal: braces that are empty or hold a quote or a colon
==================  ==========================================================================
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ibflow_nb.api.errors import CommandError

_NAME = re.compile(r"\$(?:(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)|\{(?P<braced>[^\W\d]\w*)\})")
_MARK = "\ue000"  # a private character: stands for a reference while the line is split


@dataclass(frozen=True)
class Reference:
    """A piece of text that stands for a value: ``source`` as typed, and the value."""

    source: str
    value: Any


Piece = str | Reference


class Word(str):
    """A word of the line that stands for a document: bytes, an open file, a named one of both.

    Attributes:
        value: the document; the text is only how it was typed.
    """

    value: Any

    def __new__(cls, source: str, value: Any) -> Word:
        """Make the word of a reference."""
        word = super().__new__(cls, source)
        word.value = value
        return word


def split_line(line: str, namespace: Mapping[str, Any]) -> list[str]:
    """Split a magic's line into words and expand each.

    A word that is one reference to a list or tuple becomes one word for each item; one to a
    document in memory, or to several, becomes a :class:`Word` for each.

    Raises:
        CommandError: a name is unknown, an expression fails, or a quote is not closed.
    """
    references: list[Reference] = []
    text = ""
    for piece in scan(line, namespace):
        if isinstance(piece, Reference):
            references.append(piece)
            piece = _MARK
        text += piece
    remaining = iter(references)
    words: list[str] = []
    for word in _split(text):
        if word == _MARK:
            reference = next(remaining)
            words += [_word(reference.source, item) for item in _items(reference.value)]
        else:
            words.append(re.sub(_MARK, lambda _: str(next(remaining).value), word))
    return words


def expand_values(data: Any, namespace: Mapping[str, Any]) -> Any:
    """Expand the strings of parsed YAML or JSON; keys and other values stay as they are.

    A string that is one reference to a list, a dictionary, a boolean, a document in memory or
    None becomes that value; everything else is put in as text.

    Raises:
        CommandError: a name is unknown or an expression fails.
    """
    if isinstance(data, dict):
        return {key: expand_values(value, namespace) for key, value in data.items()}
    if isinstance(data, list):
        return [expand_values(value, namespace) for value in data]
    if isinstance(data, str):
        return _expand_text(data, namespace)
    return data


def scan(text: str, namespace: Mapping[str, Any]) -> Iterator[Piece]:
    """Cut ``text`` into literal pieces and references, escapes resolved.

    Raises:
        CommandError: a name is unknown or an expression fails.
    """
    position = 0
    closers: list[str] = []  # what ends each open literal brace: "}" or, when escaped, "}}"
    while position < len(text):
        rest = text[position:]
        if rest[0] == "$":
            piece, length = _dollar(rest, namespace)
        elif rest[0] == "{":
            piece, length = _open_brace(rest, namespace, closers)
        elif rest[0] == "}":
            piece, length = "}", _close_brace(rest, closers)
        else:
            length = len(re.split(r"[${}]", rest, maxsplit=1)[0])
            piece = rest[:length]
        position += length
        yield piece


def _dollar(rest: str, namespace: Mapping[str, Any]) -> tuple[Piece, int]:
    if rest.startswith("$$"):
        return "$", 2
    found = _NAME.match(rest)
    if not found:
        return "$", 1
    name, *attributes = (found["name"] or found["braced"]).split(".")
    value = _lookup(name, namespace)
    length = found.end() if found["braced"] else 1 + len(name)
    for attribute in attributes:
        if not hasattr(value, attribute):
            break
        value = getattr(value, attribute)
        length += 1 + len(attribute)
    return Reference(rest[:length], value), length


def _open_brace(rest: str, namespace: Mapping[str, Any], closers: list[str]) -> tuple[Piece, int]:
    if rest.startswith("{{"):
        closers.append("}}")
        return "{", 2
    end = _matching_brace(rest)
    if end is None:
        return "{", 1
    expression = rest[1:end]
    if not expression.strip() or any(sign in expression for sign in "'\":"):
        closers.append("}")
        return "{", 1
    return Reference(rest[: end + 1], _evaluate(expression, namespace)), end + 1


def _close_brace(rest: str, closers: list[str]) -> int:
    if closers and rest.startswith(closers[-1]):
        return len(closers.pop())
    return 2 if not closers and rest.startswith("}}") else 1


def _matching_brace(text: str) -> int | None:
    depth = 0
    for index, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return index
    return None


def _lookup(name: str, namespace: Mapping[str, Any]) -> Any:
    try:
        return namespace[name]
    except KeyError:
        raise CommandError(
            f"${name}: there is no variable '{name}'; {_near(name, namespace)}"
            "write $$ for a dollar sign."
        ) from None


def _evaluate(expression: str, namespace: Mapping[str, Any]) -> Any:
    try:
        return eval(expression.strip(), {"__builtins__": __builtins__, **namespace})  # nosec B307 # noqa: S307
    except NameError as error:
        problem = f"there is no variable '{error.name}'"
        hint = _near(error.name or "", namespace)
    except Exception as error:  # noqa: BLE001 - the user's expression may raise anything
        problem, hint = f"{type(error).__name__}: {error}", ""
    raise CommandError(f"{{{expression}}}: {problem}; {hint}write {{{{ and }}}} for braces.")


def _near(name: str, namespace: Mapping[str, Any]) -> str:
    """Give a hint at the user's variable that is spelled nearly so, if there is one."""
    near = difflib.get_close_matches(name, [known for known in namespace if known[0] != "_"], n=1)
    return f"did you mean '{near[0]}'? Or " if near else ""


def _expand_text(text: str, namespace: Mapping[str, Any]) -> Any:
    pieces = list(scan(text, namespace))
    if len(pieces) == 1 and isinstance(pieces[0], Reference):
        value = pieces[0].value
        if value is None or isinstance(value, bool | dict) or _is_list(value):
            return value
        if _in_memory(value):
            return value
    return "".join(str(p.value) if isinstance(p, Reference) else p for p in pieces)


def _items(value: Any) -> list[Any]:
    """Give the values that a reference stands for; a mapping of documents stands for pairs."""
    if _is_list(value) and not _in_memory(value):
        return list(value)
    if isinstance(value, dict) and value and all(map(_in_memory, value.items())):
        return list(value.items())
    return [value]


def _word(source: str, value: Any) -> str:
    return Word(source, value) if _in_memory(value) else str(value)


def _in_memory(value: Any) -> bool:
    """Tell whether a value is a document that is no path."""
    if isinstance(value, str | int | float | os.PathLike):
        return False
    from ibflow_nb.client.documents import is_document

    return is_document(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if os.name == "nt":
        lexer.escape = ""  # backslashes separate folders there
    try:
        return list(lexer)
    except ValueError as error:
        raise CommandError(f"A quote is not closed in: {text.replace(_MARK, '...')}") from error
