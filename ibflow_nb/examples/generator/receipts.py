"""The receipts of the workspace: what they say and how they are set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from ibflow_nb.examples.generator.content import Receipt, items

WIDTH = 80 * mm
MARGIN = 6 * mm

RECEIPTS = (
    Receipt(
        name="cafe-halcyon",
        company="Cafe Halcyon",
        address=("14 Quayside Row", "Port Ellery"),
        day=date(2024, 5, 17),
        date_format="%d/%m/%Y",
        currency="EUR",
        tax_name="VAT 10%",
        tax_percent=Decimal(10),
        items=items(
            ("Flat white", 2, "3.40"),
            ("Almond croissant", 1, "3.10"),
            ("Soup of the day", 1, "6.90"),
            ("Sparkling water", 2, "2.25"),
        ),
        time="09:42",
    ),
    Receipt(
        name="northgate-hardware",
        company="Northgate Hardware",
        address=("Unit 3, Foundry Lane", "Marlow Bridge"),
        day=date(2024, 2, 28),
        date_format="%d %b %Y",
        currency="GBP",
        tax_name="VAT 20%",
        tax_percent=Decimal(20),
        items=items(
            ("Wood screws 4x40", 3, "4.15"),
            ("Sanding block", 2, "2.60"),
            ("Masonry drill 8 mm", 1, "7.35"),
            ("Exterior paint 1 l", 2, "18.90"),
            ("Masking tape", 4, "1.95"),
        ),
        total_label="TOTAL TO PAY",
        time="16:05",
    ),
    Receipt(
        name="sunfield-garden",
        company="Sunfield Garden Center",
        address=("2210 Orchard Avenue", "Sunfield"),
        day=date(2024, 4, 13),
        date_format="%m/%d/%Y",
        currency="USD",
        tax_name="Sales tax 8.25%",
        tax_percent=Decimal("8.25"),
        items=items(
            ("Tomato seedlings", 6, "2.99"),
            ("Potting soil 20 qt", 2, "9.49"),
            ("Clay pot 10 in", 3, "7.25"),
        ),
        total_label="AMOUNT DUE",
        time="11:18",
    ),
    Receipt(
        name="blue-heron-taxi",
        company="Blue Heron Taxi",
        address=("Licence 4471", "Dispatch 555 0147"),
        day=date(2024, 9, 30),
        date_format="%Y-%m-%d",
        currency="CHF",
        tax_name="VAT 8.1%",
        tax_percent=Decimal("8.1"),
        items=items(
            ("Base fare", 1, "6.80"),
            ("Distance 11 km", 11, "3.60"),
            ("Luggage", 2, "1.50"),
        ),
        total_label="Total fare",
        time="22:51",
    ),
    Receipt(
        name="harbour-hotel",
        company="The Old Harbour Hotel",
        address=("1 Lighthouse Walk", "Saint Brannoc"),
        day=date(2024, 7, 21),
        date_format="%d %B %Y",
        currency="GBP",
        tax_name="VAT 20%",
        tax_percent=Decimal(20),
        items=items(
            ("Double room, sea view", 3, "118.00"),
            ("Breakfast", 6, "14.50"),
            ("Parking", 3, "9.00"),
            ("Laundry", 1, "22.75"),
        ),
        total_label="Grand total",
        time="10:02",
    ),
    Receipt(
        name="page-and-quill",
        company="Page & Quill Books",
        address=("77 Juniper Street", "Ashford Falls"),
        day=date(2024, 11, 8),
        date_format="%B %d, %Y",
        currency="USD",
        tax_name="Tax 6%",
        tax_percent=Decimal(6),
        items=items(
            ("A Field Guide to Clouds", 1, "24.00"),
            ("The Cartographer's Notebook", 1, "18.50"),
            ("Bookmark, linen", 3, "2.75"),
        ),
        total_label="Total due",
        time="13:37",
    ),
)


class Slip:
    """A narrow strip of paper that grows with its lines."""

    def __init__(self, font: str, bold: str, size: float) -> None:
        self._font, self._bold, self._size = font, bold, size
        self._leading = 1.45 * size
        self._lines: list[Callable[[Canvas, float], None]] = []

    def centre(self, text: str, *, scale: float = 1.0, bold: bool = False) -> None:
        """Add a centred line."""
        font, size = self._bold if bold else self._font, self._size * scale

        def draw(canvas: Canvas, y: float) -> None:
            canvas.setFont(font, size)
            canvas.drawCentredString(WIDTH / 2, y, text)

        self._lines.append(draw)

    def row(self, left: str, right: str = "", *, scale: float = 1.0, bold: bool = False) -> None:
        """Add a line with text at both margins."""
        font, size = self._bold if bold else self._font, self._size * scale

        def draw(canvas: Canvas, y: float) -> None:
            canvas.setFont(font, size)
            canvas.drawString(MARGIN, y, left)
            canvas.drawRightString(WIDTH - MARGIN, y, right)

        self._lines.append(draw)

    def rule(self, *, dashed: bool = True) -> None:
        """Add a line across."""

        def draw(canvas: Canvas, y: float) -> None:
            canvas.setLineWidth(0.6)
            canvas.setDash([2, 2] if dashed else [])
            canvas.line(MARGIN, y + self._size / 3, WIDTH - MARGIN, y + self._size / 3)

        self._lines.append(draw)

    def gap(self) -> None:
        """Leave a line empty."""
        self._lines.append(lambda canvas, y: None)

    def pdf(self) -> bytes:
        """Draw the strip on one page."""
        height = 2 * MARGIN + self._leading * (len(self._lines) + 1)
        buffer = BytesIO()
        canvas = Canvas(buffer, pagesize=(WIDTH, height), invariant=1)
        for number, draw in enumerate(self._lines, start=1):
            draw(canvas, height - MARGIN - number * self._leading)
        canvas.save()
        return buffer.getvalue()


def till(receipt: Receipt) -> bytes:
    """Set a receipt as a cash register prints it: one fixed pitch, the date at the top."""
    slip = Slip("Courier", "Courier-Bold", 9)
    slip.centre(receipt.company, scale=1.4, bold=True)
    for line in receipt.address:
        slip.centre(line)
    slip.gap()
    slip.row(f"Date: {receipt.printed(receipt.day)}", receipt.time)
    slip.rule()
    for item in receipt.items:
        slip.row(item.description, receipt.money(item.amount))
        if item.quantity > 1:
            slip.row(f"  {item.quantity} x {receipt.money(item.price)}")
    slip.rule()
    slip.row("Subtotal", receipt.money(receipt.subtotal))
    slip.row(receipt.tax_name, receipt.money(receipt.tax))
    total = f"{receipt.currency} {receipt.money(receipt.total)}"
    slip.row(receipt.total_label, total, scale=1.15, bold=True)
    slip.rule()
    slip.row("Card payment", receipt.money(receipt.total))
    slip.gap()
    slip.centre("Thank you for your visit")
    return slip.pdf()


def folio(receipt: Receipt) -> bytes:
    """Set a receipt in proportional type, with columns and the date below the goods."""
    slip = Slip("Helvetica", "Helvetica-Bold", 8.5)
    slip.row(receipt.company, scale=1.6, bold=True)
    slip.row(", ".join(receipt.address))
    slip.rule(dashed=False)
    slip.gap()
    for item in receipt.items:
        slip.row(f"{item.quantity}   {item.description}", receipt.money(item.amount))
    slip.gap()
    slip.row("Net amount", receipt.money(receipt.subtotal))
    slip.row(receipt.tax_name, receipt.money(receipt.tax))
    slip.rule(dashed=False)
    total = receipt.money(receipt.total, symbol=True)
    slip.row(receipt.total_label, total, scale=1.3, bold=True)
    slip.gap()
    slip.row(f"Paid on {receipt.printed(receipt.day)} at {receipt.time}")
    slip.row("No exchange without this receipt")
    return slip.pdf()
