"""Runs ``ibflow-nb serve`` with the flow steps of the engine's tests, which misbehave on request.

Run as a script with the arguments of ``serve``; the folder of the steps is on ``PYTHONPATH``.
"""

from __future__ import annotations

import functools
import sys

from ibflow_nb.local.server import serve
from ibflow_nb.local.settings import Settings

if __name__ == "__main__":
    serve.Settings = functools.partial(Settings, steps_module="engine_steps")  # type: ignore[misc,assignment]
    sys.exit(serve.main())
