"""What a screen shows at the moment, to be drawn to the end before a cell or a command ends."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from ibflow_nb.notebook.progress.painter import N, Observable, Showing, View


class Showings:
    """The showings of one screen, by what they show."""

    def __init__(self) -> None:
        self._showings: weakref.WeakKeyDictionary[object, Showing[Any]] = (
            weakref.WeakKeyDictionary()
        )

    def add(self, source: Observable[N], view: View[N]) -> None:
        """Show something from now on."""
        from ibflow_nb.notebook.progress.painter import painter

        self._showings[source] = painter.show(source, view)

    def settle(self, source: object) -> None:
        """Draw the latest news now."""
        from ibflow_nb.notebook.progress.painter import painter

        if source in self._showings:
            painter.settle(self._showings[source])
