"""What the handlers of all calls work with."""

from __future__ import annotations

from dataclasses import dataclass, field

from ibflow_nb.local.drive import Drive
from ibflow_nb.local.engine import Engine
from ibflow_nb.local.server.bodies import SlowCalls
from ibflow_nb.local.server.brief_jobs import BriefJobs
from ibflow_nb.local.server.nodes import Nodes
from ibflow_nb.local.server.sync_runs import SyncRuns
from ibflow_nb.local.settings import Settings
from ibflow_nb.local.solutions.marketplace import Marketplace
from ibflow_nb.local.solutions.running import Solutions


@dataclass
class Platform:
    """One running platform.

    Attributes:
        settings: what it was started with.
        drive: its file tree.
        engine: runs the jobs.
        token: what callers must show; never in a repr.
    """

    settings: Settings
    drive: Drive
    engine: Engine
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        self.nodes = Nodes(self.drive, self.settings.limits)
        self.brief_jobs = BriefJobs(self.engine.store)
        self.slow_calls = SlowCalls()
        limits = self.settings.limits
        self.marketplace = Marketplace(self.drive, limits)
        self.solutions = Solutions(self.drive, self.marketplace, self.settings.user, limits)
        self.sync_runs = SyncRuns(self.drive, self.engine, self.solutions, self.brief_jobs)

    def close(self) -> None:
        """Finish what the server does by itself; the engine is stopped by who started it."""
        self.brief_jobs.close()

    @property
    def busy(self) -> bool:
        """Whether a job waits or runs."""
        return self.engine.busy or self.brief_jobs.busy
