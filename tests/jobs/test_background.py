"""The background thread and its loop."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from ibflow_nb.jobs.background import Background, DaemonExecutor

colour = contextvars.ContextVar("colour", default="none")


async def value(of: Any) -> Any:
    """Give a value, asynchronously."""
    await asyncio.sleep(0)
    return of


def test_no_thread_until_first_use_and_none_after_stop() -> None:
    """One daemon thread exists while it is in use, and none afterwards."""
    before = set(threading.enumerate())
    home = Background()
    assert set(threading.enumerate()) == before
    assert home.run(value(1)) == 1
    assert home.run(value(2)) == 2
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    home.stop()
    assert set(threading.enumerate()) == before


def test_it_starts_again_after_a_stop(home: Background) -> None:
    """Unloading and loading the extension needs no new kernel."""
    home.run(value(1))
    home.stop()
    assert home.run(value(2)) == 2


def test_coroutines_run_in_an_empty_context(home: Background) -> None:
    """A cell's context does not travel along, also not by way of an awaiting cell."""

    async def look() -> str:
        return colour.get()

    colour.set("cell")
    assert home.run(look()) == "none"
    assert asyncio.run(home.awaitable(look())) == "none"


def test_errors_reach_the_caller(home: Background) -> None:
    """What a coroutine raises is raised where it was called."""

    async def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        home.run(fail())
    with pytest.raises(TimeoutError, match="its own"):
        asyncio.run(home.awaitable(fail()))


def test_an_interrupt_ends_a_blocking_call_at_once(home: Background) -> None:
    """The call is cancelled, and the loop lives on."""
    cancelled = threading.Event()
    started = threading.Event()

    async def long() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def interrupt() -> None:
        started.wait(60)
        _thread.interrupt_main(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        home.run(long())
    assert time.monotonic() - begin < 5
    assert cancelled.wait(60)
    assert home.run(value(3)) == 3


def test_a_cancelled_await_cancels_the_call(home: Background) -> None:
    """Interrupting an awaiting cell ends the call on the background loop too."""
    cancelled = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    async def cell() -> None:
        async with asyncio.timeout(0.05):
            await home.awaitable(long())

    with pytest.raises(TimeoutError):
        asyncio.run(cell())
    assert cancelled.wait(60)


def test_an_awaiting_loop_is_woken_in_between(home: Background) -> None:
    """A loop that awaits wakes often enough for an interrupt to be answered."""
    wakes: list[float] = []

    async def cell() -> None:
        loop = asyncio.get_running_loop()
        select = loop._selector.select  # type: ignore[attr-defined]

        def spy(timeout: float | None = None) -> Any:
            wakes.append(-1.0 if timeout is None else timeout)
            return select(timeout)

        loop._selector.select = spy  # type: ignore[attr-defined]
        await home.awaitable(asyncio.sleep(0.5))

    asyncio.run(cell())
    assert len([wake for wake in wakes if wake > 0.01]) >= 4
    assert max(wakes) <= 0.11


def test_blocking_on_the_background_thread_is_refused(home: Background) -> None:
    """A callback that would wait for itself gets an error instead."""

    async def foolish() -> None:
        home.run(value(1))

    with pytest.raises(RuntimeError, match=r"await its \.aio form"):
        home.run(foolish())


def test_awaiting_on_the_background_thread_works(home: Background) -> None:
    """Calls may be built of calls."""

    async def outer() -> int:
        return await home.awaitable(value(5))

    assert home.run(outer()) == 5


def test_closers_run_at_the_stop(home: Background) -> None:
    """What was opened on the loop is closed on it, unless that was taken back."""
    closed: list[str] = []

    async def close(name: str) -> None:
        closed.append(name)

    home.run(value(1))
    home.on_stop(lambda: close("one"))
    home.on_stop(lambda: close("two"))()
    home.stop()
    assert closed == ["one"]


def test_a_stop_ends_what_runs(home: Background) -> None:
    """No task outlives its loop."""
    future = home.submit(asyncio.sleep(60))
    home.stop()
    assert future.cancelled()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_gets_a_thread_of_its_own(home: Background) -> None:
    """The parent's loop is not used from the child."""
    home.run(value(1))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if home.run(value(7)) == 7 else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert home.run(value(2)) == 2


def test_a_hanging_call_does_not_hold_up_the_exit() -> None:
    """An interpreter with a name lookup that hangs exits at once, and silently."""
    script = (
        "import asyncio, time\n"
        "from ibflow_nb.jobs.background import background\n"
        "async def hang():\n"
        "    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)\n"
        "background.run(hang())\n"
        "background.submit(asyncio.sleep(60))\n"
    )
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, timeout=50, check=True
    )
    assert time.monotonic() - begin < 30
    assert done.stderr == b""


def test_the_executor_hands_errors_on() -> None:
    """A call that fails on a thread fails where its future is read."""
    with pytest.raises(ZeroDivisionError):
        DaemonExecutor().submit(lambda: 1 / 0).result(60)
