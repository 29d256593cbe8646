"""Files and folders of the drive: what both filesystem APIs do with them.

All functions block; routes call them in a thread. Paths of URLs are taken as they stand, paths
of bodies are decoded where needed (see :class:`ibflow_nb.local.drive.Drive`).
"""

from __future__ import annotations

import base64
import binascii
import heapq
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.files import Listing, Node, NodeMetadata, NodeType
from ibflow_nb.local.archives import extract_archive
from ibflow_nb.local.atomic import TEMPORARY_PREFIX, write_atomic
from ibflow_nb.local.drive import Drive
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.server.merging import merge
from ibflow_nb.local.server.refusals import Refusal, bad_path

PAGE_SIZE = 500
_SPOOL_BYTES = 16 * 1024**2


class Nodes:
    """Operations on the nodes of one drive.

    Attributes:
        drive: the drive.
        limits: bounds on archives.
    """

    def __init__(self, drive: Drive, limits: Limits) -> None:
        self.drive = drive
        self.limits = limits
        self._appending = threading.Lock()

    def find(self, path: str) -> Path:
        """Give the local path of an existing node named in a URL.

        Raises:
            NotFound: nothing is there.
            InvalidRequest: the path is refused.
        """
        local = self.drive.resolve(path)
        if not local.exists():
            raise NotFound(f"There is no file or folder '{path}' on the drive.")
        return local

    def describe(self, local: Path) -> Node:
        """Give name, path, kind, size and time of change of a node."""
        status = local.stat()
        kind = NodeType.FOLDER if local.is_dir() else NodeType.FILE
        path = self.drive.path_of(local)
        return Node(
            name=path.rpartition("/")[2],
            full_path=path,
            metadata=NodeMetadata(
                node_type=kind,
                size=0 if kind is NodeType.FOLDER else status.st_size,
                modified_timestamp=int(status.st_mtime),
            ),
        )

    def list_folder(self, path: str, start_token: str = "", page_size: int = PAGE_SIZE) -> Listing:
        """List a folder by name, one page from ``start_token`` on.

        Raises:
            NotFound: there is no such folder.
            Refusal: the path is a file (412).
            InvalidRequest: the token is none of ours.
        """
        folder = self.find(path)
        if not folder.is_dir():
            raise Refusal(412, f"'{path}' is a file, not a folder.")
        after = _name_of_token(start_token)
        entries = (e for e in folder.iterdir() if e.name > after and self._shows(e))
        page = heapq.nsmallest(page_size + 1, entries, key=lambda entry: entry.name)
        nodes = [node for entry in page[:page_size] if (node := self._describe_entry(entry))]
        has_more = len(page) > page_size
        token = _token_of_name(page[page_size - 1].name) if has_more else ""
        return Listing(nodes=nodes, has_more=has_more, next_page_token=token)

    def create(self, parent: str, name: str, kind: NodeType) -> Node:
        """Make an empty file or a folder, with the folders above it; a folder may exist.

        Raises:
            InvalidRequest: the name is no name, or something else is there already.
        """
        if "/" in name.strip("/") or not name.strip("/."):
            raise bad_path(name, "is no name for a file or a folder")
        path = f"{parent.rstrip('/')}/{name}"
        local = self.drive.resolve(path)
        with _parents_are_folders(path):
            if kind is NodeType.FOLDER:
                local.mkdir(parents=True, exist_ok=True)
            elif local.exists():
                raise bad_path(path.lstrip("/"), "exists already")
            else:
                write_atomic(local, b"")
        return self.describe(local)

    def write(self, path: str, content: Iterable[bytes], *, overwrite: bool = True) -> Node:
        """Write a file whole, with the folders above it.

        Raises:
            Refusal: it exists and is not to be overwritten (412); what is there stays.
            InvalidRequest: the path is a folder, or a part of it a file.
        """
        local = self._writable(path)
        with _parents_are_folders(path):
            if overwrite:
                write_atomic(local, content)
            else:
                _write_new(local, path, content)
        return self.describe(local)

    def refuse_existing(self, path: str) -> None:
        """Refuse early what :meth:`write` without ``overwrite`` would refuse at its end.

        Raises:
            Refusal: something is there (412).
        """
        if self.drive.resolve(path).exists():
            raise _exists(path)

    def append(self, path: str, content: Iterable[bytes], *, cursor: int) -> None:
        """Write a chunk: at 0 the file begins anew, at -1 or at its size it grows.

        Raises:
            InvalidRequest: another cursor; the path is a folder, or a part of it a file.
        """
        if cursor == 0:
            self.write(path, content)
            return
        local = self._writable(path)
        with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as chunk, _parents_are_folders(path):
            for block in content:
                chunk.write(block)
            chunk.seek(0)
            local.parent.mkdir(parents=True, exist_ok=True)
            with self._appending, local.open("ab") as file:
                size = file.tell()
                if cursor not in {-1, size}:
                    raise InvalidRequest(
                        f"The cursor {cursor} is not the end of '{path}', which has {size} bytes; "
                        "use 0 to start the file or -1 to append."
                    )
                try:
                    shutil.copyfileobj(chunk, file)
                    file.flush()
                except OSError:
                    file.truncate(size)
                    raise

    def delete(self, path: str) -> None:
        """Delete a file or a folder with all in it; nothing there is fine.

        Raises:
            InvalidRequest: the path is the drive itself or is refused.
        """
        local = self._below_root(path)
        if local.is_dir() and not local.is_symlink():
            shutil.rmtree(local)
        elif local.exists() or local.is_symlink():
            local.unlink()

    def copy(self, source_path: str, target_path: str) -> None:
        """Copy a file, or a folder into what is at the target; each file appears whole.

        Raises:
            NotFound: there is no source.
            InvalidRequest: source and target overlap, or differ in kind.
        """
        source, target = self._pair(source_path, target_path)
        with self._staging(target) as staged:
            if source.is_dir():
                shutil.copytree(source, staged, symlinks=True)
            else:
                shutil.copy2(source, staged)
            merge(staged, target)

    def move(self, source_path: str, target_path: str) -> None:
        """Move a file, or a folder into what is at the target.

        Raises:
            NotFound: there is no source.
            InvalidRequest: source and target overlap, or differ in kind.
        """
        source, target = self._pair(source_path, target_path)
        with _parents_are_folders(target_path):
            target.parent.mkdir(parents=True, exist_ok=True)
        merge(source, target)

    def extract(self, archive_path: str, target_path: str) -> None:
        """Unpack a zip into a folder; on any fault nothing of it appears.

        Raises:
            NotFound: there is no archive.
            InvalidRequest: it is no zip, is hostile or beyond the limits, or the target is a file.
        """
        archive = self.drive.locate(archive_path)
        if archive.is_dir():
            raise bad_path(archive_path, "is a folder, not a zip file")
        target = self.drive.place(target_path)
        with self._staging(target) as staged:
            staged.mkdir()
            for file in extract_archive(archive, staged, self.limits):
                self.drive.resolve(self.drive.path_of(target / file.relative_to(staged)))
            merge(staged, target)

    def _pair(self, source_path: str, target_path: str) -> tuple[Path, Path]:
        """Locate source and target of a copy; neither may be in the other."""
        source = self.drive.locate(source_path)
        target = self.drive.place(target_path)
        if self.drive.root in (source, target):
            raise InvalidRequest("The drive itself can be neither source nor target.")
        if target.is_relative_to(source) or source.is_relative_to(target):
            raise InvalidRequest(
                f"Nothing can be copied or moved into itself: '{source_path}' and"
                f" '{target_path}' overlap."
            )
        return source, target

    @contextmanager
    def _staging(self, target: Path) -> Iterator[Path]:
        """Give a free temporary name beside ``target``; what is left there is removed."""
        with _parents_are_folders(self.drive.path_of(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=target.parent))
        try:
            yield folder / "staged"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _writable(self, path: str) -> Path:
        local = self._below_root(path)
        if local.is_dir():
            raise bad_path(path, "is a folder, not a file")
        return local

    def _below_root(self, path: str) -> Path:
        local = self.drive.resolve(path)
        if local == self.drive.root:
            raise InvalidRequest("The path is empty: name a file or a folder on the drive.")
        return local

    def _shows(self, local: Path) -> bool:
        """Tell whether a folder's entry is listed: no temporary files, nothing off the drive."""
        if local.name.startswith(TEMPORARY_PREFIX) or local == self.drive.state:
            return False
        return not local.is_symlink() or (self.drive.owns(local) and local.exists())

    def _describe_entry(self, local: Path) -> Node | None:
        """Describe an entry; None when it went away meanwhile."""
        try:
            return self.describe(local)
        except FileNotFoundError:
            return None


def _write_new(local: Path, path: str, content: Iterable[bytes]) -> None:
    """Write a file that must not exist yet; of several at once, one wins."""
    local.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=local.parent) as folder:
        staged = Path(folder, "staged")
        write_atomic(staged, content)
        try:
            os.link(staged, local)
        except FileExistsError:
            raise _exists(path) from None


@contextmanager
def _parents_are_folders(path: str) -> Iterator[None]:
    """Say in words that a folder on the way is a file."""
    try:
        yield
    except (NotADirectoryError, FileExistsError) as error:
        raise bad_path(
            path.strip("/"), "cannot be written: a part of the path is a file"
        ) from error


def _exists(path: str) -> Refusal:
    return Refusal(412, f"'{path}' exists already and was left as it is.")


def _token_of_name(name: str) -> str:
    return base64.urlsafe_b64encode(os.fsencode(name)).decode()


def _name_of_token(token: str) -> str:
    try:
        return os.fsdecode(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidRequest(f"'{token}' is no start token of a listing.") from error
