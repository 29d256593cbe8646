"""The table of commands: one file a family, each command once."""

from __future__ import annotations

from ibflow_nb.notebook.commands import (
    approval,
    around,
    config,
    connection,
    files,
    jobs,
    logs,
    nest,
    results,
    run_sync,
    runs,
    solutions,
)
from ibflow_nb.notebook.commands.base import Command

_FAMILIES = (
    connection,
    runs,
    solutions,
    run_sync,
    jobs,
    logs,
    approval,
    results,
    files,
    nest,
    config,
    around,
)
TABLE: dict[str, Command] = {
    command.name: command for family in _FAMILIES for command in family.COMMANDS
}
"""All commands by name, in the order in which help lists them."""
