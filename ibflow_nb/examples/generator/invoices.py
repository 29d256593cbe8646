"""The invoices of the workspace: what they say and how they are set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from ibflow_nb.examples.generator.content import Invoice, items
from ibflow_nb.examples.generator.sheet import HEIGHT, LEFT, RIGHT, WIDTH, new_sheet, write_lines

ROW = 7 * mm
# Right edges of quantity, unit price and amount; the description starts at the left margin.
COLUMNS = (115 * mm, 150 * mm, RIGHT - 2 * mm)
HEADERS = ("Description", "Qty", "Unit price", "Amount")

INVOICES = (
    Invoice(
        name="brightwater-instruments",
        company="Brightwater Instruments Inc.",
        address=("480 Meridian Parkway", "Lake Calder", "billing@brightwater.example"),
        buyer=("Tern Island Observatory", "9 Breakwater Road", "Tern Island"),
        number="INV-20418",
        day=date(2024, 3, 15),
        due=date(2024, 4, 14),
        date_format="%Y-%m-%d",
        currency="USD",
        tax_name="Sales tax 7%",
        tax_percent=Decimal(7),
        items=items(
            ("Barometer, marine grade", 2, "349.00"),
            ("Calibration certificate", 2, "85.00"),
            ("Anemometer cup set", 4, "62.50"),
            ("Weatherproof cable 25 m", 3, "48.20"),
            ("Mounting bracket", 6, "17.95"),
        ),
    ),
    Invoice(
        name="atelier-morane",
        company="Atelier Morane",
        address=("8 rue des Glycines", "Valbrune"),
        buyer=("Studio Kestrel", "Lindenhof 21", "Aarfeld"),
        number="2024/0117",
        day=date(2024, 10, 22),
        due=date(2024, 11, 21),
        date_format="%d.%m.%Y",
        currency="EUR",
        tax_name="VAT 20%",
        tax_percent=Decimal(20),
        decimal=",",
        items=items(
            ("Exhibition panels, oak", 12, "184.50"),
            ("Typesetting, hours", 18, "72.00"),
            ("Proof prints", 5, "26.40"),
            ("Courier to Aarfeld", 1, "58.90"),
        ),
    ),
    Invoice(
        name="fenwick-legal",
        company="Fenwick, Osei & Partners",
        address=("Chancel House", "31 Temple Gate", "Wexcombe"),
        buyer=("Gullwing Ferries Ltd", "Pier 4", "Saint Brannoc"),
        number="FOP-7732",
        day=date(2024, 6, 28),
        due=date(2024, 7, 28),
        date_format="%d %B %Y",
        currency="GBP",
        tax_name="VAT 20%",
        tax_percent=Decimal(20),
        items=items(
            ("Review of charter agreement", 6, "210.00"),
            ("Correspondence", 3, "145.00"),
            ("Land registry search", 2, "38.00"),
        ),
    ),
    Invoice(
        name="copperline-print",
        company="Copperline Print Works",
        address=("55 Tannery Street", "Ashford Falls"),
        buyer=("Page & Quill Books", "77 Juniper Street", "Ashford Falls"),
        number="CPW-3391",
        day=date(2024, 8, 19),
        due=date(2024, 9, 18),
        date_format="%d %b %Y",
        currency="USD",
        tax_name="Sales tax 6%",
        tax_percent=Decimal(6),
        items=items(
            ("Catalogue, 48 pages", 250, "3.85"),
            ("Poster A2, matt", 60, "4.40"),
            ("Perfect binding", 250, "1.15"),
            ("Delivery", 1, "45.00"),
        ),
    ),
    Invoice(
        name="polder-logistics",
        company="Polder & Wijk Logistics",
        address=("Kanaaldijk 140", "Westerhaven"),
        buyer=("Atelier Morane", "8 rue des Glycines", "Valbrune"),
        number="PW-558120",
        day=date(2024, 12, 13),
        due=date(2025, 1, 27),
        date_format="%d/%m/%Y",
        currency="EUR",
        tax_name="VAT 21%",
        tax_percent=Decimal(21),
        items=items(
            ("Pallet transport", 7, "64.00"),
            ("Customs handling", 1, "120.00"),
            ("Storage, days", 14, "11.30"),
            ("Fuel surcharge", 7, "4.85"),
        ),
    ),
)


def classic(invoice: Invoice) -> bytes:
    """Labels at the left of their values in a box, a table with a dark head."""
    page, buffer = new_sheet()
    write_lines(page, LEFT, HEIGHT - 25 * mm, (invoice.company,), "Helvetica-Bold", 14)
    write_lines(page, LEFT, HEIGHT - 31 * mm, invoice.address, "Helvetica", 9)
    page.setFont("Helvetica-Bold", 22)
    page.drawRightString(RIGHT, HEIGHT - 27 * mm, "INVOICE")
    facts = (
        ("Invoice no.", invoice.number),
        ("Invoice date", invoice.printed(invoice.day)),
        ("Due date", invoice.printed(invoice.due)),
    )
    for row, (label, value) in enumerate(facts):
        y = HEIGHT - 42 * mm - row * 6 * mm
        page.setFont("Helvetica", 10)
        page.drawString(125 * mm, y, label)
        page.drawRightString(RIGHT, y, value)
    write_lines(page, LEFT, HEIGHT - 62 * mm, ("Bill to", *invoice.buyer), "Helvetica", 10)
    y = _table(page, invoice, HEIGHT - 95 * mm, "Helvetica", head="#26394d", ink="#ffffff")
    _totals(page, invoice, y, "Helvetica", f"Total ({invoice.currency})")
    _footer(page, "Helvetica", "Please quote the invoice number with your payment.")
    page.save()
    return buffer.getvalue()


def strip(invoice: Invoice) -> bytes:
    """Labels above their values in a strip across the page, a table of light rows."""
    page, buffer = new_sheet()
    write_lines(page, LEFT, HEIGHT - 24 * mm, (invoice.company,), "Helvetica-Bold", 18)
    write_lines(page, LEFT, HEIGHT - 31 * mm, invoice.address, "Helvetica", 9)
    page.setFillColor(HexColor("#e8eef0"))
    page.rect(LEFT, HEIGHT - 62 * mm, RIGHT - LEFT, 15 * mm, stroke=0, fill=1)
    page.setFillColor(HexColor("#000000"))
    facts = (
        ("Invoice number", invoice.number),
        ("Invoice date", invoice.printed(invoice.day)),
        ("Due date", invoice.printed(invoice.due)),
        ("Currency", invoice.currency),
    )
    for column, (label, value) in enumerate(facts):
        x = LEFT + 4 * mm + column * 43 * mm
        page.setFont("Helvetica", 8)
        page.drawString(x, HEIGHT - 52 * mm, label)
        page.setFont("Helvetica-Bold", 11)
        page.drawString(x, HEIGHT - 58 * mm, value)
    write_lines(page, LEFT, HEIGHT - 72 * mm, ("Invoice to", *invoice.buyer), "Helvetica", 10)
    y = _table(page, invoice, HEIGHT - 105 * mm, "Helvetica", head="#e8eef0", ink="#000000")
    _totals(page, invoice, y, "Helvetica", "Total due")
    _footer(page, "Helvetica", "Payment by bank transfer within 30 days.")
    page.save()
    return buffer.getvalue()


def letter(invoice: Invoice) -> bytes:
    """A letter in a serif face: labels and values in running lines, a table without a ground."""
    page, buffer = new_sheet()
    page.setFont("Times-Bold", 20)
    page.drawCentredString(WIDTH / 2, HEIGHT - 25 * mm, invoice.company)
    page.setFont("Times-Roman", 10)
    page.drawCentredString(WIDTH / 2, HEIGHT - 31 * mm, ", ".join(invoice.address))
    page.line(LEFT, HEIGHT - 36 * mm, RIGHT, HEIGHT - 36 * mm)
    write_lines(page, LEFT, HEIGHT - 48 * mm, invoice.buyer, "Times-Roman", 11)
    facts = (
        f"Invoice number: {invoice.number}",
        f"Date: {invoice.printed(invoice.day)}",
        f"Payment due: {invoice.printed(invoice.due)}",
    )
    write_lines(page, LEFT, HEIGHT - 72 * mm, facts, "Times-Roman", 11, leading=6 * mm)
    y = _table(page, invoice, HEIGHT - 105 * mm, "Times-Roman", head=None, ink="#000000")
    _totals(page, invoice, y, "Times-Roman", "Amount due")
    _footer(page, "Times-Roman", "With compliments.")
    page.save()
    return buffer.getvalue()


def _cells(page: Canvas, y: float, texts: Sequence[str]) -> None:
    page.drawString(LEFT + 2 * mm, y, texts[0])
    for edge, text in zip(COLUMNS, texts[1:], strict=True):
        page.drawRightString(edge, y, text)


def _table(
    page: Canvas, invoice: Invoice, y: float, font: str, *, head: str | None, ink: str
) -> float:
    """Draw the line items; give the height at which the table ends."""
    if head:
        page.setFillColor(HexColor(head))
        page.rect(LEFT, y - 2.2 * mm, RIGHT - LEFT, ROW, stroke=0, fill=1)
    page.setFillColor(HexColor(ink))
    page.setFont(font.replace("-Roman", "") + "-Bold", 10)
    _cells(page, y, HEADERS)
    page.setFillColor(HexColor("#000000"))
    page.setFont(font, 10)
    page.setLineWidth(0.4)
    for item in invoice.items:
        y -= ROW
        money = (invoice.money(item.price), invoice.money(item.amount))
        _cells(page, y, (item.description, str(item.quantity), *money))
        page.line(LEFT, y - 2.2 * mm, RIGHT, y - 2.2 * mm)
    return y - ROW


def _totals(page: Canvas, invoice: Invoice, y: float, font: str, label: str) -> None:
    bold = font.replace("-Roman", "") + "-Bold"
    sums = (
        ("Subtotal", invoice.money(invoice.subtotal), font),
        (invoice.tax_name, invoice.money(invoice.tax), font),
        (label, invoice.money(invoice.total, symbol=True), bold),
    )
    for text, amount, face in sums:
        y -= ROW
        page.setFont(face, 11)
        page.drawString(125 * mm, y, text)
        page.drawRightString(COLUMNS[-1], y, amount)


def _footer(page: Canvas, font: str, text: str) -> None:
    page.setFont(font, 8)
    page.drawCentredString(WIDTH / 2, 18 * mm, text)
