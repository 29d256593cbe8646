"""Mail: ``.eml``, parsed by the standard library."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from email.message import MIMEPart
from pathlib import Path

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.decoding import decode_text, detect_encoding
from ibflow_nb.local.documents.readers.pages import text_pages
from ibflow_nb.local.documents.readers.parts import part_text
from ibflow_nb.local.documents.readers.web import html_to_text

_FIRST = ("from", "to", "cc", "bcc", "reply-to", "date", "subject")
# What mail servers and mail programs tell each other; people do not see it.
_TRANSPORT = re.compile(
    r"received|return-path|delivered-to|mime-version|content-|x-|arc-|dkim-|authentication-"
    r"|domainkey|thread-|received-spf|list-|feedback-id|user-agent|autocrypt",
    re.IGNORECASE,
)


def read_eml(path: Path, options: ReadOptions) -> list[Page]:
    """Read a mail: headers, names of attachments, body; attached mails are pages of their own.

    Raises:
        UnreadableDocument: it has no headers.
    """
    data = path.read_bytes()
    if detect_encoding(data) not in ("utf-8", "cp1252"):
        data = decode_text(data).encode()
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not message.keys():
        raise UnreadableDocument("It is no mail: it has no headers.")
    return text_pages(message_texts(message))


def message_texts(message: MIMEPart) -> Iterator[str]:
    """Yield the text of a mail, then those of the mails attached to it."""
    leaves = list(_leaves(message))
    attached = [part for part in leaves if _is_attachment(part)]
    names = [part.get_filename() or part.get_content_type() for part in attached]
    yield mail_text(_headers(message), names, "\n\n".join(filter(None, _bodies(message))))
    for part in attached:
        if part.get_content_type() == "message/rfc822":
            for nested in part.iter_parts():
                yield from message_texts(nested)


def mail_text(headers: Iterable[tuple[str, str]], attachments: list[str], body: str) -> str:
    """Lay out a mail: what people look at first in front, then other headers, then the body."""
    seen = [(name, value) for name, value in headers if not _TRANSPORT.match(name)]
    seen.sort(key=lambda header: (*_FIRST, header[0].lower()).index(header[0].lower()))
    lines = [f"{name}: {' '.join(value.split())}" for name, value in seen]
    if attachments:
        lines.append(f"Attachments: {', '.join(attachments)}")
    return "\n".join([*lines, "", body.replace("\xa0", " ")]).strip("\n")


def _headers(message: MIMEPart) -> Iterator[tuple[str, str]]:
    for name, raw in message.raw_items():
        try:
            header = message.policy.header_fetch_parse(name, raw)
            broken = getattr(header, "defects", ()) and "=?" not in raw
            yield name, _raw_text(raw) if broken else str(header)
        except (ValueError, IndexError, AttributeError, LookupError, TypeError):
            # the parser of the standard library trips over some malformed addresses and dates
            yield name, _raw_text(raw)


def _raw_text(raw: object) -> str:
    """Read a header as it stands; its bytes beyond ASCII come as surrogates."""
    return str(raw).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts that hold content; an attached mail is one of them."""
    if part.is_multipart() and part.get_content_type() != "message/rfc822":
        for child in part.iter_parts():
            yield from _leaves(child)
    else:
        yield part


def _is_attachment(part: MIMEPart) -> bool:
    return part.is_attachment() or not _is_text(part)


def _is_text(part: MIMEPart) -> bool:
    named = part.get_content_type() not in ("text/plain", "text/html") and part.get_filename()
    return part.get_content_maintype() in ("text", "multipart") and not named


def _bodies(part: MIMEPart) -> Iterator[str]:
    """Yield the texts that a mail program shows: of alternatives the plain one if it has text."""
    if part.get_content_subtype() == "alternative" and part.is_multipart():
        choices = ["\n\n".join(filter(None, _bodies(child))) for child in part.iter_parts()]
        yield next((choice for choice in choices if choice.strip()), "")
    elif part.is_multipart() and part.get_content_type() != "message/rfc822":
        for child in part.iter_parts():
            yield from _bodies(child)
    elif not _is_attachment(part):
        text = part_text(part)
        is_html = part.get_content_subtype() == "html"
        yield (html_to_text(text) if is_html else text).strip("\n")
