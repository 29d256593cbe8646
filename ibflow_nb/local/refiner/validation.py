"""Formulas that check the fields of a refined record.

A formula is an expression of the extraction language whose variables are the record's fields
and ``INPUT_COL``. Fields of type INT, FLOAT or ANY that hold a number count as numbers, all
others as texts; the words ``true`` and ``false`` are truth values.
"""

from __future__ import annotations

from dataclasses import dataclass

from ibflow_nb.local.documents.record import Record, RefinedPhrase
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.conversion import as_truth, plain_number
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.evaluation import evaluate
from ibflow_nb.local.refiner.program import INPUT
from ibflow_nb.local.refiner.reading import Reading
from ibflow_nb.local.refiner.syntax import Node, parse
from ibflow_nb.local.refiner.values import Boolean, Number, Text, Value

_NUMERIC = {"INT", "FLOAT", "ANY"}
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Formula:
    """A check of a record.

    Attributes:
        name: for messages.
        tree: of its expression.
        message: what to say when it does not hold.
    """

    name: str
    tree: Node
    message: str

    @classmethod
    def read(cls, name: str, expression: str, message: str) -> Formula:
        """Parse a formula.

        Raises:
            InvalidRequest: one sentence with the name, the position and what is wrong.
        """
        return cls(name, parse(expression, name), message)


def check_formulas(record: Record, formulas: list[Formula], limits: Limits) -> list[str]:
    """Check a record.

    Args:
        record: with its fields.
        formulas: to check.
        limits: what a file may cost.

    Returns:
        For each formula why it does not hold, empty where it does.
    """
    reading = Reading(record)
    variables: dict[str, Value | FieldError] = {INPUT: reading.text}
    variables |= {phrase.label: _value(phrase) for phrase in record.refined_phrases}
    return [_check(formula, variables, Context(reading, limits)) for formula in formulas]


def _check(formula: Formula, variables: dict[str, Value | FieldError], context: Context) -> str:
    try:
        holds = as_truth(evaluate(formula.tree, variables, context))
    except FieldError as error:
        return formula.message or str(error)
    return "" if holds else formula.message or f"{formula.name} does not hold."


def _value(phrase: RefinedPhrase) -> Value | FieldError:
    if phrase.error_msg:
        return FieldError(phrase.error_msg)
    if phrase.word in _TRUTHS:
        return Boolean(_TRUTHS[phrase.word])
    number = plain_number(phrase.word) if phrase.output_type in _NUMERIC else None
    return Text(phrase.word) if number is None else Number(number)
