"""A listing (PlainTable): columns of wrapped text at the widths it asks for, as far as its words allow."""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.reports.contents import PlainTable
from report_templates.alignment import Alignment, align, is_numeric
from report_templates.grid import BODY, GUTTER, ROW_PAD, STRONG, Grid, GridColumn, GridRow, HeadRow, HeadText, Panel
from report_templates.page import Geometry
from report_templates.row_plan import RowBox
from report_templates.text import longest_word, wrap, wrap_at_most

_WIDEST_WORD = 0.3
"""A word wider than this part of the page is broken instead of widening its column."""
_CROWDED = 0.8
"""An upright page is crowded where the columns' longest words take more of it than this."""
_TALL = 2.5
"""More lines than this in a row, on average, are too many for an upright page."""
_FEW_LINES = 30
"""A listing of so few lines stays on an upright page even where its rows are tall."""
_SAMPLE = 200
_HEADING_LINES = 8


def lay_out_listing(listing: PlainTable, upright: Geometry, landscape: Geometry) -> Grid:
    """The listing on upright pages, or on landscape ones where its words do not fit there or its rows would be tall.

    Each column has at least the width of its longest word, or, where not all of these fit, up to a limit beyond which
    words are broken; what is left is divided as the listing's relative widths ask. Columns of numbers are aligned.
    """
    widest = [_longest(listing, column) for column in range(len(listing.header))]
    page = upright if _reads_well(listing, widest, upright) else landscape
    widths = _column_widths(listing, widest, page)
    columns: list[GridColumn] = []
    x = page.left
    for number, width in enumerate(widths):
        columns.append(GridColumn(number, x, width, _align(listing, number, width)))
        x += width + GUTTER
    headings = tuple(
        HeadText(wrap_at_most(text, STRONG, column.width, _HEADING_LINES), column.x, STRONG)
        for text, column in zip(listing.header, columns, strict=True)
    )
    height = max(len(heading.lines) for heading in headings) * STRONG.leading
    rows = tuple(
        GridRow(
            tuple(wrap(cell, BODY.weight, BODY.size, column.width) for cell, column in zip(row, columns, strict=True))
        )
        for row in listing.rows
    )
    boxes = tuple(RowBox(max(map(len, row.cells)), BODY.leading, ROW_PAD + 3) for row in rows)
    panel = Panel(tuple(columns), (HeadRow(headings, height),))
    return Grid(page.measure, (panel,), rows, boxes, landscape=page is landscape)


def _column_widths(listing: PlainTable, widest: Sequence[float], page: Geometry) -> list[float]:
    room = page.measure - GUTTER * (len(listing.header) - 1)
    least = widest if sum(widest) <= room else [min(width, page.measure * _WIDEST_WORD) for width in widest]
    return _divide(room, least, listing.widths)


def _reads_well(listing: PlainTable, widest: Sequence[float], page: Geometry) -> bool:
    """Whether the columns' words fit on a page without crowding and a row takes few lines on average, judged by the
    first rows."""
    room = page.measure - GUTTER * (len(listing.header) - 1)
    if sum(min(width, page.measure * _WIDEST_WORD) for width in widest) > room * _CROWDED:
        return False
    widths = _column_widths(listing, widest, page)
    sample = listing.rows[:_SAMPLE]
    lines = sum(
        max(len(wrap(cell, BODY.weight, BODY.size, width)) for cell, width in zip(row, widths, strict=True))
        for row in sample
    )
    return lines <= max(_TALL * len(sample), _FEW_LINES)


def _align(listing: PlainTable, column: int, width: float) -> Alignment | None:
    """The alignment of a column of numbers, None for text and for numbers that are wider than their column."""
    cells = [row[column] for row in listing.rows]
    alignment = align(cells, BODY) if any(cells) and is_numeric(cells) else None
    return alignment if alignment and alignment.width <= width else None


def _longest(listing: PlainTable, column: int) -> float:
    """The width of the longest word of a column, its heading included."""
    words = [longest_word(listing.header[column], STRONG.weight) * STRONG.size]
    words += [longest_word(row[column], BODY.weight) * BODY.size for row in listing.rows]
    return max(words) / 1000 + 0.1


def _divide(total: float, least: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Widths that add up to `total`, in the ratio of `wanted`, none under its `least` (where those fit at all)."""
    if sum(least) >= total:
        return [total * width / sum(least) for width in least]
    fixed: set[int] = set()
    while True:
        free = [number for number in range(len(least)) if number not in fixed]
        rest = total - sum(least[number] for number in fixed)
        share = rest / sum(wanted[number] for number in free)
        short = {number for number in free if wanted[number] * share < least[number]}
        if not short:
            return [least[number] if number in fixed else wanted[number] * share for number in range(len(least))]
        fixed |= short
