"""The functions of the language, one file a family; importing this registers them all."""

from ibflow_nb.local.refiner.functions import (
    list_,
    logic,
    parse,
    position,
    regex,
    table,
    text,
    validate,
)
from ibflow_nb.local.refiner.registry import find_function, function_names

__all__ = [
    "find_function",
    "function_names",
    "list_",
    "logic",
    "parse",
    "position",
    "regex",
    "table",
    "text",
    "validate",
]
