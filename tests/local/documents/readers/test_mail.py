"""Mail."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from ibflow_nb.local.documents.errors import UnreadableDocument

Read = Callable[..., list[str]]
Write = Callable[[str, bytes | str], Path]


def mail(subject: str, body: str = "") -> EmailMessage:
    """Make a mail with the usual headers."""
    message = EmailMessage()
    message["Received"] = "from a by b"
    message["Subject"] = subject
    message["From"] = "Änne <a@example.org>"
    message["To"] = "b@example.org"
    if body:
        message.set_content(body)
    return message


def test_headers_come_first_and_transport_is_left_out(write_file: Write, page_texts: Read) -> None:
    """From, To and Subject stand above the body in this order, decoded."""
    path = write_file("a.eml", mail("Größe", "the body").as_bytes())
    assert page_texts(path) == [
        "From: Änne <a@example.org>\nTo: b@example.org\nSubject: Größe\n\nthe body"
    ]


def test_the_sample_mail_is_read_once(documents: Path, page_texts: Read) -> None:
    """Of plain text and HTML alternatives one is read."""
    (text,) = page_texts(documents / "office" / "fake-email.eml")
    assert text.count("Roses are red") == 1


def test_html_is_read_where_the_plain_text_is_empty(write_file: Write, page_texts: Read) -> None:
    """An empty plain alternative does not hide the mail."""
    message = mail("s", " ")
    message.add_alternative("<p>Total <b>5</b></p>", subtype="html")
    (text,) = page_texts(write_file("a.eml", message.as_bytes()))
    assert text.endswith("\n\nTotal 5")


def test_attachments_are_listed_and_attached_mails_read(
    write_file: Write, page_texts: Read
) -> None:
    """Attachments are named; each attached mail, however deep, is a page of its own."""
    inner, middle, outer = mail("inner", "deep"), mail("middle", "mid"), mail("outer", "top")
    inner.add_attachment(b"x", maintype="application", subtype="pdf", filename="invoice.pdf")
    middle.add_attachment(inner)
    outer.add_attachment(middle)
    first, second, third = page_texts(write_file("a.eml", outer.as_bytes()))
    assert "top" in first
    assert "Attachments: message/rfc822" in second
    assert "Attachments: invoice.pdf\n\ndeep" in third


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_mail_saved_anew_in_another_encoding_is_read(
    encoding: str, write_file: Write, page_texts: Read
) -> None:
    """A mail file that is UTF-16 or has a mark as a whole is decoded first."""
    source = "From: a@example.org\nContent-Type: text/plain; charset=utf-16\n\nfünf"
    (text,) = page_texts(write_file("a.eml", source.encode(encoding)))
    assert text == "From: a@example.org\n\nfünf"


def test_a_part_in_utf16_is_decoded(write_file: Write, page_texts: Read) -> None:
    """A body that was sent in UTF-16 comes out as text."""
    message = mail("s")
    message.set_content("fünf".encode("utf-16"), maintype="text", subtype="plain")
    message.set_param("charset", "utf-16")
    (text,) = page_texts(write_file("a.eml", message.as_bytes()))
    assert text.endswith("fünf")


@pytest.mark.parametrize("charset", ["x-unknown", "ascii"])
def test_a_wrong_charset_does_not_lose_the_body(
    charset: str, write_file: Write, page_texts: Read
) -> None:
    """Where the declared charset does not fit, the bytes tell."""
    source = f"From: a@example.org\nContent-Type: text/plain; charset={charset}\n\nfünf"
    (text,) = page_texts(write_file("a.eml", source))
    assert text.endswith("fünf")


def test_malformed_headers_are_kept_as_they_are(write_file: Write, page_texts: Read) -> None:
    """An address that no parser understands is shown raw."""
    (text,) = page_texts(write_file("a.eml", "To: <@>,;:\nSubject: s\n\nbody"))
    assert text.startswith("To: <@>")


def test_raw_bytes_in_malformed_headers_are_text(write_file: Write, page_texts: Read) -> None:
    """UTF-8 that stands in a header as it is becomes text; what is none can still be written."""
    (text,) = page_texts(write_file("a.eml", "From: <ä@\nSubject: Grüße\n\nbody".encode()))
    assert "ä@" in text
    (text,) = page_texts(write_file("b.eml", b"From: <\xff\xfe@\nDate: \xe4\n\nbody"))
    assert text.encode()


def test_the_outlook_sample_is_read(documents: Path, page_texts: Read) -> None:
    """An Outlook mail reads like the same mail in MIME form."""
    (text,) = page_texts(documents / "office" / "fake-email.msg")
    assert text.startswith('From: "Matthew Robinson" <mrobinson@unstructured.io>\nTo: ')
    assert "Date: Fri, 16 Dec 2022 17:04:16 -0500\nSubject: Test Email" in text
    assert "   - Violets are blue" in text


def test_a_broken_outlook_mail_gets_a_reason(write_file: Write, page_texts: Read) -> None:
    """A cut compound file is reported in a sentence."""
    path = write_file("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(UnreadableDocument, match="no readable Outlook mail"):
        page_texts(path)


def test_a_file_without_headers_is_no_mail(write_file: Write, page_texts: Read) -> None:
    """Text that is only called .eml is refused."""
    with pytest.raises(UnreadableDocument, match="no mail"):
        page_texts(write_file("a.eml", "\njust text"))
