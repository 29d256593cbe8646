"""Pictures of pages, drawn on demand for any document of a run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from ibflow_nb.api.errors import InvalidRequest, NotFound
from ibflow_nb.api.results import PageImage, PageImageQuery
from ibflow_nb.local.documents.record import Layout, PageMetadata, Record, Word, save_records

EXAMPLES = Path(__file__).parents[3] / "ibflow_nb" / "examples" / "workspace"


@pytest.fixture
def platform(make_platform: Any) -> Any:
    """A platform with its own steps, and a flow that only reads."""
    platform = make_platform(steps_module="ibflow_nb.local.steps.registry")
    platform.flow("process_files")
    return platform


def draw(platform: Any, record_file: str, **query: Any) -> PageImage:
    """Draw a page of a record file."""
    request = msgspec.convert({"ibocr_path": record_file, **query}, PageImageQuery)
    return platform.engine.page_image(request)


def kept(platform: Any, **layout: Any) -> str:
    """Write a record file with one page and one word; give its drive path."""
    word = Word("<Total>", 10, 10, 90, 30)
    page = PageMetadata(Layout(200, 100, **layout))
    folder = platform.project / "out"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    save_records(folder / "a.ibdoc", [Record(lines=[[word]], metadata_list=[page])])
    return platform.drive.path_of(folder / "a.ibdoc")


def test_a_page_of_a_pdf_is_drawn_after_the_run(platform: Any) -> None:
    """The picture has the proportions of the record's page and the size asked for."""
    source = sorted((EXAMPLES / "invoices" / "input").glob("*.pdf"))[0]
    (platform.input / "a.pdf").write_bytes(source.read_bytes())
    (record,) = platform.records(platform.run(), options={"include_page_layouts": True})
    drawn = draw(platform, record.output_file_path, longest_side=700)
    assert drawn.media_type == "image/webp"
    picture = Image.open(io.BytesIO(drawn.content))
    page = record.layout.page_layouts[0]
    assert max(picture.size) == 700
    assert picture.width / picture.height == pytest.approx(page.width / page.height, rel=0.01)
    assert not list(platform.settings.state_dir.glob("page-*"))


def test_the_password_of_the_flow_opens_the_page(platform: Any, documents: Path) -> None:
    """A locked PDF is drawn for its run; without the run's id its words are."""
    locked = (documents / "bad" / "password-example.pdf").read_bytes()
    (platform.input / "a.pdf").write_bytes(locked)
    settings = {"encryption_config": json.dumps({"passwords": ["test"]})}
    platform.flow({"name": "process_files", "settings": settings})
    job_id = platform.run()
    (record,) = platform.records(job_id)
    assert draw(platform, record.output_file_path, job_id=job_id).media_type == "image/webp"
    assert draw(platform, record.output_file_path).media_type == "image/svg+xml"


def test_a_page_without_looks_is_drawn_of_its_words(platform: Any) -> None:
    """A text file is a picture of its words, which markup in them does not break."""
    platform.files(a="Total: <b>12</b> & more")
    (record,) = platform.records(platform.run())
    drawn = draw(platform, record.output_file_path)
    assert drawn.media_type == "image/svg+xml"
    assert "&lt;b&gt;12&lt;/b&gt;</text>" in drawn.content.decode()


def test_the_image_that_ocr_kept_is_drawn(platform: Any) -> None:
    """It is made as small as asked for, and never larger than it is."""
    record_file = kept(platform, processed_image_path="images/p.jpg")
    Image.new("RGB", (400, 200), "red").save(platform.project / "out" / "images" / "p.jpg")
    sizes = [
        Image.open(io.BytesIO(draw(platform, record_file, longest_side=side).content)).size
        for side in (100, 1000)
    ]
    assert sizes == [(100, 50), (400, 200)]


@pytest.mark.parametrize("path", ["images/gone.jpg", "../../../../../../../etc/passwd", "a.ibdoc"])
def test_an_image_that_cannot_be_had_gives_way_to_words(platform: Any, path: str) -> None:
    """A path that is wrong, or leads out of the drive, shows nothing but the record's own words."""
    drawn = draw(platform, kept(platform, processed_image_path=path))
    assert drawn.media_type == "image/svg+xml"
    assert b"&lt;Total&gt;" in drawn.content


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"page_number": 4}, "has no page 5"),
        ({"record_index": 1}, "Record 1 of a.ibdoc"),
        ({"record_index": -1}, "count from 0"),
        ({"longest_side": 10**6}, "longest_side is 1000000, not 100 to 5000"),
    ],
)
def test_a_page_that_is_not_there_is_told(platform: Any, query: Any, sentence: str) -> None:
    """Wrong numbers are refused in one sentence."""
    with pytest.raises(InvalidRequest, match=sentence):
        draw(platform, kept(platform), **query)


def test_a_record_file_that_is_not_there_is_told(platform: Any) -> None:
    """An unknown path is not found."""
    with pytest.raises(NotFound):
        draw(platform, "me/my-repo/fs/Instabase Drive/no.ibdoc")


def test_flows_cannot_name_the_drawing(platform: Any) -> None:
    """It is a service of the engine, no step."""
    platform.flow("draw_page")
    platform.files(a="x")
    with pytest.raises(InvalidRequest, match="draw_page cannot be a step"):
        platform.submit()
