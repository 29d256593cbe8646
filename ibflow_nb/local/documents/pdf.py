"""PDF: the text layer where there is a sane one, else OCR, decided page by page.

PDFium is not thread-safe: a process reads one document at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ibflow_nb.local.documents import ocr
from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.pdf_words import is_sane, read_text_layer
from ibflow_nb.local.documents.record import Word

POINTS_PER_INCH = 72
_TRUSTED_WORDS = 25  # a page with so many words is not searched for images
_SCAN_SHARE = 0.5  # images covering more than this share of a page with few words are a scan
_FULL_PAGE = 0.9


def read_pdf(path: Path, options: ReadOptions) -> list[Page]:
    """Read the wanted pages of a PDF.

    Raises:
        UnreadableDocument: it is damaged, locked, without pages, or beyond the limits.
    """
    with open_pdf(path, options) as document:
        return [
            _read_page(document, number, options)
            for number in options.choose(len(document), "document")
        ]


def find_scans(path: Path, options: ReadOptions) -> tuple[list[int], list[int]]:
    """Tell which of the wanted pages have no text layer, without reading the others.

    Returns:
        The wanted pages, and those of them to be read by OCR, from 0.

    Raises:
        UnreadableDocument: as :func:`read_pdf`.
    """
    with open_pdf(path, options) as document:
        pages = options.choose(len(document), "document")
        if not options.text_layer:
            return pages, pages
        return pages, [number for number in pages if _is_scan(document, number)]


def draw_pdf_page(path: Path, number: int, longest_side: int, options: ReadOptions) -> Any:
    """Draw a page; an array of rows of RGB pixels, as long as wanted on its longer side.

    Args:
        path: the PDF.
        number: of the page, from 0.
        longest_side: in pixels.
        options: passwords and limits.

    Raises:
        UnreadableDocument: it is damaged, locked, or has no such page.
    """
    with open_pdf(path, options) as document:
        if number >= len(document):
            raise UnreadableDocument(f"The PDF has no page {number + 1}.")
        with _load_page(document, number) as page:
            return _render(page, longest_side / max(*page.get_size(), 1))


def _is_scan(document: pdfium.PdfDocument, number: int) -> bool:
    with _load_page(document, number) as page:
        text = page.get_textpage()
        try:
            has_text = text.count_chars() > 0
        finally:
            text.close()
        return not has_text and _has_objects(page)


@contextlib.contextmanager
def open_pdf(path: Path, options: ReadOptions) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF with the first password that fits.

    Raises:
        UnreadableDocument: it is damaged, locked or without pages.
    """
    document = _open(path, options.passwords)
    try:
        if len(document) == 0:
            raise UnreadableDocument("The PDF has no pages.")
        if document.get_formtype():
            document.init_forms()
        yield document
    finally:
        document.close()


def _open(path: Path, passwords: tuple[str, ...]) -> pdfium.PdfDocument:
    for password in (None, *passwords):
        try:
            return pdfium.PdfDocument(path, password=password)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) != pdfium_c.FPDF_ERR_PASSWORD:
                raise UnreadableDocument(
                    "The file is not a readable PDF: it is damaged or cut off."
                ) from error
    if passwords:
        raise UnreadableDocument(
            "The PDF is locked and no password in encryption_config for it opens it."
        )
    raise UnreadableDocument("The PDF is locked; set its password in encryption_config.")


@contextlib.contextmanager
def _load_page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    """Load a page with its form fields and annotations drawn into it."""
    try:
        page = document[number]
        if pdfium_c.FPDFPage_GetAnnotCount(page):
            pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY)
            page.close()
            page = document[number]
        try:
            yield page
        finally:
            page.close()
    except pdfium.PdfiumError as error:
        raise UnreadableDocument(
            f"Page {number + 1} of the PDF is damaged; leave it out with page_range_str."
        ) from error


def _read_page(document: pdfium.PdfDocument, number: int, options: ReadOptions) -> Page:
    with _load_page(document, number) as page:
        scale = _scale(page, options)
        if options.text_layer:
            layer = read_text_layer(page, scale)
            if not _needs_ocr(page, layer.words):
                return Page(
                    layer.width, layer.height, layer.words, number=number, rotation=layer.rotation
                )
        image = _render(page, min(scale, _native_scale(page)))
    return ocr.read_page(image, number, options)


def _needs_ocr(page: pdfium.PdfPage, words: list[Word]) -> bool:
    """Tell whether a page's text is missing or unusable while there is something to read."""
    if len(words) >= _TRUSTED_WORDS:
        return not is_sane(words)
    if words and is_sane(words):
        return _image_share(page) > _SCAN_SHARE
    return _has_objects(page)


def _has_objects(page: pdfium.PdfPage) -> bool:
    return next(page.get_objects(max_depth=1), None) is not None


def _images(page: pdfium.PdfPage) -> list[Any]:
    return list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _image_share(page: pdfium.PdfPage) -> float:
    """Give the part of the page that images cover; overlaps count twice."""
    left, bottom, right, top = page.get_bbox()
    covered = 0.0
    for image in _images(page):
        x0, y0, x1, y1 = image.get_bounds()
        covered += max(0, min(x1, right) - max(x0, left)) * max(0, min(y1, top) - max(y0, bottom))
    return float(covered / max((right - left) * (top - bottom), 1))


def _native_scale(page: pdfium.PdfPage) -> float:
    """Give the pixels a point of a page that is one scan; more would only blow it up."""
    images = _images(page)
    if len(images) != 1 or _image_share(page) < _FULL_PAGE:
        return float("inf")
    x0, y0, x1, y1 = images[0].get_bounds()
    width, height = images[0].get_px_size()
    return float(max(width, height) / max(x1 - x0, y1 - y0, 1))


def _scale(page: pdfium.PdfPage, options: ReadOptions) -> float:
    """Give the pixels a point: of the wanted resolution, lower where the page is too large."""
    width, height = page.get_size()
    most = (options.limits.page_pixels / max(width * height, 1)) ** 0.5
    return float(min(options.ocr.dpi / POINTS_PER_INCH, most))


def _render(page: pdfium.PdfPage, scale: float) -> Any:
    """Draw a page; an array of rows of RGB pixels."""
    return page.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].copy()
