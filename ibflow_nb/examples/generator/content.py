"""What the example documents say: invented companies, goods and prices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CHF": "CHF "}


def cents(amount: Decimal) -> Decimal:
    """Round to two places, halves up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Item:
    """A line of a receipt or an invoice."""

    description: str
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """Quantity times price."""
        return self.quantity * self.price


@dataclass(frozen=True)
class Sale:
    """What receipts and invoices have in common; prices are without tax.

    Attributes:
        name: file name without its suffix.
        company: who sells.
        address: lines below the company's name.
        day: date of the document.
        date_format: how it is printed.
        currency: ISO code.
        tax_name: as printed, with the rate: ``VAT 20%``.
        tax_percent: its rate.
        items: the lines.
        decimal: sign between units and cents.
    """

    name: str
    company: str
    address: tuple[str, ...]
    day: date
    date_format: str
    currency: str
    tax_name: str
    tax_percent: Decimal
    items: tuple[Item, ...]
    decimal: str = "."

    @property
    def subtotal(self) -> Decimal:
        """Sum of the items."""
        return sum((item.amount for item in self.items), Decimal())

    @property
    def tax(self) -> Decimal:
        """Tax on all items."""
        return cents(self.subtotal * self.tax_percent / 100)

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.subtotal + self.tax

    def printed(self, day: date) -> str:
        """Give a date as this document prints it."""
        return day.strftime(self.date_format)

    def money(self, amount: Decimal, *, symbol: bool = False) -> str:
        """Give an amount as this document prints it, with or without the currency's sign."""
        text = f"{amount:,.2f}"
        if self.decimal == ",":
            text = text.translate(str.maketrans(",.", ".,"))
            return f"{text} {SYMBOLS[self.currency].strip()}" if symbol else text
        return f"{SYMBOLS[self.currency]}{text}" if symbol else text


@dataclass(frozen=True)
class Receipt(Sale):
    """A receipt; ``total_label`` is what stands before the amount paid."""

    total_label: str = "TOTAL"
    time: str = "12:30"

    def truth(self) -> dict[str, str]:
        """Give the fields that a refiner should find."""
        return {
            "merchant": self.company,
            "date": self.day.isoformat(),
            "currency": self.currency,
            "tax": str(self.tax),
            "total": str(self.total),
        }


@dataclass(frozen=True)
class Invoice(Sale):
    """An invoice.

    Attributes:
        number: of the invoice.
        buyer: name and address of who is to pay.
        due: until when.
        misprint: by how much the total that stands on it is wrong.
    """

    number: str = ""
    buyer: tuple[str, ...] = ()
    due: date = date.max
    misprint: Decimal = Decimal()

    @property
    def total(self) -> Decimal:
        """What is to be paid, as it is printed."""
        return super().total + self.misprint

    def truth(self) -> dict[str, str]:
        """Give the fields that a refiner should find; ``line_items`` is a table as JSON text."""
        header = ["Description", "Qty", "Unit price", "Amount"]
        rows = [
            [i.description, str(i.quantity), self.money(i.price), self.money(i.amount)]
            for i in self.items
        ]
        return {
            "invoice_number": self.number,
            "invoice_date": self.day.isoformat(),
            "due_date": self.due.isoformat(),
            "currency": self.currency,
            "subtotal": str(self.subtotal),
            "tax": str(self.tax),
            "total": str(self.total),
            "line_items": table_text([header, *rows]),
        }


def table_text(rows: list[list[str]]) -> str:
    """Give a table, headers first, as a refiner does."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def items(*lines: tuple[str, int, str]) -> tuple[Item, ...]:
    """Make items from description, quantity and price."""
    return tuple(Item(text, quantity, Decimal(price)) for text, quantity, price in lines)
