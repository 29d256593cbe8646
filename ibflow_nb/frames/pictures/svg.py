"""What all drawings share: small pictures in the cells of a table, legible on light and dark."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

SURE, DOUBT, FAILED = "#2f9e6e", "#e08a1e", "#d1495b"
TRACK = "rgba(128,128,128,.25)"
CELL = "text-align:left;padding:.2em .8em;white-space:nowrap;vertical-align:middle"
_HEAD = f"{CELL};font-weight:normal;opacity:.75"


def picture(told: str, content: str, width: float, height: float) -> str:
    """Give a drawing, with the words for those who do not see it.

    Its width is its own: notebooks let pictures shrink with their cell, texts in them included.
    """
    return (
        f'<svg role="img" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" style="display:block;max-width:none">'
        f"<title>{escape(told)}</title>{content}</svg>"
    )


def bar(left: float, top: float, width: float, height: float, colour: str, more: str = "") -> str:
    """Give a filled box; ``more`` are further attributes."""
    return (
        f'<rect x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{height:.2f}"'
        f' fill="{colour}"{more}/>'
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Give a table; heads and cells are HTML, the first cell of each row names it."""
    head = "".join(f'<th scope="col" style="{_HEAD}">{title}</th>' for title in heads)
    body = "".join(map(_row, rows))
    return (
        '<div style="max-width:100%;overflow-x:auto"><table style="border-collapse:collapse">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Say what each colour means."""
    shown = "".join(
        f'<span style="white-space:nowrap;margin-right:1.4em"><span style="display:inline-block;'
        f'width:.8em;height:.8em;margin-right:.4em;background:{colour}"></span>{escape(word)}</span>'
        for colour, word in entries
    )
    return f'<div style="opacity:.75;padding:.4em .8em">{shown}</div>'


def _row(cells: Iterable[str]) -> str:
    name, *rest = cells
    drawn = "".join(f'<td style="{CELL}">{cell}</td>' for cell in rest)
    return f'<tr><th scope="row" style="{CELL}">{name}</th>{drawn}</tr>'
