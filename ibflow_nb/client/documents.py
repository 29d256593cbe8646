"""Documents that travel inside a request: local files, bytes, open files."""

from __future__ import annotations

import glob
import io
import os
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import msgspec
import pybase64

from ibflow_nb.api.errors import ConnectionFailed, InvalidRequest
from ibflow_nb.api.schema import Request
from ibflow_nb.client.body import CHUNK, Body, Progress


@dataclass(frozen=True)
class Enclosure:
    """A document to send.

    Attributes:
        name: its file name.
        size: in bytes.
        open: opens it at its beginning, as often as it must be sent.
    """

    name: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]

    def blocks(self) -> Iterator[bytes]:
        """Read it in full chunks, whose length base64 can encode without padding.

        Raises:
            ConnectionFailed: its size has changed since it was gathered.
        """
        rest = self.size
        with self.open() as file:
            while rest and (block := _read_fully(file, min(CHUNK, rest))):
                rest -= len(block)
                yield block
            if rest or file.read(1):
                raise ConnectionFailed(f"'{self.name}' changed while it was sent; send it again.")


Content = bytes | bytearray | memoryview | BinaryIO
Document = str | os.PathLike[str] | Content | tuple[str, Content] | Enclosure
Documents = Document | Iterable[Document] | Mapping[str, Content]

_SIGNATURES = (
    (b"%PDF-", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
)


def gather(documents: Documents) -> list[Enclosure]:
    """Find all documents that are meant.

    Args:
        documents: one of these or several: a local path, a pattern such as ``scans/*.pdf``, a
            folder (for the files in it), bytes, a file open for reading in binary mode, or a
            pair of a name and one of the last two; or a mapping of names to those. What was
            gathered before is taken as it is.

    Raises:
        InvalidRequest: there is no such file, or something is no document.
        OSError: a file cannot be read.
    """
    if isinstance(documents, Mapping):
        documents = list(documents.items())
    if is_document(documents):
        documents = [documents]
    if not isinstance(documents, Iterable):
        raise InvalidRequest(_no_document(documents))
    found: list[Enclosure] = []
    for document in documents:
        if isinstance(document, str | os.PathLike):
            found += [_of_path(path) for path in _paths(os.fspath(document))]
        elif isinstance(document, Enclosure):
            found.append(document)
        else:
            found.append(_of_object(document, len(found) + 1))
    if not found:
        raise InvalidRequest("There is no file to send; name at least one.")
    return found


def is_document(value: object) -> TypeGuard[Document]:
    """Tell whether a value is one document, not several."""
    return isinstance(value, str | os.PathLike | Enclosure) or is_content(value) or _is_pair(value)


def is_content(value: object) -> TypeGuard[Content]:
    """Tell whether a value is bytes or an open file."""
    return isinstance(value, bytes | bytearray | memoryview) or _is_file(value)


def enclosing(
    request: Request, key: str, documents: list[Enclosure], progress: Progress | None
) -> Body:
    """Make a JSON body that holds documents in base64; they are read while it is sent.

    Args:
        request: all other parameters.
        key: parameter for the list of ``{"file_name", "file_content"}``.
        documents: what goes there.
        progress: told bytes of documents sent and in all.
    """
    values = {name: value for name, value in msgspec.to_builtins(request).items() if name != key}
    start = msgspec.json.encode(values)[:-1] + (b"," if values else b"")
    pieces: list[bytes | Enclosure] = [start + msgspec.json.encode(key) + b":["]
    for index, document in enumerate(documents):
        opening = b'{"file_name":%b,"file_content":"' % msgspec.json.encode(document.name)
        pieces += [b"," + opening if index else opening, document, b'"}']
    pieces.append(b"]}")
    length = sum(
        len(piece) if isinstance(piece, bytes) else 4 * -(-piece.size // 3) for piece in pieces
    )
    total = sum(document.size for document in documents)

    async def chunks() -> AsyncIterator[bytes]:
        done = 0
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            for block in piece.blocks():
                yield pybase64.b64encode(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)

    return Body(length, chunks, "application/json")


def _paths(text: str) -> list[Path]:
    path = Path(text).expanduser()
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    if path.exists():
        return [path]
    matches = [Path(one) for one in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - absolute patterns too
    files = sorted(match for match in matches if match.is_file())
    if not files:
        raise InvalidRequest(f"There is no local file '{text}'.")
    return files


def _of_path(path: Path) -> Enclosure:
    return Enclosure(path.name, path.stat().st_size, lambda: path.open("rb"))


def _of_object(document: object, number: int) -> Enclosure:
    name = ""
    if _is_pair(document):
        name, document = document
    if isinstance(document, bytes | bytearray | memoryview):
        view = memoryview(document).cast("B")
        name = name or _invented_name(number, bytes(view[:16]))
        return Enclosure(name, len(view), lambda: io.BytesIO(view))
    if _is_file(document):
        return _of_file(document, name, number)
    raise InvalidRequest(_no_document(document))


def _of_file(file: BinaryIO, name: str, number: int) -> Enclosure:
    """Take an open file from where it stands to its end; it is left open and standing there."""
    own = getattr(file, "name", "")
    shown = name or (Path(own).name if isinstance(own, str) else "")
    if isinstance(file.read(0), str):
        raise InvalidRequest(f"The file '{shown}' is open as text; open it with mode 'rb'.")
    if not file.seekable():
        return _of_stream(file, shown, number)
    start = file.tell()
    head = file.read(16)
    size = file.seek(0, os.SEEK_END) - start
    file.seek(start)

    @contextmanager
    def again() -> Iterator[BinaryIO]:
        try:
            yield file
        finally:
            file.seek(start)

    return Enclosure(shown or _invented_name(number, head), size, again)


def _of_stream(stream: BinaryIO, name: str, number: int) -> Enclosure:
    """Copy what can be read only once to a temporary file, which goes with the enclosure."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    enclosure = _of_file(copy, name, number)
    weakref.finalize(enclosure, copy.close)
    return enclosure


def _is_file(value: object) -> TypeGuard[BinaryIO]:
    return hasattr(value, "read")


def _is_pair(value: object) -> TypeGuard[tuple[str, Content]]:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], str)
        and is_content(value[1])
    )


def _invented_name(number: int, head: bytes) -> str:
    suffix = next((suffix for sign, suffix in _SIGNATURES if head.startswith(sign)), "")
    return f"document_{number}{suffix}"


def _read_fully(file: BinaryIO, length: int) -> bytes:
    """Read so many bytes, less only at the end; one read of a raw file may give less."""
    block = file.read(length)
    while block and len(block) < length and (more := file.read(length - len(block))):
        block += more
    return block


def _no_document(value: Any) -> str:
    return (
        f"A {type(value).__name__} is no document; give a path, bytes, an open file or a pair "
        "of a name and one of these."
    )
