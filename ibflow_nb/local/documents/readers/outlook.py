"""Outlook mail: ``.msg``, opened by python-oxmsg."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from oxmsg import Message
from oxmsg.attachment import Attachment
from oxmsg.domain import constants as properties
from oxmsg.storage import Storage, Stream

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.mail import mail_text
from ibflow_nb.local.documents.readers.pages import text_pages
from ibflow_nb.local.documents.readers.web import html_to_text

_EMBEDDED = "__substg1.0_3701000D"
_PROPERTIES = "__properties_version1.0"
_EMBEDDED_HEADER = 24  # bytes before the properties of an embedded message; a file has 8 more


def read_msg(path: Path, options: ReadOptions) -> list[Page]:
    """Read an Outlook mail like any other; attached Outlook mails are pages of their own.

    Raises:
        UnreadableDocument: it is no Outlook mail, or it is damaged.
    """
    try:
        return text_pages(_message_texts(Message.load(path.read_bytes())))
    except (ValueError, OSError, KeyError, IndexError, LookupError) as error:
        raise UnreadableDocument(f"It is no readable Outlook mail ({error}).") from error


def _message_texts(message: Message) -> Iterator[str]:
    attachments = message.attachments
    names = [_attachment_name(attachment) for attachment in attachments]
    yield mail_text(_headers(message), names, _body(message))
    for attachment in attachments:
        yield from _embedded_texts(attachment)


def _embedded_texts(attachment: Attachment) -> Iterator[str]:
    """Yield the texts of an attached Outlook mail, which python-oxmsg has no call for."""
    storage = attachment._storage
    for inner in storage.storages if isinstance(storage, Storage) else ():
        if inner.name == _EMBEDDED:
            yield from _message_texts(Message(_as_file(inner)))


def _headers(message: Message) -> list[tuple[str, str]]:
    """Give the headers of a mail that was sent; a draft has only Outlook's own properties."""
    if headers := message.message_headers:
        return list(headers.items())
    read = message.properties.str_prop_value
    found = [
        ("From", message.sender or ""),
        ("To", read(properties.PID_DISPLAY_TO) or _recipients(message)),
        ("Cc", read(properties.PID_DISPLAY_CC) or ""),
        ("Bcc", read(properties.PID_DISPLAY_BCC) or ""),
        ("Date", f"{message.sent_date:%a, %d %b %Y %H:%M:%S %z}" if message.sent_date else ""),
        ("Subject", message.subject),
    ]
    return [(name, value) for name, value in found if value]


def _recipients(message: Message) -> str:
    return "; ".join(recipient.name or recipient.email_address for recipient in message.recipients)


def _body(message: Message) -> str:
    body = (message.body or "").replace("\r\n", "\n").strip("\n")
    return body if body.strip() else html_to_text(message.html_body or "")


def _attachment_name(attachment: Attachment) -> str:
    read = attachment.properties.str_prop_value
    return (
        attachment.file_name
        or read(properties.PID_ATTACH_FILENAME)
        or read(properties.PID_DISPLAY_NAME)
        or "unnamed"
    )


def _as_file(storage: Storage) -> Storage:
    """Give an embedded message the longer property header that python-oxmsg expects of a file."""
    streams = tuple(
        Stream(
            stream.path,
            stream.bytes_[:_EMBEDDED_HEADER] + bytes(8) + stream.bytes_[_EMBEDDED_HEADER:],
        )
        if stream.name == _PROPERTIES
        else stream
        for stream in storage.streams
    )
    return dataclasses.replace(storage, streams=streams)
