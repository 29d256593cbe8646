"""Local paths in commands: they are uploaded first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ibflow_nb.api.errors import CommandError, ConfigError
from ibflow_nb.api.jobs import JobState
from ibflow_nb.client.uploads import content_hash, plan
from ibflow_nb.jobs import Snapshot

if TYPE_CHECKING:
    from ibflow_nb.notebook.context import Context


class Uploads:
    """Turns paths of this machine into drive paths.

    The client puts a folder below a hash of its content, so that the same content is sent once.

    Args:
        context: of the command.
        dry: send nothing, only tell where things would go.
    """

    def __init__(self, context: Context, *, dry: bool = False) -> None:
        self._context = context
        self._dry = dry
        self._notes: list[str] = []

    @property
    def note(self) -> str:
        """What a dry run would upload."""
        return "; ".join(self._notes)

    def folder(self, path: str) -> str:
        """Give the drive path of a folder of documents, uploaded if it is local.

        Raises:
            CommandError: it looks like a local path and does not exist, or is no folder.
            ConfigError: it is not known which space of the server is the user's.
        """
        local = local_path(path)
        if local is not None and not local.is_dir():
            raise CommandError(f"{path} is a file; a folder is needed here.")
        return self._send(path, local)

    def file(self, path: str) -> str:
        """Give the drive path of a file, uploaded if it is local.

        Raises:
            CommandError: it looks like a local path and does not exist, or is a folder.
            ConfigError: it is not known which space of the server is the user's.
        """
        local = local_path(path)
        if local is not None and not local.is_file():
            raise CommandError(f"{path} is a folder; a file is needed here.")
        return self._send(path, local)

    def flows(self, path: str) -> str:
        """Give the drive path of a folder of flows, uploaded if it is local.

        Raises:
            CommandError: it does not exist, or a flow names a file outside of the folder, which
                would be missing on the server.
            ConfigError: it is not known which space of the server is the user's.
        """
        local = local_path(path)
        if local is not None:
            for flow in sorted(local.glob("*.ibflow")):
                for file in flow_files(flow)[0].values():
                    if not file.is_relative_to(local.resolve()):
                        raise CommandError(
                            f"{flow} names {file}, which lies outside of {path}; put it there."
                        )
        return self.folder(path)

    def _send(self, path: str, local: Path | None) -> str:
        if local is None:
            return path
        upload = plan(local)
        target = f"{self._home()}/uploads/{upload.digest}/{upload.name}"
        if self._dry:
            self._notes.append(f"{path} is uploaded to {target} first")
            return target
        progress = UploadProgress(len(upload.files))
        self._context.screen.show_upload(progress, f"upload of {path}")
        with progress:
            files = self._context.connection.client.files
            return files.upload(local, progress=progress.report)

    def flow(self, path: str) -> str:
        """Give the drive path of a flow file, uploaded with what its steps name if it is local.

        Raises:
            CommandError: it looks like a local path and does not exist, or is no flow.
            ConfigError: it is not known which space of the server is the user's.
        """
        local = local_path(path)
        if local is None:
            return path
        files, name = flow_files(local)
        target = f"{self._home()}/uploads/{content_hash(dict(sorted(files.items())))}"
        if self._dry:
            self._notes.append(f"{', '.join(files)} are uploaded to {target} first")
        else:
            for below, file in files.items():
                self._context.connection.client.files.upload(file, f"{target}/{below}")
        return f"{target}/{name}"

    def _home(self) -> str:
        home = self._context.connection.client.files.home
        if not home:
            raise ConfigError(
                "A local path is uploaded to your space of the server, and it is not known which "
                f"that is: '{self._context.prog} connect ... --home OWNER/SUBSPACE/fs/DRIVE'."
            )
        return home


class UploadProgress:
    """An upload as the painter sees it: observed like a job, ended by leaving its context.

    Args:
        files: how many there are.
        afterwards: what happens once all is sent; empty if nothing.
    """

    def __init__(self, files: int, afterwards: str = "") -> None:
        self._afterwards = afterwards
        self._observers: list[Callable[[Snapshot], None]] = []
        self.snapshot = Snapshot(
            job_id="", state=JobState.RUNNING, total_files=files, started=time.time()
        )

    def subscribe(self, observer: Callable[[Snapshot], None], /) -> Callable[[], None]:
        """Have ``observer`` called with each new snapshot; the result ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def report(self, done: int, total: int) -> None:
        """Take in how many bytes are sent."""
        message = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB sent"
        if done == total and self._afterwards:
            message = self._afterwards
        self._publish(progress=done / total if total else 1.0, message=message)

    def __enter__(self) -> None:
        """The upload begins."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._publish(state=JobState.COMPLETE, progress=1.0, finished=time.time())
        else:
            reason = str(error) or "interrupted"
            self._publish(state=JobState.FAILED, message=reason, finished=time.time())

    def _publish(self, **changes: Any) -> None:
        self.snapshot = self.snapshot.replace(**changes)
        for observer in list(self._observers):
            observer(self.snapshot)


def local_path(path: str) -> Path | None:
    """Give the path as one of this machine, or None if it is a drive path.

    A drive path is told by ``fs`` as its third part, unless it begins with ``.`` or ``~``.

    Raises:
        CommandError: it begins with ``.`` or ``~`` and does not exist.
    """
    explicit = path.startswith(("./", "../", "~", ".\\", "..\\")) or path in {".", ".."}
    parts = [part for part in path.split("/") if part]
    if not explicit and len(parts) > 3 and parts[2] == "fs":
        return None
    local = Path(path).expanduser()
    if path and local.exists():
        return local
    if explicit:
        raise CommandError(f"There is no local file or folder {path}.")
    return None


def flow_files(flow: Path) -> tuple[dict[str, Path], str]:
    """Collect a flow file and the files that its steps name by ``..._path`` below its root.

    Returns:
        Files by their path relative to the root, and the flow's own.

    Raises:
        CommandError: the flow is not readable as JSON with steps.
    """
    try:
        content = json.loads(flow.read_text("utf-8"))
        steps = [step.get("kwargs") or {} for step in content["steps"]]
        root = (flow.parent / content.get("rootDir", ".")).resolve()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{flow} is no readable flow file ({error}).") from error
    own = flow.resolve()
    if not own.is_relative_to(root):
        raise CommandError(f"{flow} lies outside its own rootDir {root}; upload it by hand.")
    name = own.relative_to(root).as_posix()
    files = {name: own}
    for kwargs in steps:
        for key, value in kwargs.items():
            if key.endswith("_path") and isinstance(value, str):
                named = (root / value).resolve()
                if named.is_file() and named.is_relative_to(root):
                    files[named.relative_to(root).as_posix()] = named
    return files, name
