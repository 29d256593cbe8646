"""Filesystem API v1: its basics, for clients that still use it.

Arguments come as JSON in a header, where they win, else in the query or in a JSON body (source:
Filesystem API, deprecated).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ibflow_nb.api import drives, endpoints
from ibflow_nb.api.drives import ARGUMENTS_HEADER, METADATA_HEADER, DriveArguments, DriveNode
from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.api.files import Node, NodeType
from ibflow_nb.api.schema import Envelope, convert_request
from ibflow_nb.local.server.handlers import Call, Handlers, path_parameter
from ibflow_nb.local.server.platform import Platform
from ibflow_nb.local.server.refusals import bad_path, json_response
from ibflow_nb.local.server.sending import send_file

handlers = Handlers()


@handlers.serves(endpoints.DRIVE_READ)
async def read(platform: Platform, request: Request) -> Response:
    """Send a file, or list a folder."""
    arguments = _arguments(request, endpoints.DRIVE_READ.name)
    path = path_parameter(request)
    if arguments.type is NodeType.FOLDER:
        return json_response(await run_in_threadpool(_listing, platform, path, arguments))
    return await run_in_threadpool(_file, platform, path, arguments)


@handlers.serves(endpoints.DRIVE_WRITE)
async def write(platform: Platform, request: Request) -> Response:
    """Create a folder, or write a file from the body."""
    arguments = _arguments(request, endpoints.DRIVE_WRITE.name)
    path = path_parameter(request)
    if arguments.type is NodeType.FOLDER:
        parent, _, name = path.strip("/").rpartition("/")
        await run_in_threadpool(platform.nodes.create, parent, name, NodeType.FOLDER)
        return json_response(Envelope())
    overwrite = arguments.if_exists == "overwrite"
    nodes = platform.nodes

    def store(blocks: Iterator[bytes]) -> None:
        if arguments.cursor is None:
            nodes.write(path, blocks, overwrite=overwrite)
        else:
            nodes.append(path, blocks, cursor=0 if arguments.cursor == 0 else -1)

    await platform.slow_calls.consume(request, platform.settings.limits.body_bytes, store)
    return json_response(Envelope())


@handlers.serves(endpoints.DRIVE_DELETE)
async def delete(platform: Platform, request: Request) -> Response:
    """Delete a file or a folder."""
    path = path_parameter(request)
    await platform.slow_calls.run(lambda: platform.nodes.delete(path))
    return json_response(Envelope())


@handlers.answers(endpoints.DRIVE_UNZIP)
def unzip(call: Call[drives.DriveUnzip]) -> drives.DriveJobReply:
    """Unpack a zip of the folder in the URL."""
    archive = f"{call.path}/{call.body.zip_file}"
    call.platform.nodes.extract(archive, call.body.destination)
    return drives.DriveJobReply(job_id=call.platform.brief_jobs.add())


@handlers.answers(endpoints.DRIVE_COPY)
def copy(call: Call[drives.DriveCopy]) -> drives.DriveJobReply:
    """Copy what is at the path in the URL."""
    call.platform.nodes.copy(call.path, call.body.new_full_path)
    return drives.DriveJobReply(job_id=call.platform.brief_jobs.add())


def _arguments(request: Request, call: str) -> DriveArguments:
    """Read the arguments of the header, of the query where it is absent."""
    header = request.headers.get(ARGUMENTS_HEADER)
    if header is None:
        return convert_request(DriveArguments, dict(request.query_params), call=call)
    try:
        raw = msgspec.json.decode(header)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{call}: the header {ARGUMENTS_HEADER} is not JSON.") from error
    return convert_request(DriveArguments, raw, call=call)


def _listing(platform: Platform, path: str, arguments: DriveArguments) -> drives.DriveListing:
    page = platform.nodes.list_folder(path, arguments.start_page_token)
    nodes = [_node(node) for node in page.nodes]
    return drives.DriveListing(
        nodes=nodes, has_more=page.has_more, next_page_token=page.next_page_token
    )


def _file(platform: Platform, path: str, arguments: DriveArguments) -> Response:
    local = platform.nodes.find(path)
    if local.is_dir():
        raise bad_path(path, "is a folder, not a file")
    metadata = {"status": "OK", "metadata": _node(platform.nodes.describe(local))}
    if not arguments.get_content:
        return json_response(metadata)
    ascii_json = json.dumps(msgspec.to_builtins(metadata))
    return send_file(local, arguments.range, {METADATA_HEADER: ascii_json})


def _node(node: Node) -> DriveNode:
    return DriveNode(
        name=node.name,
        full_path=node.full_path,
        type=node.metadata.node_type,
        size=node.metadata.size,
        modified_timestamp=node.metadata.modified_timestamp,
    )
