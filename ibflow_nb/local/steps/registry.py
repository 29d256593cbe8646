"""Finds a flow step by its internal name and imports it only then."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.steps.base import Step

_STEPS = {
    "process_files": "process_files:ProcessFiles",
    "map_records": "map_records:MapRecords",
    "apply_classifier": "apply_classifier:ApplyClassifier",
    "apply_refiner": "apply_refiner:ApplyRefiner",
    "apply_checkpoint": "apply_checkpoint:ApplyCheckpoint",
    "filter": "filter:Filter",
    "merge_files": "merge_files:MergeFiles",
}
# What the engine itself asks of workers; no flow can name it.
_SERVICES = {"draw_page": "draw_page:DrawPage"}

STEP_NAMES = tuple(_STEPS)


def get_step(name: str) -> Step:
    """Give the step with this internal name.

    Args:
        name: such as ``process_files``.

    Raises:
        InvalidRequest: there is no such step.
    """
    location = (_STEPS | _SERVICES).get(name)
    if location is None:
        known = ", ".join(STEP_NAMES)
        raise InvalidRequest(f"There is no flow step {name!r}; the steps are {known}.")
    module, _, cls = location.partition(":")
    return cast("Step", getattr(import_module(f"{__package__}.{module}"), cls)())
