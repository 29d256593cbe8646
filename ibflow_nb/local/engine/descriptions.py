"""What the flow steps say of themselves, for the description of the API."""

from __future__ import annotations

import inspect

from ibflow_nb.local.steps.registry import STEP_NAMES, get_step


def describe_steps() -> dict[str, str]:
    """Give the text on each flow step, its kwargs included, by internal name."""
    return {name: inspect.getdoc(type(get_step(name))) or "" for name in STEP_NAMES}
