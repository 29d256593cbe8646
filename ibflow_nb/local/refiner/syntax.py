"""One expression of the language becomes a tree.

What can be known without a record is refused here: syntax, unknown functions, wrong arguments,
too deep nesting. The tree is built while parsing, so that neither step recurses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedToken

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.refiner.functions import find_function
from ibflow_nb.local.refiner.registry import Function
from ibflow_nb.local.refiner.values import ARITHMETIC, Boolean, Number, Text, Value

MAX_LENGTH = 20_000
MAX_NESTING = 60  # keeps the evaluation far from Python's recursion limit

_ARITHMETIC = frozenset({"+", "-", "*", "/"})
_COMPARISONS = frozenset({"==", "<>", "<", ">", "<=", ">="})
_OPERATOR = "an operator"
_EXPECTED = {
    "NAME": "a value",
    "OPERATOR": _OPERATOR,
    "SIGN": _OPERATOR,
    "RPAR": "')'",
    "RSQB": "']'",
    "COMMA": "','",
    "$END": "the end",
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or truth value as written."""

    value: Value
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Variable:
    """A name: ``INPUT_COL`` or the label of a field."""

    name: str
    place: str
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Array:
    """A list of expressions."""

    items: tuple[Node, ...]
    depth: int


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign or ``!`` in front of an expression."""

    operator: str
    operand: Node
    depth: int


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between a value and everything to its right.

    Attributes:
        grouped: whether it stands in parentheses of its own.
    """

    operator: str
    left: Node
    right: Node
    depth: int
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments in the order of its parameters (None: the default)."""

    function: Function
    arguments: tuple[Node | None, ...]
    depth: int


Node: TypeAlias = Literal | Variable | Array | Unary | Binary | Call


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    node: Node


def parse(expression: str, label: str) -> Node:
    """Parse an expression.

    Args:
        expression: in the extraction language.
        label: of the field that it stands in, for messages.

    Raises:
        InvalidRequest: one sentence with the label, the position and what is wrong.
    """
    if len(expression) > MAX_LENGTH:
        raise InvalidRequest(
            f"The expression of field {label!r} is longer than {MAX_LENGTH:,} characters."
        )
    try:
        tree = _parser().parse(expression)
    except InvalidRequest as error:
        raise InvalidRequest(f"The expression of field {label!r} is wrong: {error}.") from error
    except LarkError as error:
        problem = _describe_error(error)
        raise InvalidRequest(f"The expression of field {label!r} {problem}.") from error
    assert isinstance(tree, Literal | Variable | Array | Unary | Binary | Call)
    return tree


def variables(node: Node) -> Iterator[Variable]:
    """Yield the names that an expression uses."""
    match node:
        case Variable():
            yield node
        case Array(items=nodes) | Call(arguments=nodes):
            for child in nodes:
                if child is not None:
                    yield from variables(child)
        case Unary(operand=operand):
            yield from variables(operand)
        case Binary(left=left, right=right):
            yield from variables(left)
            yield from variables(right)


@cache
def _parser() -> Lark:
    grammar = files("ibflow_nb.local.refiner").joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        transformer=_Builder(),
        maybe_placeholders=False,
    )


def _place(token: Token) -> str:
    return f"line {token.line}, column {token.column}"


def _depth(children: Sequence[Node | None]) -> int:
    depth = 1 + max((child.depth for child in children if child is not None), default=0)
    if depth > MAX_NESTING:
        raise InvalidRequest(f"it is nested deeper than {MAX_NESTING} levels")
    return depth


def _check_operand(operator: Token, operand: Node) -> None:
    """Refuse ``a + b == c``: read as ``a + (b == c)``, a check that is never false."""
    if operator not in _ARITHMETIC or not isinstance(operand, Binary) or operand.grouped:
        return
    if operand.operator in _COMPARISONS:
        raise InvalidRequest(
            f"{operator} takes all to its right, also the comparison {operand.operator}; put"
            f" parentheses around what belongs together ({_place(operator)})"
        )


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Makes nodes while the parser reads."""

    def string(self, token: Token) -> Literal:
        return Literal(Text(token[1:-1].replace("\\'", "'")))

    def number(self, token: Token) -> Literal:
        return Literal(Number(ARITHMETIC.create_decimal(str(token))))

    def boolean(self, token: Token) -> Literal:
        return Literal(Boolean(token.lower() == "true"))

    def variable(self, token: Token) -> Variable:
        return Variable(str(token), _place(token))

    def array(self, *items: Node) -> Array:
        return Array(items, _depth(items))

    def group(self, node: Node) -> Node:
        return replace(node, grouped=True) if isinstance(node, Binary) else node

    def unary(self, operator: Token, operand: Node) -> Unary:
        _check_operand(operator, operand)
        return Unary(str(operator), operand, _depth([operand]))

    def binary(self, left: Node, operator: Token, right: Node) -> Binary:
        _check_operand(operator, right)
        return Binary(operator.lower(), left, right, _depth([left, right]))

    def named(self, name: Token, node: Node) -> _Named:
        return _Named(str(name), node)

    def call(self, name: Token, *arguments: Node | _Named) -> Call:
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        try:
            for argument in arguments:
                if isinstance(argument, _Named):
                    named.append((argument.name, argument.node))
                elif named:
                    raise InvalidRequest(
                        f"{name} has an argument without a name behind a named one"
                    )
                else:
                    positional.append(argument)
            function = find_function(str(name))
            bound = function.bind(positional, named)
        except InvalidRequest as error:
            raise InvalidRequest(f"{error} ({_place(name)})") from error
        return Call(function, bound, _depth(bound))


def _describe_error(error: LarkError) -> str:
    if isinstance(error, UnexpectedCharacters):
        place = f"at line {error.line}, column {error.column}"
        if error.char == "'":
            return f"has a text {place} that no single quote closes"
        if error.char == '"':
            return f"has a double quote {place}: texts stand in single quotes"
        return f"has the character {error.char!r} {place}, which means nothing there"
    if isinstance(error, UnexpectedToken):
        expected = _expected(error.accepts or error.expected)
        if error.token.type == "$END":
            return f"ends too early: {expected} is expected at the end"
        token = str(error.token)
        return f"has {token[:40]!r} at {_place(error.token)}, where {expected} is expected"
    return "cannot be parsed"


def _expected(terminals: set[str]) -> str:
    if "NAME" in terminals:
        return "a value"
    names = {_EXPECTED.get(name, name) for name in terminals}
    ordered = sorted(names, key=lambda name: (name != _OPERATOR, name))
    if len(ordered) < 2:
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} or {ordered[-1]}"
