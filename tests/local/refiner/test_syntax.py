"""What is an expression, and how errors in one are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.refiner.functions import function_names
from ibflow_nb.local.refiner.syntax import MAX_LENGTH, MAX_NESTING, parse

PIECES = [
    *"()[],=!+-*/<>'\\%\" \n01",
    *["==", "<>", "<=", ">=", "and", "or", "true", "INPUT_COL", "'text'", "1.5", "sep=", "'\\''"],
    *(f"{name}(" for name in function_names()),
]
programs = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(st.one_of(st.text(max_size=200), programs))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Whatever is typed, the parser gives a tree or refuses with one sentence."""
    try:
        parse(text, "total")
    except InvalidRequest as error:
        assert "'total'" in str(error)
        assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("first(", "ends too early: a value is expected at the end"),
        ("first([1]", "ends too early: ')' or ',' is expected at the end"),
        ("first(1 2)", "has '2' at line 1, column 9, where an operator, ')' or ',' is expected"),
        ("echo(\n  %)", "has the character '%' at line 2, column 3, which means nothing there"),
        ("echo('abc)", "has a text at line 1, column 6 that no single quote closes"),
        ('echo("abc")', "has a double quote at line 1, column 6: texts stand in single quotes"),
        ("f(a=)", "has ')' at line 1, column 5, where a value is expected"),
        ("", "ends too early: a value is expected at the end"),
    ],
)
def test_a_syntax_error_names_field_position_and_what_was_expected(
    expression: str, message: str
) -> None:
    """A syntax error is one sentence: the field, where, and what should stand there."""
    with pytest.raises(InvalidRequest) as caught:
        parse(expression, "total")
    assert str(caught.value) == f"The expression of field 'total' {message}."


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("uper('a')", "there is no function 'uper'; the nearest is 'upper'"),
        ("zzz('a')", "there is no function 'zzz'"),
        ("first()", "first needs the argument 'list'"),
        ("first([], [])", "first takes at most 1 arguments"),
        ("first(items=[])", "first has no argument 'items'; it takes list"),
        ("first([], list=[])", "first is given the argument 'list' twice"),
        ("split(sep=',', 'a')", "split has an argument without a name behind a named one"),
    ],
)
def test_a_wrong_call_is_refused_while_parsing(expression: str, message: str) -> None:
    """Unknown functions and wrong arguments are found before any document is read."""
    with pytest.raises(InvalidRequest) as caught:
        parse(expression, "total")
    problem = f"The expression of field 'total' is wrong: {message} (line 1, column 1)."
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("expression", "operator", "comparison", "column"),
    [
        ("1 + 2 == 3", "+", "==", 3),
        ("1 * 2 - 3 >= 4", "-", ">=", 7),
        ("validate(1 + 2 <> 3, 'wrong')", "+", "<>", 12),
        ("-1 < 2", "-", "<", 1),
    ],
)
def test_a_comparison_inside_an_arithmetic_operand_is_refused(
    expression: str, operator: str, comparison: str, column: int
) -> None:
    """Such a check would compare something else than it seems to, and never be false."""
    with pytest.raises(InvalidRequest) as caught:
        parse(expression, "total")
    assert str(caught.value) == (
        f"The expression of field 'total' is wrong: {operator} takes all to its right, also the"
        f" comparison {comparison}; put parentheses around what belongs together"
        f" (line 1, column {column})."
    )


@pytest.mark.parametrize(
    "expression",
    [
        "(1 + 2) == 3",
        "1 + (2 == 3)",
        "3 == 1 + 2",
        "-(1 < 2)",
        "(-1) < 2",
        "!1 == 2",
        "1 - (2 + 3)",
    ],
)
def test_parentheses_settle_what_is_compared(expression: str) -> None:
    """What reads as it is computed is taken."""
    parse(expression, "total")


@pytest.mark.parametrize("nested", ["-", "echo(", "[", "1 + ", "!"])
def test_too_deep_nesting_is_refused(nested: str) -> None:
    """Nesting has a limit, so that no program exhausts the stack of a worker."""
    closing = {"echo(": ")", "[": "]"}.get(nested, "")
    with pytest.raises(InvalidRequest, match=f"nested deeper than {MAX_NESTING} levels"):
        parse(nested * 3_000 + "1" + closing * 3_000, "total")


def test_an_endless_expression_is_refused() -> None:
    """The length of an expression has a limit."""
    with pytest.raises(InvalidRequest, match="longer than"):
        parse(" " * MAX_LENGTH + "1", "total")
