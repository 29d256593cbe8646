"""Passwords and size limits of office files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import msoffcrypto.format.ooxml
import pytest
import xlsxwriter

from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.limits import Limits

Read = Callable[..., list[str]]


@pytest.fixture(scope="module")
def locked_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook encrypted with the password ``right``."""
    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain) as workbook:
        workbook.add_worksheet().write(0, 0, "hidden")
    path = tmp_path_factory.mktemp("locked") / "locked.xlsx"
    with path.open("wb") as target:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("right", target)
    return path


def test_the_right_password_opens(locked_file: Path, page_texts: Read) -> None:
    """All given passwords are tried until one fits."""
    assert page_texts(locked_file, passwords=("wrong", "right")) == ["hidden"]


@pytest.mark.parametrize("passwords", [(), ("wrong",)])
def test_without_it_the_reason_asks_for_one(
    passwords: tuple[str, ...], locked_file: Path, page_texts: Read
) -> None:
    """No password or a wrong one is a reason that names the setting, never the password."""
    with pytest.raises(UnreadableDocument, match="encryption_config") as caught:
        page_texts(locked_file, passwords=passwords)
    assert "wrong" not in str(caught.value)


def test_the_protected_sample_asks_for_a_password(documents: Path, page_texts: Read) -> None:
    """The locked workbook of the test documents gives a reason."""
    with pytest.raises(UnreadableDocument, match="password"):
        page_texts(documents / "bad" / "password_protected.xlsx")


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.odt"])
@pytest.mark.parametrize(
    ("limits", "setting"),
    [(Limits(archive_bytes=10_000), "archive_bytes"), (Limits(archive_files=1), "archive_files")],
)
def test_a_zip_bomb_is_refused_before_it_is_opened(
    name: str, limits: Limits, setting: str, tmp_path: Path, page_texts: Read
) -> None:
    """What would unpack to more than the limits is refused by the setting's name."""
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("content.xml", b" " * 20_000)
    with pytest.raises(UnreadableDocument, match=setting):
        page_texts(tmp_path / name, limits=limits)
