"""Job handles, immutable snapshots, and the one poller; no IPython, no HTTP here."""

from __future__ import annotations

import logging

from ibflow_nb.jobs.job import Job
from ibflow_nb.jobs.snapshot import Snapshot

__all__ = ["Job", "Snapshot"]

# Without a handler of the application's own, nothing below may write to a notebook's stderr.
logging.getLogger("ibflow_nb").addHandler(logging.NullHandler())
