"""The dashboard, the log and the notification of a job in JupyterLab and Notebook 7."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from ibflow_nb.connecting import LOCAL_HOME

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FOLDER = f"{LOCAL_HOME}/months"
FILES = 1500  # so that a pause comes long before the end
READ = {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}}
START = f"""def start(month):
    return client.flows.run("{FOLDER}/letters.ibflow", f"{FOLDER}/{{month}}/input",
                            tags=["months"], output_has_run_id=True)
start("july").pause()
job = start("august")"""
NOTIFICATION = """() => {
    window.told = [];
    window.Notification = class {
        static permission = "granted";
        constructor(title, options) { window.told.push([title, options.body]); }
    };
}"""


@pytest.fixture
def connect(ibflow_platform: Any) -> str:
    """The cell that connects to a platform with a flow and two months of letters."""
    for month in ("july", "august"):
        folder = ibflow_platform.root / FOLDER / month / "input"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(FILES):
            (folder / f"{number:04}.txt").write_text(f"Dear {number},\n")
    flow = ibflow_platform.root / FOLDER / "letters.ibflow"
    flow.write_text(json.dumps({"steps": [READ]}))
    return f'%load_ext ibflow_nb\nclient = %ibflow connect local --root "{ibflow_platform.root}"'


def test_a_dashboard_cancels_the_chosen_job_and_stays(
    open_notebook: Any, connect: str, pictures: Path, front_end: str
) -> None:
    """Many jobs are one live table; its button stops the chosen one; the end needs no widget."""
    notebook = open_notebook(connect, START, "%ibflow jobs --watch --tag months --limit 2")
    notebook.run_first()
    notebook.run(1)
    notebook.run(2)
    notebook.outputs.filter(has_text="1 PAUSED, 1 COMPLETE").first.wait_for()
    notebook.page.screenshot(path=pictures / f"dashboard-{front_end}.png")
    notebook.page.get_by_role("button", name="Cancel", exact=True).click()
    notebook.outputs.filter(has_text="1 COMPLETE, 1 CANCELLED").first.wait_for()
    saved = notebook.save()
    (shown,) = saved.cells[2].outputs
    assert set(shown["data"]) == {"text/plain", "text/html"}
    notebook.open_again()
    notebook.outputs.filter(has_text="1 COMPLETE, 1 CANCELLED").first.wait_for()
    assert notebook.page.get_by_text("model not found").count() == 0


def test_the_log_opens_and_the_browser_tells_the_end(
    open_notebook: Any, connect: str, pictures: Path, front_end: str
) -> None:
    """The log stands behind its button and later behind a closed title; one notification comes."""
    run = f'%ibflow run "{FOLDER}/letters.ibflow" --input "{FOLDER}/july/input" --run-id'
    options = "--log-to-timeline --notify-browser"
    notebook = open_notebook(connect, f"job = {run} {options}\njob.pause()", "job.resume()")
    notebook.page.evaluate(NOTIFICATION)
    notebook.run_first()
    notebook.run(1)
    notebook.page.get_by_role("button", name="Log", exact=True).click()
    notebook.page.get_by_text("1 page read").first.wait_for()
    notebook.page.screenshot(path=pictures / f"log-{front_end}.png")
    notebook.run(2)
    title = notebook.page.locator("details summary", has_text="Log, last 20 of")
    title.wait_for()
    end = notebook.page.get_by_text("The job ended as COMPLETE.")
    assert not end.is_visible()
    for _ in range(5):  # an output that is drawn anew meanwhile is closed again
        title.click()
        with contextlib.suppress(sync_api.TimeoutError):
            end.wait_for(timeout=5_000)
            break
    assert end.is_visible()
    told = notebook.page.evaluate("window.told")
    assert [heading for heading, _ in told] == ["COMPLETE letters.ibflow"]
    assert told[0][1].startswith(f"{FILES} of {FILES} files")
