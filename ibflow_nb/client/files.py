"""The drive: files and folders on the server (source: Filesystem API V2)."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import AsyncIterator
from pathlib import Path

from ibflow_nb.api import endpoints
from ibflow_nb.api.endpoints import Endpoint
from ibflow_nb.api.errors import ConfigError, NotFound
from ibflow_nb.api.files import CopyNode, CreateNode, Listing, Node, NodeMetadata, NodeType
from ibflow_nb.client import body
from ibflow_nb.client.body import Progress
from ibflow_nb.client.replies import decode
from ibflow_nb.client.saving import inside, save
from ibflow_nb.client.transfers import Meter, few_at_once
from ibflow_nb.client.transport import Call, Transport
from ibflow_nb.client.uploads import LocalFile, plan
from ibflow_nb.jobs.call import call

_Nodes = list[Node]  # `list` is a method below


class Files:
    """``client.files``: reading, writing and moving what is on the drive.

    Paths are drive paths, ``OWNER/SUBSPACE/fs/DRIVE/...``, with or without a leading slash; they
    are given as they are, never percent-encoded.

    Attributes:
        home: drive path of the user's own space; :meth:`upload` puts its folders there.
    """

    def __init__(self, transport: Transport, home: str = "") -> None:
        self._transport = transport
        self.home = home.strip("/")

    @call
    async def stat(self, path: str) -> NodeMetadata:
        """Tell the kind, size (bytes) and time of change (Unix seconds) of a path.

        Raises:
            NotFound: nothing is there.
        """
        try:
            answer = await self._transport.ask(Call(endpoints.FILE_HEAD, path=path))
        except NotFound as error:
            raise _not_found(path, endpoints.FILE_HEAD) from error
        is_file = "json" not in answer.headers.get("content-type", "")
        changed = answer.headers.get("last-modified")
        return NodeMetadata(
            node_type=NodeType.FILE if is_file else NodeType.FOLDER,
            size=int(answer.headers.get("content-length") or 0) if is_file else 0,
            modified_timestamp=_unix_seconds(changed) if changed else 0,
        )

    @call
    async def read(self, path: str, *, start: int = 0, end: int | None = None) -> bytes:
        """Read a file, or its bytes from ``start`` up to and without ``end``.

        Raises:
            NotFound: there is no such file.
        """
        headers = {}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        query = {"expect-node-type": NodeType.FILE}
        ask = Call(endpoints.FILE_READ, path=path, query=query, headers=headers)
        try:
            return (await self._transport.ask(ask)).content
        except NotFound as error:
            raise _not_found(path, endpoints.FILE_READ) from error

    @call
    async def write(
        self,
        path: str,
        content: bytes | Path,
        *,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> None:
        """Write a file, whole or not at all; parent folders are created.

        Args:
            path: drive path of the file.
            content: bytes, or a local file that is read while it is sent.
            overwrite: False refuses to replace a file that is there.
            progress: told bytes sent and bytes in all.

        Raises:
            ApiError: with ``status_code`` 412 if the file exists and must not be replaced.
        """
        if isinstance(content, Path):
            sent = body.of_file(content, progress=progress)
        else:
            sent = body.of_bytes(content, progress=progress)
        headers = {} if overwrite else {"If-None-Match": "*"}
        await self._transport.ask(Call(endpoints.FILE_WRITE, path=path, headers=headers, body=sent))

    @call
    async def append(self, path: str, content: bytes, *, restart: bool = False) -> None:
        """Add a chunk to the end of a file, which is created if it is not there.

        Unlike :meth:`write` this is never repeated by itself: a chunk could arrive twice.

        Args:
            path: drive path of the file.
            content: the chunk.
            restart: begin the file anew with this chunk.
        """
        headers = {"IB-Cursor": "0" if restart else "-1"}
        chunk = body.of_bytes(content)
        await self._transport.ask(
            Call(endpoints.FILE_APPEND, path=path, headers=headers, body=chunk)
        )

    @call
    async def upload(
        self, local: str | Path, remote: str = "", *, progress: Progress | None = None
    ) -> str:
        """Send a local file or folder; give the drive path where it is now.

        Without ``remote`` it goes to ``uploads/<hash of its content>/<its name>`` in the user's
        space, and files that an earlier upload left there are not sent again.

        Args:
            local: file or folder of this machine.
            remote: drive path that it shall have.
            progress: told bytes done and bytes in all.

        Raises:
            ConfigError: ``remote`` is missing and the user's space is not known.
            OSError: a local file cannot be read.
        """
        source = _local(local)
        upload = await asyncio.to_thread(plan, source)
        if remote:
            target, there = remote.strip("/"), {}
        else:
            if not self.home:
                raise ConfigError(
                    f"Say where on the drive '{source}' shall go: this server did not tell which "
                    "space is yours."
                )
            target = f"{self.home}/uploads/{upload.digest}/{upload.name}"
            there = await self._sizes_below(target)
        meter = Meter(progress, sum(file.size for file in upload.files))
        missing = []
        for file in upload.files:
            if there.get(file.name) == file.size:
                meter.set(file.name, file.size)
            else:
                missing.append(file)
        await few_at_once(self._send(file, target, meter) for file in missing)
        if upload.is_folder and not upload.files:
            await self.create_folder.aio(target)
        return target

    @call
    async def download(
        self, path: str, local: str | Path, *, progress: Progress | None = None
    ) -> Path:
        """Fetch a file or a whole folder; give the local path.

        A file appears whole or not at all.

        Args:
            path: drive path.
            local: where it shall be; a file goes into it if it is a folder.
            progress: told bytes done and bytes in all.
        """
        target = _local(local)
        about = await self.stat.aio(path)
        if about.node_type is NodeType.FILE:
            if target.is_dir():
                target /= path.rstrip("/").rsplit("/", 1)[-1]
            await self._fetch(path, target, Meter(progress, about.size))
            return target
        sizes = await self._sizes_below(path)
        meter = Meter(progress, sum(sizes.values()))
        await few_at_once(
            self._fetch(f"{path.rstrip('/')}/{name}", inside(target, name), meter) for name in sizes
        )
        target.mkdir(parents=True, exist_ok=True)
        return target

    @call
    async def create_folder(self, path: str) -> None:
        """Create a folder and its parents; one that is there is left as it is."""
        parent, _, name = path.strip("/").rpartition("/")
        payload = CreateNode(name=name, node_type=NodeType.FOLDER)
        await self._transport.ask(Call(endpoints.FILE_CREATE, payload, path=parent))

    @call
    async def delete(self, path: str) -> None:
        """Delete a file or a folder with all that is in it; nothing there is no error."""
        await self._transport.ask(Call(endpoints.FILE_DELETE, path=path))

    @call
    async def copy(self, source: str, target: str) -> None:
        """Copy a file or a folder; parents of the target are created."""
        await self._relocate(endpoints.FILE_COPY, source, target)

    @call
    async def move(self, source: str, target: str) -> None:
        """Move a file or a folder; parents of the target are created."""
        await self._relocate(endpoints.FILE_MOVE, source, target)

    @call
    async def extract(self, archive: str, folder: str) -> None:
        """Unpack a zip file, of whatever extension, into a folder."""
        await self._relocate(endpoints.FILE_EXTRACT, archive, folder)

    @call
    async def list(self, path: str) -> _Nodes:
        """List a folder, in the server's order.

        Raises:
            NotFound: there is no such folder.
        """
        nodes: _Nodes = []
        query = {"expect-node-type": str(NodeType.FOLDER)}
        endpoint = endpoints.FILE_READ
        while True:
            try:
                answer = await self._transport.ask(Call(endpoint, path=path, query=query))
            except NotFound as error:
                raise _not_found(path, endpoint) from error
            page = decode(answer, endpoint, Listing)
            nodes += page.nodes
            if not page.has_more or not page.next_page_token:
                return nodes
            query["start-token"] = page.next_page_token

    async def _relocate(self, endpoint: Endpoint, source: str, target: str) -> None:
        await self._transport.ask(Call(endpoint, CopyNode(src_path=source, dst_path=target)))

    async def _sizes_below(self, path: str) -> dict[str, int]:
        """Give the sizes of all files below a path by relative name; {} if nothing is there."""
        try:
            about = await self.stat.aio(path)
        except NotFound:
            return {}
        if about.node_type is NodeType.FILE:
            return {"": about.size}
        sizes: dict[str, int] = {}
        folders = [""]
        while folders:
            below = folders.pop()
            for node in await self.list.aio(f"{path.rstrip('/')}/{below}"):
                if node.metadata.node_type is NodeType.FOLDER:
                    folders.append(f"{below}{node.name}/")
                else:
                    sizes[f"{below}{node.name}"] = node.metadata.size
        return sizes

    async def _send(self, file: LocalFile, target: str, meter: Meter) -> None:
        path = f"{target}/{file.name}".rstrip("/")
        await self.write.aio(path, file.path, progress=meter.part(file.name))
        meter.set(file.name, file.size)

    async def _fetch(self, path: str, target: Path, meter: Meter) -> None:
        async def sink(chunks: AsyncIterator[bytes], length: int | None) -> None:
            await save(chunks, target, length, meter.part(path))

        query = {"expect-node-type": str(NodeType.FILE)}
        headers = {"Accept-Encoding": "identity"}  # so that the length is that of the file
        fetch = Call(endpoints.FILE_READ, path=path, query=query, headers=headers)
        await self._transport.stream(fetch, sink)


def _local(path: str | Path) -> Path:
    return Path(path).expanduser()


def _not_found(path: str, endpoint: Endpoint) -> NotFound:
    return NotFound(
        f"'{path}' is not on the drive; `client.files.list` shows what is there.",
        status_code=404,
        call=endpoint.name,
    )


def _unix_seconds(date: str) -> int:
    try:
        return int(email.utils.parsedate_to_datetime(date).timestamp())
    except ValueError:
        return 0
