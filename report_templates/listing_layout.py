"""A listing (PlainTable): columns of wrapped text at the widths it asks for, as far as its words allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import overload

from longwatch.reports.contents import PlainTable
from report_templates.alignment import Alignment, NumberColumn, is_numeric
from report_templates.grid import BODY, GUTTER, ROW_PAD, STRONG, Grid, GridColumn, GridRow, HeadRow, HeadText, Panel
from report_templates.page import Geometry
from report_templates.row_plan import RowBox
from report_templates.text import longest_word, width_of, wrap, wrap_at_most

_WIDEST_WORD = 0.3
"""A word wider than this part of the page is broken instead of widening its column."""
_CROWDED = 0.8
"""An upright page is crowded where the columns' longest words take more of it than this."""
_TALL = 2.5
"""More lines than this in a row, on average, are too many for an upright page."""
_FEW_LINES = 30
"""A listing of so few lines stays on an upright page even where its rows are tall."""
_SAMPLE = 200
_BLOCK = 2000
_HALVINGS = 50
_HEADING_LINES = 8


@dataclass(frozen=True)
class _Needs:
    """What the columns of a listing need in points: `words`, the width of the longest word of each; `whole`, the width
    in which no cell of it is wrapped. `broken`: whether a cell has lines of its own. `aligned`: how numbers stand."""

    words: tuple[float, ...]
    whole: tuple[float, ...]
    broken: tuple[bool, ...]
    aligned: tuple[Alignment | None, ...]

    def wraps(self, column: int, width: float) -> bool:
        """Whether a cell of the column may take more than one line of this width."""
        return self.broken[column] or self.whole[column] > width


def lay_out_listing(listing: PlainTable, upright: Geometry, landscape: Geometry) -> Grid:
    """The listing on upright pages, or on landscape ones where its words do not fit there or its rows would be tall.

    Each column has at least the width of its longest word, or, where not all of these fit, up to a limit beyond which
    words are broken; and no more than its longest cell, while another column wants room. Within that the page is
    divided as the listing's relative widths ask. Columns of numbers are aligned.
    """
    needs = _measure(listing)
    page = upright if _reads_well(listing, needs, upright) else landscape
    columns: list[GridColumn] = []
    x = page.left
    for number, width in enumerate(_column_widths(listing, needs, page)):
        columns.append(GridColumn(number, x, width, _fitting(needs.aligned[number], width)))
        x += width + GUTTER
    headings = tuple(
        HeadText(wrap_at_most(text, STRONG, column.width, _HEADING_LINES), column.x, STRONG)
        for text, column in zip(listing.header, columns, strict=True)
    )
    height = max(len(heading.lines) for heading in headings) * STRONG.leading
    wrapped = (column.width if needs.wraps(column.cell, column.width) else None for column in columns)
    rows = WrappedRows(listing.rows, tuple(wrapped))
    sized = cache(lambda lines: RowBox(lines, BODY.leading, ROW_PAD + 3))
    boxes = tuple(sized(max(map(len, rows.lines(number)))) for number in range(len(rows)))
    panel = Panel(tuple(columns), (HeadRow(headings, height),))
    return Grid(page.measure, (panel,), rows, boxes, landscape=page is landscape)


@dataclass(frozen=True)
class WrappedRows(Sequence[GridRow]):
    """The rows of a listing, each broken into lines when it is asked for: once to know its height, once to draw it. So
    memory does not hold a long listing twice. `widths`: of the columns; None where no cell of one is wrapped."""

    rows: Sequence[tuple[str, ...]]
    widths: tuple[float | None, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> GridRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[GridRow]: ...
    def __getitem__(self, index: int | slice) -> GridRow | Sequence[GridRow]:
        if isinstance(index, slice):
            return WrappedRows(self.rows[index], self.widths)
        return GridRow(self.lines(index))

    def lines(self, number: int) -> tuple[tuple[str, ...], ...]:
        """The lines of each cell of a row."""
        weight, size = BODY.weight, BODY.size
        return tuple(
            [
                (cell,) if width is None else wrap(cell, weight, size, width)
                for cell, width in zip(self.rows[number], self.widths, strict=True)
            ]
        )


def _measure(listing: PlainTable) -> _Needs:
    words = [longest_word(heading, STRONG.weight) * STRONG.size for heading in listing.header]
    whole = [width_of(heading, STRONG) for heading in listing.header]
    broken = [False for _ in listing.header]
    filled = [False for _ in listing.header]
    numbers: list[NumberColumn | None] = [NumberColumn(BODY) for _ in listing.header]
    for block in _distinct_cells(listing):
        for column, cells in enumerate(block):
            words[column] = max(words[column], *(longest_word(cell, BODY.weight) * BODY.size for cell in cells))
            for cell in cells:
                lines = cell.splitlines()
                whole[column] = max(whole[column], *(width_of(line, BODY) for line in lines), 0.0)
                broken[column] |= lines != [cell] and cell != ""
            filled[column] |= any(cells)
            numeric = numbers[column]
            if numeric is not None and is_numeric(cells):
                numeric.add(cells)
            else:
                numbers[column] = None
    return _Needs(
        tuple(width / 1000 + 0.1 for width in words),
        tuple(width + 0.1 for width in whole),
        tuple(broken),
        tuple(
            numeric.align() if numeric is not None and some else None
            for numeric, some in zip(numbers, filled, strict=True)
        ),
    )


def _distinct_cells(listing: PlainTable) -> Iterator[list[dict[str, None]]]:
    """For some thousand rows at a time, the different cells of each column: memory never holds those of all."""
    rows = iter(listing.rows)
    while block := list(islice(rows, _BLOCK)):
        yield [dict.fromkeys(column) for column in zip(*block, strict=True)]


def _reads_well(listing: PlainTable, needs: _Needs, page: Geometry) -> bool:
    """Whether the columns' words fit on a page without crowding and a row takes few lines on average, judged by the
    first rows."""
    room = page.measure - GUTTER * (len(listing.header) - 1)
    if sum(min(width, page.measure * _WIDEST_WORD) for width in needs.words) > room * _CROWDED:
        return False
    widths = _column_widths(listing, needs, page)
    sample = listing.rows[:_SAMPLE]
    lines = sum(
        max(len(wrap(cell, BODY.weight, BODY.size, width)) for cell, width in zip(row, widths, strict=True))
        for row in sample
    )
    return lines <= max(_TALL * len(sample), _FEW_LINES)


def _column_widths(listing: PlainTable, needs: _Needs, page: Geometry) -> list[float]:
    room = page.measure - GUTTER * (len(listing.header) - 1)
    least: Sequence[float] = needs.words
    if sum(least) > room:
        least = [min(width, page.measure * _WIDEST_WORD) for width in needs.words]
    return divide_width(room, least, needs.whole, listing.widths)


def divide_width(total: float, least: Sequence[float], most: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Widths that add up to `total`, in the ratio of `wanted` as far as each stays between its `least` and its `most`.

    Cases: 1. not even the least widths fit: they are shrunk alike; 2. the most are less than the total: the rest is
    given in the ratio of `wanted`; 3. else the one ratio with which the bounded widths fill the total.
    """
    if sum(least) >= total:
        return [total * width / sum(least) for width in least]
    rest = total - sum(most)
    if rest >= 0:
        return [width + rest * share / sum(wanted) for width, share in zip(most, wanted, strict=True)]

    def bounded(ratio: float) -> list[float]:
        return [
            min(max(share * ratio, low), max(low, high)) for low, high, share in zip(least, most, wanted, strict=True)
        ]

    low, high = 0.0, total / min(share for share in wanted if share > 0) * len(wanted)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(bounded(middle)) < total else (low, middle)
    return bounded(low)


def _fitting(alignment: Alignment | None, width: float) -> Alignment | None:
    """The alignment of a column of numbers, None for text and for numbers that are wider than their column."""
    return alignment if alignment and alignment.width <= width else None
