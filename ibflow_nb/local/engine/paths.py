"""How the steps of a plan follow each other: chains, branches, and the way a file has behind it.

The steps of a plan are one list. Each names the step that follows it; a step with ``routes``
sends each file to the first step of its branch. A file's place is the index of its step, so that
barriers, checkpoints and retries need not know of branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ibflow_nb.local.engine.model import END, PlannedStep


def chain(steps: Sequence[PlannedStep], *, first: int = 0, folder: str = "") -> list[PlannedStep]:
    """Give steps as they stand in a plan from index ``first`` on, one after the other.

    Args:
        steps: in order.
        first: index that the first of them will have.
        folder: folder that theirs are put into; empty for none.
    """
    last = first + len(steps) - 1
    return [
        msgspec.structs.replace(
            step,
            following=END if index == last else index + 1,
            folder=f"{folder}/{step.folder}" if folder else step.folder,
        )
        for index, step in enumerate(steps, start=first)
    ]


def steps_before(steps: Sequence[PlannedStep], step: int) -> set[int]:
    """Give the indexes of all steps from which a file may still come to a step."""
    found: set[int] = set()
    reached = {step}
    while reached:
        reached = {
            index
            for index, other in enumerate(steps)
            if index not in found and reached & {other.following, *other.routes.values()}
        }
        found |= reached
    return found


class Way(msgspec.Struct, frozen=True):
    """Steps that a file has behind it when it stands at a step, and the most that are ahead."""

    behind: int
    ahead: int

    @property
    def share(self) -> float:
        """What is behind it of the whole way; never falls from step to step."""
        return self.behind / (self.behind + self.ahead)

    @property
    def stride(self) -> float:
        """How much the step itself is of the whole way."""
        return 1 / (self.behind + self.ahead)


def ways(steps: Sequence[PlannedStep]) -> list[Way]:
    """Give the way of each step of a plan."""
    return list(_ways(tuple((step.following, *step.routes.values()) for step in steps)))


@lru_cache(maxsize=64)
def _ways(exits: tuple[tuple[int, ...], ...]) -> tuple[Way, ...]:
    """Every step leads on to later ones only, so that one pass each way is enough."""
    behind = [0] * len(exits)
    ahead = [1] * len(exits)
    for index, targets in enumerate(exits):
        for target in set(targets) - {END}:
            behind[target] = behind[index] + 1
    for index in reversed(range(len(exits))):
        ahead[index] += max((ahead[target] for target in exits[index] if target != END), default=0)
    return tuple(map(Way, behind, ahead))
