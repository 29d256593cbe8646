"""``%ibflow`` and ``%%ibflow``, and how the extension comes and goes.

Nothing heavy is imported here: loading the extension must not cost what its first use costs.
"""

from __future__ import annotations

import sys
import threading
from collections import ChainMap
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from ibflow_nb.api.errors import ConfigError, IbflowError
from ibflow_nb.config.table import DEBUG
from ibflow_nb.notebook import matcher
from ibflow_nb.notebook.traits import Traits, read_traits

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ibflow_nb.notebook.context import Context


@magics_class
class IbflowMagics(Magics):
    """The magic; what it works with is made when it is first used."""

    shell: InteractiveShell
    _context: Context | None = None
    last_error: BaseException | None = None

    def __init__(self, shell: InteractiveShell, own: Traits) -> None:
        super().__init__(shell)
        self.own = own
        self._making = threading.Lock()

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def ibflow(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Any:
        """Run flows, watch jobs, read results: '%ibflow help' lists the commands."""
        try:
            return self._carry_out(line, cell, local_ns or {})
        except (IbflowError, KeyboardInterrupt) as error:
            self.last_error = error
            self._render_whole_stack(error)
            raise

    @property
    def context(self) -> Context:
        """What the commands work with."""
        with self._making:  # completion asks for it on another thread
            if self._context is None:
                from ibflow_nb.notebook.kernel import make_context

                self._context = make_context(self.shell, self.own)
            return self._context

    def close(self) -> None:
        """Let go of the connection and end all threads."""
        if self._context is not None:
            self._context.connection.close()
            self._context = None

    def _carry_out(self, line: str, cell: str | None, local_ns: dict[str, Any]) -> Any:
        import dataclasses

        from ibflow_nb.notebook.dispatch import carry_out
        from ibflow_nb.notebook.expansion import split_line

        namespace = ChainMap(local_ns, self.shell.user_ns)
        context = dataclasses.replace(
            self.context, namespace=namespace, last_error=self._latest_error()
        )
        outcome = carry_out(context, split_line(line, namespace), cell)
        if outcome.variable:
            self.shell.user_ns[outcome.variable] = outcome.value
            return None
        return outcome.value

    def _latest_error(self) -> BaseException | None:
        """Give the latest error, also one that plain Python such as ``job.result()`` showed."""
        shown = getattr(sys, "last_value", None)
        return shown if isinstance(shown, IbflowError) else self.last_error

    def _render_whole_stack(self, error: BaseException) -> None:
        """In debug mode, have IPython show the stack that the error would hide."""
        try:
            wanted = self.context.settings[DEBUG]
        except ConfigError:  # which is what the error itself tells
            return
        if wanted:
            import traceback

            lines = traceback.format_exception(error)
            error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]


def load(shell: InteractiveShell) -> None:
    """Register the magic, its settings and its completion.

    Raises:
        ConfigError: ``ipython_config.py`` sets what is no value of a setting.
    """
    own = read_traits(shell)
    magics = IbflowMagics(shell, own)
    shell.configurables.append(own)  # type: ignore[arg-type]  # any Configurable
    shell.register_magics(magics)
    matcher.install(shell, magics)


def unload(shell: InteractiveShell) -> None:
    """Take back all that :func:`load` and the commands since then have set up."""
    matcher.remove(shell)
    manager = shell.magics_manager
    magics = manager.registry.pop(IbflowMagics.__name__, None)
    for kind in ("line", "cell"):
        manager.magics[kind].pop("ibflow", None)
    if magics is not None:
        shell.configurables.remove(magics.own)
        magics.close()
    if kernel := sys.modules.get("ibflow_nb.notebook.kernel"):
        kernel.take_back(shell)
