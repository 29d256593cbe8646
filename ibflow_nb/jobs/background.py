"""The one daemon thread with the one asyncio loop on which everything asynchronous runs.

The notebook's own loop stands still while a cell blocks; this one does not. Coroutines are handed
over in an empty context: one that inherited the cell's context would send its later widget
updates as if they came from that cell, and headless executions drop those once the cell has ended.
All threads are daemons, because a kernel does not exit while another kind is alive.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

SLICE = 0.2
"""Seconds for which a blocking wait may keep an interrupt waiting."""
TICK = 0.1
"""Seconds after which an awaiting cell's loop is woken, for the same purpose."""
_STOP_GRACE = 5.0


class DaemonExecutor(concurrent.futures.ThreadPoolExecutor):
    """Runs each call on a daemon thread of its own.

    The loop needs an executor to look up host names. The standard one's threads are joined when
    the interpreter exits, so that a lookup that hangs would hang the kernel's shutdown.
    """

    def submit(
        self, fn: Callable[..., T], /, *args: Any, **kwargs: Any
    ) -> concurrent.futures.Future[T]:
        """Start the call at once."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        threading.Thread(
            target=_fulfil, args=(future, fn, args, kwargs), name="ibflow-call", daemon=True
        ).start()
        return future


def _fulfil(
    future: concurrent.futures.Future[T],
    fn: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the future
        future.set_exception(error)
    else:
        future.set_result(result)


class Background:
    """A daemon thread with an asyncio loop, started when first used, stoppable, restartable."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closers: list[Callable[[], Awaitable[None]]] = []
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=self._forget)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Hand a coroutine over to the loop; may be called from any thread."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._hand_over(coroutine, future)
        return future

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it; an interrupt cancels it.

        Raises:
            RuntimeError: called on the background thread itself, which would wait for ever.
        """
        if self.is_current():
            coroutine.close()
            raise RuntimeError(
                "A blocking call was made on ibflow_nb's background thread; "
                "await its .aio form there instead."
            )
        # The future is there before anything can be interrupted, so that no call is orphaned.
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        try:
            self._hand_over(coroutine, future)
            while not future.done():
                concurrent.futures.wait([future], timeout=SLICE)
        except BaseException:
            future.cancel()
            raise
        return future.result()

    async def awaitable(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and await it from another one; cancelling cancels it."""
        if self.is_current():
            return await coroutine
        future = self.submit(coroutine)
        wrapped = asyncio.wrap_future(future)
        try:
            while not wrapped.done():
                await asyncio.wait([wrapped], timeout=TICK)
        except BaseException:
            wrapped.cancel()
            raise
        return wrapped.result()

    def is_current(self) -> bool:
        """Tell whether the caller runs on the background thread."""
        return self._thread is threading.current_thread()

    def on_stop(self, closer: Callable[[], Awaitable[None]]) -> Callable[[], None]:
        """Have ``closer`` awaited on the loop when it is stopped; the result takes it back."""
        self._closers.append(closer)

        def take_back() -> None:
            with contextlib.suppress(ValueError):  # the loop was stopped in the meantime
                self._closers.remove(closer)

        return take_back

    def stop(self) -> None:
        """End all tasks, close what was opened, end the thread; the next use starts it anew."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            if loop is None or thread is None:
                return
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(_STOP_GRACE)

    def _hand_over(
        self, coroutine: Coroutine[Any, Any, T], future: concurrent.futures.Future[T]
    ) -> None:
        with self._lock:
            self._running_loop().call_soon_threadsafe(
                _start, coroutine, future, context=contextvars.Context()
            )

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = asyncio.new_event_loop()
            loop.set_default_executor(DaemonExecutor())
            thread = threading.Thread(
                target=self._serve, args=(loop,), name="ibflow-background", daemon=True
            )
            self._loop, self._thread = loop, thread
            thread.start()
        return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            loop.run_until_complete(self._wind_up())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        closers, self._closers = self._closers, []
        await asyncio.gather(*(closer() for closer in closers), return_exceptions=True)

    def _forget(self) -> None:
        """In a forked child: the thread did not come along, and its locks may be held."""
        self._lock = threading.Lock()
        self._loop = self._thread = None
        self._closers = []


def _start(coroutine: Coroutine[Any, Any, T], future: concurrent.futures.Future[T]) -> None:
    """Run a coroutine on the running loop for a future of another thread."""
    if future.cancelled():
        coroutine.close()
        return
    loop = asyncio.get_running_loop()
    task = loop.create_task(coroutine)

    def cancel(_: object) -> None:
        if future.cancelled() and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)

    def settle(_: object) -> None:
        if task.cancelled():
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        error = task.exception()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    future.add_done_callback(cancel)
    task.add_done_callback(settle)


background = Background()
"""The one that the whole package uses."""
atexit.register(background.stop)
