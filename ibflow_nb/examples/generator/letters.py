"""Letters: documents that are neither a receipt nor an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reportlab.lib.units import mm

from ibflow_nb.examples.generator.sheet import HEIGHT, LEFT, new_sheet, write_lines


@dataclass(frozen=True)
class Letter:
    """A letter; ``text`` holds its lines, an empty one between paragraphs."""

    name: str
    sender: tuple[str, ...]
    reader: tuple[str, ...]
    day: date
    subject: str
    text: tuple[str, ...]
    signature: str

    def truth(self) -> dict[str, str]:
        """Give the fields that a refiner should find."""
        return {"sender": self.sender[0], "date": self.day.isoformat(), "subject": self.subject}


REGATTA = Letter(
    name="gullwing-ferries",
    sender=("Gullwing Ferries Ltd", "Pier 4", "Saint Brannoc"),
    reader=("The Old Harbour Hotel", "1 Lighthouse Walk", "Saint Brannoc"),
    day=date(2024, 8, 2),
    subject="Changed crossings during the regatta",
    text=(
        "Dear neighbours,",
        "",
        "while the regatta is sailed, from the second to the fifth of September, the harbour",
        "mouth stays closed in the afternoon. Our boats will leave before noon and again after",
        "sunset. Guests of yours who planned to cross in between are welcome on either boat",
        "and need not ask us beforehand.",
        "",
        "Would you kindly hang the enclosed timetable where your guests can see it? Those who",
        "walk badly may board first; our crew is glad to help with wheelchairs and prams.",
        "",
        "We hope to see you at the finish.",
    ),
    signature="Maren Holloway",
)
REFERENCE = Letter(
    name="studio-kestrel",
    sender=("Studio Kestrel", "Lindenhof 21", "Aarfeld"),
    reader=("Atelier Morane", "8 rue des Glycines", "Valbrune"),
    day=date(2024, 11, 4),
    subject="The panels for the spring exhibition",
    text=(
        "Dear Ms Morane,",
        "",
        "the panels have arrived and they are beautiful. Everyone who passed through our hall",
        "stopped to touch the oak. We would like to show them once more in spring and ask",
        "whether you could come to Aarfeld for the opening and say a few words about them.",
        "",
        "Please let us know which week would suit you.",
    ),
    signature="Jonas Ried",
)


def office(letter: Letter) -> bytes:
    """Set a letter as an office does: sender, reader, date and subject, then the text."""
    page, buffer = new_sheet()
    write_lines(page, LEFT, HEIGHT - 25 * mm, letter.sender, "Times-Roman", 11)
    write_lines(page, LEFT, HEIGHT - 55 * mm, letter.reader, "Times-Roman", 11)
    write_lines(page, LEFT, HEIGHT - 85 * mm, (letter.day.strftime("%d %B %Y"),), "Times-Roman", 11)
    write_lines(page, LEFT, HEIGHT - 97 * mm, (f"Subject: {letter.subject}",), "Times-Bold", 11)
    body = (*letter.text, "", "Yours sincerely", "", letter.signature)
    write_lines(page, LEFT, HEIGHT - 109 * mm, body, "Times-Roman", 11, leading=5.5 * mm)
    page.save()
    return buffer.getvalue()
