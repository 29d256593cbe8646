"""The file tree of the platform: drive paths on a local root folder.

A drive path is ``OWNER/SUBSPACE/fs/DRIVE/PATH``, with or without a leading slash; on disk it is
the same path below the root. Every path that reaches the platform from outside goes through
:class:`Drive`, so that nothing outside the root and nothing of the platform's own state can be
reached (source: Flow API document, path conventions; Filesystem API V2).
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.local.settings import STATE_FOLDER

_LONGEST_NAME = 255  # bytes, on every common file system
_LONGEST_PATH = 4096


class Drive:
    """Drive paths to local paths and back.

    Attributes:
        root: the root folder, absolute and without symbolic links.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self._inside = os.path.join(self.root, "")  # noqa: PTH118 - with a separator at its end
        self._state = f"{self._inside}{STATE_FOLDER}"

    @property
    def state(self) -> Path:
        """Folder of the platform's own state; no drive path leads into it."""
        return self.root / STATE_FOLDER

    def owns(self, local: Path) -> bool:
        """Tell whether a local path is, or leads to, something that drive paths may name."""
        real = Path(os.path.realpath(local))
        return real.is_relative_to(self.root) and not self._is_state(real)

    def resolve(self, path: str) -> Path:
        """Give the local path of a drive path, whether or not something is there.

        Raises:
            InvalidRequest: the path leads out of the root or into the platform's state, or
                no file can have it.
        """
        parts = _parts(path)
        local = self.root.joinpath(*parts)
        belongs_to_platform = self._names_state(parts[:1])
        if self._has_links(parts):
            real = Path(os.path.realpath(local))
            if not real.is_relative_to(self.root):
                raise InvalidRequest(f"The path '{_shown(path)}' leads out of the drive.")
            belongs_to_platform |= self._is_state(real)
        if belongs_to_platform:
            raise InvalidRequest(f"The path '{_shown(path)}' belongs to the platform itself.")
        return local

    def locate(self, path: str) -> Path:
        """Give the local path of something that exists, named in a request body.

        The path is tried as it stands, then percent-decoded once.

        Raises:
            InvalidRequest: as for :meth:`resolve`.
            NotFound: nothing is there.
        """
        local = self.place(path)
        if not os.path.exists(local):  # noqa: PTH110 - Path.exists raises for odd names
            raise NotFound(f"There is no file or folder '{_shown(path)}' on the drive.")
        return local

    def place(self, path: str) -> Path:
        """Give the local path of a target named in a request body; it need not exist.

        A percent-encoded path is decoded once where more of the decoded one exists already:
        ``x/fs/Instabase%20Drive/out`` goes into an existing ``Instabase Drive``.

        Raises:
            InvalidRequest: as for :meth:`resolve`.
        """
        literal = self.resolve(path)
        decoded_path = unquote(path)
        if decoded_path == path:
            return literal
        decoded = self.resolve(decoded_path)
        return decoded if _existing_parts(decoded) > _existing_parts(literal) else literal

    def path_of(self, local: Path) -> str:
        """Give the drive path of a local path, without a leading slash.

        Bytes of a file name that are no UTF-8 are shown as the replacement character.

        Raises:
            InvalidRequest: the local path is not below the root.
        """
        text = os.fspath(local)
        if not text.startswith(self._inside):
            text = os.path.realpath(local)
        if text == os.fspath(self.root):
            return ""
        if not text.startswith(self._inside):
            raise InvalidRequest(f"'{local.name}' is not on the drive.")
        path = text.removeprefix(self._inside).replace(os.sep, "/")
        return os.fsencode(path).decode("utf-8", "replace")

    def _has_links(self, parts: list[str]) -> bool:
        """Tell whether a path below the root goes, or might go, through a symbolic link."""
        if os.name == "nt":  # which also has junctions
            return True
        place = os.fspath(self.root)
        for part in parts:
            place = f"{place}{os.sep}{part}"
            try:
                mode = os.lstat(place).st_mode
            except FileNotFoundError:
                return False
            except OSError:
                return True
            if stat.S_ISLNK(mode):
                return True
        return False

    def _is_state(self, local: Path) -> bool:
        """Tell whether a path below the root is in the state folder, however it is spelt."""
        return self._names_state(local.relative_to(self.root).parts[:1])

    def _names_state(self, first: Sequence[str]) -> bool:
        """Tell whether the first name of a path below the root, if any, is the state folder's."""
        if not first:
            return False
        if _plain(first[0]) == STATE_FOLDER:
            return True
        place = f"{self._inside}{first[0]}"
        try:
            return os.path.samefile(place, self._state)  # noqa: PTH121 - every path comes here
        except OSError:
            return False


def _parts(path: str) -> list[str]:
    """Split a drive path into names.

    Raises:
        InvalidRequest: a name steps upwards or cannot be a file's name.
    """
    try:
        too_long = len(path.encode()) > _LONGEST_PATH
    except UnicodeEncodeError:
        raise InvalidRequest(f"The path '{_shown(path)}' is not valid Unicode.") from None
    if too_long:
        raise InvalidRequest(f"The path '{path[:80]}...' is too long.")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    for part in parts:
        if part == "..":
            raise InvalidRequest(f"The path '{_shown(path)}' must not contain '..'.")
        if "\0" in part or len(part.encode()) > _LONGEST_NAME or _is_foreign(part):
            raise InvalidRequest(f"No file can have the path '{_shown(path)}'.")
    return parts


def _is_foreign(part: str) -> bool:
    """Tell whether a name would be read as more than a name on this system."""
    return os.name == "nt" and any(character in part for character in "\\:")


def _plain(name: str) -> str:
    """Fold a name as tolerant file systems do: case, compatibility forms, invisible characters."""
    visible = "".join(
        character
        for character in unicodedata.normalize("NFKC", name)
        if unicodedata.category(character) != "Cf"
    )
    return visible.casefold().rstrip(". ")


def _existing_parts(local: Path) -> int:
    """Count the leading parts of a path that exist."""
    for ancestor in (local, *local.parents):
        if os.path.exists(ancestor):  # noqa: PTH110 - Path.exists raises for odd names
            return len(ancestor.parts)
    return 0


def _shown(path: str) -> str:
    """Give a path as it can stand in a message: printable and of bearable length."""
    text = path.encode("utf-8", "replace").decode()
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 200 else f"{text[:200]}..."
