"""Words with boxes become layout text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.local.documents.layout import Page, compose, page_from_text, recompose
from ibflow_nb.local.documents.record import Record, Word


def word(text: str, x: float, y: float, *, char: float = 10, height: float = 20) -> Word:
    """Make a word of fixed character width with its top left corner at x, y."""
    return Word(text, x, y, x + char * len(text), y + height)


def page(*words: Word, number: int = 0) -> Page:
    """Make a page of words."""
    return Page(width=1000, height=1000, words=list(words), number=number)


def assert_offsets(record: Record) -> None:
    """Check that the text has each word at its offset."""
    for line in record.lines:
        for item in line:
            assert record.text[item.offset : item.offset + len(item.word)] == item.word


def test_words_of_one_height_form_one_line() -> None:
    """Words given in any order become lines from top to bottom, left to right."""
    record = compose([page(word("world", 70, 2), word("below", 10, 40), word("hello", 10, 0))])
    assert record.text.split("\n")[0] == "hello world"
    assert [[w.word for w in line] for line in record.lines] == [["hello", "world"], ["below"]]


def test_columns_stay_columns() -> None:
    """Cells with the same left edge start at the same column, whatever stands before them."""
    record = compose(
        [
            page(
                word("Item", 0, 0), word("Price", 300, 0),
                word("A", 0, 25), word("rather", 20, 25), word("1.00", 300, 25),
                word("B", 0, 50), word("20.00", 300, 50),
            )
        ]
    )  # fmt: skip
    lines = record.text.split("\n")
    assert {line.index(cell) for line, cell in zip(lines, ["Price", "1.00", "20.00"], strict=True)}\
        == {30}  # fmt: skip


def test_dense_text_pushes_its_whole_column() -> None:
    """Where text is denser than the grid, the column right of it moves as one."""
    dense = word("x" * 60, 0, 25, char=4)
    record = compose([page(word("name" * 60, 0, 0), dense, word("1", 300, 25), word("2", 300, 50))])
    _, second, third = record.text.split("\n")
    assert second.index("1") == third.index("2") == 62


def test_wide_gaps_become_an_empty_line() -> None:
    """A paragraph's distance is one empty line, never more."""
    record = compose([page(word("a", 0, 0), word("b", 0, 25), word("c", 0, 300))])
    assert record.text == "a\nb\n\nc"


def test_a_drop_cap_does_not_join_two_lines() -> None:
    """A letter three lines tall leaves the lines beside it apart."""
    tall = word("T", 0, 0, char=40, height=66)
    record = compose(
        [
            page(
                tall,
                word("he first line", 50, 0),
                word("the second", 50, 23),
                word("third", 50, 46),
            )
        ]
    )
    assert len(record.text.split("\n")) == 3


def test_sideways_text_comes_last() -> None:
    """A stamp that runs up the margin does not cut through the lines."""
    stamp = Word("arXiv:1234", 0, 0, 10, 200)
    record = compose([page(stamp, word("one", 50, 0), word("two", 50, 25), word("three", 50, 50))])
    assert [line.strip() for line in record.text.split("\n")] == [
        "one", "two", "three", "arXiv:1234",
    ]  # fmt: skip


def test_pages_are_separated_by_a_form_feed_and_words_know_their_page() -> None:
    """Offsets go on over the page break."""
    record = compose([page(word("one", 0, 0), number=3), page(word("two", 0, 0), number=4)])
    assert record.text == "one\ftwo"
    assert [w.page for line in record.lines for w in line] == record.pages == [3, 4]
    assert_offsets(record)


def test_empty_pages_keep_their_place() -> None:
    """A page without words is an empty page of the record."""
    record = compose([page(), page(word("two", 0, 0), number=1)])
    assert record.text == "\ftwo"
    assert len(record.metadata_list) == 2


@pytest.mark.parametrize(
    "text",
    ["a\nb", "  indented\n\n\ntwo   columns   here", "x\n", "", "Wide      1\nW         2"],
)
def test_plain_text_renders_to_itself(text: str) -> None:
    """Indentation, columns and empty lines of plain text are kept."""
    assert compose([page_from_text(text)]).text == text.rstrip("\n")


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.just("\n"), max_size=200))
def test_any_text_keeps_its_words_in_place(text: str) -> None:
    """Every word of any text is found at its offset, in order."""
    record = compose([page_from_text(text)])
    assert_offsets(record)
    assert [w.word for line in record.lines for w in line] == text.split()


@given(
    st.lists(
        st.builds(
            word,
            st.sampled_from(["a", "total", "1,234.50", "x" * 40]),
            st.integers(0, 900),
            st.integers(0, 900),
            char=st.sampled_from([0.0, 2.5, 10.0]),
            height=st.sampled_from([0.0, 5.0, 20.0, 200.0]),
        ),
        max_size=40,
    )
)
def test_any_boxes_keep_all_words_with_right_offsets(words: list[Word]) -> None:
    """Overlapping, empty and huge boxes lose no word."""
    record = compose([page(*words)])
    assert_offsets(record)
    assert sorted(w.word for line in record.lines for w in line) == sorted(w.word for w in words)


def test_recompose_renders_corrected_words() -> None:
    """A corrected word moves those after it, in text and offsets."""
    record = compose([page_from_text("Total 10\nnext"), page_from_text("more", 1)])
    record.lines[0][0].word = "Subtotal"
    same = recompose(record)
    assert same is record
    assert record.text == "Subtotal 10\nnext\fmore"
    assert_offsets(record)
