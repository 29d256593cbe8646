"""What a function of the language may look at while a field is computed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ibflow_nb.local.limits import Limits
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.reading import Reading

FIELD_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Context:
    """The record, the limits and the clock of one field.

    Attributes:
        reading: the record with its words found by position.
        limits: what a file may cost.
        deadline: when the field must be done, on the monotonic clock.
    """

    reading: Reading
    limits: Limits
    deadline: float = field(default_factory=lambda: time.monotonic() + FIELD_SECONDS)

    def check_time(self) -> None:
        """Stop a field that takes too long.

        Raises:
            FieldError: the field's time is over.
        """
        if time.monotonic() > self.deadline:
            raise FieldError(f"The expression was stopped after {FIELD_SECONDS:.0f} seconds.")
