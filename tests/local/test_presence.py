"""Locks and files that tell where a platform runs and who uses it."""

from __future__ import annotations

from pathlib import Path

from ibflow_nb.local.presence import Presence, RunningPlatform

PLATFORM = RunningPlatform("http://127.0.0.1:1", "secret-token", 42)


def test_one_platform_per_root(tmp_path: Path) -> None:
    """The second is refused until the first is gone."""
    first, second = Presence(tmp_path), Presence(tmp_path)
    assert first.occupy()
    assert not second.occupy()
    assert not second.is_free()
    first.vacate()
    assert second.occupy()
    second.vacate()


def test_an_announcement_is_private_and_withdrawn(tmp_path: Path) -> None:
    """It holds the token, so only its owner may read it; it goes with the platform."""
    presence = Presence(tmp_path)
    assert presence.occupy()
    presence.announce(PLATFORM)
    assert (tmp_path / ".ibflow" / "platform.json").stat().st_mode & 0o777 == 0o600
    assert Presence(tmp_path).announced() == PLATFORM
    presence.vacate()
    assert presence.announced() is None


def test_a_leftover_announcement_goes_with_the_next_start(tmp_path: Path) -> None:
    """What a killed platform left behind is removed by the next one before it answers."""
    Presence(tmp_path).announce(PLATFORM)
    presence = Presence(tmp_path)
    assert presence.occupy()
    assert presence.announced() is None
    presence.vacate()


def test_a_lease_counts_until_it_is_released(tmp_path: Path) -> None:
    """The platform is in use while a lease is held; then its file is swept away."""
    presence = Presence(tmp_path)
    lease = presence.take_lease()
    assert presence.in_use()
    lease.release()
    assert not presence.in_use()
    assert list((tmp_path / ".ibflow" / "leases").iterdir()) == []


def test_nobody_leaves_while_somebody_joins(tmp_path: Path) -> None:
    """A platform without users stays while the launch lock is held."""
    presence = Presence(tmp_path)
    presence.announce(PLATFORM)
    with presence.launch_lock:
        assert not presence.leave_if_unused()
    assert presence.announced() == PLATFORM
    assert presence.leave_if_unused()
    assert presence.announced() is None
