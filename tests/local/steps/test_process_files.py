"""The step process_files, on real files."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.documents.record import Classification, Record, load_records, save_records
from ibflow_nb.local.steps.base import Outcome, Part, StepError, Task
from ibflow_nb.local.steps.process_files import ProcessFiles
from ibflow_nb.local.steps.registry import STEP_NAMES, get_step

STEP = ProcessFiles()
DRIVE_FOLDER = "me/repo/fs/Drive/in"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Root of a drive with an input folder."""
    (tmp_path / DRIVE_FOLDER).mkdir(parents=True)
    return tmp_path


def task(workspace: Path, file: Path, **kwargs: Any) -> Task:
    """Put a file onto the drive and make the task that reads it."""
    source = workspace / DRIVE_FOLDER / file.name
    if file != source:
        shutil.copyfile(file, source)
    return Task(
        job_id="job",
        step="process_files",
        kwargs=kwargs,
        source=str(source),
        input=str(source),
        name=file.name,
        index=0,
        output_dir=str(workspace / "out" / "s1_process_files"),
        drive_path=f"{DRIVE_FOLDER}/{file.name}",
    )


def read(workspace: Path, file: Path, **kwargs: Any) -> list[Record]:
    """Run the step on a file and give its records."""
    return load_records(Path(STEP.run(task(workspace, file, **kwargs)).output))


def test_a_digital_pdf_becomes_one_record(workspace: Path, documents: Path) -> None:
    """Without settings a file is one record, with its pages, path and words in place."""
    [record] = read(workspace, documents / "digital" / "WARN-Report-for-7-1-2015-to-03-25-2016.pdf")
    assert record.pages == list(range(16))
    layout = record.metadata_list[0].layout
    assert layout.page_input_path.endswith("in/WARN-Report-for-7-1-2015-to-03-25-2016.pdf")
    assert not layout.is_image_page
    assert all(
        record.text[word.offset : word.offset + len(word.word)] == word.word
        for line in record.lines
        for word in line
    )


def test_layout_per_page_gives_a_record_a_page(workspace: Path, documents: Path) -> None:
    """Each record covers one of the wanted pages, which keeps its number in the file."""
    records = read(
        workspace,
        documents / "digital" / "WARN-Report-for-7-1-2015-to-03-25-2016.pdf",
        settings={"output_format_layout": "layout_per_page", "page_range_str": "2-3,15-"},
    )
    assert [record.pages for record in records] == [[1], [2], [14], [15]]
    assert {word.page for line in records[2].lines for word in line} == {14}


def test_text_files_obey_the_page_range(workspace: Path, tmp_path: Path) -> None:
    """Pages of a text file are what form feeds separate."""
    file = tmp_path / "pages.txt"
    file.write_text("one\ftwo\fthree")
    [record] = read(workspace, file, settings={"page_range_str": "2"})
    assert record.text == "two"


def test_a_file_that_is_read_again_keeps_its_class(workspace: Path, tmp_path: Path) -> None:
    """The class that the step before found for the file is in all records of the new reading."""
    file = tmp_path / "a.txt"
    file.write_text("one\ftwo")
    [first] = read(workspace, file)
    first.classification_payload = Classification("letter", 0.8)
    before = workspace / "out" / "s2_apply_classifier" / "a.txt.ibdoc"
    save_records(before, [first])
    again = task(workspace, file, settings={"output_format_layout": "layout_per_page"})
    again.input = str(before)
    records = load_records(Path(STEP.run(again).output))
    assert [record.classification_payload for record in records] == [
        Classification("letter", 0.8),
        Classification("letter", 0.8),
    ]


def test_a_scan_keeps_its_page_image(workspace: Path, documents: Path) -> None:
    """A receipt's words have confidences and boxes in the image saved beside the records."""
    outcome = STEP.run(task(workspace, documents / "receipts" / "003.jpg"))
    [record] = load_records(Path(outcome.output))
    layout = record.metadata_list[0].layout
    assert layout.is_image_page
    assert layout.processed_image_path == "images/003.jpg_p0.jpg"
    with Image.open(Path(outcome.output).parent / layout.processed_image_path) as image:
        assert image.size == (layout.width, layout.height)
    words = [word for line in record.lines for word in line]
    assert all(word.confidence and 0 <= word.confidence.word_confidence <= 1 for word in words)
    assert "25/12/2018" in record.text
    assert "80.90" in record.text


def test_ocr_needs_no_network(
    workspace: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No socket is opened while either engine reads a page."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("OCR opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for engine in ("rapidocr", "tesseract"):
        [record] = read(
            workspace,
            documents / "scans" / "francais.pdf",
            settings={"ocr_config": json.dumps({"engine": engine, "dpi": 150})},
        )
        assert "whisky" in record.text


@pytest.mark.parametrize(
    ("page_type", "engine"),
    [("default", "rapidocr"), ("low_quality_doc", "rapidocr"), ("high_quality_doc", "tesseract")],
)
def test_the_page_type_chooses_the_engine(
    workspace: Path, documents: Path, page_type: str, engine: str
) -> None:
    """The log names the engine that read the scan; the choice for poor print is rapidocr."""
    outcome = STEP.run(
        task(
            workspace,
            documents / "scans" / "francais.pdf",
            settings={"ocr_page_type": page_type, "ocr_config": '{"dpi": 100, "speed": 9}'},
        )
    )
    assert any(engine in line for line in outcome.log)
    assert any("speed" in line for line in outcome.log)


def test_images_to_txt_reads_a_digital_pdf_by_ocr(workspace: Path, documents: Path) -> None:
    """The text layer is not used when images are asked for."""
    [record] = read(
        workspace,
        documents / "digital" / "scotus-transcript-p1.pdf",
        process_type="images_to_txt",
        settings={"ocr_page_type": "high_quality_doc"},
    )
    assert record.metadata_list[0].layout.is_image_page
    assert "SUPREME COURT" in record.text


@pytest.mark.parametrize(
    ("process_type", "file"),
    [("pdf_to_txt", "receipts/003.jpg"), ("images_to_txt", "office/fake.docx")],
)
def test_other_files_fail_with_a_reason(
    workspace: Path, documents: Path, process_type: str, file: str
) -> None:
    """A file that the process type does not take says so, instead of vanishing."""
    with pytest.raises(StepError, match=f"{process_type} takes no such files; use auto_to_txt"):
        read(workspace, documents / file, process_type=process_type)


@pytest.mark.parametrize(
    "config", ['{"passwords": ["no", "test"]}', '{"passwords": {"*.pdf": ["test"]}}']
)
def test_a_locked_pdf_opens_with_its_password(
    workspace: Path, documents: Path, config: str
) -> None:
    """Passwords come as a list or by file name."""
    [record] = read(
        workspace,
        documents / "bad" / "password-example.pdf",
        settings={"encryption_config": config},
    )
    assert record.text


def test_a_locked_pdf_names_the_setting(workspace: Path, documents: Path) -> None:
    """Without a password, or with one for other files, the reason tells where to put it."""
    file = documents / "bad" / "password-example.pdf"
    with pytest.raises(StepError, match="cannot be read: the PDF is locked; set its password"):
        read(workspace, file, settings={"encryption_config": '{"passwords": {"*.xlsx": ["test"]}}'})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ocr_page_type": "best"}, "ocr_page_type is 'best', not one of default"),
        ({"output_format_layout": 3}, "output_format_layout is not a string"),
        ({"page_range_str": "3-1"}, "page_range_str '3-1' is no list of pages"),
        ({"page_range_str": "0"}, "counted from 1"),
        ({"encryption_config": '{"passwords": 7}'}, "encryption_config is not a JSON string"),
        ({"ocr_config": "{"}, "ocr_config is no JSON object in a string"),
        ({"ocr_config": "[]"}, "ocr_config is no JSON object in a string"),
        ({"ocr_config": '{"engine": "best"}'}, "'best', not one of auto, rapidocr, tesseract"),
        ({"ocr_config": '{"dpi": "high"}'}, "ocr_config: 'dpi' must be an integer, not a string"),
        ({"ocr_config": '{"dpi": 1}'}, "dpi is 1"),
        ({"ocr_config": '{"languages": ["../x"]}'}, "no language code"),
        ({"ocr_config": '{"engine": "rapidocr", "languages": "rus"}'}, "does not read rus"),
        ([], None),
        ([1], "settings is not an object"),
        ({"ocr_config": "", "page_range_str": "", "encryption_config": ""}, None),
    ],
)
def test_settings_are_checked_at_submission(settings: Any, sentence: str | None) -> None:
    """A wrong setting is refused with its name; empty ones mean absent."""
    if sentence is None:
        STEP.check({"settings": settings}, {})
        return
    with pytest.raises(InvalidRequest, match=sentence):
        STEP.check({"settings": settings}, {})


def test_an_unknown_process_type_is_refused() -> None:
    """The sentence lists the types that there are."""
    with pytest.raises(InvalidRequest, match="auto_to_txt, images_to_txt, pdf_to_txt"):
        STEP.check({"process_type": "xml_to_txt"}, {})


def test_a_missing_model_is_named(workspace: Path, documents: Path, tmp_path: Path) -> None:
    """A language without a model in the tessdata folder fails the file, with the file to add."""
    config = {"languages": "rus", "tessdata": str(tmp_path)}
    with pytest.raises(StepError, match=r"no model rus\.traineddata"):
        read(
            workspace,
            documents / "scans" / "francais.pdf",
            settings={"ocr_config": json.dumps(config)},
        )


def test_a_record_file_goes_back_to_its_source(workspace: Path, documents: Path) -> None:
    """Records of an earlier step are not read as text: the file behind them is read again."""
    file = documents / "digital" / "scotus-transcript-p1.pdf"
    [first] = read(workspace, file)
    earlier = workspace / "out" / "s1_process_files" / f"{file.name}.ibdoc"
    [again] = read(workspace, earlier)
    assert again.text == first.text
    (workspace / DRIVE_FOLDER / file.name).unlink()
    with pytest.raises(StepError, match="leads to no file that can be read"):
        read(workspace, earlier)


def tall_tiff(folder: Path, documents: Path, pages: int) -> Path:
    """Make a TIFF file that repeats a small page."""
    with Image.open(documents / "receipts" / "003.jpg") as image:
        small = image.convert("L").crop((0, 0, 461, 300))
    file = folder / "long.tif"
    small.save(file, save_all=True, append_images=[small] * (pages - 1))
    return file


@pytest.mark.parametrize("layout", ["layout_per_doc", "layout_per_page"])
def test_a_long_scan_is_shared_out_and_joined(
    workspace: Path, documents: Path, tmp_path: Path, layout: str
) -> None:
    """Parts cover the wanted pages once, and joined they equal the file read at once."""
    settings = {"output_format_layout": layout, "page_range_str": "2-6",
                "ocr_page_type": "high_quality_doc"}  # fmt: skip
    whole = task(workspace, tall_tiff(tmp_path, documents, 6), settings=settings)
    outcome = STEP.run(whole)
    assert outcome.split == [Part(1, 2), Part(3, 4), Part(5, 5)]
    parts = [STEP.run(msgspec.structs.replace(whole, part=part)).output for part in outcome.split]
    joined = STEP.run(msgspec.structs.replace(whole, parts=parts))
    records = load_records(Path(joined.output))
    assert joined.pages == 5
    assert [record.pages for record in records] == (
        [[1, 2, 3, 4, 5]] if layout == "layout_per_doc" else [[1], [2], [3], [4], [5]]
    )
    assert records[0].text.count("YONGFATT") + records[0].text.count("YONG") >= 1
    repeated: Outcome = STEP.run(msgspec.structs.replace(whole, parts=parts))
    assert repeated == joined
    assert not any(Path(part).exists() for part in parts)


def test_the_registry_finds_the_step() -> None:
    """Steps are found by internal name; an unknown one gets the list of those there are."""
    assert isinstance(get_step("process_files"), ProcessFiles)
    with pytest.raises(InvalidRequest, match="process_files"):
        get_step("no_such_step")
    assert "process_files" in STEP_NAMES
