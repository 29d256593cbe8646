"""Presentations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

Read = Callable[..., list[str]]
BOX = (Inches(3), Inches(1))


@pytest.fixture
def slides(tmp_path: Path) -> Callable[..., Path]:
    """Make a presentation; each function given draws on a slide of its own."""

    def make(*draw: Callable[[pptx.slide.Slide], None]) -> Path:
        presentation = pptx.Presentation()
        for function in draw:
            function(presentation.slides.add_slide(presentation.slide_layouts[6]))
        presentation.save(str(tmp_path / "made.pptx"))
        return tmp_path / "made.pptx"

    return make


def test_each_slide_is_a_page_with_its_notes(slides: Callable[..., Path], page_texts: Read) -> None:
    """Slides become pages; the notes stand below the shapes."""

    def first(slide: pptx.slide.Slide) -> None:
        slide.shapes.add_textbox(0, Inches(2), *BOX).text_frame.text = "below"
        slide.shapes.add_textbox(0, 0, *BOX).text_frame.text = "above"
        slide.notes_slide.notes_text_frame.text = "remember"

    def second(slide: pptx.slide.Slide) -> None:
        slide.shapes.add_textbox(0, 0, *BOX).text_frame.text = "next"

    assert page_texts(slides(first, second)) == ["above\n\nbelow\n\nremember", "next"]


def test_tables_groups_and_charts_are_read(slides: Callable[..., Path], page_texts: Read) -> None:
    """Cells are aligned, shapes in groups are found, a chart gives its data."""

    def draw(slide: pptx.slide.Slide) -> None:
        table = slide.shapes.add_table(2, 2, 0, 0, *BOX).table
        for index, text in enumerate(["Item", "Price", "Sandwich", "5"]):
            table.cell(index // 2, index % 2).text = text
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(0, Inches(2), *BOX).text_frame.text = "grouped"
        data = CategoryChartData()
        data.categories = ["East", "West"]
        data.add_series("Sales", [1.5, None])
        kind = XL_CHART_TYPE.COLUMN_CLUSTERED
        slide.shapes.add_chart(kind, 0, Inches(4), *BOX, data)

    (text,) = page_texts(slides(draw))
    assert "Item      Price\nSandwich  5" in text
    assert "grouped" in text
    assert "      Sales\nEast  1.5\nWest" in text


def test_a_malformed_presentation_is_read_as_far_as_it_opens(
    documents: Path, page_texts: Read
) -> None:
    """A placeholder that its layout does not know is no reason to give up."""
    (text,) = page_texts(documents / "bad" / "fake-power-point-malformed.pptx")
    assert text.split() == ["Problem", "Date", "Placeholder", "Test", "Slide"]
