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

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import Page
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.pdf_words import read_text_layer
from ibflow_nb.local.documents.record import Word
from ibflow_nb.local.documents.sanity import is_sane

POINTS_PER_INCH = 72
_TRUSTED_WORDS = 25  # a page with so many words is not searched for images
_SCAN_SHARE = 0.5  # images covering more than this share of a page with few words are a scan
_FULL_PAGE = 0.9
_UNSEEN = {pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP}


def read_pdf(path: Path, options: ReadOptions) -> list[Page]:
    """Read the wanted pages of a PDF: all text layers first, then the others by OCR.

    Raises:
        UnreadableDocument: it is damaged, locked, without pages, or beyond the limits.
        ManyScans: more of its pages need OCR than are to be read at once.
    """
    with open_pdf(path, options) as document:
        pages = options.choose(len(document), "document")
        texts = {number: _read_text(document, number, options) for number in pages}
        scans = [number for number, page in texts.items() if page is None]
        options.check_scans(pages, scans)
        return [page or _read_scan(document, number, options) for number, page in texts.items()]


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
        if _has_drawn_annotations(page):
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


def _has_drawn_annotations(page: pdfium.PdfPage) -> bool:
    """Tell whether annotations belong to what is seen; links and pop-ups do not."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind not in _UNSEEN:
            return True
    return False


def _read_text(document: pdfium.PdfDocument, number: int, options: ReadOptions) -> Page | None:
    """Read a page by its text layer; ``None`` where that is missing or not wanted."""
    if not options.text_layer:
        return None
    with _load_page(document, number) as page:
        layer = read_text_layer(page, _scale(page, options))
        if _needs_ocr(page, layer.words):
            return None
        return Page(layer.width, layer.height, layer.words, number=number, rotation=layer.rotation)


def _read_scan(document: pdfium.PdfDocument, number: int, options: ReadOptions) -> Page:
    from ibflow_nb.local.documents import ocr  # the engines take a second to import

    with _load_page(document, number) as page:
        image = _render(page, min(_scale(page, options), _native_scale(page)))
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
