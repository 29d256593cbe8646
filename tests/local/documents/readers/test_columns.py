"""Tables as columns of spaces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.local.documents.readers.columns import align

CELLS = st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=8)


def test_cells_stand_below_their_heading() -> None:
    """Each column begins at one place, two spaces after the widest cell before it."""
    assert align([["Item", "Price"], ["Tea", "3"], ["Sandwich", "11"]]) == (
        "Item      Price\nTea       3\nSandwich  11"
    )


def test_rows_may_have_different_lengths() -> None:
    """Short rows leave their end empty, an empty row is an empty line."""
    assert align([["Title"], [], ["a", "b", "c"]]) == "Title\n\na      b  c"


def test_a_cell_with_several_lines_keeps_them() -> None:
    """Lines of a cell stand below each other in its own column."""
    assert align([["a\nb", "c"]]) == "a  c\nb"


def test_no_rows_are_no_text() -> None:
    """An empty table is empty text."""
    assert align([]) == ""


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_every_cell_can_be_cut_out_at_its_column(rows: list[list[str]]) -> None:
    """What is between two column starts is exactly the cell."""
    lines = align(rows).split("\n")
    starts = [0]
    for column in range(2):
        starts.append(starts[-1] + max(len(row[column]) for row in rows) + 2)
    for line, row in zip(lines, rows, strict=True):
        ends = [*starts[1:], len(line)]
        cut = [line[a:b].rstrip() for a, b in zip(starts, ends, strict=True)]
        assert cut == row
