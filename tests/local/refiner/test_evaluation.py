"""What expressions compute: literals, operators, limits."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.record import RefinedPhrase
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.functions import function_names
from ibflow_nb.local.refiner.program import load_program

Refine = Callable[..., RefinedPhrase]


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        (r"'it\'s \d and \\ too'", r"it's \d and \\ too"),
        ("12.50", "12.50"),
        ("TRUE", "true"),
        ("['a', 1.50, false, []]", '["a",1.50,false,[]]'),
        ("ECHO('any case')", "any case"),
        ("split(sep=',', text='a,b')", '["a","b"]'),
    ],
)
def test_literals_and_calls(refine: Refine, expression: str, word: str) -> None:
    """Texts, numbers, truth values, lists, and functions in any case with named arguments."""
    assert refine(expression).word == word


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("10 - 3 - 2", "9"),
        ("(10 - 3) - 2", "5"),
        ("2 * 3 + 4", "14"),
        ("-2 + 3", "-5"),
        ("0.1 + 0.2", "0.3"),
        ("'1,007.50' - 7", "1000.50"),
        ("'a' + 'b' + 1", "ab1"),
        ("'1' + '2'", "12"),
        ("'1' + 2", "3"),
        ("[1] + [2]", "[1,2]"),
        ("7 / 2", "3.5"),
    ],
)
def test_operators_take_all_to_their_right(refine: Refine, expression: str, word: str) -> None:
    """There is no precedence: parentheses say what belongs together."""
    assert refine(expression).word == word


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("1 == '1.00'", True),
        ("'1' == '1.00'", False),
        ("[1, 'a'] == [1, 'a']", True),
        ("'a' <> 'b'", True),
        ("'10' > '9'", True),
        ("'2018-10-01' > '2018-09-30'", True),
        ("(1 < 2) and (3 >= 3)", True),
        ("(1 > 2) or 'text'", True),
        ("!''", True),
        ("false and ((1 / 0) == 1)", False),
        ("true or ((1 / 0) == 1)", True),
    ],
)
def test_comparison_and_logic(refine: Refine, expression: str, truth: bool) -> None:
    """Numbers compare by value, texts by characters; `and` and `or` stop early."""
    assert refine(expression).word == str(truth).lower()


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 / 0", "The expression divides by zero."),
        ("'abc' * 2", "'abc' is not a number; parse_number reads numbers."),
        ("upper([])", "upper, argument 'text': A text is needed here, not a list."),
        ("nth([], 1.5)", "nth, argument 'n': A whole number is needed here, not 1.5."),
        (
            "1 < 2 and 3 < 4",
            "The operator < cannot compare a number with true or false",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_fails_the_field(
    refine: Refine, expression: str, message: str
) -> None:
    """A field that cannot be computed is ERROR, with one sentence that says why."""
    phrase = refine(expression)
    assert phrase.word == "ERROR"
    assert phrase.error_msg.startswith(message)


@pytest.mark.parametrize(
    "expression",
    [
        "replace(replace(INPUT_COL, '', 'x'), 'e', join(split(INPUT_COL, 'e'), INPUT_COL))",
        " * ".join(["999999999999999999999999"] * 8),
        "regex_search(join(split(INPUT_COL, 'e'), 'aaaaaaaaaaaaaaaaaaaaaaaa'), '(a|a|aa)+!')",
    ],
)
def test_costly_expressions_end(refine: Refine, expression: str) -> None:
    """Huge values, huge numbers and endless patterns fail or finish; they never hang."""
    text = "e" * 20_000
    phrase = refine(expression, text, Limits(regex_seconds=0.2))
    assert phrase.word == "ERROR"


def test_lists_of_lists_meet_a_limit(program: Callable[[dict[str, str]], str]) -> None:
    """Lists that share their items still count them, so output cannot explode."""
    fields = {"f0": "'0123456789'"}
    fields |= {f"f{n}": f"[{', '.join([f'f{n - 1}'] * 10)}]" for n in range(1, 8)}
    record = compose([page_from_text("text")])
    phrases = load_program(program(fields)).run(record, Limits())
    assert phrases[3].error_msg == ""
    assert phrases[6].error_msg.startswith("The value is too large")
    assert phrases[7].error_msg == "It uses the field 'f6', which failed."


def test_nested_lists_meet_a_limit(program: Callable[[dict[str, str]], str]) -> None:
    """Fields cannot nest lists without end."""
    fields = {"f0": "[]"} | {f"f{n}": f"[f{n - 1}]" for n in range(1, 30)}
    record = compose([page_from_text("text")])
    phrases = load_program(program(fields)).run(record, Limits())
    assert phrases[20].error_msg == "Lists are nested deeper than 20 levels."


VALUES = st.recursive(
    st.sampled_from(["INPUT_COL", "'Total'", "''", "1", "2.5", "-1", "true", "[]", "'%Y'", "'(a'"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(st.sampled_from(function_names()), st.lists(inner, min_size=1, max_size=3)).map(
            lambda call: f"{call[0]}({', '.join(call[1])})"
        ),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "==", "<", "and"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(expression=VALUES, text=st.text(max_size=100))
def test_every_parsed_program_gives_a_phrase(expression: str, text: str) -> None:
    """A program that was accepted never raises, whatever the document says."""
    field = {"desc": {"label": "x"}, "req": {"expression": expression}}
    try:
        accepted = load_program(json.dumps({"fields": [field]}))
    except InvalidRequest:
        return
    record = compose([page_from_text(text)])
    (phrase,) = accepted.run(record, Limits(regex_seconds=0.5))
    assert (phrase.word == "ERROR") >= bool(phrase.error_msg)
