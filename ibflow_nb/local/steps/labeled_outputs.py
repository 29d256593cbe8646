"""Cutting a PDF or TIFF file into one PDF for each run of pages with one class."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, UnidentifiedImageError

from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.limits import Limits
from ibflow_nb.local.steps.base import StepError, Task
from ibflow_nb.local.steps.source import original_file

FOLDER = "labeled_outputs"
_UNSAFE = re.compile(r"[^\w. -]|^\.+")


def write_labeled_outputs(task: Task, parts: Sequence[tuple[str, list[int]]]) -> list[str]:
    """Write ``labeled_outputs/<class>/<name>.<class>-<from>-<to>.pdf`` in the step's folder.

    Args:
        task: its source is cut; only PDF and TIFF files are.
        parts: class and pages, from 0, of each part.

    Returns:
        Lines for the log: why a file was not cut.
    """
    if not parts:
        return []
    try:
        source, _ = original_file(task)
        cut = {b"%PDF": _cut_pdf, b"II*\0": _cut_tiff, b"MM\0*": _cut_tiff}.get(_begin(source))
        if cut is None:
            return [f"{task.name}: split_inputs writes pages of PDF and TIFF files only."]
        for label, pages in parts:
            write_atomic(_target(task, label, pages), cut(source, pages, task.limits))
    except (StepError, pdfium.PdfiumError, UnidentifiedImageError, OSError, ValueError) as error:
        return [f"{task.name}: its pages were not written to {FOLDER}: {error}"]
    return []


def _begin(source: Path) -> bytes:
    with source.open("rb") as file:
        return file.read(4)


def _target(task: Task, label: str, pages: list[int]) -> Path:
    safe = _UNSAFE.sub("_", label)
    name = f"{task.name}.{safe}-{min(pages) + 1}-{max(pages) + 1}.pdf"
    return Path(task.output_dir) / FOLDER / safe / name


def _cut_pdf(source: Path, pages: list[int], limits: Limits) -> bytes:
    content = io.BytesIO()
    with pdfium.PdfDocument(source) as document, pdfium.PdfDocument.new() as part:
        part.import_pages(document, pages)
        part.save(content)
    return content.getvalue()


def _cut_tiff(source: Path, pages: list[int], limits: Limits) -> bytes:
    frames = []
    with Image.open(source, formats=("TIFF",)) as image:
        for page in pages:
            image.seek(page)
            if image.width * image.height > limits.page_pixels:
                raise ValueError(f"page {page + 1} has more than {limits.page_pixels:,} pixels")
            frames.append(image.convert("RGB"))
    content = io.BytesIO()
    frames[0].save(content, "PDF", save_all=True, append_images=frames[1:])
    return content.getvalue()
