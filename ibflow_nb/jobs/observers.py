"""Who wants to hear of news."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

N = TypeVar("N")
_log = logging.getLogger(__name__)


class Observers(Generic[N]):
    """Functions that are called with each news; may be changed by any thread at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: tuple[Callable[[N], None], ...] = ()

    def add(self, function: Callable[[N], None]) -> Callable[[], None]:
        """Have ``function`` called from now on; the result ends that."""
        with self._lock:
            self._functions = (*self._functions, function)

        def take_back() -> None:
            with self._lock:
                self._functions = tuple(one for one in self._functions if one is not function)

        return take_back

    def tell(self, news: N, subject: str) -> None:
        """Call them all; one that fails is logged, and ends nothing."""
        for function in self._functions:
            try:
                function(news)
            except Exception:  # noqa: BLE001 - a bad observer must not end the polling
                _log.exception("an observer of %s failed", subject)
