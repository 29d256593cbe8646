"""The settings that a root keeps in its state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibflow_nb.api.errors import ConfigError
from ibflow_nb.local.settings import FileSettings, read_settings


def test_without_a_file_all_is_as_by_default(tmp_path: Path) -> None:
    """Nobody has to write settings."""
    assert read_settings(tmp_path) == FileSettings()


def test_what_the_file_names_is_set(tmp_path: Path) -> None:
    """Limits and deliveries are tables, the rest stays as it is."""
    text = '[limits]\npages = 7\n[delivery]\nwebhook_hosts = ["hooks.test"]\n'
    (tmp_path / "settings.toml").write_text(text)
    settings = read_settings(tmp_path)
    assert settings.limits.pages == 7
    assert settings.limits.body_bytes == FileSettings().limits.body_bytes
    assert settings.delivery.webhook_hosts == ("hooks.test",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[limits]\npagse = 7", "pagse"),
        ("[limits]\npages = 'many'", r"limits\.pages"),
        ("workers = 3", "workers"),
        ("limits", "Expected"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, reason: str) -> None:
    """A typing error is told with the file and its place, not passed over."""
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(ConfigError, match=reason) as caught:
        read_settings(tmp_path)
    assert "settings.toml" in str(caught.value)
