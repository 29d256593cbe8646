"""Large base64 strings of a JSON body go decoded to disk while the body arrives.

``solution/run_sync`` carries whole files as base64 strings inside JSON. Read at once, 200 MB of
files cost several times that in memory; here each long string is decoded piece by piece into a
file, and only the rest of the body is kept and parsed.
"""

from __future__ import annotations

import binascii
import json
import re
import secrets
from pathlib import Path
from typing import BinaryIO

import pybase64

from ibflow_nb.api.errors import InvalidRequest

THRESHOLD = 8 * 1024
_PLAIN = re.compile(rb'[^"\\]*')
_ESCAPE_LENGTH = 6
_WHITESPACE = b" \t\r\n"
_ALPHABET = re.compile(rb"[A-Za-z0-9+/=]*")
_FOREIGN = "has a character that base64 does not know"


class Base64File:
    """A file that receives base64 text in pieces and holds the decoded bytes.

    Attributes:
        path: the file.
        size: bytes decoded so far.
        error: what is wrong with the text; empty while it is valid.
    """

    def __init__(self, path: Path, *, limit: int) -> None:
        self.path = path
        self.size = 0
        self.error = ""
        self._limit = limit
        self._rest = b""
        self._padded = False
        self._file: BinaryIO = path.open("xb")

    def write(self, text: bytes) -> None:
        """Decode the next piece; after a fault further pieces are passed over."""
        if self.error:
            return
        if any(space in text for space in _WHITESPACE):  # is seldom so, and removing it is slow
            text = text.translate(None, _WHITESPACE)
        text = self._rest + text
        whole = len(text) - len(text) % 4
        block, self._rest = text[:whole], text[whole:]
        if not block:
            return
        if self._padded:
            self.error = "has characters after its end"
            return
        try:
            data = pybase64.b64decode(block, validate=True)
        except binascii.Error:
            self.error = _FOREIGN
            return
        self._padded = block.endswith(b"=")
        self.size += len(data)
        if self.size > self._limit:
            self.error = f"is larger than the limit of {self._limit:,} bytes for one file"
            return
        self._file.write(data)

    def close(self) -> None:
        """End the text: what is left over makes it cut off."""
        self._file.close()
        if not self.error and self._rest:
            known = _ALPHABET.fullmatch(self._rest)
            self.error = "is cut off" if known else _FOREIGN


class JsonSpooler:
    """Reads a JSON body in chunks and spools its long strings.

    Args:
        folder: where the spooled files go; it must exist.
        limit: bytes that one spooled file may have.
        rest: bytes that the body may have beside the spooled strings.
        threshold: strings longer than this are spooled.
    """

    def __init__(self, folder: Path, *, limit: int, rest: int, threshold: int = THRESHOLD) -> None:
        self._folder = folder
        self._limit = limit
        self._threshold = threshold
        self._rest = rest
        self._nonce = secrets.token_hex(16)
        self._skeleton = bytearray()
        self._string: bytearray | None = None
        self._file: Base64File | None = None
        self._pending = b""
        self._escapes = False
        self._files: dict[str, Base64File] = {}

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk of the body, cut anywhere.

        Raises:
            InvalidRequest: too much of the body is no spooled string.
        """
        data = self._pending + chunk
        self._pending = b""
        self._escapes = b"\\" in data
        position = 0
        while position < len(data):
            if self._string is None:
                position = self._outside(data, position)
            else:
                position = self._inside(data, position)
        if len(self._skeleton) > self._rest:
            raise InvalidRequest(
                f"The body holds more than {self._rest:,} bytes beside its files' contents."
            )

    def finish(self) -> bytes:
        """Give the body with a token in place of each spooled string.

        Raises:
            InvalidRequest: the body ended within a string.
        """
        if self._string is not None:
            self.close()
            raise InvalidRequest("The body is not valid JSON: it ends within a string.")
        return bytes(self._skeleton)

    def spooled(self, value: str) -> Base64File | None:
        """Find the file that stands behind a string of the parsed body, if one does."""
        return self._files.get(value)

    def decoded(self, value: str) -> Base64File:
        """Give the file with the decoded content of a string; a short one is decoded now."""
        file = self._files.get(value)
        if file is None:
            file = Base64File(self._folder / f"{len(self._files)}.part", limit=self._limit)
            file.write(value.encode("utf-8", "replace"))
            file.close()
            self._files[f"decoded-{self._nonce}-{len(self._files)}"] = file
        return file

    def close(self) -> None:
        """Close a file that is still being written."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _outside(self, data: bytes, position: int) -> int:
        quote = data.find(b'"', position)
        end = len(data) if quote < 0 else quote + 1
        self._skeleton += data[position:end]
        if quote >= 0:
            self._string = bytearray()
        return end

    def _inside(self, data: bytes, position: int) -> int:
        end = self._end_of_plain(data, position)
        self._append(data[position:end])
        if end == len(data):
            return end
        if data[end : end + 1] == b'"':
            self._end_string()
            return end + 1
        return self._escape(data, end)

    def _end_of_plain(self, data: bytes, position: int) -> int:
        """Find the next quote or escape; the search for a quote alone is far faster."""
        if self._escapes:
            match = _PLAIN.match(data, position)
            assert match is not None
            return match.end()
        quote = data.find(b'"', position)
        return len(data) if quote < 0 else quote

    def _escape(self, data: bytes, start: int) -> int:
        length = _ESCAPE_LENGTH if data[start + 1 : start + 2] == b"u" else 2
        if start + length > len(data):
            self._pending = data[start:]
            return len(data)
        self._append(data[start : start + length], escaped=True)
        return start + length

    def _append(self, raw: bytes, *, escaped: bool = False) -> None:
        """Add raw text of the string that is being read, to memory or to its file."""
        assert self._string is not None
        if self._file is not None:
            self._file.write(_unescape(raw) if escaped else raw)
            return
        self._string += raw
        if len(self._string) > self._threshold:
            self._file = Base64File(self._folder / f"{len(self._files)}.part", limit=self._limit)
            self._file.write(_unescape(bytes(self._string)))
            self._string.clear()

    def _end_string(self) -> None:
        assert self._string is not None
        if self._file is None:
            self._skeleton += self._string
        else:
            token = f"spooled-{self._nonce}-{len(self._files)}"
            self._files[token] = self._file
            self._skeleton += token.encode()
            self.close()
        self._skeleton += b'"'
        self._string = None


def _unescape(raw: bytes) -> bytes:
    """Resolve JSON escapes; text that is no valid JSON string becomes invalid base64."""
    if b"\\" not in raw:
        return raw
    try:
        text: str = json.loads(b'"' + raw + b'"', strict=False)
        return text.encode("ascii")
    except (ValueError, UnicodeEncodeError):
        return b"?"
