"""Image files of every format and mode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from ibflow_nb.local.documents.errors import ManyScans, UnreadableDocument
from ibflow_nb.local.documents.images import read_image
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import OcrConfig, PageRanges, ReadOptions
from ibflow_nb.local.limits import Limits

FAST = ReadOptions(ocr=OcrConfig(engine="tesseract"))


@pytest.fixture(scope="session")
def header(documents: Path) -> Image.Image:
    """The name in the head of a receipt."""
    with Image.open(documents / "receipts" / "003.jpg") as image:
        return image.convert("RGB").crop((0, 80, 461, 150))


def words(file: Path, options: ReadOptions = FAST) -> set[str]:
    """Give the words that are read in an image file."""
    return {word.word for page in read_image(file, options) for word in page.words}


def transparent(image: Image.Image) -> Image.Image:
    """Make the paper transparent and what is under it black."""
    ink = image.convert("L").point(lambda value: 255 if value < 140 else 0)
    result = Image.new("RGBA", image.size, (0, 0, 0, 0))
    result.putalpha(ink)
    return result


def sixteen_bits(image: Image.Image) -> Image.Image:
    """Make grey values of 16 bits."""
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.gif", "a.webp"])
def test_formats(header: Image.Image, tmp_path: Path, name: str) -> None:
    """Every format is read."""
    header.save(tmp_path / name)
    assert "YONGFATT" in words(tmp_path / name)


@pytest.mark.parametrize(
    "convert",
    [
        lambda image: image.convert("1", dither=Image.Dither.NONE),
        lambda image: image.convert("P"),
        lambda image: image.convert("CMYK"),
        lambda image: image.convert("LA"),
        sixteen_bits,
        transparent,
    ],
    ids=["bilevel", "palette", "cmyk", "grey-alpha", "16-bit", "transparent"],
)
def test_modes(header: Image.Image, tmp_path: Path, convert: object) -> None:
    """Every colour mode is read; transparent paper is white."""
    assert callable(convert)
    file = tmp_path / "a.tif"
    convert(header).save(file)
    assert "YONGFATT" in words(file)


def test_the_orientation_of_a_photo_is_applied(header: Image.Image, tmp_path: Path) -> None:
    """A photo stored lying is turned as its EXIF data say, before anything else."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    header.rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif)
    [page] = read_image(tmp_path / "a.jpg", FAST)
    assert (page.width, page.height, page.rotation) == (*header.size, 0)
    assert "YONGFATT" in {word.word for word in page.words}


def tiff(image: Image.Image, folder: Path) -> Path:
    """Make a TIFF of three pages, the second one blank."""
    blank = Image.new("RGB", image.size, "white")
    file = folder / "pages.tiff"
    image.save(file, save_all=True, append_images=[blank, image])
    return file


def test_all_pages_of_a_tiff_are_read(header: Image.Image, tmp_path: Path) -> None:
    """Each page has its number; a blank one has no words."""
    pages: list[Page] = read_image(tiff(header, tmp_path), FAST)
    assert [page.number for page in pages] == [0, 1, 2]
    assert [bool(page.words) for page in pages] == [True, False, True]


def test_pages_of_a_tiff_can_be_chosen(header: Image.Image, tmp_path: Path) -> None:
    """A range beyond the end is a reason."""
    file = tiff(header, tmp_path)
    with pytest.raises(ManyScans) as caught:
        read_image(file, ReadOptions(pages=PageRanges.parse("3-"), scans_at_once=0))
    assert caught.value.pages == caught.value.scans == [2]
    with pytest.raises(UnreadableDocument, match="last of the image is page 3"):
        read_image(file, ReadOptions(pages=PageRanges.parse("4")))


@pytest.mark.parametrize("name", ["big.png", "big.jpg", "big.tif"])
def test_large_images_are_read_at_a_lower_resolution(
    header: Image.Image, tmp_path: Path, name: str
) -> None:
    """The page keeps its shape within the limit of pixels."""
    big = header.resize((header.width * 4, header.height * 4))
    big.save(tmp_path / name)
    limits = Limits(page_pixels=header.width * header.height + 2000)
    [page] = read_image(tmp_path / name, ReadOptions(ocr=FAST.ocr, limits=limits))
    assert page.width * page.height <= limits.page_pixels
    assert page.width / page.height == pytest.approx(header.width / header.height, rel=0.01)
    assert page.words


def test_images_beyond_the_limit_are_refused(header: Image.Image, tmp_path: Path) -> None:
    """The reason gives the size and the limit, before anything is decoded."""
    header.save(tmp_path / "a.png")
    with pytest.raises(UnreadableDocument, match=r"461 x 70 pixels, the limit is 1,000"):
        read_image(tmp_path / "a.png", ReadOptions(limits=Limits(image_pixels=1000)))
    with pytest.raises(UnreadableDocument, match="save it at a lower resolution"):
        read_image(tmp_path / "a.png", ReadOptions(limits=Limits(worker_bytes=1000)))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.gif"])
@pytest.mark.parametrize("kept", [0.02, 0.5])
def test_cut_off_images_tell_why(
    header: Image.Image, tmp_path: Path, name: str, kept: float
) -> None:
    """A file that ends too early is a reason, not a crash."""
    file = tmp_path / name
    header.save(file)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(UnreadableDocument, match=r"damaged|unknown format"):
        read_image(file, FAST)
