"""Draws the example workspace: ``python -m ibflow_nb.examples.generator``.

An optional argument names the folder to write to; the default is the package's own workspace.
Flows and refiners are written by hand: a folder that has a copy of one gets it from the package.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ibflow_nb.examples import WORKSPACE
from ibflow_nb.examples.generator.content import Invoice, Receipt
from ibflow_nb.examples.generator.icon import receipt_icon
from ibflow_nb.examples.generator.invoices import INVOICES, classic, letter, strip
from ibflow_nb.examples.generator.letters import REFERENCE, REGATTA, Letter, office
from ibflow_nb.examples.generator.mixed import (
    BAKERY,
    CHANDLER,
    GLAZIER,
    KIOSK,
    LAUNDRY,
    ORGANS,
    ROOFER,
    SURVEYOR,
    bundle,
)
from ibflow_nb.examples.generator.receipts import RECEIPTS, folio, till
from ibflow_nb.examples.generator.scan import Scan
from ibflow_nb.examples.generator.statements import JULY, account_statement
from ibflow_nb.examples.generator.training import trained_classifier

CLASSES = {Receipt: "receipt", Invoice: "invoice", Letter: "other"}
COPIES = {
    "receipts/receipts.ibflow": ("solutions/receipts/flow/receipts.ibflow",),
    "receipts/modules/receipts.ibrefiner": (
        "mixed/flows/modules/receipt.ibrefiner",
        "solutions/receipts/flow/modules/receipts.ibrefiner",
    ),
    "invoices/modules/invoices.ibrefiner": (
        "checked/modules/invoices.ibrefiner",
        "mixed/flows/modules/invoice.ibrefiner",
        "post/modules/invoices.ibrefiner",
    ),
    "mixed/classifier/documents.ibclassifier": ("post/modules/documents.ibclassifier",),
}
"""Files that lie in several folders, so that each folder can be taken as it is."""


class Document(NamedTuple):
    """A file of an ``input`` folder and what it holds, for ``truth.json``."""

    content: bytes
    truth: dict[str, str] | list[dict[str, str]]


def receipts() -> dict[str, Document]:
    """Print two receipts and scan the others, one of them smudged where its date is."""
    smudged = Scan(dpi=100, skew=-1.6, blur=0.7, smudge=(0.2, 0.34, 1.4))
    cafe, hardware, garden, taxi, hotel, books = RECEIPTS
    drawn = {
        f"{cafe.name}.jpg": (Scan(skew=2.4, noise=9, quality=55, seed=1).jpeg(till(cafe)), cafe),
        f"{hardware.name}.png": (smudged.png(till(hardware)), hardware),
        f"{garden.name}.tif": (Scan(rotation=90, noise=28, seed=3).tiff(till(garden)), garden),
        f"{taxi.name}.jpg": (
            Scan(rotation=180, skew=0.8, noise=5, quality=30, seed=4).jpeg(till(taxi)),
            taxi,
        ),
        f"{hotel.name}.pdf": (folio(hotel), hotel),
        f"{books.name}.pdf": (folio(books), books),
    }
    return {name: Document(content, sale.truth()) for name, (content, sale) in drawn.items()}


def invoices() -> dict[str, Document]:
    """Print three invoices and scan the others, one of them to a PDF."""
    instruments, atelier, legal, printer, logistics = INVOICES
    print_scan = Scan(skew=-1.2, noise=6, quality=45, seed=8)
    logistics_scan = Scan(skew=0.9, blur=0.6, noise=4, quality=40, seed=9)
    drawn = {
        f"{instruments.name}.pdf": (classic(instruments), instruments),
        f"{atelier.name}.pdf": (strip(atelier), atelier),
        f"{legal.name}.pdf": (letter(legal), legal),
        f"{printer.name}.jpg": (print_scan.jpeg(letter(printer)), printer),
        f"{logistics.name}.pdf": (logistics_scan.pdf(classic(logistics)), logistics),
    }
    return {name: Document(content, sale.truth()) for name, (content, sale) in drawn.items()}


def mixed() -> dict[str, Document]:
    """Put receipts, invoices and a letter into one folder."""
    scan = Scan(skew=1.1, noise=5, quality=50, seed=11)
    drawn: dict[str, tuple[bytes, Receipt | Invoice | Letter]] = {
        f"{BAKERY.name}.pdf": (folio(BAKERY), BAKERY),
        f"{CHANDLER.name}.pdf": (till(CHANDLER), CHANDLER),
        f"{KIOSK.name}.jpg": (scan.jpeg(till(KIOSK)), KIOSK),
        f"{LAUNDRY.name}.pdf": (classic(LAUNDRY), LAUNDRY),
        f"{ORGANS.name}.pdf": (strip(ORGANS), ORGANS),
        f"{REGATTA.name}.pdf": (office(REGATTA), REGATTA),
    }
    return {name: Document(content, _classed(what)) for name, (content, what) in drawn.items()}


def post() -> dict[str, Document]:
    """Bind a day's post; the truth has its invoices, one on a page."""
    content = bundle(letter(LAUNDRY), classic(SURVEYOR), office(REFERENCE), folio(BAKERY))
    return {"monday.pdf": Document(content, [_classed(LAUNDRY), _classed(SURVEYOR)])}


def checked() -> dict[str, Document]:
    """Print three invoices, one with a total that is wrong."""
    drawn = {SURVEYOR: classic(SURVEYOR), GLAZIER: strip(GLAZIER), ROOFER: letter(ROOFER)}
    return {f"{what.name}.pdf": Document(pdf, what.truth()) for what, pdf in drawn.items()}


def statements() -> dict[str, Document]:
    """Print an account statement of two pages."""
    return {f"{JULY.name}.pdf": Document(account_statement(JULY), JULY.truth())}


FOLDERS: dict[str, Callable[[], dict[str, Document]]] = {
    "receipts": receipts,
    "invoices": invoices,
    "mixed": mixed,
    "post": post,
    "checked": checked,
    "statements": statements,
}


def _classed(what: Receipt | Invoice | Letter) -> dict[str, str]:
    return {"class_label": CLASSES[type(what)], **what.truth()}


def main(argv: Sequence[str]) -> None:
    """Write documents, their truth, the classifier, the icon and the copies."""
    root = Path(argv[0]) if argv else WORKSPACE
    for folder, draw in FOLDERS.items():
        drawn = draw()
        for name, document in drawn.items():
            _write(root / folder / "input" / name, document.content)
        truth = {name: document.truth for name, document in drawn.items()}
        text = json.dumps(truth, indent=2, ensure_ascii=False) + "\n"
        _write(root / folder / "truth.json", text.encode())
    _write(root / "mixed/classifier/documents.ibclassifier", trained_classifier())
    _write(root / "solutions/receipts/icon.png", receipt_icon())
    for source, targets in COPIES.items():
        made = root / source
        content = (made if made.is_file() else WORKSPACE / source).read_bytes()
        for target in targets:
            _write(root / target, content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
