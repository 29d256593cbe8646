"""Views without widgets: a text in a notebook, lines in a terminal, the end alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Generic, TextIO

from ibflow_nb.notebook.progress.output import Output, Told
from ibflow_nb.notebook.progress.painter import N


class TextView(Generic[N]):
    """Text in a notebook, replaced in place.

    Args:
        tell: puts news into words.
        first: the news to begin with.
    """

    ticks = True
    redraw: Callable[[], None]

    def __init__(self, tell: Callable[[N], Told], first: N) -> None:
        self._tell = tell
        self._output = Output()
        self.draw(first)

    def draw(self, news: N) -> None:
        """Replace the text."""
        self._output.publish({"text/plain": self._tell(news).text})

    finish = draw


class StaticView(Generic[N]):
    """Nothing while something goes on; its end as one output, the same in every run.

    Args:
        tell: puts news into words that do not differ from run to run.
    """

    ticks = False
    redraw: Callable[[], None]

    def __init__(self, tell: Callable[[N], Told]) -> None:
        self._tell = tell
        self._output = Output()

    def draw(self, news: N) -> None:
        """Show nothing."""

    def finish(self, news: N) -> None:
        """Show the end."""
        self._output.publish(self._tell(news).bundle)


class LinesView(Generic[N]):
    """A line for each new state, in a terminal.

    Args:
        tell: puts news into words.
        only_end: leave out all lines but the last.
        stream: where to write; default the standard output of the moment.
    """

    ticks = False
    redraw: Callable[[], None]

    def __init__(
        self,
        tell: Callable[[N], Told],
        *,
        only_end: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        self._tell = tell
        self._only_end = only_end
        self._stream = stream
        self._state = ""

    def draw(self, news: N) -> None:
        """Write a line if the state is new."""
        told = self._tell(news)
        if told.state != self._state and not self._only_end:
            self._write(told)
        self._state = told.state

    def finish(self, news: N) -> None:
        """Write the last line."""
        self._write(self._tell(news))

    def _write(self, told: Told) -> None:
        stream = self._stream or sys.stdout
        stream.write(f"{told.line}\n")
        stream.flush()
