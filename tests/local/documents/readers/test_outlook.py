"""Outlook mails that no sample file has: drafts, attachments, mails inside mails."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from oxmsg import Message
from oxmsg.storage import Storage, Stream

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]

SUBJECT, BODY, SENDER, TO = 0x0037, 0x1000, 0x0C1A, 0x0E04
FILE_NAME, DISPLAY_NAME = 0x3707, 0x3001
UNICODE = 0x001F


def storage(
    name: str, header: int, texts: dict[int, str], children: tuple[Storage, ...] = ()
) -> Storage:
    """Make a folder of a compound file with text properties, as [MS-OXMSG] lays it out."""
    entries = b"".join(
        struct.pack("<HHIII", UNICODE, pid, 6, 2 * len(text) + 2, 0) for pid, text in texts.items()
    )
    streams = [Stream(f"{name}/__properties_version1.0", bytes(header) + entries)]
    streams += [
        Stream(f"{name}/__substg1.0_{pid:04X}{UNICODE:04X}", text.encode("utf-16-le"))
        for pid, text in texts.items()
    ]
    return Storage(name, tuple(streams), children)


def test_attached_mails_are_pages_and_files_are_named(
    monkeypatch: pytest.MonkeyPatch, write_file: Write, page_texts: Read
) -> None:
    """A draft shows Outlook's own fields; a mail in it is read, a file in it is listed."""
    inner = storage("__substg1.0_3701000D", 24, {SUBJECT: "inner", BODY: "deep"})
    mail = storage("__attach_version1.0_#00000000", 8, {DISPLAY_NAME: "Old mail"}, (inner,))
    file = storage("__attach_version1.0_#00000001", 8, {FILE_NAME: "invoice.pdf"})
    texts = {SUBJECT: "outer", BODY: "top", SENDER: "Ann", TO: "Bob"}
    outer = Message(storage("", 32, texts, (mail, file)))
    monkeypatch.setattr(Message, "load", lambda content: outer)
    first, second = page_texts(write_file("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
    assert "To: Bob\nSubject: outer\nAttachments: Old mail, invoice.pdf\n\ntop" in first
    assert second == "Subject: inner\n\ndeep"
