"""Where a root's platform runs and who uses it: locks and files in ``DIR/.ibflow``.

================  =================================================================
``platform.lock``  held by the platform as long as it lives
``platform.json``  its address, token and process id; there while requests are answered
``launch.lock``    held while someone joins or starts it, and while it decides to leave
``leases/*.lock``  one for each process that uses it, held as long as that lives
================  =================================================================

Held locks vanish with their process, also after ``kill -9``, so nothing here goes stale.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.settings import STATE_FOLDER

_PROBE_SECONDS = 1.0  # others probe the platform's lock for a moment; never as long as this


class RunningPlatform(msgspec.Struct, frozen=True):
    """A platform that answers requests.

    Attributes:
        url: its address, without a slash at the end.
        token: what callers must show; never in a repr.
        pid: its process.
    """

    url: str
    token: str
    pid: int

    def __repr__(self) -> str:
        """Leave the token out."""
        return f"RunningPlatform(url={self.url!r}, pid={self.pid})"


class Presence:
    """The locks and files of one root.

    Attributes:
        state: the state folder; made when absent, for the user alone.
    """

    def __init__(self, root: Path) -> None:
        self.state = Path(os.path.realpath(root)) / STATE_FOLDER
        self._leases = self.state / "leases"
        self._leases.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        self._platform_lock = _lock(self.state / "platform.lock")
        self._announcement = self.state / "platform.json"

    @property
    def launch_lock(self) -> FileLock:
        """Lock for joining, starting and leaving; a new object each time."""
        return _lock(self.state / "launch.lock")

    def occupy(self) -> bool:
        """Become the platform of this root; False when there is one already."""
        try:
            self._platform_lock.acquire(timeout=_PROBE_SECONDS)
        except Timeout:
            return False
        self.withdraw()
        return True

    def vacate(self) -> None:
        """Stop being the platform of this root."""
        self.withdraw()
        self._platform_lock.release()

    def announce(self, platform: RunningPlatform) -> None:
        """Tell where the platform answers."""
        write_atomic(self._announcement, msgspec.json.encode(platform), mode=0o600)

    def withdraw(self) -> None:
        """Tell that the platform does not answer any more."""
        self._announcement.unlink(missing_ok=True)

    def announced(self) -> RunningPlatform | None:
        """Give what the platform told about itself; None while it starts or ends."""
        try:
            return msgspec.json.decode(self._announcement.read_bytes(), type=RunningPlatform)
        except (OSError, msgspec.DecodeError):
            return None

    def is_free(self) -> bool:
        """Tell whether no platform runs on this root."""
        return _can_be_taken(self.state / "platform.lock")

    def take_lease(self) -> FileLock:
        """Count as a user of the platform until the lock is released or this process ends."""
        while True:
            path = self._leases / f"{os.getpid()}-{secrets.token_hex(4)}.lock"
            lease = _lock(path)
            lease.acquire()
            if path.exists():  # else it was swept away between its creation and its locking
                return lease
            lease.release()

    def in_use(self) -> bool:
        """Tell whether any process holds a lease; leases of dead ones are removed."""
        used = False
        for path in self._leases.glob("*.lock"):
            if _can_be_taken(path, remove=True):
                continue
            used = True
        return used

    def leave_if_unused(self) -> bool:
        """Withdraw the announcement unless somebody uses the platform or is about to."""
        try:
            with self.launch_lock.acquire(blocking=False):
                if self.in_use():
                    return False
                self.withdraw()
                return True
        except Timeout:
            return False


def _lock(path: Path) -> FileLock:
    return FileLock(path, mode=0o600, thread_local=False)


def _can_be_taken(path: Path, *, remove: bool = False) -> bool:
    """Tell whether nobody holds a lock; with ``remove`` its file goes when so."""
    lock = _lock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    try:
        if remove:
            with contextlib.suppress(OSError):
                path.unlink()
    finally:
        lock.release()
    return True
