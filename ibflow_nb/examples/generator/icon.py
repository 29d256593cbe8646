"""The icon of the receipts solution."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

_PAPER, _INK, _GROUND = "#ffffff", "#26394d", "#f2a65a"
_SIDE = 512
_SHOWN = 128


def receipt_icon() -> bytes:
    """Draw a torn slip of paper with a few lines and a total, as a PNG."""
    image = Image.new("RGB", (_SIDE, _SIDE), _GROUND)
    draw = ImageDraw.Draw(image)
    teeth = [(128 + 32 * step, 448 - 32 * (step % 2)) for step in range(9)]
    draw.polygon([(128, 64), (384, 64), *reversed(teeth)], fill=_PAPER)
    for row, width in enumerate((160, 112, 144)):
        y = 128 + 56 * row
        draw.rounded_rectangle((168, y, 168 + width, y + 20), 10, fill=_INK)
    draw.rounded_rectangle((248, 328, 344, 360), 14, fill=_GROUND)
    buffer = BytesIO()
    image.resize((_SHOWN, _SHOWN), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
