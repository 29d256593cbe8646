"""Messages between the pool and a worker process: length-prefixed msgpack over pipes."""

from __future__ import annotations

import struct
from typing import BinaryIO, Literal, TypeVar

import msgspec

from ibflow_nb.local.steps.base import Outcome

_LENGTH = struct.Struct("<Q")
M = TypeVar("M")


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a worker answers to a task.

    Attributes:
        outcome: of a unit that went well.
        failure: ``file`` for a file that cannot be processed, ``output`` for an output that
            cannot be written.
        message: one sentence.
        detail: stack of an error that the step did not foresee.
    """

    outcome: Outcome | None = None
    failure: Literal["", "file", "output"] = ""
    message: str = ""
    detail: str = ""


def send(stream: BinaryIO, message: msgspec.Struct) -> None:
    """Write one message.

    Raises:
        OSError: nobody reads at the other end.
    """
    body = msgspec.msgpack.encode(message)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: BinaryIO, kind: type[M]) -> M | None:
    """Read one message; None when the other end is gone, also in the middle of a message."""
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    body = stream.read(length)
    return msgspec.msgpack.decode(body, type=kind) if len(body) == length else None
