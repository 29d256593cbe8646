"""Which words of a page stand on one visual line."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from ibflow_nb.local.documents.record import Word

_SAME_LINE = 0.5  # overlap of two heights, as a share of the smaller one, on one line
_STACKED = 0.3  # runs of two lines stand above each other by this share of the narrower
_LEVEL = 0.25  # words of one line are level within this share of their height
_SIDEWAYS = 3.0  # a word this many times taller than the others and narrow runs sideways


def group_lines(runs: Iterable[list[Word]]) -> list[list[Word]]:
    """Order words into visual lines, from top to bottom and left to right.

    Args:
        runs: words that were read as one piece, which stay together; each in reading order.
    """
    filled = ([word for word in run if word.word.strip()] for run in runs)
    upright, sideways = _part_sideways([run for run in filled if run])
    bands: list[_Band] = []
    for band in sorted(map(_Band, upright), key=lambda band: band.top + band.bottom):
        line = next((line for line in reversed(bands[-3:]) if line.takes(band)), None)
        if line is None:
            bands.append(band)
        else:
            line.add(band)
    bands.sort(key=lambda band: band.top + band.bottom)
    lines = ([word for run in band.runs for word in run] for band in bands)
    return [sorted(line, key=lambda word: word.start_x) for line in lines] + sideways


class _Band:
    """Words of one line and the mean height band that they cover, weighted by length."""

    __slots__ = ("bottom", "runs", "top", "weight")

    def __init__(self, run: list[Word]) -> None:
        self.runs = [run]
        self.weight = sum(len(word.word) for word in run)
        self.top = sum(word.start_y * len(word.word) for word in run) / self.weight
        self.bottom = sum(word.end_y * len(word.word) for word in run) / self.weight

    def overlap(self, other: _Band) -> float:
        """Give the common height as a share of the smaller of the two."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        smaller = min(self.bottom - self.top, other.bottom - other.top)
        if smaller <= 0:
            return 1.0 if common >= 0 else 0.0
        return common / smaller

    def takes(self, other: _Band) -> bool:
        """Tell whether a run belongs to this line: level with it and not over its words."""
        if self.overlap(other) < _SAME_LINE:
            return False
        level = _LEVEL * (other.bottom - other.top)
        if abs(self.top + self.bottom - other.top - other.bottom) <= level:
            return True
        return not any(_stacked(mine, other.runs[0], level) for mine in self.runs)

    def add(self, other: _Band) -> None:
        """Take other words in; the band moves towards them."""
        share = other.weight / (self.weight + other.weight)
        self.top += (other.top - self.top) * share
        self.bottom += (other.bottom - self.bottom) * share
        self.weight += other.weight
        self.runs += other.runs


def _stacked(a: list[Word], b: list[Word], level: float) -> bool:
    """Tell whether one run stands above the other, given how far level words may differ."""
    common = min(a[-1].end_x, b[-1].end_x) - max(a[0].start_x, b[0].start_x)
    narrower = min(a[-1].end_x - a[0].start_x, b[-1].end_x - b[0].start_x)
    if common <= _STACKED * narrower:
        return False
    return abs(a[0].start_y + a[0].end_y - b[0].start_y - b[0].end_y) > 2 * level


def _part_sideways(
    runs: list[list[Word]],
) -> tuple[list[list[Word]], list[list[Word]]]:
    """Set runs apart that stand on end, such as a stamp in the margin."""
    heights = [word.end_y - word.start_y for run in runs for word in run]
    if not heights or max(heights) <= _SIDEWAYS * (usual := median(heights)):
        return runs, []
    upright: list[list[Word]] = []
    sideways: list[list[Word]] = []
    for run in runs:
        (sideways if _on_end(run, usual) else upright).append(run)
    return upright, sideways


def _on_end(run: list[Word], usual: float) -> bool:
    width = max(word.end_x for word in run) - min(word.start_x for word in run)
    height = max(word.end_y for word in run) - min(word.start_y for word in run)
    several = sum(len(word.word) for word in run) > 1
    return several and height > _SIDEWAYS * max(usual, width)
