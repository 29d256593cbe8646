"""Filesystem API v2 (source: Filesystem API V2; HTTP status codes, errors as ``message``)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import anyio
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ibflow_nb.api import endpoints
from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.files import CopyNode, CreateNode, FileJobReply, NodeType
from ibflow_nb.local.server.handlers import Handlers, decode_call, path_parameter
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.refusals import Refusal, json_response
from ibflow_nb.local.server.sending import file_headers, send_file

handlers = Handlers()

_LONGEST_WAIT = 60.0


class RetryConfig(msgspec.Struct, rename="kebab"):
    """Header ``IB-Retry-Config`` of HEAD: how often and how long to wait for a path to appear."""

    retries: int = 0
    backoff_seconds: float = 1.0


@handlers.serves(endpoints.FILE_CREATE)
async def create(platform: Platform, request: Request) -> Response:
    """Make an empty file or a folder below the path in the URL."""
    body = await decode_call(platform, endpoints.FILE_CREATE, request, CreateNode)
    parent = path_parameter(request)
    node = await run_in_threadpool(platform.nodes.create, parent, body.name, body.node_type)
    return json_response(node, 201, {"Location": _address(node.full_path)})


@handlers.serves(endpoints.FILE_WRITE)
async def write(platform: Platform, request: Request) -> Response:
    """Write a file; with ``If-None-Match: *`` only where nothing is."""
    path = path_parameter(request)
    new_only = request.headers.get("if-none-match", "").strip() == "*"
    if new_only:
        await run_in_threadpool(platform.nodes.refuse_existing, path)
    node = await platform.slow_calls.consume(
        request,
        platform.settings.limits.body_bytes,
        lambda blocks: platform.nodes.write(path, blocks, overwrite=not new_only),
    )
    if new_only:
        return Response(status_code=201, headers={"Location": _address(node.full_path)})
    return Response(status_code=204)


@handlers.serves(endpoints.FILE_APPEND)
async def append(platform: Platform, request: Request) -> Response:
    """Write a chunk at the ``IB-Cursor``."""
    path = path_parameter(request)
    cursor = _cursor(request)
    await platform.slow_calls.consume(
        request,
        platform.settings.limits.body_bytes,
        lambda blocks: platform.nodes.append(path, blocks, cursor=cursor),
    )
    return Response(status_code=204)


@handlers.serves(endpoints.FILE_READ)
async def read(platform: Platform, request: Request) -> Response:
    """Send a file or a range of it, or list a folder."""
    path = path_parameter(request)
    if _expected_type(request) is NodeType.FOLDER:
        token = request.query_params.get("start-token", "")
        return json_response(await run_in_threadpool(platform.nodes.list_folder, path, token))
    return await run_in_threadpool(_read_file, platform, path, request.headers.get("range", ""))


@handlers.serves(endpoints.FILE_HEAD)
async def head(platform: Platform, request: Request) -> Response:
    """Tell whether a path exists, its kind, size and time of change."""
    path = path_parameter(request)
    try:
        retry = msgspec.json.decode(request.headers.get("ib-retry-config", "{}"), type=RetryConfig)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The header IB-Retry-Config cannot be read ({error}).") from error
    end = anyio.current_time() + _LONGEST_WAIT
    for _ in range(retry.retries):
        if platform.drive.resolve(path).exists() or anyio.current_time() > end:
            break
        await anyio.sleep(min(max(retry.backoff_seconds, 0.01), _LONGEST_WAIT))
    return await run_in_threadpool(_head, platform, path)


@handlers.serves(endpoints.FILE_DELETE)
async def delete(platform: Platform, request: Request) -> Response:
    """Delete what is at a path; 202 also when nothing is there."""
    path = path_parameter(request)
    return await _job(platform, lambda: platform.nodes.delete(path))


@handlers.serves(endpoints.FILE_COPY)
async def copy(platform: Platform, request: Request) -> Response:
    """Copy a file or a folder."""
    body = await decode_call(platform, endpoints.FILE_COPY, request, CopyNode)
    return await _job(platform, lambda: platform.nodes.copy(body.src_path, body.dst_path))


@handlers.serves(endpoints.FILE_MOVE)
async def move(platform: Platform, request: Request) -> Response:
    """Move a file or a folder."""
    body = await decode_call(platform, endpoints.FILE_MOVE, request, CopyNode)
    return await _job(platform, lambda: platform.nodes.move(body.src_path, body.dst_path))


@handlers.serves(endpoints.FILE_EXTRACT)
async def extract(platform: Platform, request: Request) -> Response:
    """Unpack a zip file into a folder."""
    body = await decode_call(platform, endpoints.FILE_EXTRACT, request, CopyNode)
    return await _job(platform, lambda: platform.nodes.extract(body.src_path, body.dst_path))


def _read_file(platform: Platform, path: str, wanted: str) -> Response:
    local = platform.nodes.find(path)
    if local.is_dir():
        raise Refusal(412, f"'{path}' is a folder, not a file.")
    return send_file(local, wanted)


def _head(platform: Platform, path: str) -> Response:
    try:
        local = platform.nodes.find(path)
    except NotFound:
        return Response(status_code=404)
    if local.is_dir():
        response = Response(media_type="application/json")
        del response.headers["content-length"]
        return response
    return Response(headers=file_headers(local), media_type="application/octet-stream")


def _expected_type(request: Request) -> NodeType:
    try:
        return NodeType(request.query_params.get("expect-node-type", ""))
    except ValueError:
        raise InvalidRequest(
            "file_read: the query key 'expect-node-type' must be 'file' or 'folder'."
        ) from None


def _cursor(request: Request) -> int:
    try:
        return int(request.headers.get("ib-cursor", ""))
    except ValueError:
        raise InvalidRequest(
            "file_append: the header 'IB-Cursor' must be 0 (start the file) or -1 (append)."
        ) from None


def _address(path: str) -> str:
    return f"/api/v2/files/{quote(path)}"


async def _job(platform: Platform, operation: Callable[[], None]) -> Response:
    """Finish an operation and answer in the shape of one that was started."""

    def finished() -> str:
        operation()
        return platform.brief_jobs.add()

    job_id = await platform.slow_calls.run(finished)
    return json_response(FileJobReply(job_id=job_id), 202, {"Location": f"/api/v2/jobs/{job_id}"})
