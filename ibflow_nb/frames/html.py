"""How records show themselves: one line of text, and a compact HTML table.

The table takes its colours from the page (``inherit``, translucent greys), so it reads well on
light and dark themes, and keeps its look in an export, where no style sheet of ours is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ibflow_nb.api.results import Field, ResultRecord

if TYPE_CHECKING:
    from ibflow_nb.frames.records import Records

MAX_ROWS = 20
MAX_FIELDS = 12
MAX_TEXT = 48
DOUBTFUL = 0.8  # confidences below are underlined

_MUTED = "opacity:.65"
_CELL = "text-align:left;vertical-align:top;padding:.2em .7em;white-space:nowrap"
_ERROR = "color:#d1495b"
_DOUBT = "text-decoration:underline dotted #d99000 2px;text-underline-offset:3px"


def summary(records: Records) -> str:
    """Say in a few words what there is: records, files, errors, job."""
    files = len({record.file_index for record in records})
    parts = [f"{_count(len(records), 'record')} of {_count(files, 'file')}"]
    if errors := len(records.errors):
        parts.append(f"{errors} with errors")
    if records.job_id:
        parts.append(f"job {records.job_id}")
    return ", ".join(parts)


def table(records: Records) -> str:
    """Draw the first records with their first fields; say what was left out."""
    shown = records[:MAX_ROWS]
    keys = list(dict.fromkeys(field.key for record in shown for field in record.results))
    labelled = any(record.classification_label for record in shown)
    head = ["file", *(["class"] if labelled else []), *keys[:MAX_FIELDS]]
    rows = "".join(_row(record, keys[:MAX_FIELDS], labelled) for record in shown)
    caption = f'<div style="{_MUTED};padding:.3em 0">{escape(summary(records))}</div>'
    if not records:
        return caption
    return (
        f'<div style="max-width:100%;overflow-x:auto">{caption}'
        f'<table class="dataframe" style="border-collapse:collapse;margin:0">'
        f"<thead><tr>{''.join(_cell(escape(name), tag='th') for name in head)}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{_omitted(records, keys)}</div>"
    )


def _row(record: ResultRecord, keys: Sequence[str], labelled: bool) -> str:
    name = escape(record.file_name)
    if record.record_index:
        name += f' <span style="{_MUTED}">#{record.record_index}</span>'
    cells = [_cell(name)]
    if labelled:
        cells.append(_cell(escape(record.classification_label)))
    if record.status == "ERROR":
        reason = escape(record.error_msg or "the file failed")
        span = f' colspan="{len(keys)}"' if len(keys) > 1 else ""
        wrapped = _CELL.replace("nowrap", "normal")
        cells.append(f'<td{span} style="{wrapped};{_ERROR}">{reason}</td>')
    else:
        fields = {field.key: field for field in record.results}
        cells += [_field_cell(fields.get(key)) for key in keys]
    return f"<tr>{''.join(cells)}</tr>"


def _field_cell(field: Field | None) -> str:
    if field is None or field.value is None:
        return _cell("&mdash;", style=_MUTED)
    text, title, style = shorten(field.value), "", ""
    if len(field.value) > MAX_TEXT:
        title = field.value[: 10 * MAX_TEXT]
    confidence = field.model_confidence
    if field.failed:
        title, style = field.error_msg or "the field failed", _ERROR
    elif confidence is not None and confidence < DOUBTFUL:
        title, style = f"confidence {confidence:.2f}", _DOUBT
    return _cell(escape(text), style=style, title=title)


def _cell(content: str, *, tag: str = "td", style: str = "", title: str = "") -> str:
    hint = f' title="{escape(title)}"' if title else ""
    inner = f'<span style="{style}"{hint}>{content}</span>' if style or title else content
    return f'<{tag} style="{_CELL}">{inner}</{tag}>'


def _omitted(records: Records, keys: Sequence[str]) -> str:
    left = []
    if len(records) > MAX_ROWS:
        left.append(_count(len(records) - MAX_ROWS, "more record"))
    if len(keys) > MAX_FIELDS:
        left.append(_count(len(keys) - MAX_FIELDS, "more field"))
    if not left:
        return ""
    return f'<div style="{_MUTED};padding:.3em 0">{" and ".join(left)}: to_frame()</div>'


def shorten(text: str) -> str:
    """Give the beginning of a text, on one line."""
    flat = " ".join(text[: 4 * MAX_TEXT].split())
    return flat if len(flat) <= MAX_TEXT else flat[: MAX_TEXT - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
