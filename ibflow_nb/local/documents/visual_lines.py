"""Which words of a page stand on one visual line."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from ibflow_nb.local.documents.record import Word

_SAME_LINE = 0.5  # overlap of two heights, as a share of the smaller one, on one line
_STACKED = 0.3  # runs of two lines stand above each other by this share of the narrower
_LEVEL = 0.25  # words of one line are level within this share of their height
_NEAR = 3  # lines back, in the order of their heights, that a word may still belong to
_SIDEWAYS = 3.0  # a word this many times taller than the others and narrow runs sideways


_Extent = tuple[float, float, float]  # left, right, and twice the middle of the height


def group_lines(runs: Iterable[list[Word]]) -> list[list[Word]]:
    """Order words into visual lines, from top to bottom and left to right.

    Args:
        runs: words that were read as one piece, which stay together; each in reading order.
    """
    filled = [[word for word in run if not word.word.isspace()] for run in runs]
    upright, sideways = _part_sideways([run for run in filled if run])
    lines: list[_Band] = []
    for band in sorted(_bands(upright), key=_middle):
        _add_to(lines, band)
    lines.sort(key=_middle)
    words = ([word for run in line.runs for word in run] for line in lines)
    return [sorted(line, key=attrgetter("start_x")) for line in words] + sideways


class _Band:
    """Runs of one line and the mean height band that they cover, weighted by length."""

    __slots__ = ("bottom", "extents", "runs", "top", "weight")

    def __init__(self, top: float, bottom: float) -> None:
        self.top = top
        self.bottom = bottom
        self.weight = 0
        self.runs: list[list[Word]] = []
        self.extents: list[_Extent] = []

    def overlaps(self, other: _Band) -> bool:
        """Tell whether most of the smaller height is common to both."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        smaller = min(self.bottom - self.top, other.bottom - other.top)
        return common >= _SAME_LINE * max(smaller, 0.0)

    def level_with(self, other: _Band) -> bool:
        """Tell whether the middle of another band is near enough to this one's."""
        return abs(_middle(self) - _middle(other)) <= _LEVEL * (other.bottom - other.top)

    def takes(self, other: _Band) -> bool:
        """Tell whether one run belongs to this line: level with it and not over its words."""
        if not self.overlaps(other):
            return False
        if self.level_with(other):
            return True
        level = _LEVEL * (other.bottom - other.top)
        return not _any_stacked(self.extents, other.extents[0], level)

    def add_run(self, run: list[Word]) -> None:
        """Take in a run of this very height."""
        self.weight += sum([len(word.word) for word in run])
        self.runs.append(run)
        self.extents.append((run[0].start_x, run[-1].end_x, run[0].start_y + run[0].end_y))

    def add(self, other: _Band) -> None:
        """Take other runs in; the band moves towards them."""
        self.weight += other.weight
        share = other.weight / self.weight
        self.top += (other.top - self.top) * share
        self.bottom += (other.bottom - self.bottom) * share
        self.runs += other.runs
        self.extents += other.extents


def _middle(band: _Band) -> float:
    """Give twice the middle of a band's height."""
    return band.top + band.bottom


def _any_stacked(line: list[_Extent], run: _Extent, level: float) -> bool:
    """Tell whether a run stands above or below one of a line's, by more than words may differ."""
    left, right, middle = run
    for other_left, other_right, other_middle in line:
        if other_left >= right or left >= other_right or abs(other_middle - middle) <= 2 * level:
            continue
        common = min(right, other_right) - max(left, other_left)
        if common > _STACKED * min(right - left, other_right - other_left):
            return True
    return False


def _bands(runs: list[list[Word]]) -> list[_Band]:
    """Give one band to all runs of exactly the same height: words of one font on one line."""
    bands: dict[tuple[float, float], _Band] = {}
    for run in runs:
        height = _height(run)
        band = bands.get(height)
        if band is None:
            band = bands[height] = _Band(*height)
        band.add_run(run)
    return list(bands.values())


def _height(run: list[Word]) -> tuple[float, float]:
    """Give the mean top and bottom of the words of a run, weighted by length."""
    if len(run) == 1:
        return run[0].start_y, run[0].end_y
    weight = sum(len(word.word) for word in run)
    top = sum(word.start_y * len(word.word) for word in run) / weight
    return top, sum(word.end_y * len(word.word) for word in run) / weight


def _add_to(lines: list[_Band], band: _Band) -> None:
    """Add a band to the line that takes it, or as a new line.

    The runs of a band go together, save where the place of each decides: over words of a line
    that is not level with them.
    """
    line = next((line for line in lines[: -_NEAR - 1 : -1] if line.overlaps(band)), None)
    if line is None:
        lines.append(band)
    elif line.level_with(band):
        line.add(band)
    else:
        for run in band.runs:
            _add_run(lines, run)


def _add_run(lines: list[_Band], run: list[Word]) -> None:
    band = _Band(*_height(run))
    band.add_run(run)
    line = next((line for line in lines[: -_NEAR - 1 : -1] if line.takes(band)), None)
    if line is None:
        lines.append(band)
    else:
        line.add(band)


def _part_sideways(
    runs: list[list[Word]],
) -> tuple[list[list[Word]], list[list[Word]]]:
    """Set runs apart that stand on end, such as a stamp in the margin."""
    heights = sorted([word.end_y - word.start_y for run in runs for word in run])
    usual = heights[len(heights) // 2] if heights else 0.0
    if not heights or heights[-1] <= _SIDEWAYS * usual:
        return runs, []
    upright: list[list[Word]] = []
    sideways: list[list[Word]] = []
    for run in runs:
        (sideways if _on_end(run, usual) else upright).append(run)
    return upright, sideways


def _on_end(run: list[Word], usual: float) -> bool:
    height = max([word.end_y for word in run]) - min([word.start_y for word in run])
    if height <= _SIDEWAYS * usual:
        return False
    width = max(word.end_x for word in run) - min(word.start_x for word in run)
    return height > _SIDEWAYS * width and sum(len(word.word) for word in run) > 1
