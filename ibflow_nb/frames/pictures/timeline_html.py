"""The HTML of a timeline: a band for each step, a row of bars for each file.

All files share one scale of time. Where there are many, the ones that took longest are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from statistics import quantiles

from ibflow_nb.api.timeline import ALL_FILES, TimelineUnit
from ibflow_nb.frames.pictures import svg
from ibflow_nb.frames.pictures.timeline import Span, StepTimes, Timeline, duration

MOST_FILES = 30
_WIDE, _BAND, _LANE, _STRIP = 320, 28, 14, 60
_BINS = 160
_LIGHT = '<span style="font-weight:normal;opacity:.75">{}</span>'
_COLOURS = ("#2563eb", "#c2410c", "#0f766e", "#7c3aed", "#a16207", "#be185d", "#475569", "#4d7c0f")
_TICKS = (1, 2, 5, 10)


def render(timeline: Timeline) -> str:
    """Draw the steps of a run, then its files, on one scale of time."""
    if not timeline.spans:
        if any(unit.state == "DONE" for unit in timeline.units):
            return "<p>This run is older than the platform's timelines: its times are lost.</p>"
        return "<p>Nothing of this run was begun so far.</p>"
    whole = max(span.end for span in timeline.spans) or 1e-3
    running = " so far" if any(span.unit.state == "RUNNING" for span in timeline.spans) else ""
    head = (
        f"<p>Job {escape(timeline.job_id)}: {len(timeline.units):,} units of work in "
        f"{duration(whole)}{running}</p>"
    )
    axis = ("", _axis(whole), "", "")
    rows = [*_steps(timeline.by_step, whole), axis, *_files(timeline, whole), axis]
    table = svg.table(["step", "units at work", "seconds", ""], rows)
    colours = [(_colour(index), step.title) for index, step in enumerate(timeline.by_step)]
    return f"<div>{head}{table}{svg.legend([*colours, (svg.FAILED, 'failed')])}</div>"


def _steps(steps: Sequence[StepTimes], whole: float) -> list[tuple[str, ...]]:
    """Draw how busy each step was over the time, and how long its units took."""
    loads = [_load(step.spans, whole) for step in steps]
    most = max(max(load) for load in loads)
    longest = max(span.seconds for step in steps for span in step.spans) or 1e-3
    return [
        (
            f'<span style="color:{_colour(index)}">&#9632;</span> {escape(step.title)}',
            _band(step, load, most, _colour(index)),
            *_durations(step, longest, _colour(index)),
        )
        for index, (step, load) in enumerate(zip(steps, loads, strict=True))
    ]


def _files(timeline: Timeline, whole: float) -> list[tuple[str, ...]]:
    """Draw the way of each file through the steps."""
    by_file: dict[int, list[Span]] = {}
    for span in timeline.spans:
        by_file.setdefault(span.unit.file_index, []).append(span)
    slowest = sorted(by_file, key=lambda file: -sum(span.seconds for span in by_file[file]))
    shown = sorted(slowest[:MOST_FILES], key=lambda file: (file == ALL_FILES, file))
    title = "way of each file through the steps"
    if len(by_file) > len(shown):
        title = f"way of the {len(shown)} of {len(by_file):,} files that took longest"
    rows = [
        (_LIGHT.format(escape(_file_name(by_file[file]))), _lanes(by_file[file], whole), "", "")
        for file in shown
    ]
    return [(_LIGHT.format("file"), _LIGHT.format(title), "", ""), *rows]


def _load(spans: Iterable[Span], whole: float) -> list[float]:
    """Give how many units were at work in each slice of the time, on average."""
    load = [0.0] * _BINS
    width = whole / _BINS
    for span in spans:
        first, last = int(span.start / width), int(span.end / width)
        for index in range(first, min(last, _BINS - 1) + 1):
            inside = min(span.end, (index + 1) * width) - max(span.start, index * width)
            load[min(index, _BINS - 1)] += max(inside, 0.0) / width
    return load


def _band(step: StepTimes, load: Sequence[float], most: float, colour: str) -> str:
    width = _WIDE / len(load)
    bars = "".join(
        svg.bar(index * width, _BAND - tall, width + 0.3, tall, colour)
        for index, busy in enumerate(load)
        if busy and (tall := max(1.5, (_BAND - 2) * busy / most))
    )
    told = f"{step.title}: at most {max(load):.1f} units at work at once"
    return svg.picture(told, bars + _ground(_WIDE, _BAND), _WIDE, _BAND)


def _durations(step: StepTimes, longest: float, colour: str) -> tuple[str, str]:
    """Draw a line from the shortest to the longest, a box for the middle 80 %, the median."""
    if not step.spans:
        return "", escape(step.counts)
    seconds = sorted(span.seconds for span in step.spans)
    tenths = quantiles(seconds, n=10, method="inclusive") if len(seconds) > 1 else seconds * 9
    low, middle, high = tenths[0], tenths[4], tenths[8]
    scale = (_STRIP - 4) / longest
    left, right = 2 + seconds[0] * scale, 2 + seconds[-1] * scale
    half = _BAND / 2
    drawn = (
        f'<path d="M{left:.2f} {half}H{right:.2f}" stroke="{colour}" stroke-width="2"/>'
        + svg.bar(2 + low * scale, half - 5, max((high - low) * scale, 1), 10, colour)
        + svg.bar(1 + middle * scale, half - 8, 2, 16, "currentColor")
    )
    words = f"median {duration(middle)}, 90 % {duration(high)}"
    most = f"longest {duration(seconds[-1])}"
    picture = svg.picture(f"{words}, {most}", drawn + _ground(_STRIP, _BAND), _STRIP, _BAND)
    return picture, f"{words}<br/>{most}, {_LIGHT.format(escape(step.counts))}"


def _lanes(spans: Sequence[Span], whole: float) -> str:
    """Draw the bars of one file; those at the same time lie below each other."""
    ends: list[float] = []
    bars = []
    for span in sorted(spans, key=lambda span: span.start):
        lane = next((n for n, end in enumerate(ends) if end <= span.start), len(ends))
        ends[lane:] = [span.end, *ends[lane + 1 :]]
        bars.append(_unit_bar(span, lane, _WIDE / whole))
    height = len(ends) * (_LANE + 2) + 2
    told = ", ".join(map(_told, spans))
    return svg.picture(told, "".join(bars) + _ground(_WIDE, height), _WIDE, height)


def _unit_bar(span: Span, lane: int, scale: float) -> str:
    """Draw one unit, with its step's number where it fits and a title in any case."""
    top, width = 1 + lane * (_LANE + 2), max(span.seconds * scale, 1.5)
    left = min(span.start * scale, _WIDE - width)
    failed = span.unit.state == "FAILED"
    colour = svg.FAILED if failed else _colour(span.unit.step)
    more = ' fill-opacity=".55"' if span.unit.state == "RUNNING" else ""
    number = f"{span.unit.step + 1}{' ✕' if failed else ''}"
    label = ""
    if width > 8 * len(number):
        label = (
            f'<text x="{left + 3:.2f}" y="{top + 10.5:g}" font-size="10" fill="#fff">'
            f"{number}</text>"
        )
    shape = svg.bar(left, top, width, _LANE, colour, more)
    return f"<g><title>{escape(_told(span))}</title>{shape}{label}</g>"


def _axis(whole: float) -> str:
    """Draw where the seconds are."""
    step = _tick(whole)
    marks = []
    for number in range(int(whole / step) + 1):
        left = number * step / whole * _WIDE
        anchor = "start" if number == 0 else "end" if left > _WIDE - 24 else "middle"
        marks.append(
            f'<path d="M{left:.2f} 0v4" stroke="currentColor" stroke-opacity=".5"/>'
            f'<text x="{left:.2f}" y="14" font-size="10" fill="currentColor" fill-opacity=".75"'
            f' text-anchor="{anchor}">{number * step:g} s</text>'
        )
    return svg.picture(f"0 to {whole:.3g} seconds", "".join(marks), _WIDE, 18)


def _tick(whole: float) -> float:
    """Give the distance of the marks on an axis: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** (len(str(int(whole))) - 1) if whole >= 1 else 1.0
    while power > whole:
        power /= 10
    return next(step for step in (n * power for n in _TICKS) if whole / step <= 6)


def _ground(width: float, height: float) -> str:
    return f'<path d="M0 {height - 0.5:g}H{width}" stroke="currentColor" stroke-opacity=".25"/>'


def _file_name(spans: Sequence[Span]) -> str:
    unit = spans[0].unit
    return "all files" if unit.file_index == ALL_FILES else unit.file_name


def _told(span: Span) -> str:
    unit = span.unit
    again = f", attempt {unit.attempts}" if unit.attempts > 1 else ""
    return f"step {unit.step + 1}{_pages(unit)} {unit.state} {duration(span.seconds)}{again}"


def _pages(unit: TimelineUnit) -> str:
    if unit.first_page is None or unit.last_page is None:
        return ""
    return f" pages {unit.first_page + 1} to {unit.last_page + 1}"


def _colour(step: int) -> str:
    return _COLOURS[step % len(_COLOURS)]
