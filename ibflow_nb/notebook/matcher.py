"""The matcher that IPython asks at each Tab; what it answers with is imported at the first one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ibflow_nb.notebook.lookups import Lookups
    from ibflow_nb.notebook.magic import IbflowMagics

_MATCHER = "ibflow_matcher"


def install(shell: InteractiveShell, magics: IbflowMagics) -> None:
    """Add the matcher to the shell's completer."""

    @functools.cache
    def lookups() -> Lookups:
        from ibflow_nb.notebook.lookups import Lookups

        return Lookups(magics)

    @context_matcher(identifier=_MATCHER)  # type: ignore[untyped-decorator]
    def ibflow_matcher(context: CompletionContext) -> SimpleMatcherResult:
        from ibflow_nb.notebook.completion import match

        return match(context, magics, lookups())

    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(ibflow_matcher)


def remove(shell: InteractiveShell) -> None:
    """Take the matcher away again."""
    if shell.Completer is not None:
        matchers = shell.Completer.custom_matchers
        matchers[:] = [one for one in matchers if getattr(one, "__name__", "") != _MATCHER]
