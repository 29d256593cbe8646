"""The functions of the language, family by family."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.record import Record, RefinedPhrase
from ibflow_nb.local.refiner.functions import function_names

Refine = Callable[..., RefinedPhrase]


def test_all_functions_of_the_language_are_there() -> None:
    """The language has the functions that its specification names."""
    named = (
        "regex_search regex_find_all regex_replace scan_right scan_below scan_box first last nth"
        " join split concat strip upper lower replace length if coalesce map map_get parse_date"
        " parse_number parse_currency table_rows validate assert_true echo"
    )
    assert set(named.split()) <= set(function_names())


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("concat('a', 1, true)", "a1true"),
        ("join(['a', 2], ', ')", "a, 2"),
        ("split('a,,b', ',')", '["a","","b"]'),
        ("split('', ',')", "[]"),
        ("strip('  a b \n')", "a b"),
        ("upper('straße')", "STRASSE"),
        ("lower('ÄB')", "äb"),
        ("replace(text='a.b.', old='.', new='')", "ab"),
        ("length('abc')", "3"),
        ("length(['a', 'b'])", "2"),
    ],
)
def test_text(refine: Refine, expression: str, word: str) -> None:
    """Functions on texts."""
    assert refine(expression).word == word


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        (r"regex_search('No: A-17', 'no: (\S+)', group=1)", "A-17"),
        (r"regex_search('No: A-17', '(?P<id>a-\d+)', group='id')", "A-17"),
        (r"regex_search('No', 'no', ignore_case=false)", ""),
        (r"regex_search('ab', 'a(x)?b', group=1)", ""),
        (r"regex_search(INPUT_COL, '(?m)^Bill to')", "Bill to"),
        (r"regex_find_all('1.50 and 2', '\d+(\.\d\d)?')", '["1.50","2"]'),
        (r"regex_find_all('1.50 and 2', '\d+(\.\d\d)?', group=1)", '[".50",""]'),
        (r"regex_find_all('none', '\d')", "[]"),
        (r"regex_replace('12/01', '(\d+)/(\d+)', '\2-\1')", "01-12"),
        (r"regex_replace('abc', '', '-')", "-a-b-c-"),
    ],
)
def test_regular_expressions(refine: Refine, expression: str, word: str) -> None:
    """First match or empty, all matches, replacement with groups."""
    assert refine(expression).word == word


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("regex_search('a', '(')", "The pattern '(' is wrong: missing ) at position 1."),
        ("regex_search('a', 'a', group=1)", "The pattern 'a' has no group 1."),
        ("regex_search('a', 'a', group='x')", "The pattern 'a' has no group 'x'."),
        (r"regex_replace('a', 'a', '\3')", r"The replacement '\3' is wrong"),
    ],
)
def test_a_wrong_pattern_fails_the_field(refine: Refine, expression: str, message: str) -> None:
    """Faults of a pattern are told with the pattern."""
    assert refine(expression).error_msg.startswith(message)


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("first(['a', 'b'])", "a"),
        ("last(['a', 'b'])", "b"),
        ("first([])", ""),
        ("first('single')", "single"),
        ("nth(['a', 'b'], 1)", "a"),
        ("nth(list=['a', 'b'], n=-1)", "b"),
        ("nth(['a', 'b'], 3)", ""),
        ("map(['1.50', '2'], 'parse_number')", "[1.50,2]"),
        ("map(list('a', 'b'), 'UPPER')", '["A","B"]'),
        ("map_get([['USD', '$'], ['EUR', '€']], 'EUR')", "€"),
        ("map_get('{\"a\": 1, \"b\": null}', 'A')", "1"),
        ("map_get([['a', 'b']], 'c')", ""),
    ],
)
def test_lists_and_maps(refine: Refine, expression: str, word: str) -> None:
    """Items count from 1; a single value is a list of one; a missing item is empty."""
    assert refine(expression).word == word


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("nth(['a'], 0)", "nth counts from 1 (or from -1, the last); there is no item 0."),
        (
            "map(['a'], 'uper')",
            "map cannot use 'uper': there is no function 'uper'; the nearest is 'upper'.",
        ),
        ("map(['a'], 'split')", "map cannot use 'split': split needs the argument 'sep'."),
        ("map_get(5, 'a')", "map_get needs a map, not a number."),
        ("split('a', '')", "split needs a separator that is not empty."),
    ],
)
def test_misused_list_functions_fail_the_field(
    refine: Refine, expression: str, message: str
) -> None:
    """What cannot be meant is told in a sentence."""
    assert refine(expression).error_msg == message


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("if(1 < 2, 'yes', parse_number('none'))", "yes"),
        ("if('', 'yes', 'no')", "no"),
        ("coalesce('', parse_number('none'), 'third')", "third"),
        ("coalesce('', [])", ""),
        ("coalesce(1 / 0, 'caught')", "caught"),
        ("coalesce(false, true)", "false"),
        ("echo(x='same')", "same"),
        ("validate(5 > 1, 'too small')", "true"),
        ("assert_true(cond='text', message='empty')", "true"),
    ],
)
def test_choices_and_checks(refine: Refine, expression: str, word: str) -> None:
    """Choices compute only what they need; checks that hold are true."""
    assert refine(expression).word == word


@pytest.mark.parametrize("check", ["validate", "assert_true"])
def test_a_check_that_does_not_hold_fails_the_field(refine: Refine, check: str) -> None:
    """The message of a failing check is the field's error message."""
    phrase = refine(f"{check}(length(INPUT_COL) < 5, 'The text is too long.')")
    assert (phrase.word, phrase.error_msg) == ("ERROR", "The text is too long.")


@pytest.mark.parametrize(
    ("text", "options", "word"),
    [
        ("12/01/2018", "", "2018-12-01"),
        ("12/01/2018", ", day_first=true", "2018-01-12"),
        ("25/12/2018", "", "2018-12-25"),
        ("Date: 01-03-18 14:02", ", day_first=true", "2018-03-01"),
        ("2018.3.9", ", day_first=true", "2018-03-09"),
        ("30 MAR 2018", "", "2018-03-30"),
        ("3rd Sept. 2018", "", "2018-09-03"),
        ("March 3, 2018", ", format='%d.%m.%y'", "03.03.18"),
        ("printed 20180330 twice", "", "2018-03-30"),
        ("3. März 2018", "", "2018-03-03"),
        ("21 février 2018", "", "2018-02-21"),
        ("", "", ""),
    ],
)
def test_parse_date(refine: Refine, text: str, options: str, word: str) -> None:
    """Dates in digits, with month names, in other languages; an empty text stays empty."""
    assert refine(f"parse_date('{text}'{options})").word == word


@pytest.mark.parametrize("text", ["no date", "tomorrow", "99/99/2018", "12:30", "1.2.3"])
def test_what_is_no_date_fails(refine: Refine, text: str) -> None:
    """Only a whole date counts; nothing is filled in from today's."""
    assert refine(f"parse_date('{text}')").error_msg == f"There is no date in '{text}'."


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("parse_number('1,007.50')", "1007.50"),
        ("parse_number('Qty 12 pcs')", "12"),
        ("parse_number('1.234.567,8', decimal=',')", "1234567.8"),
        ("parse_number('(45.10)')", "-45.10"),
        ("parse_number('45.10-')", "-45.10"),
        ("parse_number('- 3')", "-3"),
        ("parse_number('INV-45')", "45"),
        ("parse_number('10-20')", "10"),
        ("parse_number(' ')", ""),
        ("parse_currency('RM 1,007.50')", "1007.50"),
        ("parse_currency('1.007,50 €')", "1007.50"),
        ("parse_currency('$8.20')", "8.20"),
        ("parse_currency('-$8.20')", "-8.20"),
        ("parse_currency('$-8.20')", "-8.20"),
        ("parse_currency('($8.20)')", "-8.20"),
        ("parse_currency('8.20-')", "-8.20"),
        ("parse_currency('')", ""),
    ],
)
def test_parse_amounts(refine: Refine, expression: str, word: str) -> None:
    """Numbers keep their digits, lose their thousands separators, and mind their sign."""
    assert refine(expression).word == word


@pytest.mark.parametrize("name", ["parse_number", "parse_currency"])
def test_a_text_without_an_amount_fails(refine: Refine, name: str) -> None:
    """No amount is told, not guessed."""
    assert refine(f"{name}('none')").word == "ERROR"


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("scan_right(INPUT_COL, 'Invoice No')", "A-17 Date: 12/01/2018"),
        ("scan_right(INPUT_COL, 'INVOlCE N0.', stop='Date')", "A-17"),
        ("scan_right(INPUT_COL, 'total')", "RM 25.00"),
        ("scan_right(INPUT_COL, 'Balance')", "(45.10)"),
        ("scan_right(INPUT_COL, 'Nothing')", ""),
        ("scan_right('Tel: 55 Fax: 66', 'fax')", "66"),
        ("scan_right('No: A-12/3 Date: 5', 'No', stop='Date')", "A-12/3"),
        ("scan_right('Facture n° 2022089083', 'Facture n°')", "2022089083"),
        ("scan_right('No: 7 Dote: 5 Date: 6', 'No', stop='Date')", "7"),
        ("scan_below(INPUT_COL, 'Bill to')", "John Doe"),
        ("scan_below(INPUT_COL, 'Ship to', lines=2)", "Jane Roe\nHarbour 5"),
        ("scan_below(INPUT_COL, 'Balance')", ""),
        ("scan_box(left=0, top=0, right=0.3, bottom=0.2)", "ACME LTD\nInvoice No:"),
        ("scan_box(left=0, top=0, right=1, bottom=1, page=2)", ""),
    ],
)
def test_positions_on_a_page_of_text(refine: Refine, expression: str, word: str) -> None:
    """Labels are found in any case and with OCR errors; values by their place."""
    assert refine(expression).word == word


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("scan_right(INPUT_COL, 'total')", "RM 80.90"),
        ("scan_box(left=0, top=0.8, right=1, bottom=1, page=2)", "Page two"),
        ("scan_box(left=0, top=0.8, right=1, bottom=1)", ""),
    ],
)
def test_positions_on_scanned_pages(
    refine: Refine, scan: Record, expression: str, word: str
) -> None:
    """Rows that are not quite level, words out of order, and a second page."""
    assert refine(expression, scan).word == word


def test_a_wrong_box_fails_the_field(refine: Refine) -> None:
    """A box outside the page is told."""
    phrase = refine("scan_box(left=0, top=0, right=2, bottom=1)")
    assert phrase.error_msg.startswith("scan_box needs left <= right")


def test_the_best_reading_of_a_label_wins(refine: Refine) -> None:
    """An exact label is taken before one with a wrong letter, wherever they stand."""
    assert refine("scan_right(INPUT_COL, 'Total')", "Totel 1\nTotal 2").word == "2"


def test_a_label_is_not_found_inside_a_word(refine: Refine) -> None:
    """Subtotal is not Total."""
    assert refine("scan_right(INPUT_COL, 'Total')", "Subtotal 1\nTotal 2").word == "2"


HEADER = "table_rows(header='Description Qty Price Amount', stop='Total')"


def test_table_rows(refine: Refine) -> None:
    """Rows below a header line by the positions of its columns; a wrapped cell is joined."""
    assert refine(HEADER).word == (
        '[["Description","Qty","Price","Amount"],'
        '["Blue widget with case","2","5.00","10.00"],'
        '["Red widget","10","1.50","15.00"]]'
    )


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        (f"map_get({HEADER}, 'Amount')", '["10.00","15.00"]'),
        (f"map_get(last({HEADER}), 'qty')", "10"),
        (f"length({HEADER})", "2"),
        ("table_rows(header='Nothing like this')", ""),
    ],
)
def test_tables_are_lists_of_rows(refine: Refine, expression: str, word: str) -> None:
    """A table's rows are maps by header; the table itself maps a header to its column."""
    assert refine(expression).word == word


def test_a_table_goes_on_where_the_next_page_repeats_its_header(refine: Refine) -> None:
    """Rows of the following page belong to the table if it starts with the same header."""
    pages = ["Item      Amount\nApple       1.00", "Item      Amount\nPear        2.00"]
    record = compose([page_from_text(text, number) for number, text in enumerate(pages)])
    rows = '[["Item","Amount"],["Apple","1.00"],["Pear","2.00"]]'
    assert refine("table_rows(header='Item Amount')", record).word == rows


@pytest.mark.parametrize("header", ["Item      Amount", "Continued"])
def test_a_page_footer_far_below_is_no_row(refine: Refine, header: str) -> None:
    """The table goes on over a footer if the next page repeats the header, else it ends there."""
    first = "Item      Amount\nApple       1.00\nFig         3.00" + "\n" * 12 + "Page 1"
    pages = [first, f"{header}\nPear        2.00"]
    record = compose([page_from_text(text, number) for number, text in enumerate(pages)])
    rows = '["Item","Amount"],["Apple","1.00"],["Fig","3.00"]'
    if header != "Continued":
        rows += ',["Pear","2.00"]'
    assert refine("table_rows(header='Item Amount')", record).word == f"[{rows}]"


def test_a_name_above_its_figures_joins_their_row(refine: Refine) -> None:
    """Receipts print an item's name in a line of its own above quantity and price."""
    text = "Item      Qty   Total\nGreen Tea\n            2    2.00\nRamen\n            1   12.80"
    rows = '[["Item","Qty","Total"],["Green Tea","2","2.00"],["Ramen","1","12.80"]]'
    assert refine("table_rows(header='Item Qty Total')", text).word == rows
