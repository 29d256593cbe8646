"""Documents beside their fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from ibflow_nb.api.results import PageImage
from ibflow_nb.frames import Records
from ibflow_nb.frames.pictures import pages
from ibflow_nb.frames.pictures.pages import WantedPage

PICTURE = PageImage(media_type="image/webp", content=b"picture")


def field(key: str, value: str, *boxes: tuple[float, ...], **more: Any) -> dict[str, Any]:
    """A field read in these boxes: page (from 0), left, top, right, bottom."""
    names = ("top_x", "top_y", "bottom_x", "bottom_y")
    regions = [
        {"index": page, "bounding_poly": dict(zip(names, box, strict=True))} for page, *box in boxes
    ]
    return {"key": key, "value": value, "provenance": {"extracted_regions": regions}, **more}


def record(name: str, *fields: dict[str, Any], count: int = 1, **more: Any) -> dict[str, Any]:
    """A record with pages of 1000 x 2000 pixels."""
    layouts = [
        {"page_number": number, "width": 1000, "height": 2000, "processed_image_path": "i.jpg"}
        for number in range(count)
    ]
    return {
        "file_name": name,
        "output_file_path": f"out/{name}.ibdoc",
        "results": list(fields),
        "layout": {"page_layouts": layouts},
        **more,
    }


class Loader:
    """Gives the same picture for every page, or what it is told, and notes what was wanted."""

    def __init__(self, *answers: PageImage | str) -> None:
        self.answers = answers
        self.wanted: list[WantedPage] = []

    def __call__(self, wanted: Sequence[WantedPage]) -> list[PageImage | str]:
        """Answer."""
        self.wanted = list(wanted)
        return [*self.answers, *[PICTURE] * len(wanted)][: len(wanted)]


def records_of(*records: dict[str, Any], load: Any = None) -> Records:
    """Make records that have pictures."""
    reply = Records.from_json(msgspec.json.encode({"records": records, "job_id": "job-1"}))
    return Records(reply, job_id="job-1", load_pages=load or Loader())


class Checker(HTMLParser):
    """Collects tags, and fails where one is not closed."""

    VOID = frozenset({"img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, Any]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag


def tags(view: Any, tag: str) -> list[dict[str, Any]]:
    """Give the attributes of all such tags of a view's HTML."""
    checker = Checker()
    checker.feed(view._repr_html_())
    assert not checker.open
    return [attributes for name, attributes in checker.found if name == tag]


def boxes(view: Any) -> list[dict[str, Any]]:
    """Give the attributes of all boxes."""
    return [label for label in tags(view, "label") if label.get("class") == "ibr-box"]


def test_a_box_lies_where_the_value_was_read() -> None:
    """Its place is in percent of the page, so that it fits a picture of any size."""
    (box,) = boxes(records_of(record("a", field("total", "12", (0, 100, 200, 300, 250)))).show())
    assert "left:10.000%;top:10.000%;width:20.000%;height:2.500%" in box["style"]
    assert box["title"] == "total: 12"


def test_box_and_row_are_labels_of_one_choice() -> None:
    """A click on either chooses the field; each line of a value has a box."""
    found = field("total", "12", (0, 1, 1, 2, 2), (0, 1, 3, 2, 4))
    view = records_of(record("a", field("x", "1"), found)).show()
    (choice,) = [one for one in tags(view, "input") if one["aria-label"] == "total"]
    assert [box["for"] for box in boxes(view)] == [choice["id"]] * 2
    cells = [label for label in tags(view, "label") if "class" not in label]
    assert [cell.get("for") for cell in cells].count(choice["id"]) == 3
    assert [row["data-f"] for row in tags(view, "tr") if "data-f" in row] == ["0", "1"]


def test_pictures_are_embedded_and_described() -> None:
    """The page is a data URI with a text for those who do not see it."""
    load = Loader()
    view = records_of(record("a.pdf", record_index=2), load=load).show()
    (image,) = tags(view, "img")
    assert image["src"] == "data:image/webp;base64,cGljdHVyZQ=="
    assert image["alt"] == "Page 1 of a.pdf"
    (wanted,) = load.wanted
    assert wanted.image_path == "i.jpg"
    query = wanted.query
    assert (query.ibocr_path, query.page_number, query.record_index, query.job_id) == (
        "out/a.pdf.ibdoc", 0, 2, "job-1",
    )  # fmt: skip


def test_a_page_without_a_picture_keeps_its_boxes() -> None:
    """The reason stands on the page; boxes lie on paper of the page's proportions."""
    load = Loader("The server is gone.")
    view = records_of(record("a", field("x", "1", (0, 1, 1, 2, 2))), load=load).show()
    assert "The server is gone." in view._repr_html_()
    assert "aspect-ratio:1000/2000" in view._repr_html_()
    assert len(boxes(view)) == 1


def test_pictures_stay_below_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would make the view larger is left out and told."""
    monkeypatch.setattr(pages, "MOST_BYTES", 10)
    view = records_of(record("a"), record("b")).show()
    assert len(tags(view, "img")) == 1
    assert "reached 10 bytes; show fewer" in view._repr_html_()


def test_low_confidence_and_failures_are_marked_in_words() -> None:
    """Not by colour alone: dashed boxes, and a word in the row."""
    view = records_of(
        record(
            "a",
            field("sure", "1", (0, 1, 1, 2, 2), model_confidence=0.9),
            field("low", "2", (0, 1, 1, 2, 2), model_confidence=0.4),
            field("bad", "ERROR", (0, 1, 1, 2, 2), error_msg="no total"),
        )
    ).show(threshold=0.5)
    assert ["dashed" in box["style"] for box in boxes(view)] == [False, True, True]
    text = re.sub("<[^>]*>", " ", view._repr_html_())
    assert re.search(r"0\.40\s+low", text)
    assert "no total" in text
    assert view.doubtful == [("a", "low")]


def test_next_and_previous_document() -> None:
    """The first is seen; its label leads to the second and back; the ends lead nowhere."""
    view = records_of(record("a"), record("b"), record("c")).show(1)
    first, second = [one for one in tags(view, "input") if "data-f" not in one]
    assert ("checked" in first, "checked" in second) == (True, False)
    targets = [label.get("for") for label in tags(view, "label") if "data-f" not in label]
    assert targets == [None, second["id"], first["id"], None]
    assert "record 2 of 3" in view._repr_html_()


def test_views_on_one_page_do_not_meet() -> None:
    """Each view has names of its own."""
    records = records_of(record("a"))
    names = [tags(records.show(), "input")[0]["name"] for _ in range(2)]
    assert names[0] != names[1]


def test_pages_with_fields_come_first_into_a_long_document() -> None:
    """Four pages are shown, in order, and the others counted."""
    view = records_of(record("a", field("x", "1", (7, 1, 1, 2, 2)), count=9)).show()
    assert [image["alt"] for image in tags(view, "img")] == [
        f"Page {number} of a" for number in (1, 2, 3, 8)
    ]
    assert "5 further pages are not shown" in view._repr_html_()


def test_markup_in_values_is_text() -> None:
    """Names and values cannot break out of the HTML."""
    evil = '"><script>alert(1)</script>'
    view = records_of(record(evil, field(evil, evil, (0, 1, 1, 2, 2), error_msg=evil))).show()
    assert not tags(view, "script")


def test_a_table_is_drawn_as_a_table() -> None:
    """Its rows stand below each other; a broken one stays text."""
    whole = field("t", '[["a","b"],["1","2"]]', field_type="TABLE")
    broken = field("u", '[["a"', field_type="TABLE")
    view = records_of(record("a", whole, broken)).show()
    assert len(tags(view, "table")) == 2
    assert "[[&quot;a&quot;" in view._repr_html_()


def test_failed_files_and_records_without_pages_say_so() -> None:
    """The reason stands in place of the fields."""
    failed = {"file_name": "b", "status": "ERROR", "error_msg": "It is locked."}
    html = records_of(failed).show()._repr_html_()
    assert "It is locked." in html
    assert "tells of no pages" in html


def test_records_without_a_server_show_their_boxes() -> None:
    """Records read from a reply have no pictures, and say why."""
    records = Records(records_of(record("a", field("x", "1", (0, 1, 1, 2, 2)))))
    assert "no server to ask" in records.show()._repr_html_()


def test_no_records_and_wrong_index() -> None:
    """An empty run shows a sentence; a record that is not there is an IndexError."""
    assert "no records" in Records().show()._repr_html_()
    with pytest.raises(IndexError, match="There is no record"):
        records_of(record("a")).show(1)
    assert "a" in repr(records_of(record("a")).show(-1))


def test_slices_keep_their_pictures() -> None:
    """A part of a run can be shown as the whole can."""
    assert len(tags(records_of(record("a"), record("b"))[1:].show(), "img")) == 1
