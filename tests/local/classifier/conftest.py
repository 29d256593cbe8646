"""A small training folder."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

WORDS = {
    "invoice": "invoice number customer amount due net tax iban payment terms",
    "letter": "dear madam sincerely regards yours meeting kindly thank you week",
    "receipt": "cash change cashier till subtotal rounding thank gst item qty",
}


@pytest.fixture(scope="session")
def training_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six text documents of each of three classes, made of typical words in random order."""
    folder = tmp_path_factory.mktemp("training")
    random = Random(7)
    for label, words in WORDS.items():
        (folder / label).mkdir()
        for number in range(6):
            lines = [" ".join(random.choices(words.split(), k=6)) for _ in range(8)]
            (folder / label / f"{number}.txt").write_text("\n".join(lines))
    return folder
