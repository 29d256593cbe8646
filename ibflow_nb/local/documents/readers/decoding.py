"""Turning the bytes of a text file into text, whatever encoding they are in."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of utf-16, so it is tried before it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096
# Which bytes of each four are zero in text of letters below U+0100.
_ZERO_COLUMNS: dict[tuple[bool, ...], str] = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}


def detect_encoding(data: bytes) -> str:
    """Name the encoding of ``data``.

    A byte order mark decides; else UTF-16 and UTF-32 show by their zero bytes, UTF-8 by being
    valid; what is none of these is taken for Windows-1252.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if name := _wide_without_mark(data[:_SAMPLE]):
        return name
    try:
        data.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decode_text(data: bytes) -> str:
    """Decode ``data``; bytes without a meaning become U+FFFD, line ends become line feeds."""
    text = data.decode(detect_encoding(data), errors="replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_binary(text: str) -> bool:
    """Tell whether decoded ``text`` holds so many control characters that it is no text."""
    sample = text[:_SAMPLE]
    strange = sum((char < " " and char not in "\t\n\f\x1b") or char == "\ufffd" for char in sample)
    return strange * 10 > len(sample)


def _wide_without_mark(sample: bytes) -> str:
    """Recognise UTF-16 and UTF-32 of mostly Latin text by which of their bytes are zero."""
    if not sample.count(0):
        return ""
    mostly_zero = tuple(
        column.count(0) * 3 > len(column) * 2 for column in (sample[at::4] for at in range(4))
    )
    return _ZERO_COLUMNS.get(mostly_zero, "")
