"""The documents of ``mixed``, ``post`` and ``checked``: what they say."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from io import BytesIO

import pypdfium2

from ibflow_nb.examples.generator.content import Invoice, Receipt, items

# What PDFium writes anew each time.
_CLOCK = re.compile(rb"(?<=CreationDate\(D:)\d{14}")
_ID = re.compile(rb"(?<=<)[0-9A-F]{32}(?=>)")

KIOSK = Receipt(
    name="saltmarsh-kiosk",
    company="Saltmarsh Kiosk",
    address=("Pier 4", "Saint Brannoc"),
    day=date(2024, 8, 15),
    date_format="%d/%m/%Y",
    currency="GBP",
    tax_name="VAT 20%",
    tax_percent=Decimal(20),
    items=items(("Day ticket", 2, "11.50"), ("Postcard", 3, "0.85"), ("Lemonade", 2, "1.95")),
    time="14:20",
)
BAKERY = Receipt(
    name="ellery-bakery",
    company="Ellery Bakery",
    address=("3 Quayside Row", "Port Ellery"),
    day=date(2024, 8, 6),
    date_format="%d %b %Y",
    currency="EUR",
    tax_name="VAT 10%",
    tax_percent=Decimal(10),
    items=items(("Rye loaf", 4, "4.20"), ("Butter rolls", 24, "0.65"), ("Plum cake", 2, "16.00")),
    total_label="Total due",
    time="07:05",
)
CHANDLER = Receipt(
    name="tern-island-chandler",
    company="Tern Island Chandler",
    address=("2 Breakwater Road", "Tern Island"),
    day=date(2024, 8, 9),
    date_format="%Y-%m-%d",
    currency="USD",
    tax_name="Tax 6%",
    tax_percent=Decimal(6),
    items=items(("Rope 12 mm, 30 m", 1, "54.00"), ("Shackle", 6, "3.75"), ("Cleat", 2, "12.40")),
    total_label="Grand total",
    time="15:48",
)
LAUNDRY = Invoice(
    name="sea-breeze-laundry",
    company="Sea Breeze Laundry",
    address=("12 Ropewalk", "Saint Brannoc"),
    buyer=("The Old Harbour Hotel", "1 Lighthouse Walk", "Saint Brannoc"),
    number="SBL-0824",
    day=date(2024, 8, 8),
    due=date(2024, 8, 22),
    date_format="%d/%m/%Y",
    currency="GBP",
    tax_name="VAT 20%",
    tax_percent=Decimal(20),
    items=items(
        ("Bed linen, kg", 86, "1.35"), ("Towels, kg", 41, "1.20"), ("Collection", 2, "9.50")
    ),
)
ORGANS = Invoice(
    name="valbrune-organs",
    company="Valbrune Organs",
    address=("Place du Marché 5", "Valbrune"),
    buyer=("Atelier Morane", "8 rue des Glycines", "Valbrune"),
    number="2024/0088",
    day=date(2024, 8, 14),
    due=date(2024, 9, 13),
    date_format="%d.%m.%Y",
    currency="EUR",
    tax_name="VAT 20%",
    tax_percent=Decimal(20),
    decimal=",",
    items=items(("Tuning, hours", 9, "88.00"), ("Leather for bellows", 3, "64.50")),
)

SURVEYOR = Invoice(
    name="meridian-surveyors",
    company="Meridian Surveyors",
    address=("480 Meridian Parkway", "Lake Calder"),
    buyer=("Sunfield Garden Center", "2210 Orchard Avenue", "Sunfield"),
    number="MS-1203",
    day=date(2024, 9, 3),
    due=date(2024, 10, 3),
    date_format="%Y-%m-%d",
    currency="USD",
    tax_name="Sales tax 7%",
    tax_percent=Decimal(7),
    items=items(("Survey of the north lot", 1, "940.00"), ("Boundary stones", 4, "37.50")),
)
GLAZIER = Invoice(
    name="port-ellery-glaziers",
    company="Port Ellery Glaziers",
    address=("9 Quayside Row", "Port Ellery"),
    buyer=("Cafe Halcyon", "14 Quayside Row", "Port Ellery"),
    number="G-5530",
    day=date(2024, 9, 13),
    due=date(2024, 9, 27),
    date_format="%d/%m/%Y",
    currency="EUR",
    tax_name="VAT 10%",
    tax_percent=Decimal(10),
    items=items(("Shop window, fitted", 1, "680.00"), ("Putty, kg", 3, "7.40")),
    misprint=Decimal("9.00"),
)
ROOFER = Invoice(
    name="wexcombe-roofing",
    company="Wexcombe Roofing",
    address=("30 Temple Gate", "Wexcombe"),
    buyer=("Fenwick, Osei & Partners", "Chancel House", "Wexcombe"),
    number="WR-771",
    day=date(2024, 9, 17),
    due=date(2024, 10, 17),
    date_format="%d %B %Y",
    currency="GBP",
    tax_name="VAT 20%",
    tax_percent=Decimal(20),
    items=items(
        ("Slates", 120, "2.30"), ("Lead flashing, m", 14, "21.75"), ("Labour, hours", 22, "38.00")
    ),
)


def bundle(*documents: bytes) -> bytes:
    """Bind documents into one PDF, as a scanner does with a day's post."""
    with pypdfium2.PdfDocument.new() as bound:
        for content in documents:
            with pypdfium2.PdfDocument(content) as document:
                bound.import_pages(document)
        buffer = BytesIO()
        bound.save(buffer)
    return _CLOCK.sub(b"20240909080000", _ID.sub(b"0" * 32, buffer.getvalue()))
