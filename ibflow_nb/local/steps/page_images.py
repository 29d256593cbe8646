"""Keeps the page images of records findable when a step writes them to another folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ibflow_nb.local.documents.record import Record


def follow_images(records: Iterable[Record], source: Path, target: Path) -> None:
    """Make the image paths of records relative to another folder, in place.

    Args:
        records: whose image paths are relative to ``source``.
        source: folder of the record file that they were read from.
        target: folder of the record file that they will be written to.
    """
    for record in records:
        for meta in record.metadata_list:
            if meta.layout.processed_image_path:
                image = source / meta.layout.processed_image_path
                meta.layout.processed_image_path = Path(os.path.relpath(image, target)).as_posix()
