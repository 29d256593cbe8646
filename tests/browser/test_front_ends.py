"""JupyterLab and Notebook 7 in a browser: progress, cancel, review, a notebook opened again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ibflow_nb.connecting import LOCAL_HOME

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

LETTERS = f"{LOCAL_HOME}/letters"
READ = {"step_name": "process_files", "kwargs": {"process_type": "auto_to_txt"}}
CHECKED = f"{LOCAL_HOME}/examples/checked"
REFINE = {"step_name": "apply_refiner", "kwargs": {"refiner_path": "modules/invoices.ibrefiner"}}
RUN = f'job = %ibflow run "{LETTERS}/letters.ibflow" --input "{LETTERS}/input" --run-id'
HELD = f"{RUN}\njob.pause()\nprint('held', job.id)"
SLEEP = "import time\nwhile not job.done:\n    time.sleep(0.1)\ntime.sleep(1)\nprint('awake')"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def connect(ibflow_platform: Any) -> str:
    """The cell that connects to a platform with a flow over many letters, and one to review."""
    folder = ibflow_platform.root / LETTERS
    if not folder.exists():
        (folder / "input").mkdir(parents=True)
        for number in range(2000):
            (folder / "input" / f"{number:04}.txt").write_text(f"Dear {number},\n")
        (folder / "letters.ibflow").write_text(json.dumps({"steps": [READ]}))
        flow = ibflow_platform.root / CHECKED / "reviewed.ibflow"
        flow.write_text(json.dumps({"steps": [READ, REFINE]}))
    return f'%load_ext ibflow_nb\n%ibflow connect local --root "{ibflow_platform.root}"'


def test_the_bar_moves_and_the_end_stays(
    open_notebook: Any, connect: str, ibflow_client: Any, go_on: Any, until: Any
) -> None:
    """The bar moves while a cell sleeps; the notebook opened again shows the end without widget."""
    notebook = open_notebook(connect, HELD, SLEEP, "job.records().to_frame().head(3)")
    notebook.run_first()
    for index in (1, 2, 3):
        notebook.run(index)
    held = notebook.outputs.filter(has_text="held ")
    job = ibflow_client.jobs.get(held.inner_text().split()[-1])
    until(lambda: job.state == "PAUSED")
    bar = notebook.page.locator(".progress-bar").first
    bar.wait_for(state="attached")
    for _ in range(3):
        width = bar.evaluate("bar => bar.style.width")
        go_on(job)
        job.pause()
        until(lambda: job.state == "PAUSED")
        sync_api.expect(bar).not_to_have_attribute("style", re.compile(f"width: {width};"))
        sync_api.expect(notebook.prompt(2)).to_have_text("[*]:")
    job.resume()
    notebook.outputs.locator("table.dataframe").wait_for()
    saved = notebook.save()
    shown, _ = saved.cells[1].outputs
    assert shown["data"]["text/plain"].startswith("COMPLETE")
    assert WIDGET not in shown["data"]
    notebook.open_again()
    notebook.outputs.filter(has_text="COMPLETE").first.wait_for()
    notebook.outputs.locator("table.dataframe").wait_for()
    assert notebook.page.get_by_text("model not found").count() == 0
    assert notebook.page.get_by_text("Error displaying widget").count() == 0


def test_the_cancel_button_ends_the_job(open_notebook: Any, connect: str) -> None:
    """A click while the kernel is free stops the job, and the output says so."""
    notebook = open_notebook(connect, RUN)
    notebook.run_first()
    notebook.run(1)
    notebook.page.get_by_role("button", name="Cancel", exact=True).click()
    notebook.outputs.filter(has_text="CANCELLED").wait_for()
    assert notebook.page.get_by_role("button", name="Cancel", exact=True).count() == 0


def test_a_review_ties_boxes_to_rows_and_survives(open_notebook: Any, connect: str) -> None:
    """A review turns its pages and marks what is clicked, also when opened again without kernel."""
    review = f'%ibflow run "{CHECKED}/reviewed.ibflow" --input "{CHECKED}/input" --run-id --wait'
    notebook = open_notebook(connect, review, "%ibflow review")
    notebook.run_first()
    notebook.run(1)
    notebook.run(2)
    for again in (False, True):
        if again:
            notebook.save()
            notebook.open_again()
        _turn_and_click(notebook.page)


def _turn_and_click(page: sync_api.Page) -> None:
    """Go to the second document, click its first box and look for the marked row."""
    heading = page.locator("section:visible b")
    heading.first.wait_for()
    first = heading.first.inner_text()
    page.locator("section:visible label", has_text="next").first.click()
    sync_api.expect(heading.first).not_to_have_text(first)
    box = page.locator(".ibr-box:visible").first
    box.click()
    field = box.get_attribute("data-f")
    page.mouse.move(0, 0)
    row = page.locator(f'tr[data-f="{field}"]:visible').first
    sync_api.expect(row).to_have_css("background-color", "rgba(250, 204, 21, 0.4)")
    page.locator("section:visible label", has_text="previous").first.click()
    sync_api.expect(heading.first).to_have_text(first)
