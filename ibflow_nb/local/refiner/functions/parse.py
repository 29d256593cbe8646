"""Functions that read dates, numbers and amounts; of an empty text they give an empty text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from ibflow_nb.local.refiner.conversion import shorten
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.registry import function
from ibflow_nb.local.refiner.values import ARITHMETIC, EMPTY, Number, Text, Value

MAX_LENGTH = 1_000  # longer texts are no single date or amount

_NUMERIC_DATE = re.compile(
    r"(?<!\d)(\d{4}|\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{1,2})(?!\d)", re.ASCII
)
_COMPACT_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)", re.ASCII)
_NAMED_DATE = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s\-/.,]*(?P<month>[a-z]{3,9})[\s\-/.,']*"
    r"(?P<year>\d{4}|\d\d)(?!\d)"
    r"|(?P<month2>[a-z]{3,9})[\s\-/.,]*(?P<day2>\d{1,2})(?:st|nd|rd|th)?[\s\-/.,']+"
    r"(?P<year2>\d{4}|\d\d)(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_NAMED_FORMATS = ("%d %b %Y", "%d %B %Y", "%d %b %y", "%d %B %y")
_LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "cs", "tr", "ja", "zh"]
_LONGEST_DATE = 60

_CURRENCY = r"(?:[$€£¥₹]|\b(?:RM|Rs|USD|EUR|GBP|CHF|MYR|SGD|AUD|CAD|INR|JPY|CNY)\b\.?)"
_MINUS = r"[-\u2212\u2013]"
_MINUS_BEFORE = re.compile(rf"(?:^|[^\w]|{_CURRENCY}){_MINUS}\s*{_CURRENCY}?\s*$", re.IGNORECASE)
_MINUS_AFTER = re.compile(rf"^(?:\s*{_CURRENCY})?\s?{_MINUS}(?!\s*\w)", re.IGNORECASE)
_OPEN = re.compile(rf"\(\s*{_CURRENCY}?\s*$", re.IGNORECASE)
_CLOSE = re.compile(rf"^\s*{_CURRENCY}?\s*\)", re.IGNORECASE)


@function("parse_date")
def parse_date(text: Text, format: str = "%Y-%m-%d", day_first: bool = False) -> Text:
    """Read the first date in a text.

    Args:
        text: such as ``30 MAR 2018`` or ``Date: 12/01/2018 14:02``.
        format: how to write it, with the codes of ``strftime``.
        day_first: whether 12/01/2018 is the 12th of January; where one order gives no date,
            the other is taken.

    Raises:
        FieldError: there is no date in the text.
    """
    if not text.text.strip():
        return EMPTY
    _check_length("parse_date", text)
    found = next(_dates(text.text, day_first=day_first), None)
    if found is None:
        raise FieldError(f"There is no date in {shorten(text.text)}.")
    day, span = found
    return Text(day.strftime(format), text.cut(*span).pieces, aligned=False)


@function("parse_number")
def parse_number(text: Text, decimal: str = ".") -> Value:
    """Read the first number in a text; thousands separators are dropped.

    Args:
        text: such as ``1,007.50``, ``(45.10)`` or ``45.10-``; the last two are negative.
        decimal: the decimal mark, ``.`` or ``,``.

    Raises:
        FieldError: there is no number in the text, or no such decimal mark.
    """
    if decimal not in {".", ","}:
        raise FieldError("parse_number needs '.' or ',' as its decimal mark.")
    if not text.text.strip():
        return EMPTY
    _check_length("parse_number", text)
    mark, thousands = re.escape(decimal), re.escape(",."[decimal == ","])
    number = re.search(
        rf"\d{{1,3}}(?:[{thousands}'\s]\d{{3}})+(?!\d)(?:{mark}\d+)?|\d+(?:{mark}\d+)?|{mark}\d+",
        text.text,
        re.ASCII,
    )
    if number is None:
        raise FieldError(f"There is no number in {shorten(text.text)}.")
    digits = re.sub(rf"[^\d{mark}]", "", number.group()).replace(decimal, ".")
    return _signed(text, Decimal(digits), *number.span())


@function("parse_currency")
def parse_currency(text: Text) -> Value:
    """Read an amount of money, in any notation; the currency is dropped.

    Args:
        text: such as ``RM 1,007.50``, ``1.007,50 €``, ``-$8.20`` or ``(45.10)``.

    Raises:
        FieldError: there is no amount in the text.
    """
    from price_parser import Price

    if not text.text.strip():
        return EMPTY
    _check_length("parse_currency", text)
    price = Price.fromstring(text.text)
    if price.amount is None:
        raise FieldError(f"There is no amount in {shorten(text.text)}.")
    digits = price.amount_text or ""
    start = max(text.text.find(digits), 0)
    return _signed(text, price.amount, start, start + len(digits))


def _check_length(name: str, text: Text) -> None:
    if len(text.text) > MAX_LENGTH:
        raise FieldError(f"{name} takes texts of up to {MAX_LENGTH:,} characters.")


def _signed(text: Text, number: Decimal, start: int, end: int) -> Number:
    before, after = text.text[:start], text.text[end:]
    negative = (
        _MINUS_BEFORE.search(before[-20:])
        or _MINUS_AFTER.search(after)
        or (_OPEN.search(before[-20:]) and _CLOSE.search(after))
    )
    value = ARITHMETIC.create_decimal(-number if negative else number)
    return Number(value, text.cut(start, end).sources)


def _dates(text: str, *, day_first: bool) -> Iterator[tuple[date, tuple[int, int]]]:
    """Yield what can be read as a date, and where: in digits, with month names, in languages."""
    for match in _NUMERIC_DATE.finditer(text):
        first, _, second, third = match.groups()
        for found in _in_order(first, second, third, day_first=day_first):
            yield found, match.span()
    for match in _NAMED_DATE.finditer(text):
        part = match.groupdict()
        words = [part[name] or part[f"{name}2"] for name in ("day", "month", "year")]
        for found in _by_format(" ".join(words).title()):
            yield found, match.span()
    for match in _COMPACT_DATE.finditer(text):
        for found in _valid(*(int(part) for part in match.groups())):
            yield found, match.span()
    for found in _by_language(text.strip(), day_first=day_first):
        yield found, (0, len(text))


def _in_order(first: str, second: str, third: str, *, day_first: bool) -> Iterator[date]:
    if len(first) > 2:
        yield from _valid(int(first), int(second), int(third))
        return
    if len(third) == 1:
        return
    year = int(third) if len(third) > 2 else _full_year(int(third))
    orders = [(int(first), int(second)), (int(second), int(first))]
    for month, day in reversed(orders) if day_first else orders:
        yield from _valid(year, month, day)


def _full_year(year: int) -> int:
    """Take two digits as POSIX does: 69 to 99 are of the last century."""
    return year + (1900 if year >= 69 else 2000)


def _valid(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return


def _by_format(text: str) -> Iterator[date]:
    for known in _NAMED_FORMATS:
        try:
            yield datetime.strptime(text.replace("Sept ", "Sep "), known).date()
        except ValueError:
            continue


def _by_language(text: str, *, day_first: bool) -> Iterator[date]:
    if len(text) > _LONGEST_DATE or not any(character.isdigit() for character in text):
        return
    import dateparser

    found = dateparser.parse(
        text,
        languages=_LANGUAGES,
        settings={
            "PARSERS": ["absolute-time"],
            "REQUIRE_PARTS": ["day", "month", "year"],
            "DATE_ORDER": "DMY" if day_first else "MDY",
        },
    )
    if found is not None:
        yield found.date()
