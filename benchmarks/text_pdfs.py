"""Pages of digital PDFs a second: process_files against bare PDFium and three other tools.

All read the same real pages on the same number of cores, one process a core, from warm processes:

* pypdfium2: the plain text of each page, thrown away. It is the floor of all that use PDFium:
  no words, no boxes, no columns, nothing is written;
* kreuzberg: its defaults without its cache; plain text without columns, thrown away;
* pdfplumber: ``extract_text(layout=True)``, text with columns, thrown away;
* OCRmyPDF: ``--skip-text --output-type pdf``, which leaves pages with text as they are; one
  process a file, as many at once as cores. The text is given out by ``--sidecar``.

Ours is a run of a flow in the engine: words with boxes, text with columns, and page layouts of
each file in a record file that is synced, and a results file for the run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path

import msgspec
import pypdfium2

from benchmarks.harness import Absent, Figure, compare, main, sample, sized
from benchmarks.queueing import WORKERS, started, wait
from ibflow_nb.api.flow import RunFlow
from ibflow_nb.local.engine import Engine

BARE = "pypdfium2, plain text"
FOLDERS = ("digital", "invoices")
Reader = Callable[[str], object]


def copies(target: Path, times: int) -> list[str]:
    """Lay copies of the digital documents into a folder; gives their paths."""
    target.mkdir()
    sources = [path for name in FOLDERS for path in sorted(sample(name).glob("*.pdf"))]
    return [
        str(shutil.copyfile(path, target / f"{number}-{path.name}"))
        for number in range(times)
        for path in sources
    ]


def page_count(files: list[str]) -> int:
    """Count the pages of all files."""
    total = 0
    for file in files:
        with pypdfium2.PdfDocument(file) as document:
            total += len(document)
    return total


def by_pypdfium2(file: str) -> None:
    """Get the plain text of each page."""
    with pypdfium2.PdfDocument(file) as document:
        for page in document:
            text_page = page.get_textpage()
            text_page.get_text_bounded()
            text_page.close()
            page.close()


def by_kreuzberg(file: str) -> None:
    """Get the text of a file."""
    import kreuzberg

    kreuzberg.extract_file_sync(file, config=kreuzberg.ExtractionConfig(use_cache=False))


def by_pdfplumber(file: str) -> None:
    """Get the text of each page with its columns."""
    import pdfplumber

    with pdfplumber.open(file) as document:
        for page in document.pages:
            page.extract_text(layout=True)


def by_ocrmypdf(file: str) -> None:
    """Let the tool pass over pages that have text."""
    options = ["--skip-text", "--output-type", "pdf", "--jobs", "1", "--quiet"]
    options.append("--invalidate-digital-signatures")  # of the sample; its output is dropped
    command = [sys.executable, "-m", "ocrmypdf", *options, "--sidecar", f"{file}.txt"]
    subprocess.run([*command, file, f"{file}.out"], check=True, timeout=300)
    Path(f"{file}.txt").unlink()
    Path(f"{file}.out").unlink()


def need(package: str, *tools: str) -> None:
    """Refuse to measure what is not there.

    Raises:
        Absent: the package or a program that it calls is not installed.
    """
    try:
        version(package)
    except PackageNotFoundError:
        raise Absent(f"{package} is not installed") from None
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        raise Absent(f"{package} needs {', '.join(missing)}")


class Pool:
    """Warm processes that read files by one tool."""

    def __init__(self, files: list[str], pages: int) -> None:
        self._files = files
        self._pages = pages
        self._pool = ProcessPoolExecutor(WORKERS)
        self._warm: set[Reader] = set()

    def rate(self, read: Reader) -> float:
        """Give pages a second."""
        if read not in self._warm:
            list(self._pool.map(read, self._files[: 2 * WORKERS]))
            self._warm.add(read)
        began = time.perf_counter()
        list(self._pool.map(read, self._files))
        return self._pages / (time.perf_counter() - began)


def by_commands(files: list[str], pages: int) -> float:
    """Run OCRmyPDF on each file, as many at once as cores."""
    need("ocrmypdf", "tesseract", "gs")
    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(by_ocrmypdf, files))
    return pages / (time.perf_counter() - began)


def by_flow(engine: Engine, number: int, pages: int) -> float:
    """Run a flow of process_files alone; give pages a second, from submission to its end."""
    request = RunFlow(
        ibflow_path="flow.ibflow",
        input_dir="in",
        output_dir=f"out-{number}",
        save_binary_to_output=False,
    )
    began = time.perf_counter()
    wait(engine, engine.run_flow(request).job_id)
    return pages / (time.perf_counter() - began)


def figures() -> Iterator[Figure]:
    """Give pages a second of ours and of the others."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = copies(root / "in", sized(8, 1))
        few = files[: len(files) // sized(8, 1)]
        pages, few_pages = page_count(files), page_count(few)
        flow = {"steps": [{"step_name": "process_files"}]}
        (root / "flow.ibflow").write_bytes(msgspec.json.encode(flow))
        pool, slow_pool = Pool(files, pages), Pool(few, few_pages)
        numbers = count()

        def packaged(name: str, which: Pool, read: Reader) -> float:
            need(name)
            return which.rate(read)

        with started(root) as engine:
            by_flow(engine, next(numbers), pages)
            yield compare(
                f"text PDFs: {pages} pages through process_files",
                lambda: by_flow(engine, next(numbers), pages),
                {
                    BARE: lambda: pool.rate(by_pypdfium2),
                    "kreuzberg": lambda: packaged("kreuzberg", pool, by_kreuzberg),
                    "pdfplumber": lambda: packaged("pdfplumber", slow_pool, by_pdfplumber),
                    "OCRmyPDF --skip-text": lambda: by_commands(few, few_pages),
                },
                unit="pages/s",
                better="higher",
                goals={
                    BARE: 0.33,
                    "kreuzberg": 1.0,
                    "pdfplumber": 1.0,
                    "OCRmyPDF --skip-text": 1.0,
                },
                note="ours with words, boxes, columns and written records; bare pypdfium2 keeps"
                " plain text alone and writes nothing; the two slowest read fewer copies",
            )


if __name__ == "__main__":
    main(figures)
