"""Leaving by itself: a platform that nobody uses ends after a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from ibflow_nb.local.presence import Presence
from ibflow_nb.local.server.platform import Platform


class IdleWatch:
    """Middleware that notes the last request, and the decision to leave.

    Idle means: no request, no lease held and no job waiting or running for ``seconds``.
    """

    def __init__(
        self,
        app: ASGIApp,
        platform: Platform,
        presence: Presence,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._platform = platform
        self._presence = presence
        self._clock = clock
        self._busy_at = clock()
        self._open = 0

    @property
    def seconds(self) -> float:
        """Seconds of idleness after which the platform leaves; 0 for never."""
        return self._platform.settings.idle_exit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request as open until it is answered."""
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            self._busy_at = self._clock()

    def may_leave(self) -> bool:
        """Tell whether it is time to leave; the announcement is withdrawn then."""
        if self._open or self._presence.in_use() or self._platform.busy:
            self._busy_at = self._clock()
        if self._clock() - self._busy_at < self.seconds:
            return False
        return self._presence.leave_if_unused()
