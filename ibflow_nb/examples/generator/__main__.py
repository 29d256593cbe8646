"""Writes the example documents and what they say: ``python -m ibflow_nb.examples.generator``.

An optional argument names the folder to write to; the default is the package's own workspace.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ibflow_nb.examples import WORKSPACE
from ibflow_nb.examples.generator.content import Invoice, Receipt
from ibflow_nb.examples.generator.invoices import INVOICES, classic, letter, strip
from ibflow_nb.examples.generator.receipts import RECEIPTS, folio, till
from ibflow_nb.examples.generator.scan import Scan


def receipts() -> dict[str, bytes]:
    """Print two receipts and scan the others."""
    cafe, hardware, garden, taxi, hotel, books = RECEIPTS
    return {
        f"{cafe.name}.jpg": Scan(skew=2.4, noise=9, quality=55, seed=1).jpeg(till(cafe)),
        f"{hardware.name}.png": Scan(skew=-1.6, blur=0.7).png(till(hardware)),
        f"{garden.name}.tif": Scan(rotation=90, noise=28, seed=3).tiff(till(garden)),
        f"{taxi.name}.jpg": Scan(rotation=180, skew=0.8, noise=5, quality=30, seed=4).jpeg(
            till(taxi)
        ),
        f"{hotel.name}.pdf": folio(hotel),
        f"{books.name}.pdf": folio(books),
    }


def invoices() -> dict[str, bytes]:
    """Print three invoices and scan the others, one of them to a PDF."""
    instruments, atelier, legal, printer, logistics = INVOICES
    return {
        f"{instruments.name}.pdf": classic(instruments),
        f"{atelier.name}.pdf": strip(atelier),
        f"{legal.name}.pdf": letter(legal),
        f"{printer.name}.jpg": Scan(skew=-1.2, noise=6, quality=45, seed=8).jpeg(letter(printer)),
        f"{logistics.name}.pdf": Scan(skew=0.9, blur=0.6, noise=4, quality=40, seed=9).pdf(
            classic(logistics)
        ),
    }


def truth(documents: dict[str, bytes], sales: Sequence[Receipt | Invoice]) -> str:
    """Give, as JSON, the fields that each document holds."""
    fields = {name: sale.truth() for name, sale in zip(documents, sales, strict=True)}
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path, documents: dict[str, bytes], expected: str) -> None:
    """Write the documents into ``input`` and their truth beside it."""
    (folder / "input").mkdir(parents=True, exist_ok=True)
    for name, content in documents.items():
        (folder / "input" / name).write_bytes(content)
    (folder / "truth.json").write_text(expected, encoding="utf-8")


def main(argv: Sequence[str]) -> None:
    """Write both sets of documents."""
    root = Path(argv[0]) if argv else WORKSPACE
    slips, bills = receipts(), invoices()
    write(root / "receipts", slips, truth(slips, RECEIPTS))
    write(root / "invoices", bills, truth(bills, INVOICES))


if __name__ == "__main__":
    main(sys.argv[1:])
