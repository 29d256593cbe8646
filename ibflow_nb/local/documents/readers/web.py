"""Web pages: ``.html``, ``.htm`` and saved ones with all their parts (``.mht``, ``.mhtml``)."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml import etree, html

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers.decoding import decode_text, detect_encoding, is_binary
from ibflow_nb.local.documents.readers.pages import text_pages
from ibflow_nb.local.documents.readers.parts import part_text
from ibflow_nb.local.documents.readers.spans import expand_spans

_BLOCKS = (
    *("caption", "center", "dd", "details", "dl", "dt", "fieldset", "form"),
    *("hr", "legend", "option", "section", "summary", "tr"),
)
_INVISIBLE = ("datalist", "object", "template")
_CONFIG = ParserConfig(
    css=STRICT_CSS_PROFILE
    | {tag: HtmlElement(display=Display.block) for tag in _BLOCKS}
    | {tag: HtmlElement(display=Display.none) for tag in _INVISIBLE}
)
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_HEAD = 2048


def read_html(path: Path, options: ReadOptions) -> list[Page]:
    """Read a web page as one page: what a browser shows, tables in columns, no scripts.

    Raises:
        UnreadableDocument: the bytes are no text.
    """
    text = _decode(path.read_bytes())
    if is_binary(text):
        raise UnreadableDocument("It holds binary data and no web page.")
    return text_pages([html_to_text(text)])


def read_mht(path: Path, options: ReadOptions) -> list[Page]:
    """Read a saved web page (MIME HTML) as one page; its pictures and styles are left out.

    Raises:
        UnreadableDocument: no part of the file is a web page or text.
    """
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("html", "plain"))
    if body is None:
        raise UnreadableDocument("It holds no web page.")
    text = part_text(body)
    return text_pages([html_to_text(text) if body.get_content_subtype() == "html" else text])


def html_to_text(markup: str) -> str:
    """Render HTML as text the way a browser lays it out; empty when there is nothing in it."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(markup.encode("utf-8", errors="replace"), parser=parser)
    except etree.ParserError:  # nothing but blanks, comments or declarations
        return ""
    expand_spans(tree)
    text: str = Inscriptis(tree, _CONFIG).get_text()
    return text.replace("\xa0", " ").strip("\n")


def _decode(data: bytes) -> str:
    """Decode by byte order mark, then the declared charset, then what the bytes look like."""
    declared = _DECLARED.search(data[:_HEAD])
    detected = detect_encoding(data)
    if declared and detected in ("cp1252", "utf-8"):
        try:
            return data.decode(declared[1].decode())
        except (LookupError, UnicodeDecodeError):
            pass
    return decode_text(data)
