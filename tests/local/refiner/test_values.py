"""Values keep the places that they were read from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ibflow_nb.local.refiner.values import Span, Text, from_record, join_texts

RECORD = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 60))  # no character twice

cuts = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)
texts = st.lists(cuts, min_size=1, max_size=4).map(
    lambda spans: join_texts([from_record(RECORD).cut(*span) for span in spans], "--")
)


def characters(value: Text) -> str:
    """Read the record at the places of a value."""
    return "".join(RECORD[start:end] for start, end in value.sources)


@given(texts, st.lists(cuts, max_size=3))
def test_cuts_of_joins_of_cuts_know_their_characters(text: Text, spans: list[list[int]]) -> None:
    """However a text was cut and joined, its places hold exactly its characters."""
    for start, end in spans:
        text = text.cut(min(start, len(text.text)), min(end, len(text.text)))
    assert characters(text) == text.text.replace("-", "")


@given(texts)
def test_a_computed_text_keeps_the_places_as_a_whole(text: Text) -> None:
    """A text of another length points at all that it was made from, and so does each part."""
    computed = text.computed(text.text + "!")
    assert computed.sources == text.sources
    assert computed.cut(0, 1).sources == text.sources


def test_stripping_moves_the_places() -> None:
    """What was stripped off is no longer a source."""
    assert from_record("  ab ").strip().sources == (Span(2, 4),)
