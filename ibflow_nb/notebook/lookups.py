"""What only the server knows of the words that complete a line: drive paths, names of solutions."""

from __future__ import annotations

import concurrent.futures
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibflow_nb.client import Client
    from ibflow_nb.notebook.magic import IbflowMagics

_LOOKUP_SECONDS = 0.25  # less than a completion may take, to offer what is found elsewhere
_KEPT_SECONDS = 10.0
_log = logging.getLogger(__name__)


@dataclass
class _Lookup:
    """One question to the server.

    Attributes:
        asked: when, on the monotonic clock.
        answer: what comes of it.
        latest: the latest answer that did come.
    """

    asked: float = float("-inf")
    answer: concurrent.futures.Future[Any] | None = None
    latest: Any = ()


class Lookups:
    """Answers of the server, remembered; an older one stands in for one that is late or fails."""

    def __init__(self, magics: IbflowMagics) -> None:
        self._magics = magics
        self._lookups: dict[str, _Lookup] = {}

    def paths(self, word: str) -> list[str]:
        """Give the drive paths that begin with a word; folders end with a slash."""
        if word.startswith((".", "~")):
            return []
        head, _, name = word.rpartition("/")
        base = f"{head}/" if "/" in word else ""
        nodes = self._ask(f"folder {head}", lambda client: client.files.list.aio(head))
        return [
            f"{base}{node.name}{'/' if node.metadata.node_type == 'folder' else ''}"
            for node in nodes
            if node.name.startswith(name)
        ]

    def solutions(self) -> dict[str, list[str]]:
        """Give the versions of all solutions of the marketplace, by name."""
        apps = self._ask("marketplace", lambda client: client.marketplace.list.aio())
        return {
            app.name: list(dict.fromkeys([*app.available_versions, *app.installed_versions]))
            for app in apps
        }

    def _ask(self, key: str, question: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
        """Give the answer as a list; nothing without a connection."""
        from ibflow_nb.jobs.background import background

        connection = self._magics.context.connection
        if connection.target is None:
            return []
        lookup = self._lookups.setdefault(f"{connection.target!r} {key}", _Lookup())
        if lookup.answer is None or time.monotonic() - lookup.asked > _KEPT_SECONDS:
            lookup.answer = background.submit(question(connection.client))
            lookup.asked = time.monotonic()
        try:
            lookup.latest = lookup.answer.result(timeout=_LOOKUP_SECONDS)
        except TimeoutError:
            pass  # it comes later
        except Exception:  # noqa: BLE001 - completion stays quiet when nothing answers
            _log.debug("The server does not tell what to complete", exc_info=True)
            lookup.answer = None
        return lookup.latest
