"""The magic in real kernels: live progress, interrupts, clean ends."""

from __future__ import annotations

import time
from typing import Any

import pytest

pytestmark = pytest.mark.slow

RUN = "job = %ibflow run a/b/fs/D/x.ibflow --input a/b/fs/D/in"


def bundles(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the data of all displays and their replacements."""
    kinds = {"display_data", "update_display_data"}
    return [one["content"]["data"] for one in messages if one["msg_type"] in kinds]


def bar_values(messages: list[dict[str, Any]]) -> list[float]:
    """Give the values that the progress bar was set to."""
    states = [
        one["content"]["data"].get("state", {}) for one in messages if one["msg_type"] == "comm_msg"
    ]
    return [state["value"] for state in states if isinstance(state.get("value"), float)]


def is_final(message: dict[str, Any]) -> bool:
    """Tell whether a message replaces the live view."""
    return message["msg_type"] == "update_display_data"


@pytest.fixture
def connected(kernel: Any, server: Any) -> Any:
    """A kernel connected to the scripted server."""
    assert server.url in kernel.printed(f"%ibflow connect {server.url}")
    return kernel


def test_the_bar_moves_while_another_cell_blocks(connected: Any, server: Any) -> None:
    """A cell that sleeps does not stop the progress of a job started before it."""
    connected.run(RUN)
    request = connected.start("import time; time.sleep(30)")
    for step in (0.25, 0.5, 0.75):
        server.set("job-0001", curProgress=step)
        connected.messages(lambda message, step=step: step in bar_values([message]))
    server.set("job-0001", status="COMPLETE", index=4, curProgress=1.0)
    final = connected.messages(is_final)[-1]["content"]["data"]
    connected.manager.interrupt_kernel()
    connected.finish(request)
    assert set(final) == {"text/plain", "text/html"}
    assert final["text/plain"].startswith("COMPLETE")


def test_the_magic_returns_at_once_with_a_live_widget(connected: Any, server: Any) -> None:
    """A job that runs does not hold its cell; its output is a widget with text and HTML."""
    (live,) = bundles(connected.run(RUN))
    assert {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"} <= set(live)
    assert connected.printed("print(job.done)") == "False\n"


def test_a_job_at_the_end_of_its_own_cell_is_shown_once(connected: Any, server: Any) -> None:
    """The magic's value is the job, which the cell already shows."""
    messages = connected.run(RUN.removeprefix("job = "))
    assert len(bundles(messages)) == 1
    assert not [one for one in messages if one["msg_type"] == "execute_result"]


def test_interrupted_wait_leaves_the_job_and_says_how_to_go_on(connected: Any, server: Any) -> None:
    """An interrupt ends the wait within a second in one line; the job goes on."""
    connected.run(RUN)
    request = connected.start("%ibflow wait")
    connected.messages(lambda message: message["msg_type"] == "display_data")
    started = time.monotonic()
    connected.manager.interrupt_kernel()
    messages = connected.finish(request)
    assert time.monotonic() - started < 1
    (error,) = [one["content"] for one in messages if one["msg_type"] == "error"]
    assert error["traceback"] == [
        (
            "Interrupted: job job-0001 goes on; '%ibflow attach job-0001' shows it again, "
            "'%ibflow cancel job-0001' stops it."
        )
    ]
    assert not server.calls("jobs/cancel")
    server.set("job-0001", status="COMPLETE", curProgress=1.0)
    assert connected.printed("print(job.wait(20).state)") == "COMPLETE\n"


def test_interrupt_cancels_the_job_when_that_is_set(
    connected: Any, server: Any, until: Any
) -> None:
    """With 'interrupt = cancel' an interrupted wait stops the job."""
    connected.run(f"%ibflow config interrupt cancel\n{RUN}")
    connected.start("%ibflow wait")
    connected.messages(lambda message: message["msg_type"] == "display_data")
    connected.manager.interrupt_kernel()
    until(lambda: server.calls("jobs/cancel"))


def test_the_cancel_button_only_posts_the_request(connected: Any, server: Any, until: Any) -> None:
    """The button's handler returns at once, and the job is cancelled in the background."""
    connected.run(RUN)
    connected.printed(
        "import ipywidgets\n"
        "button = [w for w in ipywidgets.widgets.widget._instances.values()"
        " if isinstance(w, ipywidgets.Button)][-1]\n"
        "button.click()"
    )
    until(lambda: server.calls("jobs/cancel"))
    assert connected.printed("print(job.wait(20).state)") == "CANCELLED\n"


def test_the_kernel_ends_at_once_while_a_job_is_watched(
    connected: Any, server: Any, until: Any
) -> None:
    """A polite shutdown with a running job takes less than two seconds."""
    connected.run(RUN)
    until(lambda: server.calls("jobs/status"))
    started = time.monotonic()
    connected.client.shutdown()
    until(lambda: not connected.manager.is_alive(), 10)
    assert time.monotonic() - started < 2


def test_unload_leaves_no_thread_matcher_or_magic(connected: Any, server: Any) -> None:
    """After three reloads with running jobs and an unload nothing of the extension is left."""
    for _ in range(3):
        connected.run(f"%ibflow connect {server.url}\n{RUN}\n%reload_ext ibflow_nb")
    connected.run("%unload_ext ibflow_nb")
    left = connected.printed(
        "import threading\n"
        "print([t.name for t in threading.enumerate() if 'ibflow' in t.name],"
        " [m for m in get_ipython().Completer.custom_matchers if 'ibflow' in m.__name__],"
        " get_ipython().find_magic('ibflow'))"
    )
    assert left == "[] [] None\n"


def test_completion_answers_in_the_kernel(connected: Any, server: Any) -> None:
    """Commands and options are completed in a magic's line, also after an assignment."""
    for line, expected in (
        ("%ibflow ca", "cancel"),
        ("x = %ibflow run --inp", "--input"),
        ("%%ibflow met", "metaflow"),
    ):
        reply = connected.client.complete(line, len(line), reply=True, timeout=20)
        assert reply["content"]["matches"] == [expected], line


def test_headless_cell_waits_and_ends_with_one_fixed_output(
    connected: Any, server: Any, until: Any
) -> None:
    """Where nobody can be asked for input, a started job is waited for and shown once."""
    request = connected.start(RUN, allow_stdin=False)
    until(lambda: server.calls("jobs/status"))
    server.set("job-0001", status="COMPLETE", index=4, curProgress=1.0)
    messages = connected.finish(request)
    (final,) = bundles(messages)
    assert final["text/plain"] == "COMPLETE · x.ibflow · 4 of 4 files"
