"""Paper of the size A4 and lines of text on it."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
LEFT, RIGHT = 20 * mm, WIDTH - 20 * mm


def new_sheet() -> tuple[Canvas, BytesIO]:
    """Give an empty sheet, and the buffer that holds the PDF once it is saved."""
    buffer = BytesIO()
    return Canvas(buffer, pagesize=A4, invariant=1), buffer


def write_lines(
    page: Canvas,
    x: float,
    y: float,
    texts: Sequence[str],
    font: str,
    size: float,
    *,
    leading: float = 0,
) -> None:
    """Write lines of text below each other; the first stands at ``y``."""
    page.setFont(font, size)
    for number, text in enumerate(texts):
        page.drawString(x, y - number * (leading or 1.3 * size), text)
