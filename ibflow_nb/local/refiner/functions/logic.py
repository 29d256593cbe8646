"""Functions that choose; they compute only the arguments that they need."""

from __future__ import annotations

from ibflow_nb.local.refiner.conversion import as_truth
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.registry import Lazy, function
from ibflow_nb.local.refiner.values import EMPTY, Items, Text, Value


@function("if")
def if_(cond: bool, a: Lazy, b: Lazy = lambda: EMPTY) -> Value:
    """Give ``a`` if the condition holds, else ``b``; the other one is not computed."""
    return a() if cond else b()


@function("coalesce")
def coalesce(*values: Lazy) -> Value:
    """Give the first value that is neither empty nor failing.

    Raises:
        FieldError: there is none and an argument failed: the first failure.
    """
    failure: FieldError | None = None
    for compute in values:
        try:
            value = compute()
        except FieldError as error:
            failure = failure or error
            continue
        if not isinstance(value, Text | Items) or as_truth(value):
            return value
    if failure is not None:
        raise failure
    return EMPTY


@function("echo")
def echo(x: Value) -> Value:
    """Give the argument as it is."""
    return x
