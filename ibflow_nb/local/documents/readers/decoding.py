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


def detect_encoding(data: bytes) -> str:
    """Name the encoding of ``data``.

    A byte order mark decides; else UTF-16 shows by its zero bytes, UTF-8 by being valid; what is
    neither is taken for Windows-1252.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if name := _utf16_without_mark(data[:_SAMPLE]):
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


def _utf16_without_mark(sample: bytes) -> str:
    """Recognise UTF-16 of mostly Latin text: every other byte is zero."""
    even, odd = sample[0::2], sample[1::2]
    if odd and odd.count(0) * 3 > len(odd) * 2 and even.count(0) * 10 < len(even):
        return "utf-16-le"
    if even and even.count(0) * 3 > len(even) * 2 and odd.count(0) * 10 < len(odd):
        return "utf-16-be"
    return ""
