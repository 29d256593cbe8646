"""Filesystem API v1 under ``/api/v1/drives``: its basics, for clients that still use it.

Arguments arrive as JSON in the header ``Instabase-API-Args``, in the query or in a JSON body
(source: Filesystem API, deprecated).
"""

from __future__ import annotations

from ibflow_nb.api.files import NodeType
from ibflow_nb.api.schema import Envelope, Reply, Request

ARGUMENTS_HEADER = "Instabase-API-Args"
METADATA_HEADER = "Instabase-API-Resp"


class DriveArguments(Request):
    """Arguments of a drive call.

    Attributes:
        type: ``file`` or ``folder``; what the path is.
        get_content: whether a GET wants bytes or entries, not only metadata.
        start_page_token: where the next page of a listing begins.
        cursor: 0 writes from the start, anything else at the end; absent writes all at once.
        if_exists: ``overwrite`` or ``fail``.
        range: bytes to read, as ``bytes=0-99`` or ``0-99``.
    """

    type: NodeType = NodeType.FILE
    get_content: bool = True
    start_page_token: str = ""
    cursor: int | None = None
    if_exists: str = "overwrite"
    range: str = ""


class DriveUnzip(Request):
    """Body of ``POST drives/<folder>/unzip``: a zip in that folder and where it goes."""

    zip_file: str
    destination: str


class DriveCopy(Request):
    """Body of ``POST drives/<path>/copy``: the full path of the copy."""

    new_full_path: str


class DriveNode(Reply, omit_defaults=False):
    """An entry of a listing, or the metadata of what was read."""

    name: str
    full_path: str
    type: NodeType
    size: int = 0
    modified_timestamp: int = 0


class DriveJobReply(Envelope):
    """Reply of unzip and copy: the id of a job that is done when the reply arrives."""

    job_id: str


class DriveListing(Envelope):
    """Reply of a listing."""

    nodes: list[DriveNode]
    has_more: bool = False
    next_page_token: str = ""
