"""How often a refiner finds date, total and company on scanned receipts.

The same rules (``receipts.ibrefiner``) run on the text of the default OCR engine, on that of
Tesseract (the named alternative), and on the receipts' true text, which shows what the rules
alone miss. Found means: the date is the same day, the total the same number, the company the
same text in any case; *printed* counts dates in the very notation of the receipt.

The receipts are ``NNN.jpg`` with ``NNN.key.json`` and ``NNN.lines.csv`` (ICDAR 2019 SROIE).
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Figure, Measure, compare_all, main, sample, sized
from ibflow_nb.local.documents.layout import Page, compose
from ibflow_nb.local.documents.record import Record, Word, load_records, save_records
from ibflow_nb.local.steps.apply_refiner import ApplyRefiner
from ibflow_nb.local.steps.base import Task
from ibflow_nb.local.steps.process_files import ProcessFiles

REFINER = Path(__file__).with_name("receipts.ibrefiner").read_text("utf-8")
KEY_DATES = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y", "%d %b %Y", "%d.%m.%Y", "%d %B %Y")
DEFAULT, ALTERNATIVE, TRUTH = "default", "tesseract", "the true text"
FIELDS = ("date", "printed", "total", "company")
SECONDS = "seconds a receipt"


def read_scan(image: Path, folder: Path, page_type: str) -> Path:
    """Read a receipt by OCR into a record file."""
    kwargs = {"process_type": "images_to_txt", "settings": {"ocr_page_type": page_type}}
    return Path(ProcessFiles().run(make_task("process_files", image, image, folder, kwargs)).output)


def read_truth(image: Path, folder: Path) -> Path:
    """Make a record file of a receipt's true lines; words share a line's width."""
    words: list[Word] = []
    lines = image.with_name(f"{image.stem}.lines.csv").read_text("utf-8", errors="replace")
    for line in lines.splitlines():
        *corners, text = line.split(",", 8)
        if len(corners) < 8:
            continue
        xs, ys = [float(x) for x in corners[::2]], [float(y) for y in corners[1::2]]
        cell = (max(xs) - min(xs)) / max(len(text), 1)
        for match in re.finditer(r"\S+", text):
            left, right = (min(xs) + cell * column for column in match.span())
            words.append(Word(match.group(), left, min(ys), right, max(ys)))
    width = max((word.end_x for word in words), default=1.0)
    height = max((word.end_y for word in words), default=1.0)
    target = folder / f"{image.name}.ibdoc"
    save_records(target, [compose([Page(width, height, words)])])
    return target


READERS: dict[str, Callable[[Path, Path], Path]] = {
    DEFAULT: lambda image, folder: read_scan(image, folder, "default"),
    ALTERNATIVE: lambda image, folder: read_scan(image, folder, "high_quality_doc"),
    TRUTH: read_truth,
}


def make_task(step: str, source: Path, read: Path, folder: Path, kwargs: dict[str, Any]) -> Task:
    """Make the unit of work of one receipt."""
    return Task(
        job_id="benchmark",
        step=step,
        kwargs=kwargs,
        modules={"refiner_path": REFINER},
        source=str(source),
        input=str(read),
        name=source.name,
        index=0,
        output_dir=str(folder / step),
    )


def refine(image: Path, records: Path, folder: Path) -> dict[str, str]:
    """Give the fields of a receipt."""
    task = make_task("apply_refiner", image, records, folder, {})
    (record,) = load_records(Path(ApplyRefiner().run(task).output))
    return fields_of(record)


def fields_of(record: Record) -> dict[str, str]:
    """Give the values of a record by label."""
    return {phrase.label: phrase.word for phrase in record.refined_phrases}


def find_day(text: str) -> date | None:
    """Read a date of a key, in the notations that the keys use; the day comes first."""
    for notation in KEY_DATES:
        try:
            return datetime.strptime(text.strip().title(), notation).date()
        except ValueError:
            continue
    return None


def find_number(text: str) -> Decimal | None:
    """Read a total of a key or of a field."""
    try:
        return Decimal(re.sub(r"[^\d.]", "", text))
    except InvalidOperation:
        return None


def agree(fields: dict[str, str], key: dict[str, str]) -> dict[str, bool]:
    """Tell which fields are those of the key."""
    day, total = find_day(key["date"]), find_number(key["total"])
    return {
        "date": day is not None and fields["date"] == day.isoformat(),
        "printed": fields["date_text"].upper() == key["date"].upper(),
        "total": total is not None and find_number(fields["total"]) == total,
        "company": fields["company"].upper() == key["company"].upper(),
    }


def measure(reader: str, data: Path) -> dict[str, float]:
    """Run a reader and the rules on receipts: shares by field, 0 to 1, and seconds a receipt."""
    keys = sorted(data.glob("*.key.json"))[: sized(None, 3)]
    found = dict.fromkeys(FIELDS, 0)
    start = time.perf_counter()
    for path in keys:
        image = path.with_name(path.name.replace(".key.json", ".jpg"))
        with tempfile.TemporaryDirectory() as folder:
            fields = refine(image, READERS[reader](image, Path(folder)), Path(folder))
        for name, same in agree(fields, json.loads(path.read_text("utf-8"))).items():
            found[name] += same
    seconds = (time.perf_counter() - start) / len(keys)
    return {**{name: count / len(keys) for name, count in found.items()}, SECONDS: seconds}


def figures() -> Iterator[Figure]:
    """The share of each field, and the time that reading takes."""
    data = sample("receipts")
    yield from compare_all(
        partial(measure, DEFAULT, data),
        {name: partial(measure, name, data) for name in (ALTERNATIVE, TRUTH)},
        [
            *(Measure(name, "of receipts", "higher") for name in FIELDS),
            Measure(SECONDS, "s", "lower"),
        ],
        repeats=1,
    )


if __name__ == "__main__":
    main(figures)
