"""The last lines of a job's log: fetched while somebody looks, and once at the job's end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from html import escape

from ibflow_nb.api.errors import IbflowError
from ibflow_nb.api.jobs import LogEntry
from ibflow_nb.jobs.background import Background, background
from ibflow_nb.jobs.schedule import TokenBucket

LINES = 20
INTERVAL = 2.0
"""Seconds between two looks at a log that is open."""
_requests = TokenBucket(rate=5.0, burst=10)
"""Bounds what the logs of all jobs together ask for."""
FetchLog = Callable[[int], Awaitable[list[LogEntry]]]
"""Gives the lines of a log from a number on."""
_log = logging.getLogger(__name__)


class LogTail:
    """Follows a job's log on the background loop.

    Args:
        fetch: gives the lines from a number on.
        changed: called on the background thread when there is something new to show.
        interval: seconds between two looks.
    """

    def __init__(
        self,
        fetch: FetchLog,
        changed: Callable[[], None],
        *,
        interval: float = INTERVAL,
        home: Background = background,
    ) -> None:
        self._fetch = fetch
        self._changed = changed
        self._interval = interval
        self._home = home
        self._lines: deque[LogEntry] = deque(maxlen=LINES)
        self._count = 0
        self._problem = ""
        self._looks = 0  # so that an open, close, open in a row leaves one follower
        self._ended = False
        self._busy = asyncio.Lock()

    def open(self) -> None:
        """Fetch new lines from now on; returns at once."""
        self._looks += 1
        self._home.submit(self._follow(self._looks))

    def close(self) -> None:
        """Fetch no more."""
        self._looks += 1

    def end(self) -> None:
        """Fetch what the ended job has written last, once; returns at once."""
        if not self._ended:
            self._ended = True
            self._home.submit(self._fetch_new())

    @property
    def html(self) -> str:
        """The lines, or why there are none."""
        lines = [escape(f"{line.ts[11:19]}  {line.log}") for line in self._lines]
        words = escape(self._problem) or ("" if lines else "no line yet")
        return (
            f'<div style="opacity:.7">{words}</div><pre style="max-height:16em;overflow:auto;'
            f'margin:0;white-space:pre-wrap">{"<br>".join(lines)}</pre>'
        )

    @property
    def details(self) -> str:
        """The lines behind a title that opens them; nothing where there are none."""
        if not self._lines:
            return ""
        shown = len(self._lines)
        title = "Log" if shown == self._count else f"Log, last {shown} of {self._count} lines"
        return f"<details><summary>{title}</summary>{self.html}</details>"

    async def _follow(self, look: int) -> None:
        while look == self._looks and not self._ended:
            await self._fetch_new()
            await asyncio.sleep(self._interval)

    async def _fetch_new(self) -> None:
        async with self._busy:
            await asyncio.sleep(_requests.reserve(time.monotonic()))
            before = (self._count, self._problem)
            try:
                lines = await self._fetch(self._count)
            except IbflowError as error:
                self._problem = str(error)
            except Exception as error:  # noqa: BLE001 - shown in place of the log
                _log.exception("a log cannot be shown")
                self._problem = f"The log cannot be read: {error or type(error).__name__}"
            else:
                self._problem = ""
                self._lines.extend(lines)
                self._count += len(lines)
            if (self._count, self._problem) != before:
                self._changed()
