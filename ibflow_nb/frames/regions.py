"""Where a value stands: from pixels of the wire to a page from 1 and fractions of it."""

from __future__ import annotations

from collections.abc import Iterator

from ibflow_nb.api.results import Provenance, ResultRecord

Place = tuple[int | None, float | None, float | None, float | None, float | None]
NOWHERE: Place = (None, None, None, None, None)


def page_sizes(record: ResultRecord) -> dict[int, tuple[float, float]]:
    """Give width and height in pixels of each page (from 0) whose size was sent."""
    if record.layout is None:
        return {}
    return {
        page.page_number: (page.width, page.height)
        for page in record.layout.page_layouts
        if page.width > 0 and page.height > 0
    }


def locate(provenance: Provenance, sizes: dict[int, tuple[float, float]]) -> Place:
    """Give page (from 1), left, top, right and bottom (0 to 1) of a value.

    The box encloses all regions on the page of the first one; without that page's size there
    is a page and no box.
    """
    regions = provenance.extracted_regions
    if not regions:
        return NOWHERE
    page = regions[0].index
    if page not in sizes:
        return (page + 1, None, None, None, None)
    width, height = sizes[page]
    boxes = [region.bounding_poly for region in regions if region.index == page]
    return (
        page + 1,
        _fraction(min(box.top_x for box in boxes), width),
        _fraction(min(box.top_y for box in boxes), height),
        _fraction(max(box.bottom_x for box in boxes), width),
        _fraction(max(box.bottom_y for box in boxes), height),
    )


def boxes_on_pages(
    provenance: Provenance, sizes: dict[int, tuple[float, float]]
) -> Iterator[tuple[int, float, float, float, float]]:
    """Yield page (from 0), left, top, right and bottom (0 to 1) of each region of a value."""
    for region in provenance.extracted_regions:
        if region.index in sizes:
            width, height = sizes[region.index]
            box = region.bounding_poly
            yield (
                region.index,
                _fraction(box.top_x, width),
                _fraction(box.top_y, height),
                _fraction(box.bottom_x, width),
                _fraction(box.bottom_y, height),
            )


def _fraction(pixels: float, size: float) -> float:
    return min(max(pixels / size, 0.0), 1.0)
