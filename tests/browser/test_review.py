"""A review as an export holds it, in a real browser with scripts switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pytest
from nbconvert import HTMLExporter

from ibflow_nb.frames import Records

pytestmark = pytest.mark.browser

YELLOW = "rgba(250, 204, 21, 0.4)"


def record(name: str) -> dict[str, Any]:
    """A record with two fields on a page of 1000 x 500 pixels."""
    fields = []
    for index, key in enumerate(["date", "total"]):
        top = 100 + 200 * index
        box = {"top_x": 100, "top_y": top, "bottom_x": 300, "bottom_y": top + 50}
        regions = [{"index": 0, "bounding_poly": box}]
        fields.append({"key": key, "value": "1", "provenance": {"extracted_regions": regions}})
    layout = {"page_layouts": [{"page_number": 0, "width": 1000, "height": 500}]}
    return {"file_name": name, "results": fields, "layout": layout}


def bare(html: str) -> str:
    """Give a page with nothing else on it."""
    return f"<!doctype html><meta charset=utf-8>{html}"


def exported(html: str) -> str:
    """Give what nbconvert makes of a notebook that shows it."""
    output = nbformat.v4.new_output("execute_result", data={"text/html": html, "text/plain": "x"})
    cell = nbformat.v4.new_code_cell("records.show()", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    content, _ = HTMLExporter().from_notebook_node(notebook)
    return str(content)


@pytest.fixture(params=[bare, exported], ids=["bare", "nbconvert"])
def page(request: pytest.FixtureRequest, chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """A page with a review of two documents, scripts switched off."""
    reply = msgspec.json.encode({"records": [record("a.pdf"), record("b.pdf")]})
    html = Records.from_json(reply).show()._repr_html_()
    (tmp_path / "review.html").write_text(request.param(html), encoding="utf-8")
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((tmp_path / "review.html").as_uri())
        yield page


def colour(page: Any, selector: str) -> str:
    """Give the background of the visible element."""
    style = "element => getComputedStyle(element).backgroundColor"
    return str(page.locator(f"{selector}:visible").first.evaluate(style))


def test_a_click_ties_box_and_row(page: Any) -> None:
    """Clicking the box marks the row, clicking the row marks the box, each alone."""
    page.locator('.ibr-box[data-f="1"]:visible').click()
    page.mouse.move(0, 0)
    assert colour(page, 'tr[data-f="1"]') == YELLOW
    assert colour(page, 'tr[data-f="0"]') != YELLOW
    page.locator('tr[data-f="0"] td:visible').first.click()
    page.mouse.move(0, 0)
    assert colour(page, '.ibr-box[data-f="0"]') == YELLOW
    assert colour(page, '.ibr-box[data-f="1"]') != YELLOW


def test_hovering_a_row_marks_its_box(page: Any) -> None:
    """The box is tinted for as long as the pointer is on the row."""
    assert colour(page, '.ibr-box[data-f="1"]') == "rgba(0, 0, 0, 0)"
    page.locator('tr[data-f="1"]:visible').hover()
    assert colour(page, '.ibr-box[data-f="1"]').startswith("rgba(250, 204, 21")


def test_arrow_keys_go_through_fields_and_documents(page: Any) -> None:
    """From a field that was chosen to the next one, and from a document to the next."""
    page.locator('tr[data-f="0"] td:visible').first.click()
    page.mouse.move(0, 0)
    page.keyboard.press("ArrowDown")
    assert colour(page, '.ibr-box[data-f="1"]') == YELLOW
    assert colour(page, 'tr[data-f="0"]') != YELLOW
    page.get_by_role("radio", name="a.pdf").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("section:visible b").all_inner_texts() == ["b.pdf"]


def test_next_and_previous(page: Any) -> None:
    """One document is seen at a time."""
    seen = page.locator("section:visible b")
    assert seen.all_inner_texts() == ["a.pdf"]
    page.locator("section:visible label", has_text="next").click()
    assert seen.all_inner_texts() == ["b.pdf"]
    page.locator("section:visible label", has_text="previous").click()
    assert seen.all_inner_texts() == ["a.pdf"]


def test_boxes_lie_on_the_page_to_the_pixel(page: Any) -> None:
    """Box and paper have the proportions of the record's pixels."""
    paper = page.locator("figure > div:visible").first.bounding_box()
    box = page.locator('.ibr-box[data-f="1"]:visible').bounding_box()
    assert box["x"] - paper["x"] == pytest.approx(0.1 * paper["width"], abs=1.5)
    assert box["width"] == pytest.approx(0.2 * paper["width"], abs=1.5)
    assert box["height"] == pytest.approx(0.1 * (paper["height"] - 2), abs=1.5)
