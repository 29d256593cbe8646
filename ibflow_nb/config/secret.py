"""Something that shows itself to nobody who does not ask for it by name."""

from __future__ import annotations


class Secret:
    """A token, hidden from repr, logs and stacks that show variables."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._value

    def redact(self, text: str) -> str:
        """Blot the secret out of a text, such as a server's message that echoes it."""
        return text.replace(self._value, "***") if self._value else text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"
