"""The functions of the language by name: their arguments, and how they are called.

A function is plain Python with annotated parameters. The annotation says how an argument is
taken: ``Text`` and ``str`` a text with or without its places, ``Decimal``, ``int``, ``bool``,
``Sequence[Value]`` a list, ``Value`` anything, ``Lazy`` an argument that is only computed when
the function asks for it. A first parameter ``context`` receives the :class:`Context`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, get_type_hints

from rapidfuzz import process

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.refiner.context import Context
from ibflow_nb.local.refiner.conversion import (
    as_integer,
    as_items,
    as_number,
    as_text,
    as_truth,
)
from ibflow_nb.local.refiner.errors import FieldError
from ibflow_nb.local.refiner.values import Text, Value

Lazy: TypeAlias = Callable[[], Value]
Body = TypeVar("Body", bound=Callable[..., Value])
Argument = TypeVar("Argument")

_CONVERTERS: dict[Any, Callable[[Value], object]] = {
    str: lambda value: as_text(value).text,
    int: as_integer,
    bool: as_truth,
    Decimal: as_number,
    Sequence[Value]: as_items,
    Text: as_text,
}
_SIMILAR = 60  # of 100, for hints at functions of a similar name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a program sees it; ``convert`` is None for a lazy one."""

    name: str
    convert: Callable[[Value], object] | None
    required: bool
    default: object


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    Attributes:
        name: in lower case; programs may write it in any case.
        body: the Python function.
        parameters: in order.
        rest: for any number of further arguments, how each is taken.
        takes_context: whether the body wants the :class:`Context` first.
    """

    name: str
    body: Callable[..., Value]
    parameters: tuple[Parameter, ...]
    rest: Parameter | None
    takes_context: bool

    def bind(
        self, positional: Sequence[Argument], named: Sequence[tuple[str, Argument]]
    ) -> tuple[Argument | None, ...]:
        """Put the arguments of a call in the order of the parameters.

        Returns:
            One entry a parameter, None where the default is taken, then the further arguments.

        Raises:
            InvalidRequest: an argument is missing, unknown, given twice or too many.
        """
        names = [parameter.name for parameter in self.parameters]
        if len(positional) > len(names) and self.rest is None:
            raise InvalidRequest(f"{self.name} takes at most {len(names)} arguments")
        given: dict[str, Argument] = dict(zip(names, positional, strict=False))
        for name, argument in named:
            if name not in names:
                known = ", ".join(names) or "none"
                raise InvalidRequest(f"{self.name} has no argument {name!r}; it takes {known}")
            if name in given:
                raise InvalidRequest(f"{self.name} is given the argument {name!r} twice")
            given[name] = argument
        for parameter in self.parameters:
            if parameter.required and parameter.name not in given:
                raise InvalidRequest(f"{self.name} needs the argument {parameter.name!r}")
        return (*(given.get(name) for name in names), *positional[len(names) :])

    def call(self, context: Context, arguments: Sequence[Lazy | None]) -> Value:
        """Compute the arguments in order, then the function.

        Args:
            context: of the field.
            arguments: as :meth:`bind` orders them.

        Raises:
            FieldError: an argument is of the wrong kind, or the function fails.
        """
        taken: list[object] = [context] if self.takes_context else []
        for index, argument in enumerate(arguments):
            parameter = self._parameter(index)
            taken.append(parameter.default if argument is None else self._take(parameter, argument))
        context.check_time()
        return self.body(*taken)

    def _parameter(self, index: int) -> Parameter:
        if index < len(self.parameters):
            return self.parameters[index]
        assert self.rest is not None
        return self.rest

    def _take(self, parameter: Parameter, argument: Lazy) -> object:
        if parameter.convert is None:
            return argument
        value = argument()
        try:
            return parameter.convert(value)
        except FieldError as error:
            raise FieldError(f"{self.name}, argument {parameter.name!r}: {error}") from error


_functions: dict[str, Function] = {}


def function(name: str) -> Callable[[Body], Body]:
    """Register a function of the language under a name."""

    def register(body: Body) -> Body:
        _functions[name] = _describe(name, body)
        return body

    return register


def find_function(name: str) -> Function:
    """Give the function with this name, in any case.

    Raises:
        InvalidRequest: there is none; the message names similar ones.
    """
    found = _functions.get(name.lower())
    if found is None:
        raise InvalidRequest(f"there is no function {name!r}{similar(name.lower(), _functions)}")
    return found


def constant(value: Value) -> Lazy:
    """Give an argument that is a value already."""
    return lambda: value


def function_names() -> list[str]:
    """List the functions of the language."""
    return sorted(_functions)


def similar(name: str, known: Sequence[str] | dict[str, Any]) -> str:
    """Write a hint at the known name that is most like a mistyped one, or nothing."""
    best = process.extractOne(name, list(known), score_cutoff=_SIMILAR)
    return f"; the nearest is {best[0]!r}" if best else ""


def _describe(name: str, body: Callable[..., Value]) -> Function:
    hints = get_type_hints(body)
    parameters: list[Parameter] = []
    rest = None
    takes_context = False
    for parameter in inspect.signature(body).parameters.values():
        if parameter.name == "context":
            takes_context = True
            continue
        required = parameter.default is inspect.Parameter.empty
        seen = Parameter(
            parameter.name, _converter(hints[parameter.name]), required, parameter.default
        )
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = seen
        else:
            parameters.append(seen)
    return Function(name, body, tuple(parameters), rest, takes_context)


def _converter(annotation: object) -> Callable[[Value], object] | None:
    if annotation == Lazy:
        return None
    if annotation == Value:
        return lambda value: value
    return _CONVERTERS[annotation]
