"""Runs expressions on small records."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ibflow_nb.local.documents.layout import Page, compose, page_from_text
from ibflow_nb.local.documents.record import Record, RefinedPhrase, Word, WordConfidence
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.program import load_program

INVOICE = """\
ACME LTD
Invoice No: A-17        Date: 12/01/2018
Bill to                 Ship to
John Doe                Jane Roe
12 Main St              Harbour 5

Description      Qty    Price    Amount
Blue widget        2     5.00     10.00
 with case
Red widget        10     1.50     15.00
                        T0TAL   RM 25.00
Balance (45.10)
"""


def _program_text(expressions: dict[str, str]) -> str:
    fields = [
        {"desc": {"label": label}, "req": {"expression": expression}}
        for label, expression in expressions.items()
    ]
    return json.dumps({"fields": fields})


@pytest.fixture
def program() -> Callable[[dict[str, str]], str]:
    """Write a refiner program: expressions by label."""
    return _program_text


@pytest.fixture
def invoice() -> Record:
    """A digital invoice: words on a grid, no confidences."""
    return compose([page_from_text(INVOICE)])


@pytest.fixture
def scan() -> Record:
    """Two pages of 1000 by 800 pixels as OCR reads them, with a confidence for each word."""

    def word(text: str, left: float, top: float, sure: float) -> Word:
        right = left + 10 * len(text)
        return Word(text, left, top, right, top + 20, confidence=WordConfidence(sure))

    first = [word("Total:", 100, 100, 0.9), word("80.90", 300, 104, 0.5), word("RM", 240, 98, 0.7)]
    second = [word("Page", 100, 700, 1.0), word("two", 150, 700, 0.8)]
    return compose(
        [Page(1000, 800, first, number=0, is_image=True), Page(1000, 800, second, number=1)]
    )


@pytest.fixture
def refine(invoice: Record) -> Callable[..., RefinedPhrase]:
    """Compute one expression, on the invoice unless another record or a text is given."""

    def run(
        expression: str, record: Record | str | None = None, limits: Limits | None = None
    ) -> RefinedPhrase:
        if isinstance(record, str):
            record = compose([page_from_text(record)])
        program = load_program(_program_text({"field": expression}))
        return program.run(record or invoice, limits or Limits())[0]

    return run
