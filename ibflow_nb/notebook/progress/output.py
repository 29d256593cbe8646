"""What is said of news, and the place in a notebook where it stands."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple


class Told(NamedTuple):
    """What a view says.

    Attributes:
        state: the state word or words; a terminal prints a line when they change.
        line: the most of it that fits a line.
        text: all of it as text.
        html: all of it as HTML.
    """

    state: str
    line: str
    text: str
    html: str

    @property
    def bundle(self) -> dict[str, Any]:
        """Text and HTML, which any viewer of notebooks can show."""
        return {"text/plain": self.text, "text/html": self.html}


class Output:
    """A notebook output that can be replaced, also from another thread."""

    def __init__(self) -> None:
        self._display_id = f"ibflow-{uuid.uuid4().hex}"
        self._published = False

    def publish(self, bundle: dict[str, Any]) -> None:
        """Show the bundle, in place of what is shown."""
        from IPython.display import display

        display(  # type: ignore[no-untyped-call]
            bundle, raw=True, display_id=self._display_id, update=self._published
        )
        self._published = True
