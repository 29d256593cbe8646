"""Functions that check.

``validate`` and ``assert_true`` are two names of one check: both give ``true`` when the
condition holds, and fail the field with the message when it does not. No source tells them
apart; programs in the wild use both.
"""

from __future__ import annotations

from ibflow_nb.local.refiner.conversion import as_truth
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.registry import function
from ibflow_nb.local.refiner.values import Boolean, Value


@function("validate")
def validate(cond: Value, message: str) -> Boolean:
    """Give true if a condition holds, else fail the field with a message.

    Raises:
        FieldError: the condition does not hold.
    """
    if not as_truth(cond):
        raise FieldError(message)
    return Boolean(True, cond.sources)


function("assert_true")(validate)
