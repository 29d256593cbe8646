"""The platform's log file: the only place where tracebacks go."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG_NAME = "server.log"
_LOG_BYTES = 10 * 1024**2


class _PrivateFileHandler(RotatingFileHandler):
    """A rotating log file that only its owner can read; on a full disk, lines are lost."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - overrides
        """Pass over what the disk does not take; a request must not suffer by its log."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def log_to_file(state: Path) -> logging.Handler:
    """Send all warnings and errors of this process to ``server.log`` in the state folder."""
    handler = _PrivateFileHandler(state / LOG_NAME, maxBytes=_LOG_BYTES, backupCount=2)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    return handler
