"""What a file, a request and a worker may cost; every limit is a setting."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds that keep hostile or huge input from harming the platform.

    Attributes:
        file_bytes: size of one input file.
        pages: pages of one file.
        page_pixels: pixels of one rendered page; larger ones are rendered at a lower
            resolution, images above ``image_pixels`` are refused.
        image_pixels: pixels of one image as stored.
        archive_bytes: unpacked size of a zip (also of office files).
        archive_ratio: how many times its size a large zip may unpack to.
        archive_files: entries of a zip.
        worker_bytes: address space that a worker may use beyond what it holds when idle.
        body_bytes: size of one request body.
        json_bytes: size of a JSON body, without the files in it.
        regex_seconds: time of one regular expression on one document.
        attempts: how often a unit is tried whose worker process dies.
        unit_seconds: time of one unit where ``step_timeout`` is 0, per page read.
    """

    file_bytes: int = 512 * 1024**2
    pages: int = 5_000
    page_pixels: int = 60_000_000
    image_pixels: int = 1_500_000_000
    archive_bytes: int = 2 * 1024**3
    archive_ratio: int = 250
    archive_files: int = 20_000
    worker_bytes: int = 2 * 1024**3
    body_bytes: int = 2 * 1024**3
    json_bytes: int = 64 * 1024**2
    regex_seconds: float = 5.0
    attempts: int = 3
    unit_seconds: float = 300.0
