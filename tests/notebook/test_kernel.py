"""The magic in real kernels: live progress, interrupts, clean ends."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow

WIDGETS = """import ipywidgets
def of(kind):
    return [one for one in ipywidgets.widgets.widget._instances.values() if type(one) is kind]
"""
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


def html_value(message: dict[str, Any]) -> str:
    """Give what an HTML widget was set to."""
    value = message["content"].get("data", {}).get("state", {}).get("value")
    return value if message["msg_type"] == "comm_msg" and isinstance(value, str) else ""


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
    """An interrupt ends the wait in one line; the job goes on."""
    connected.run(RUN)
    request = connected.start("%ibflow wait")
    connected.messages(lambda message: message["msg_type"] == "display_data")
    connected.manager.interrupt_kernel()
    messages = connected.finish(request)
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


def test_the_log_is_fetched_only_while_it_is_open(connected: Any, server: Any, until: Any) -> None:
    """The button opens the end of the log, which goes on while the kernel is free."""
    server.logs = ["first <line>"]
    connected.run(RUN)
    until(lambda: server.calls("jobs/status"))
    assert not server.calls("jobs/logs")
    connected.printed(WIDGETS + "toggle = of(ipywidgets.ToggleButton)[-1]; toggle.value = True")
    shown = connected.messages(lambda message: "first &lt;line&gt;" in html_value(message))[-1]
    assert shown["msg_type"] == "comm_msg"
    server.logs.append("second")
    connected.messages(lambda message: "second" in html_value(message))
    connected.printed("toggle.value = False")
    asked = len(server.calls("jobs/logs"))
    until(lambda: len(server.calls("jobs/status")) > 3)
    assert len(server.calls("jobs/logs")) <= asked + 1


def test_the_end_of_the_log_stays_behind_a_closed_title(connected: Any, server: Any) -> None:
    """The last lines are added to the final output a moment after the end, widget gone."""
    server.logs = [f"line {number}" for number in range(30)]
    connected.run(RUN)
    server.set("job-0001", status="FAILED", curMsg="no file could be read")
    final = connected.messages(
        lambda message: is_final(message) and "<details>" in str(message["content"]["data"])
    )[-1]["content"]["data"]
    assert set(final) == {"text/plain", "text/html"}
    assert "<summary>Log, last 20 of 30 lines</summary>" in final["text/html"]
    assert "line 9<" not in final["text/html"]
    assert "10:00:00  line 29" in final["text/html"]
    assert len(server.calls("jobs/logs")) == 1


def test_many_jobs_in_one_dashboard(connected: Any, server: Any, until: Any) -> None:
    """It does not hold the kernel, moves in place, and leaves text and HTML without a widget."""
    job = {"state": "RUNNING", "kind": "FLOW", "num_files": 4, "flow_path": "a/x.ibflow"}
    server.listed = [job | {"job_id": f"j-{n}", "num_done": 1} for n in range(3)]
    (live,) = bundles(connected.run("%ibflow jobs --watch"))
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"].startswith("3 RUNNING\nRUNNING   25%  x.ibflow  1 of 4 files")
    server.listed = [one | {"num_done": 3} for one in server.listed]
    connected.messages(lambda message: html_value(message).count("3 of 4 files") == 3)
    connected.printed(WIDGETS + "of(ipywidgets.Button)[-2].click()")
    until(lambda: server.calls("jobs/cancel") == [{"job_id": "j-0"}])
    server.listed = [one | {"state": "COMPLETE", "num_done": 4} for one in server.listed]
    final = connected.messages(is_final)[-1]["content"]["data"]
    assert set(final) == {"text/plain", "text/html"}
    assert final["text/plain"].startswith("3 COMPLETE")
    assert len(server.calls("jobs/status")) == 0


def test_an_ended_job_is_shown_without_a_widget(connected: Any, server: Any) -> None:
    """Where nothing moves any more, text and HTML are published at once."""
    server.set("job-0009", status="COMPLETE", total=4, index=4)
    messages = connected.run("%ibflow attach job-0009")
    (shown,) = bundles(messages)
    assert set(shown) == {"text/plain", "text/html"}
    assert not [one for one in messages if one["msg_type"] == "comm_open"]


def test_a_headless_dashboard_is_shown_once(connected: Any, server: Any) -> None:
    """Where nobody watches, jobs of others are not waited for."""
    server.listed = [{"job_id": "j", "state": "RUNNING", "kind": "FLOW", "flow_path": "x.ibflow"}]
    (shown,) = bundles(connected.run("%ibflow jobs --watch", allow_stdin=False))
    assert shown["text/plain"].splitlines()[0] == "1 RUNNING"


def test_the_browser_tells_the_end_on_request(connected: Any, server: Any) -> None:
    """A script of its own asks for permission at the start and notifies at the end."""
    asking, _ = bundles(connected.run(f"{RUN} --notify-browser"))
    script = asking["application/javascript"]
    assert "requestPermission" in script
    assert "new Notification" not in script
    server.set("job-0001", status="FAILED", curMsg="</script><b>")
    telling = connected.messages(
        lambda message: "application/javascript" in message["content"].get("data", {})
    )[-1]["content"]["data"]
    assert 'new Notification("FAILED x.ibflow", {"body":' in telling["application/javascript"]
    assert "</script>" not in telling["application/javascript"]
    assert telling["text/plain"] == ""


def test_a_failing_hook_is_told_in_the_view_of_the_job(connected: Any, server: Any) -> None:
    """The final output gets one line more; nothing is printed."""
    connected.run(RUN)
    connected.printed("@job.on_done\ndef save(job):\n    raise ValueError('no such folder')")
    server.set("job-0001", status="COMPLETE")
    told = "on_done: save raised ValueError: no such folder."
    messages = connected.messages(
        lambda message: is_final(message) and told in message["content"]["data"]["text/plain"]
    )
    assert not [one for one in messages if one["msg_type"] == "stream"]


def test_a_server_that_is_away_is_told_in_the_view(connected: Any, server: Any) -> None:
    """The widget says that it tries again and why; the job goes on when the server is back."""
    connected.run(RUN)
    server.away = True
    connected.messages(lambda message: "Trying again: job_status: " in html_value(message))
    server.away = False
    server.set("job-0001", status="COMPLETE")
    final = connected.messages(is_final)[-1]["content"]["data"]
    assert final["text/plain"].startswith("COMPLETE")
    assert "Trying again" not in final["text/plain"]


def test_attach_after_a_restart_of_the_kernel(connected: Any, server: Any) -> None:
    """A new kernel finds the job by the beginning of its id, connects and shows it live."""
    connected.run(RUN)
    connected.manager.restart_kernel(now=False)
    connected.client.wait_for_ready(timeout=60)
    connected.printed("%load_ext ibflow_nb")
    (live,) = bundles(connected.run("job = %ibflow attach job-00"))
    assert live["text/plain"].startswith("RUNNING · x.ibflow")
    repeated = connected.run(RUN)
    (error,) = [one["content"] for one in repeated if one["msg_type"] == "error"]
    assert "Job job-0001 does the same" in error["evalue"]
    server.set("job-0001", status="COMPLETE")
    assert connected.printed("print((await job).state)") == "COMPLETE\n"


def test_the_kernel_ends_while_a_job_is_watched(connected: Any, server: Any, until: Any) -> None:
    """A polite shutdown is held up by no thread that looks after a running job."""
    connected.run(RUN)
    until(lambda: server.calls("jobs/status"))
    connected.client.shutdown()
    until(lambda: not connected.manager.is_alive(), 30)


def test_unload_leaves_no_thread_matcher_or_magic(connected: Any, server: Any) -> None:
    """After three reloads with running jobs and an unload nothing of the extension is left."""
    for _ in range(3):
        connected.run(f"%ibflow connect {server.url}\n{RUN} --again\n%reload_ext ibflow_nb")
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


def test_colab_gets_a_line_of_text(connected: Any, server: Any) -> None:
    """Where widgets are not redrawn from a thread, progress is text, and so is the end."""
    connected.printed("import sys, types\nsys.modules['google.colab'] = types.ModuleType('colab')")
    shown = bundles(connected.run(RUN))
    assert shown
    assert all(set(data) == {"text/plain"} for data in shown)
    server.set("job-0001", status="COMPLETE", index=4, curProgress=1.0)
    ends = connected.messages(lambda one: is_final(one) and "COMPLETE" in str(one))
    assert ends[-1]["content"]["data"]["text/plain"].startswith("COMPLETE")
