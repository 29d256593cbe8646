"""Messages between the pool and a worker process: length-prefixed MessagePack over pipes."""

from __future__ import annotations

import struct
from typing import BinaryIO, Literal, TypeVar

import msgspec

from ibflow_nb.local.engine.executor import (
    FileFailed,
    Killed,
    OutputUnwritable,
    TimedOut,
    UnitFailure,
    WorkerDied,
)
from ibflow_nb.local.steps.base import Outcome

_LENGTH = struct.Struct("<Q")
M = TypeVar("M")


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a worker answers to a task.

    Attributes:
        outcome: of a unit that went well.
        failure: how it ended otherwise, one of the kinds of :class:`UnitFailure`: ``file`` for a
            file that cannot be processed, ``output`` for an output that cannot be written; a
            worker on another machine also answers that its process died, took too long or was
            killed.
        message: one sentence.
        detail: stack of an error that the step did not foresee, or what a dead process wrote.
        seconds: the limit of a unit that took too long.
    """

    outcome: Outcome | None = None
    failure: Literal["", "file", "output", "died", "timeout", "killed"] = ""
    message: str = ""
    detail: str = ""
    seconds: float = 0.0


def reply_of(failure: UnitFailure) -> Reply:
    """Put a failure into a reply, to be sent on."""
    match failure:
        case TimedOut():
            return Reply(failure="timeout", seconds=failure.seconds)
        case Killed():
            return Reply(failure="killed", message=str(failure))
        case OutputUnwritable():
            return Reply(failure="output", message=str(failure))
        case FileFailed():
            return Reply(failure="file", message=str(failure), detail=failure.detail)
        case WorkerDied():
            return Reply(failure="died", message=str(failure), detail=failure.detail)
        case _:
            return Reply(failure="died", message=str(failure))


def outcome_of(reply: Reply) -> Outcome:
    """Give the outcome that a reply holds.

    Raises:
        UnitFailure: it tells of one.
    """
    match reply.failure:
        case "" if reply.outcome is not None:
            return reply.outcome
        case "timeout":
            raise TimedOut(reply.seconds)
        case "killed":
            raise Killed(reply.message)
        case "output":
            raise OutputUnwritable(reply.message)
        case "died":
            raise WorkerDied(reply.message, reply.detail)
        case _:
            raise FileFailed(reply.message, reply.detail)


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
