"""Trains the classifier of the workspace on receipts and invoices drawn at random."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from ibflow_nb.examples.generator.content import Invoice, Item, Receipt
from ibflow_nb.examples.generator.invoices import classic, letter, strip
from ibflow_nb.examples.generator.receipts import folio, till
from ibflow_nb.local.classifier.training import train_classifier

SEED = 20240229
A_CLASS = 24

_FIRST = ("Amber", "Birch", "Cedar", "Dawn", "Elm", "Falcon", "Granite", "Heather", "Iris", "Juno")
_SECOND = ("Bakery", "Bicycles", "Carpets", "Diner", "Electric", "Florist", "Garage", "Optics")
_STREETS = ("Mill Lane", "Station Road", "High Street", "Elm Avenue", "Dock Road", "Church Square")
_TOWNS = ("Little Haven", "Norwick", "Castleford Bay", "Greendale", "Eastport", "Hollow Creek")
_GOODS = (
    "Apple juice", "Brass hinge", "Candle", "Door handle", "Engine oil", "Felt pad", "Garden hose",
    "Hammer", "Ink cartridge", "Jam", "Kettle", "Lamp shade", "Milk", "Notebook", "Oil filter",
    "Paint brush", "Quilt", "Rice", "Soap", "Tea", "Umbrella", "Vase", "Wool", "Installation",
    "Consulting", "Repair", "Inspection", "Transport",
)  # fmt: skip
_FORMATS = ("%d/%m/%Y", "%d %b %Y", "%Y-%m-%d", "%B %d, %Y", "%d.%m.%Y")
_TOTALS = ("TOTAL", "TOTAL TO PAY", "AMOUNT DUE", "Grand total", "Total due", "Total")
_TAXES = (("VAT 20%", 20), ("VAT 10%", 10), ("Sales tax 7%", 7), ("Tax 6%", 6))


def trained_classifier() -> bytes:
    """Give the content of a classifier that tells receipts from invoices."""
    chance = Random(SEED)  # noqa: S311 - drawn anew, the documents must be the same
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, draw in (("receipt", _receipt), ("invoice", _invoice)):
            (folder / label).mkdir()
            for number in range(A_CLASS):
                (folder / label / f"{number:02}.pdf").write_bytes(draw(chance, number))
        target = folder / "documents.ibclassifier"
        train_classifier(folder, target)
        return target.read_bytes()


def _receipt(chance: Random, number: int) -> bytes:
    sale = Receipt(**_sale(chance, number), total_label=chance.choice(_TOTALS), time="12:30")
    return _either(number, till, folio)(sale)


def _invoice(chance: Random, number: int) -> bytes:
    common = _sale(chance, number)
    sale = Invoice(
        **common,
        number=f"{chance.choice('ABCDEF')}-{chance.randrange(1000, 99999)}",
        buyer=(f"{chance.choice(_FIRST)} & Co", *_address(chance)),
        due=common["day"] + timedelta(30),
    )
    return _either(number, classic, strip, letter)(sale)


def _sale(chance: Random, number: int) -> dict[str, Any]:
    tax_name, percent = chance.choice(_TAXES)
    goods = chance.sample(_GOODS, chance.randrange(2, 7))
    return {
        "name": str(number),
        "company": f"{chance.choice(_FIRST)} {chance.choice(_SECOND)}",
        "address": _address(chance),
        "day": date(2023, 1, 1) + timedelta(chance.randrange(365)),
        "date_format": chance.choice(_FORMATS),
        "currency": chance.choice(("USD", "EUR", "GBP", "CHF")),
        "tax_name": tax_name,
        "tax_percent": Decimal(percent),
        "items": tuple(
            Item(text, chance.randrange(1, 9), Decimal(chance.randrange(90, 9000)) / 100)
            for text in goods
        ),
    }


def _address(chance: Random) -> tuple[str, str]:
    return f"{chance.randrange(1, 99)} {chance.choice(_STREETS)}", chance.choice(_TOWNS)


def _either(number: int, *layouts: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    return layouts[number % len(layouts)]
