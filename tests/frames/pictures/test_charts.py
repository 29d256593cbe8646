"""Charts of a run."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from ibflow_nb.frames import Records


def charts(*records: list[dict[str, Any]]) -> Any:
    """Chart records, each a list of fields."""
    sent = [{"results": fields} for fields in records]
    return Records.from_json(msgspec.json.encode({"records": sent})).charts(threshold=0.8)


def total(value: str | None, confidence: float | None = None) -> dict[str, Any]:
    """A field as it is sent."""
    return {"key": "total", "value": value, "model_confidence": confidence}


def test_what_each_field_has_is_counted() -> None:
    """Values, doubtful values, failures and absences are told apart."""
    drawn = charts([total("1", 0.9)], [total("2", 0.5)], [total("ERROR")], [total(" ")], [])
    row = drawn.to_frame().iloc[0].to_dict()
    assert row == {
        "key": "total",
        "fill_rate": 0.4,
        "sure": 1,
        "doubtful": 1,
        "failed": 1,
        "missing": 2,
        "median": pytest.approx(0.7),
    }


def test_svg_is_well_formed_and_told_in_words() -> None:
    """Each picture has a title; bars are as wide as the counts say."""
    html = charts([total("1", 0.9), {"key": "<b>", "value": "x"}], [total("ERROR")])._repr_html_()
    pictures = list(ElementTree.fromstring(html).iter("svg"))
    assert len(pictures) == 3
    widths = [float(str(bar.get("width"))) for bar in pictures[0].iter("rect")]
    assert widths == [100, 0, 100, 0]
    title = pictures[0].find("title")
    assert title is not None
    assert "50% of 2 records have a value" in str(title.text)
    assert "not known" in html


def test_confidences_beyond_their_range_are_drawn_at_its_ends() -> None:
    """A server's odd numbers break nothing."""
    html = charts([total("1", 1.7)], [total("1", -3.0)])._repr_html_()
    assert 'x="190.50"' in html
    assert 'x="0.50"' in html


def test_nothing_to_chart() -> None:
    """A run without fields says so."""
    assert "no fields" in charts()._repr_html_()
    assert "no fields" in repr(charts())
    assert charts().to_frame().empty
