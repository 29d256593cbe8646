"""Refiner programs: their file, their order, their failures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import Record
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.program import load_program

Program = Callable[[dict[str, str]], str]


def test_later_fields_use_earlier_ones(invoice: Record, program: Program) -> None:
    """Fields are computed in order; a label with a space is used with an underscore."""
    text = program({"first line": "first(split(INPUT_COL, '\n'))", "n": "length(first_line)"})
    phrases = load_program(text).run(invoice, Limits())
    assert [(phrase.label, phrase.word) for phrase in phrases] == [
        ("first_line", "ACME LTD"),
        ("n", "8"),
    ]


def test_a_failing_field_fails_those_that_use_it_and_no_others(
    invoice: Record, program: Program
) -> None:
    """A failure travels along its uses, naming the field; coalesce can catch it."""
    text = program(
        {
            "total": "parse_number('none')",
            "tax": "total * 2",
            "other": "'fine'",
            "caught": "coalesce(total, 'unknown')",
        }
    )
    phrases = load_program(text).run(invoice, Limits())
    assert [phrase.word for phrase in phrases] == ["ERROR", "ERROR", "fine", "unknown"]
    assert phrases[0].error_msg == "There is no number in 'none'."
    assert phrases[1].error_msg == "It uses the field 'total', which failed."


def test_the_file_may_carry_what_the_platform_writes() -> None:
    """Options, development input and enums are passed over; types and expressions default."""
    program = load_program(
        json.dumps(
            {
                "options": {"provenanceTracking": True, "scriptsPath": "scripts"},
                "devInput": {"inputPath": "in"},
                "fields": [
                    {
                        "desc": {"label": "items", "outputType": "Table", "description": "rows"},
                        "req": {"expression": "table_rows(header='Qty')", "type": "REFINER_FUNC"},
                    },
                    {"desc": {"label": "__internal"}},
                ],
            }
        )
    )
    assert [(field.label, field.output_type) for field in program.fields] == [
        ("items", "TABLE"),
        ("__internal", "ANY"),
    ]
    assert [phrase.word for phrase in program.run(Record(), Limits())] == ["", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "The refiner program is not valid"),
        ('{"fields": [{"req": {}}]}', "missing required field `desc`"),
        ('{"fields": [{"desc": {"label": 1}}]}', r"\$.fields\[0\].desc.label"),
        ('{"fields": [{"desc": {"label": " "}}]}', "Field 1 of the refiner program has no label"),
        (
            '{"fields": [{"desc": {"label": "a"}}, {"desc": {"label": "a"}}]}',
            "has two fields 'a'",
        ),
        (
            '{"fields": [{"desc": {"label": "a"}, "req": {"expression": "total"}}]}',
            r"field 'a' uses 'total' \(line 1, column 1\), but there is no such field before it",
        ),
    ],
)
def test_a_broken_program_is_refused(text: str, message: str) -> None:
    """What is wrong with a program is told when it is read, in one sentence."""
    with pytest.raises(InvalidRequest, match=message):
        load_program(text)


def test_values_know_where_they_were_read_and_how_surely(scan: Record, program: Program) -> None:
    """A value has one box a line and the mean confidence of the words it was read from."""
    text = program(
        {
            "total": "scan_right(INPUT_COL, 'total')",
            "amount": "parse_currency(total)",
            "cut": "regex_search(total, '\\d+.*')",
            "both": "concat(amount, ' ', regex_search(INPUT_COL, 'two'))",
            "made": "'no document'",
        }
    )
    total, amount, cut, both, made = load_program(text).run(scan, Limits())
    assert total.word == "RM 80.90"
    assert total.confidence == pytest.approx(0.6)
    assert [(r.page, r.start_x, r.start_y, r.end_x, r.end_y) for r in total.regions] == [
        (0, 240, 98, 350, 124)
    ]
    assert (amount.word, amount.confidence) == ("80.90", 0.5)
    assert (cut.word, cut.regions) == ("80.90", amount.regions)
    assert [region.page for region in both.regions] == [0, 1]
    assert (made.confidence, made.regions) == (None, [])


def test_digital_text_has_places_but_no_confidence(invoice: Record, program: Program) -> None:
    """Text that no OCR read has boxes and no confidence."""
    (phrase,) = load_program(program({"x": "regex_search(INPUT_COL, 'ACME')"})).run(
        invoice, Limits()
    )
    assert phrase.confidence is None
    assert len(phrase.regions) == 1


def test_a_date_stands_where_its_digits_are(invoice: Record, program: Program) -> None:
    """A date that is found in a longer text has the box of the date alone."""
    text = program(
        {"date": "parse_date(INPUT_COL)", "digits": "regex_search(INPUT_COL, '12/01/2018')"}
    )
    date, digits = load_program(text).run(invoice, Limits())
    assert date.word == "2018-12-01"
    assert date.regions == digits.regions


def test_a_page_of_twenty_fields_takes_milliseconds(invoice: Record, program: Program) -> None:
    """Programs are parsed once and words are indexed: a record costs milliseconds."""
    expressions = [
        "scan_right(INPUT_COL, 'invoice no', stop='date')",
        "parse_date(scan_right(INPUT_COL, 'date'))",
        "table_rows(header='Description Qty Price Amount')",
        "regex_find_all(INPUT_COL, '\\d+\\.\\d\\d')",
    ]
    fields = {f"f{n}": expressions[n % len(expressions)] for n in range(20)}
    loaded = load_program(program(fields))
    loaded.run(invoice, Limits())
    times = []
    for _ in range(5):
        start = time.process_time()
        loaded.run(invoice, Limits())
        times.append(time.process_time() - start)
    assert min(times) < 0.05
