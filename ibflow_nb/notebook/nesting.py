"""The opt-in for cells that call ``asyncio.run``: loops that may run inside a running loop.

Nothing of this package needs it: ``job.wait()`` blocks while another thread's loop works, and
``await job`` works in any cell. Scripts pasted into a cell that call ``asyncio.run(...)`` on the
async client do need it, since the kernel's own loop runs already.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util

from ibflow_nb.api.errors import ConfigError

# The maintained one first; recent kernels bring it along.
_PATCHES = ("nest_asyncio2", "nest_asyncio")


def nested_loops_allowed() -> bool:
    """Tell whether asyncio was changed already, by this package or by somebody else."""
    return hasattr(asyncio, "_nest_patched")


def allow_nested_loops() -> str:
    """Let ``asyncio.run`` and ``loop.run_until_complete`` work inside a running loop.

    The change holds for the whole process and cannot be taken back without a restart. Waits that
    are nested end last in, first out; ``asyncio.Runner`` and ``anyio.run`` still refuse.

    Returns:
        One sentence on what was done.

    Raises:
        ConfigError: the running loop is not one of asyncio's own, such as uvloop's, and cannot
            be changed.
    """
    if nested_loops_allowed():
        return "Nested loops were allowed already in this process."
    try:
        loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is not None and not isinstance(loop, asyncio.BaseEventLoop):
        raise ConfigError(
            f"The running loop is {type(loop).__module__}.{type(loop).__qualname__}, which cannot"
            " be nested; start the kernel with asyncio's own loop, or use 'await' instead of"
            " asyncio.run."
        )
    name = next(name for name in _PATCHES if importlib.util.find_spec(name))
    importlib.import_module(name).apply(loop)
    return (
        f"asyncio.run now works inside a cell ({name}). This holds for the whole kernel until it"
        " is restarted; ibflow_nb itself does not need it."
    )
