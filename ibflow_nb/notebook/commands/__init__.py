"""The table of commands: one file a family, each command once."""

from __future__ import annotations

from ibflow_nb.notebook.commands import around, connection, files, jobs, results, runs
from ibflow_nb.notebook.commands.base import Command

_FAMILIES = (connection, runs, jobs, results, files, around)
TABLE: dict[str, Command] = {
    command.name: command for family in _FAMILIES for command in family.COMMANDS
}
"""All commands by name, in the order in which help lists them."""
