"""One definition, two ways to call it: ``x.read(p)`` blocks, ``await x.read.aio(p)`` does not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from ibflow_nb.jobs.background import background

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


class BoundCall(Generic[P, R]):
    """A method of an object, callable in both ways.

    Calling it runs it on the background loop and waits; an interrupt is answered at once and
    cancels the call. ``aio`` gives the same as an awaitable for any running loop.
    """

    def __init__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call and wait for the result."""
        return background.run(self._function(*args, **kwargs))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call and await the result."""
        return await background.awaitable(self._function(*args, **kwargs))

    def __repr__(self) -> str:
        return f"<call {getattr(self, '__qualname__', '?')}>"


class call(Generic[S, P, R]):  # noqa: N801 - a decorator
    """Make an ``async def`` method callable with and without ``await``."""

    def __init__(self, function: Callable[Concatenate[S, P], Coroutine[Any, Any, R]]) -> None:
        self._function = function
        functools.update_wrapper(self, function)  # type: ignore[arg-type]

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type) -> BoundCall[P, R]: ...
    def __get__(self, instance: S | None, owner: type) -> Self | BoundCall[P, R]:
        if instance is None:
            return self
        return self._bind(instance, owner)

    def _bind(self, instance: S, owner: type) -> BoundCall[P, R]:
        return BoundCall(self._function.__get__(instance, owner))
