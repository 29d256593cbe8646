"""The bank statement of the workspace: a table that goes on over two pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from ibflow_nb.examples.generator.content import table_text
from ibflow_nb.examples.generator.sheet import HEIGHT, LEFT, RIGHT, new_sheet, write_lines

ROW = 6 * mm
HEADERS = ("Date", "Details", "Amount", "Balance")
# Left edge of the details; right edges of amount and balance.
DETAILS, AMOUNT, BALANCE = LEFT + 28 * mm, RIGHT - 40 * mm, RIGHT - 2 * mm
ON_FIRST_PAGE = 26


@dataclass(frozen=True)
class Statement:
    """An account over a month.

    Attributes:
        name: file name without its suffix.
        bank: name and address.
        holder: whose account it is.
        account: its number.
        start: first day.
        end: last day.
        opening: balance at its beginning.
        movements: day of the month, what for, and how much.
    """

    name: str
    bank: tuple[str, ...]
    holder: str
    account: str
    start: date
    end: date
    opening: Decimal
    movements: tuple[tuple[int, str, Decimal], ...]

    @property
    def closing(self) -> Decimal:
        """Balance at the end."""
        return self.opening + sum((amount for _, _, amount in self.movements), Decimal())

    @property
    def rows(self) -> list[list[str]]:
        """The table as it is printed, without its headers."""
        amounts = [amount for _, _, amount in self.movements]
        balances = list(accumulate(amounts, initial=self.opening))[1:]
        return [
            [
                (self.start + timedelta(day - 1)).strftime("%d %b %Y"),
                text,
                f"{amount:,.2f}",
                f"{balance:,.2f}",
            ]
            for (day, text, amount), balance in zip(self.movements, balances, strict=True)
        ]

    def truth(self) -> dict[str, str]:
        """Give the fields that a refiner should find."""
        return {
            "bank": self.bank[0],
            "holder": self.holder,
            "account": self.account,
            "period_start": self.start.isoformat(),
            "period_end": self.end.isoformat(),
            "opening_balance": str(self.opening),
            "closing_balance": str(self.closing),
            "transactions": table_text([list(HEADERS), *self.rows]),
        }


def _movements() -> tuple[tuple[int, str, Decimal], ...]:
    """Give a hotel's month: what guests paid each day, and what the house bought."""
    spent = {
        2: ("Rent, Lighthouse Walk", "-1850.00"),
        5: ("Sea Breeze Laundry", "-212.40"),
        9: ("Ellery Bakery", "-148.75"),
        12: ("Sea Breeze Laundry", "-198.10"),
        15: ("Wages", "-2640.00"),
        19: ("Fenwick, Osei & Partners", "-320.00"),
        23: ("Ellery Bakery", "-161.20"),
        26: ("Water and sewage", "-97.35"),
        30: ("Wages", "-2640.00"),
    }
    found = []
    for day in range(1, 32):
        taken = Decimal(14500 + 3735 * day % 9120) / 100
        found.append((day, "Card payments of guests", taken))
        if day in spent:
            text, amount = spent[day]
            found.append((day, text, Decimal(amount)))
    return tuple(found)


JULY = Statement(
    name="harbour-savings-bank-july",
    bank=("Harbour Savings Bank", "2 Exchange Square", "Saint Brannoc"),
    holder="The Old Harbour Hotel",
    account="40-1177-2093",
    start=date(2024, 7, 1),
    end=date(2024, 7, 31),
    opening=Decimal("6120.55"),
    movements=_movements(),
)


def account_statement(statement: Statement) -> bytes:
    """Set a statement: the account at the top, the table on two pages with its headers on both."""
    page, buffer = new_sheet()
    write_lines(page, LEFT, HEIGHT - 22 * mm, statement.bank[:1], "Helvetica-Bold", 16)
    write_lines(page, LEFT, HEIGHT - 28 * mm, statement.bank[1:], "Helvetica", 9)
    facts = (
        ("Account holder", statement.holder),
        ("Account number", statement.account),
        ("From", statement.start.strftime("%d %B %Y")),
        ("To", statement.end.strftime("%d %B %Y")),
        ("Opening balance", f"{statement.opening:,.2f}"),
    )
    for number, (label, value) in enumerate(facts):
        y = HEIGHT - 45 * mm - number * ROW
        page.setFont("Helvetica", 10)
        page.drawString(LEFT, y, label)
        page.drawString(LEFT + 45 * mm, y, value)
    rows = statement.rows
    _table(page, HEIGHT - 84 * mm, rows[:ON_FIRST_PAGE])
    page.showPage()
    y = _table(page, HEIGHT - 25 * mm, rows[ON_FIRST_PAGE:]) - 2 * ROW
    page.setFont("Helvetica-Bold", 10)
    page.drawString(DETAILS, y, "Closing balance")
    page.drawRightString(BALANCE, y, f"{statement.closing:,.2f}")
    page.save()
    return buffer.getvalue()


def _table(page: Canvas, y: float, rows: list[list[str]]) -> float:
    """Draw headers and rows; give the height of the last row."""
    page.setFont("Helvetica-Bold", 10)
    _row(page, y, HEADERS)
    page.line(LEFT, y - 2 * mm, RIGHT, y - 2 * mm)
    page.setFont("Helvetica", 10)
    for row in rows:
        y -= ROW
        _row(page, y, row)
    return y


def _row(page: Canvas, y: float, texts: tuple[str, ...] | list[str]) -> None:
    day, details, amount, balance = texts
    page.drawString(LEFT, y, day)
    page.drawString(DETAILS, y, details)
    page.drawRightString(AMOUNT, y, amount)
    page.drawRightString(BALANCE, y, balance)
