"""Time limits of blocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ibflow_nb.local.engine.watchdog import Watchdog


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    """Give a watchdog that is closed at the end."""
    watchdog = Watchdog()
    yield watchdog
    watchdog.close()


def test_a_block_that_takes_too_long_is_acted_on_once(watchdog: Watchdog) -> None:
    """The action is done while the block goes on, and not again at its end."""
    done = threading.Semaphore(0)
    with watchdog.limit(0.01, done.release):
        assert done.acquire(timeout=10)
    assert not done.acquire(blocking=False)


def test_a_block_that_ends_in_time_is_left_alone(watchdog: Watchdog) -> None:
    """Its action is not done, also when the time has come for another one."""
    acted: list[str] = []
    late = threading.Event()
    with watchdog.limit(0.2, lambda: acted.append("early")):
        pass
    with watchdog.limit(0.3, late.set):
        assert late.wait(10)
    assert acted == []


def test_a_shorter_limit_that_comes_later_is_kept(watchdog: Watchdog) -> None:
    """The thread that waits for a long limit wakes up for a short one."""
    passed = threading.Event()
    with watchdog.limit(3600, lambda: None), watchdog.limit(0.01, passed.set):
        assert passed.wait(10)


def test_a_block_without_a_limit_needs_no_thread(watchdog: Watchdog) -> None:
    """No limit is no limit."""
    with watchdog.limit(None, lambda: None):
        assert watchdog._thread is None


def test_an_action_that_fails_leaves_other_limits_kept(watchdog: Watchdog) -> None:
    """The next limit is acted on all the same."""
    passed = threading.Event()
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise RuntimeError("a fault")

    with watchdog.limit(0.01, fail):
        assert failed.wait(10)
        with watchdog.limit(0.01, passed.set):
            assert passed.wait(10)
