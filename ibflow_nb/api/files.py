"""Filesystem API v2 under ``/api/v2/files`` (source: Filesystem API V2)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ibflow_nb.api.schema import Reply, Request


class NodeType(StrEnum):
    """What a path holds."""

    FILE = "file"
    FOLDER = "folder"


class CreateNode(Request):
    """Body of ``POST /api/v2/files/<parent>``: an empty file or a folder."""

    name: str
    node_type: NodeType


class CopyNode(Request):
    """Body of copy, move and extract: drive paths of source and destination."""

    src_path: str
    dst_path: str


class NodeMetadata(Reply, omit_defaults=False):
    """Kind, size in bytes (0 for folders) and time of change in Unix seconds."""

    node_type: NodeType
    size: int = 0
    modified_timestamp: int = 0


class Permissions(Reply, omit_defaults=False):
    """What the caller may do with a node."""

    can_read: bool = True
    can_write: bool = True
    can_delete: bool = True


class Node(Reply, omit_defaults=False):
    """One entry of a folder; ``full_path`` is a drive path without a leading slash."""

    name: str
    full_path: str
    metadata: NodeMetadata
    perms: Permissions = msgspec.field(default_factory=Permissions)


class Listing(Reply, omit_defaults=False):
    """Reply of a folder listing; all three keys are always there."""

    nodes: list[Node]
    has_more: bool = False
    next_page_token: str = ""


class FileJobReply(Reply, omit_defaults=False):
    """Reply of copy, move, extract: done when it arrives, the id is for form's sake."""

    job_id: str = ""


class FileJobState(Reply, omit_defaults=False):
    """How a job stands, in v2 words: COMPLETE, FAILED, CANCELLED, RUNNING or PENDING."""

    state: str
    message: str = ""
