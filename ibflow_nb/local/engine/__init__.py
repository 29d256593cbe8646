"""Running jobs: the ledger, the dispatcher, the worker pool, recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibflow_nb.local.engine.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> object:
    """Import the engine when it is asked for: worker processes need only a part of it."""
    if name == "Engine":
        from ibflow_nb.local.engine.engine import Engine

        return Engine
    raise AttributeError(name)
