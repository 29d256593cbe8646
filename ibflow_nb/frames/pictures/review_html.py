"""The HTML of a review.

What ties things together is hidden radio buttons: one for each document, and in it one for each
field; boxes and rows are their labels, and style sheets follow ``:checked`` and ``:hover``. The
places of boxes are inline styles, so they stand right also where style sheets are taken out.
Selectors name two classes at least: Jupyter's own rules for tables have as much weight.
The one line of script scrolls a chosen field into view; nothing is lost without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from ibflow_nb.api.results import Field
from ibflow_nb.frames.pictures.pages import Box, DocumentView, PageView, is_doubtful

_MOST_TEXT = 2_000
_rows_decoder = msgspec.json.Decoder(list[list[Any]])
_BOX = "position:absolute;outline-offset:1px;cursor:pointer;"
_SURE, _DOUBT, _FAILED = "#2563eb", "#c2410c", "#b91c1c"
_BADGE = '<span style="background:{};color:#fff;border-radius:3px;padding:0 .4em">{}</span>'
_SCROLL = (
    "this.closest('section').querySelectorAll('[data-f=&quot;'+this.dataset.f+'&quot;]:not(input)')"
    ".forEach(e=>e.scrollIntoView({block:'nearest'}))"
)
_CSS = """
.NAME{position:relative;font-size:13px;line-height:1.4}
.NAME input{position:absolute;opacity:0;pointer-events:none}
.NAME>section{display:none}
.NAME .ibr-bar{display:flex;gap:.8em;align-items:center;padding:.3em 0 .6em}
.NAME .ibr-bar label{cursor:pointer;padding:.1em .7em;border:1px solid rgba(128,128,128,.6);
border-radius:4px}
.NAME .ibr-bar label:hover{background:rgba(128,128,128,.2)}
.NAME .ibr-bar .ibr-end{opacity:.35;cursor:default}
.NAME .ibr-split{display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start}
.NAME .ibr-pages{padding:3px;flex:3 1 340px;min-width:0;max-height:820px;overflow:auto}
.NAME .ibr-fields{flex:2 1 240px;min-width:0;max-height:820px;overflow:auto}
.NAME table{border-collapse:collapse;width:100%;table-layout:auto;margin:0}
.NAME .ibr-fields tbody tr{border-bottom:1px solid rgba(128,128,128,.3);background:none}
.NAME .ibr-fields th,.NAME .ibr-fields td{text-align:left;vertical-align:top;padding:0;
white-space:normal}
.NAME .ibr-fields>table>tbody>tr>td:nth-child(2){overflow-wrap:anywhere}
.NAME .ibr-fields td td{overflow-wrap:normal}
.NAME .ibr-fields tbody th{white-space:nowrap}
.NAME tr label{display:block;padding:.3em .6em;cursor:pointer}
.NAME .ibr-fields thead th{padding:.3em .6em;opacity:.65;font-weight:normal}
.NAME .ibr-box:hover{background:rgba(250,204,21,.35)}
"""


def render(
    documents: Sequence[DocumentView],
    numbers: Sequence[int],
    total: int,
    threshold: float,
    name: str,
) -> str:
    """Draw documents beside their fields.

    Args:
        documents: what is shown.
        numbers: place of each among the records, from 0.
        total: number of records.
        threshold: confidences below are marked.
        name: of this view, unlike that of every other on the page.
    """
    if not documents:
        return "<p>There are no records to show.</p>"
    choices = "".join(
        f'<input type="radio" name="{name}" id="{name}-{index}"'
        f'{" checked" if index == 0 else ""} aria-label="{_text(_title(document))}">'
        for index, document in enumerate(documents)
    )
    sections = "".join(
        _section(
            document, f"{name}-{index}", _bar(documents, numbers, total, index, name), threshold
        )
        for index, document in enumerate(documents)
    )
    return f'<div class="{name}"><style>{_style(documents, name)}</style>{choices}{sections}</div>'


def _style(documents: Sequence[DocumentView], name: str) -> str:
    """Give the rules; those that tie a thing to its radio button are written out one by one."""
    rules = [_CSS.replace("NAME", name)]
    rules += [
        f"#{name}-{index}:checked~#{name}-{index}-s{{display:block}}\n"
        f"#{name}-{index}:focus-visible~#{name}-{index}-s .ibr-bar{{outline:2px solid {_SURE}}}\n"
        for index in range(len(documents))
    ]
    fields = max(len(document.record.results) for document in documents)
    for index in range(fields):
        mark, split = f'[data-f="{index}"]', f".{name} .ibr-split"
        rules.append(
            f".{name} input{mark}:checked~.ibr-split {mark}{{background:rgba(250,204,21,.4)}}\n"
            f".{name} input{mark}:focus-visible~.ibr-split tr{mark}{{outline:2px solid {_SURE}}}\n"
            f"{split}:has({mark}:hover) {mark}{{background:rgba(250,204,21,.35)}}\n"
        )
    return "".join(rules)


def _bar(
    documents: Sequence[DocumentView], numbers: Sequence[int], total: int, index: int, name: str
) -> str:
    """Draw the line above a document: the way to its neighbours, and what it is."""
    record = documents[index].record
    about = [f"record {numbers[index] + 1} of {total}"]
    if record.classification_label:
        about.append(f"class {record.classification_label}")
    ways = "".join(
        f'<label for="{name}-{other}">{word}</label>'
        if 0 <= other < len(documents)
        else f'<label class="ibr-end">{word}</label>'
        for other, word in ((index - 1, "&#9664; previous"), (index + 1, "next &#9654;"))
    )
    return (
        f'<div class="ibr-bar">{ways}<b>{_text(_title(documents[index]))}</b>'
        f'<span style="opacity:.65">{_text(", ".join(about))}</span></div>'
    )


def _section(document: DocumentView, name: str, bar: str, threshold: float) -> str:
    fields = document.record.results
    choices = "".join(
        f'<input type="radio" name="{name}-f" id="{name}-{index}" data-f="{index}"'
        f' aria-label="{_text(field.key)}" onchange="{_SCROLL}">'
        for index, field in enumerate(fields)
    )
    pages = "".join(_page(page, document, name, threshold) for page in document.pages)
    if not document.pages:
        pages = "<p>The record tells of no pages.</p>"
    if document.omitted:
        pages += f"<p>{document.omitted} further pages are not shown.</p>"
    return (
        f'<section id="{name}-s">{bar}{choices}<div class="ibr-split">'
        f'<div class="ibr-pages">{pages}</div>'
        f'<div class="ibr-fields">{_table(document, name, threshold)}</div></div></section>'
    )


def _page(page: PageView, document: DocumentView, name: str, threshold: float) -> str:
    number = page.layout.page_number + 1
    alt = f"Page {number} of {document.record.file_name}"
    if page.picture:
        paper = f'<img src="{page.picture}" alt="{_text(alt)}" style="display:block;width:100%">'
    else:
        ratio = f"{page.layout.width:g}/{page.layout.height:g}"
        paper = (
            f'<div role="img" aria-label="{_text(alt)}" style="aspect-ratio:{ratio};'
            f'background:#fff;color:#555;padding:.5em">{_text(page.note)}</div>'
        )
    boxes = "".join(
        _box(box, document.record.results[box.field], name, threshold) for box in page.boxes
    )
    return (
        '<figure style="margin:0 0 1em"><div style="position:relative;background:#fff;'
        f'border:1px solid rgba(128,128,128,.5)">{paper}{boxes}</div>'
        f'<figcaption style="opacity:.65">page {number}</figcaption></figure>'
    )


def _box(box: Box, field: Field, name: str, threshold: float) -> str:
    line = f"2px {'dashed' if _mark(field, threshold) else 'solid'} {_colour(field, threshold)}"
    place = (
        f"left:{box.left:.3%};top:{box.top:.3%};"
        f"width:{box.right - box.left:.3%};height:{box.bottom - box.top:.3%}"
    )
    hint = f"{field.key}: {_short(field.value)}"
    if mark := _mark(field, threshold):
        hint += f" ({mark})"
    return (
        f'<label class="ibr-box" for="{name}-{box.field}" data-f="{box.field}"'
        f' title="{_text(hint)}" style="{_BOX}outline:{line};{place}"></label>'
    )


def _table(document: DocumentView, name: str, threshold: float) -> str:
    record = document.record
    if record.status == "ERROR":
        return f'<p style="color:{_FAILED}">{_text(record.error_msg or "The file failed.")}</p>'
    rows = "".join(
        _row(index, field, f"{name}-{index}", threshold)
        for index, field in enumerate(record.results)
    )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("field", "value", "confidence"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(index: int, field: Field, target: str, threshold: float) -> str:
    mark = _mark(field, threshold)
    confidence = "" if field.model_confidence is None else f"{field.model_confidence:.2f}"
    badge = _BADGE.format(_colour(field, threshold), _text(mark)) if mark else ""
    cells = (
        (_text(field.key), "th", ' scope="row"'),
        (_value(field), "td", ""),
        (f"{confidence} {badge}", "td", ""),
    )
    drawn = "".join(
        f'<{tag}{scope}><label for="{target}">{content}</label></{tag}>'
        for content, tag, scope in cells
    )
    return f'<tr data-f="{index}">{drawn}</tr>'


def _value(field: Field) -> str:
    """Draw a value: a table as a table, all else as text."""
    if field.field_type.upper() == "TABLE" and len(field.value or "") <= _MOST_TEXT:
        with contextlib.suppress(msgspec.MsgspecError):
            rows = _rows_decoder.decode(field.value or "")
            return f"<table>{''.join(map(_table_row, rows))}</table>"
    return _text(_short(field.value)) or "&mdash;"


def _table_row(cells: Sequence[object]) -> str:
    drawn = (f'<td style="padding:0 .5em 0 0">{_text(str(cell))}</td>' for cell in cells)
    return f"<tr>{''.join(drawn)}</tr>"


def _mark(field: Field, threshold: float) -> str:
    """Say what is wrong with a field; empty when nothing is."""
    if field.failed:
        return field.error_msg or "failed"
    return "low" if is_doubtful(field, threshold) else ""


def _colour(field: Field, threshold: float) -> str:
    if field.failed:
        return _FAILED
    return _DOUBT if _mark(field, threshold) else _SURE


def _title(document: DocumentView) -> str:
    record = document.record
    return record.file_name + (f" #{record.record_index}" if record.record_index else "")


def _short(value: str | None) -> str:
    value = value or ""
    return value if len(value) <= _MOST_TEXT else f"{value[:_MOST_TEXT]}…"


def _text(text: str) -> str:
    return escape(text)
