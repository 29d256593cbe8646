"""When each step of a run worked on each file."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from ibflow_nb.api.timeline import TimelineStep, TimelineUnit
from ibflow_nb.frames.pictures.timeline import Timeline
from ibflow_nb.frames.pictures.timeline_html import MOST_FILES

ZERO = 1_700_000_000.0


def unit(step: int, file: int, start: float | None, end: float | None, **more: Any) -> TimelineUnit:
    """A unit that ran in these seconds of the run."""
    defaults: dict[str, Any] = {
        "file_name": f"f{file}.pdf" if file >= 0 else "",
        "state": "DONE",
        "attempts": 1,
    }
    times = {
        "started": None if start is None else ZERO + start,
        "finished": None if end is None else ZERO + end,
    }
    return TimelineUnit(step=step, file_index=file, **{**defaults, **times, **more})


def timeline(*units: TimelineUnit, now: float = 10.0) -> Timeline:
    """A run of three steps."""
    steps = [TimelineStep(name, f"s_{name}") for name in ("read", "extract", "merge")]
    return Timeline(steps, units, now=ZERO + now, job_id="job-1")


def drawn(shown: Timeline) -> list[ElementTree.Element]:
    """Give the pictures of a timeline's HTML, which must be well formed."""
    return list(ElementTree.fromstring(shown._repr_html_()).iter("svg"))


def bars(picture: ElementTree.Element) -> list[tuple[float, float, float]]:
    """Give left end, top and width of a picture's bars."""
    names = ("x", "y", "width")
    return [
        tuple(float(str(bar.get(name))) for name in names)  # type: ignore[misc]
        for bar in picture.iter("rect")
    ]


def test_frame_has_a_row_for_each_unit() -> None:
    """Steps and pages count from 1, what is not known is NA, times are UTC."""
    frame = timeline(
        unit(1, 0, 2, 2.5, attempts=2),
        unit(0, 0, 0, 1.25, first_page=0, last_page=7),
        unit(2, -1, 9, None, state="RUNNING"),
    ).to_frame()
    assert list(frame.columns) == [
        "step", "step_name", "folder", "file_index", "file_name", "first_page", "last_page",
        "state", "attempts", "started", "finished", "seconds",
    ]  # fmt: skip
    first = frame.iloc[0].to_dict()
    assert (first["step"], first["step_name"], first["folder"]) == (1, "read", "s_read")
    assert (first["first_page"], first["last_page"], first["seconds"]) == (1, 8, 1.25)
    assert first["started"] == pd.Timestamp(ZERO, unit="s", tz="UTC")
    assert frame["attempts"].tolist() == [1, 2, 1]
    assert pd.isna(frame.loc[1, "first_page"])
    assert frame.loc[2, ["file_index", "file_name", "finished", "seconds"]].isna().all()


def test_empty_frame_has_the_same_columns() -> None:
    """A run that has not begun has no rows, of the same types."""
    empty, full = timeline().to_frame(), timeline(unit(0, 0, 0, 1)).to_frame()
    assert empty.empty
    assert dict(empty.dtypes) == dict(full.dtypes)


def test_text_sums_up_each_step() -> None:
    """States are counted, times have their median and longest; repeats are told."""
    text = repr(timeline(unit(0, 0, 0, 1), unit(0, 1, 1, 4, attempts=2), unit(0, 2, 4, 6.0)))
    assert text.splitlines() == [
        "1 read: 3 DONE, 1 tried again; median 2.00 s, longest 3.00 s",
        "2 extract: nothing so far",
        "3 merge: nothing so far",
    ]


def test_bars_of_a_file_lie_on_the_scale_of_the_run() -> None:
    """The run's seconds fill the width; each bar says what it is."""
    shown = timeline(unit(0, 0, 0, 5), unit(1, 0, 5, 10, state="FAILED"), unit(0, 1, 0, 2.5))
    first, second = [picture for picture in drawn(shown) if picture.find("g") is not None]
    assert bars(first) == [(0, 1, 160), (160, 1, 160)]
    assert bars(second) == [(0, 1, 80)]
    titles = [str(group.findtext("title")) for group in first.iter("g")]
    assert titles == ["step 1 DONE 5.00 s", "step 2 FAILED 5.00 s"]


def test_parts_that_run_at_once_lie_below_each_other() -> None:
    """A part that begins when another has ended takes its lane again."""
    parts = [
        unit(0, 0, start, start + 5, first_page=page, last_page=page)
        for page, start in enumerate([0, 2, 5])
    ]
    (picture,) = [one for one in drawn(timeline(*parts)) if one.find("g") is not None]
    assert [top for _, top, _ in bars(picture)] == [1, 17, 1]
    assert "pages 2 to 2" in str(picture.findtext("title"))


def test_what_runs_is_drawn_up_to_now() -> None:
    """Its bar ends at the server's clock, and the heading says that it goes on."""
    shown = timeline(unit(0, 0, 0, None, state="RUNNING"), now=4)
    assert "4.00 s so far" in shown._repr_html_()


def test_what_was_stopped_and_waits_is_not_drawn() -> None:
    """A unit whose worker died is not at work until it is begun again."""
    shown = timeline(unit(0, 0, 0, None, state="READY"), unit(0, 1, 1, 2))
    assert [span.unit.file_index for span in shown.spans] == [1]
    assert shown.to_frame()["seconds"].isna().tolist() == [True, False]


def test_a_run_of_an_older_platform_says_that_it_has_no_times() -> None:
    """Its units are done, and nobody knows when."""
    html = timeline(unit(0, 0, None, None, attempts=0))._repr_html_()
    assert "older than the platform's timelines" in html


def test_many_files_are_summed_up_and_the_slowest_drawn() -> None:
    """The steps' bands hold all; the rows are those of the files that took longest."""
    units = [unit(0, file, file, file + 1 + (file == 70)) for file in range(100)]
    html = timeline(*units)._repr_html_()
    assert f"the {MOST_FILES} of 100 files that took longest" in html
    assert ">f70.pdf<" in html
    assert html.count("<g>") == MOST_FILES
    assert "100 DONE" in html
    assert "median 1.00 s, 90 % 1.00 s, longest 2.00 s" in html


def test_names_are_text() -> None:
    """A file's name cannot break out of the HTML."""
    html = timeline(unit(0, 0, 0, 1, file_name="<b>&.pdf"))._repr_html_()
    assert "&lt;b&gt;&amp;.pdf" in html
    assert "<b>" not in html


@pytest.mark.parametrize("length", [0.0, 0.0004, 0.7, 59, 86_400])
def test_any_length_has_an_axis(length: float) -> None:
    """From nothing to a day there are two to seven marks."""
    axis = drawn(timeline(unit(0, 0, 0, length)))[-1]
    assert 1 <= len(list(axis.iter("text"))) <= 7


def test_steps_of_a_branch_bear_its_name() -> None:
    """The same step of two flows is told apart."""
    steps = [TimelineStep("read", f"{branch}/s1_read") for branch in ("invoice", "receipt")]
    text = repr(Timeline(steps, [unit(1, 0, 0, 1)], now=ZERO))
    assert [line.partition(":")[0] for line in text.splitlines()] == [
        "1 read (invoice)", "2 read (receipt)",
    ]  # fmt: skip


def test_nothing_begun() -> None:
    """A run that waits says so."""
    waiting = timeline(unit(0, 0, None, None, state="READY"))
    assert "Nothing of this run was begun" in waiting._repr_html_()
    assert repr(Timeline([], [], now=ZERO)) == "The run has no steps."
