"""The opt-in for nested loops, each in a process of its own: asyncio stays changed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

CALL = "import asyncio\nprint(asyncio.run(asyncio.sleep(0, 'slept')))"


def python(code: str) -> str:
    """Run code in a fresh interpreter and give what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_asyncio_run_works_in_a_cell_after_the_opt_in(kernel: Any) -> None:
    """A script that calls asyncio.run on a coroutine gives its value in a cell."""
    assert "not allowed" in kernel.printed("%ibflow nest")
    assert "asyncio.run now works inside a cell" in kernel.printed("%ibflow nest on")
    assert "slept" in kernel.printed(CALL)
    assert "are allowed" in kernel.printed("%ibflow nest")


def test_a_second_opt_in_changes_nothing() -> None:
    """What is changed already, by whomever, is left as it is."""
    code = "import ibflow_nb; f = ibflow_nb.allow_nested_loops; f(); print(f())"
    assert python(code) == "Nested loops were allowed already in this process."


def test_a_loop_of_another_kind_is_refused() -> None:
    """A running loop that is not asyncio's own is named and left alone."""
    code = """
import asyncio
from ibflow_nb import ConfigError, allow_nested_loops
from unittest.mock import patch

class Foreign(asyncio.AbstractEventLoop):
    pass

with patch("asyncio.get_running_loop", return_value=Foreign()):
    try:
        allow_nested_loops()
    except ConfigError as error:
        print(error)
print(hasattr(asyncio, "_nest_patched"))
"""
    said = python(code)
    assert "__main__.Foreign, which cannot be nested" in said
    assert said.endswith("False")


def test_uvloop_is_refused() -> None:
    """The loop that people do use in place of asyncio's own is named, and goes on working."""
    pytest.importorskip("uvloop", reason="uvloop is not installed")
    code = """
import asyncio, uvloop
from ibflow_nb import ConfigError, allow_nested_loops

async def main():
    try:
        allow_nested_loops()
    except ConfigError as error:
        print(error)
    return await asyncio.sleep(0, "goes on")

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    print(runner.run(main()), hasattr(asyncio, "_nest_patched"))
"""
    said = python(code)
    assert "The running loop is uvloop.Loop, which cannot be nested" in said
    assert said.endswith("goes on False")


def test_the_opt_in_explains_itself() -> None:
    """The sentence says what works now, for how long, and that nothing of ours needs it."""
    said = python("import ibflow_nb; print(ibflow_nb.allow_nested_loops())")
    assert said.startswith("asyncio.run now works inside a cell (nest_asyncio")
    assert "until it is restarted; ibflow_nb itself does not need it" in said


def test_loading_the_extension_does_not_touch_asyncio() -> None:
    """Nothing is nested before it is asked for."""
    code = """
import asyncio
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_line_magic("load_ext", "ibflow_nb")
print(hasattr(asyncio, "_nest_patched"))
"""
    assert python(code).endswith("False")
