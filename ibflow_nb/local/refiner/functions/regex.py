"""Functions on regular expressions.

The dialect is that of the ``regex`` library, a superset of Python's ``re``. Matching ignores
case unless ``ignore_case=false``; ``(?m)`` and other flags can be set in the pattern. A match
that takes longer than ``Limits.regex_seconds`` fails the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import regex

from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.conversion import as_integer, shorten
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.registry import function
from ibflow_nb.local.refiner.values import (
    EMPTY,
    Items,
    Number,
    Text,
    Value,
    check_items,
    check_size,
)

MAX_PATTERN = 10_000
_WHOLE = Text("0")


@function("regex_search")
def regex_search(
    context: Context, text: Text, pattern: str, group: Value = _WHOLE, ignore_case: bool = True
) -> Text:
    """Give the first match.

    Args:
        context: of the field.
        text: where to look.
        pattern: the regular expression.
        group: number or name of the group to give; 0 is the whole match.
        ignore_case: whether upper and lower case are the same.

    Returns:
        The group; empty if nothing matches or the group took no part.

    Raises:
        FieldError: the pattern is wrong or takes too long, or has no such group.
    """
    compiled = _compile(pattern, ignore_case=ignore_case)
    key = _group_key(compiled, group)
    for match in _matches(context, compiled, text.text):
        start, end = match.span(key)
        return EMPTY if start < 0 else text.cut(start, end)
    return EMPTY


@function("regex_find_all")
def regex_find_all(
    context: Context, text: Text, pattern: str, group: Value = _WHOLE, ignore_case: bool = True
) -> Items:
    """Give all matches as a list, from left to right; arguments as of ``regex_search``."""
    compiled = _compile(pattern, ignore_case=ignore_case)
    key = _group_key(compiled, group)
    found: list[Text] = []
    for match in _matches(context, compiled, text.text):
        start, end = match.span(key)
        found.append(EMPTY if start < 0 else text.cut(start, end))
        check_items(len(found))
    return Items(tuple(found))


@function("regex_replace")
def regex_replace(
    context: Context, text: Text, pattern: str, replacement: str, ignore_case: bool = True
) -> Text:
    r"""Replace each match; ``\1`` or ``\g<name>`` in the replacement stand for groups."""
    compiled = _compile(pattern, ignore_case=ignore_case)
    parts: list[str] = []
    written = end = 0
    for match in _matches(context, compiled, text.text):
        try:
            new = match.expand(replacement)
        except (regex.error, IndexError) as error:
            raise FieldError(
                f"The replacement {shorten(replacement)} is wrong: {error}."
            ) from error
        parts += [text.text[end : match.start()], new]
        written += len(parts[-1]) + len(parts[-2])
        check_size(written)
        end = match.end()
    return text.computed("".join([*parts, text.text[end:]]))


@lru_cache(maxsize=512)
def _compile(pattern: str, *, ignore_case: bool) -> regex.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise FieldError(f"A pattern is longer than {MAX_PATTERN:,} characters.")
    try:
        return regex.compile(pattern, flags=regex.IGNORECASE if ignore_case else 0)
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise FieldError(f"The pattern {shorten(pattern)} is wrong: {error}.") from error


def _group_key(pattern: regex.Pattern[str], group: Value) -> int | str:
    if isinstance(group, Number) or group is _WHOLE:
        key: int | str = as_integer(group)
        known = 0 <= int(key) <= pattern.groups
    else:
        key = group.text if isinstance(group, Text) else ""
        known = key in pattern.groupindex
    if not known:
        raise FieldError(f"The pattern {shorten(pattern.pattern)} has no group {key!r}.")
    return key


def _matches(
    context: Context, pattern: regex.Pattern[str], text: str
) -> Iterator[regex.Match[str]]:
    seconds = context.limits.regex_seconds
    try:
        for match in pattern.finditer(text, timeout=seconds):
            yield match
            context.check_time()
    except TimeoutError as error:
        raise FieldError(
            f"The pattern {shorten(pattern.pattern)} was stopped after {seconds:g} seconds;"
            " make it simpler."
        ) from error
