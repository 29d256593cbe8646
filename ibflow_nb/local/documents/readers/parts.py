"""Text of one part of a MIME message, whatever its sender did to the encoding."""

from __future__ import annotations

from email.message import MIMEPart

from ibflow_nb.local.documents.readers.decoding import decode_text


def part_text(part: MIMEPart) -> str:
    """Decode a text part.

    The declared charset counts unless it is unknown, does not fit the bytes, or names UTF-16 for
    bytes that were sent as they are (a mail that was saved anew in another encoding).
    """
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_content_charset() or ""
    encoded = part.get("content-transfer-encoding", "").strip().lower()
    resaved = charset.startswith("utf-16") and encoded not in ("base64", "quoted-printable")
    if charset and not resaved:
        try:
            return data.decode(charset).replace("\r\n", "\n")
        except (LookupError, UnicodeDecodeError):
            pass
    return decode_text(data)
