"""Computes the tree of an expression.

There is no precedence: ``a - b - c`` is ``a - (b - c)``. ``and`` and ``or`` compute their
right side only when it matters. ``+`` adds numbers (and texts that are numbers on the side of a
number), puts texts one after the other and joins lists. Texts that are both numbers compare as
numbers, other texts by their characters.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException, DivisionByZero, InvalidOperation
from functools import partial
from typing import Any

from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.conversion import (
    as_number,
    as_text,
    as_truth,
    plain_number,
    shorten,
)
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.syntax import Array, Binary, Call, Literal, Node, Unary, Variable
from ibflow_nb.local.refiner.values import (
    ARITHMETIC,
    Boolean,
    Items,
    Number,
    Span,
    Text,
    Value,
    all_sources,
    describe,
    join_texts,
    to_plain,
)

# Variables by name; a field that failed stands there with its error.
Variables = Mapping[str, Value | FieldError]

_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def evaluate(node: Node, variables: Variables, context: Context) -> Value:
    """Compute an expression.

    Args:
        node: its tree.
        variables: ``INPUT_COL`` and the fields before this one.
        context: of the field.

    Raises:
        FieldError: one sentence that says why there is no value.
    """
    try:
        return _evaluate(node, variables, context)
    except DecimalException as error:
        raise FieldError(_arithmetic_message(error)) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, MemoryError) as error:
        raise FieldError(f"The expression cannot be computed: {error}.") from error


def _evaluate(node: Node, variables: Variables, context: Context) -> Value:
    match node:
        case Literal(value=value):
            return value
        case Variable(name=name):
            return _look_up(name, variables)
        case Array(items=items):
            return Items(tuple(_evaluate(item, variables, context) for item in items))
        case Unary(operator=sign, operand=operand):
            return _sign(sign, _evaluate(operand, variables, context))
        case Binary():
            return _combine(node, variables, context)
        case Call(function=function, arguments=arguments):
            lazy = [
                None if child is None else partial(evaluate, child, variables, context)
                for child in arguments
            ]
            return function.call(context, lazy)


def _look_up(name: str, variables: Variables) -> Value:
    value = variables.get(name)
    if value is None:
        raise FieldError(f"There is no field {name!r}.")
    if isinstance(value, FieldError):
        raise FieldError(f"It uses the field {name!r}, which failed.") from value
    return value


def _sign(sign: str, value: Value) -> Value:
    if sign == "!":
        return Boolean(not as_truth(value), value.sources)
    number = as_number(value)
    return Number(ARITHMETIC.minus(number) if sign == "-" else number, value.sources)


def _combine(node: Binary, variables: Variables, context: Context) -> Value:
    left = _evaluate(node.left, variables, context)
    if node.operator in {"and", "or"} and as_truth(left) == (node.operator == "or"):
        return Boolean(node.operator == "or", left.sources)
    right = _evaluate(node.right, variables, context)
    sources = all_sources([left, right])
    match node.operator:
        case "and" | "or":
            return Boolean(as_truth(right), sources)
        case "==":
            return Boolean(_equal(left, right), sources)
        case "<>":
            return Boolean(not _equal(left, right), sources)
        case "<" | ">" | "<=" | ">=":
            return Boolean(_compare(node.operator, left, right), sources)
        case "+" if not isinstance(left, Number) or not isinstance(right, Number):
            return _add(left, right, sources)
        case _:
            return _compute(node.operator, left, right, sources)


def _compute(sign: str, left: Value, right: Value, sources: tuple[Span, ...]) -> Number:
    return Number(_ARITHMETIC[sign](as_number(left), as_number(right)), sources)


def _add(left: Value, right: Value, sources: tuple[Span, ...]) -> Value:
    if isinstance(left, Items) and isinstance(right, Items):
        return Items(left.items + right.items)
    if Number in {type(left), type(right)} and _both_numbers(left, right):
        return _compute("+", left, right, sources)
    return join_texts([as_text(left), as_text(right)])


def _both_numbers(left: Value, right: Value) -> tuple[Decimal, Decimal] | None:
    numbers = [
        value.value if isinstance(value, Number) else plain_number(value.text)
        for value in (left, right)
        if isinstance(value, Number | Text)
    ]
    if len(numbers) < 2 or numbers[0] is None or numbers[1] is None:
        return None
    return numbers[0], numbers[1]


def _equal(left: Value, right: Value) -> bool:
    if Number in {type(left), type(right)}:
        numbers = _both_numbers(left, right)
        if numbers:
            return numbers[0] == numbers[1]
    if {type(left), type(right)} == {Boolean, Number}:
        raise FieldError(_mixed("==", left, right))
    return to_plain(left) == to_plain(right)


def _compare(sign: str, left: Value, right: Value) -> bool:
    numbers = _both_numbers(left, right)
    if numbers:
        return _ORDER[sign](*numbers)
    if isinstance(left, Text) and isinstance(right, Text):
        return _ORDER[sign](left.text, right.text)
    if isinstance(left, Text) or isinstance(right, Text):
        text = left if isinstance(left, Text) else right
        raise FieldError(
            f"{shorten(as_text(text).text)} cannot be compared by {sign} with"
            f" {describe(right if text is left else left)}; parse_number reads numbers."
        )
    raise FieldError(_mixed(sign, left, right))


def _mixed(sign: str, left: Value, right: Value) -> str:
    return (
        f"The operator {sign} cannot compare {describe(left)} with {describe(right)}; it takes"
        " all to its right, so put parentheses around what belongs together."
    )


def _arithmetic_message(error: DecimalException) -> str:
    if isinstance(error, DivisionByZero | InvalidOperation):
        return "The expression divides by zero."
    return "A number in the expression gets too large."
