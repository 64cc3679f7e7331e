"""An output (TableResult): a stub with indents, columns of numbers aligned at their points, headings in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from longwatch.tables.result import TableColumn, TableResult
from report_templates.alignment import Alignment, align, is_numeric
from report_templates.grid import (
    BODY,
    GROUP_GAP,
    GROUP_SPACE,
    GUTTER,
    INDENT,
    QUIET,
    ROW_PAD,
    RULE_SPACE,
    STRONG,
    Grid,
    GridColumn,
    GridRow,
    HeadRow,
    HeadText,
    Panel,
)
from report_templates.page import Geometry
from report_templates.row_plan import RowBox
from report_templates.text import Style, longest_word, width_of, wrap, wrap_at_most

_LEAST_STUB = 165.0
_SPLIT_STUB = 190.0
_STUB_SHARE = 0.36
_WIDEST_TEXT = 150.0
_NARROWER_TEXT = (120.0, 96.0)
_WIDEST_SPREAD = 46.0
_HEADING_LINES = 3
_MOST_LINES = 8
_WIDEST_UNIT = 90.0


@dataclass(frozen=True)
class _Measured:
    """A column before it has a place: its alignment, the width it needs, and the white space before it (more where a
    group of columns begins or ends)."""

    column: TableColumn
    alignment: Alignment | None
    width: float
    gap: float = GUTTER

    @property
    def group_size(self) -> str:
        """The N that belongs to the whole group: `N=86` under the first of an arm's columns."""
        return self.column.subheading if self.column.group and self.column.subheading.startswith("N=") else ""

    @property
    def unit(self) -> str:
        """What stands under the heading of the column itself."""
        return "" if self.group_size else self.column.subheading

    @property
    def advance(self) -> float:
        """Gap and width."""
        return self.gap + self.width


def lay_out_table(table: TableResult, upright: Geometry, landscape: Geometry) -> Grid:
    """The output on upright pages where it fits, else on landscape ones, else split by columns over several pages.

    The stub has at least the width of a term of two words; a longer term is wrapped. A column is as wide as its numbers
    and its heading need. What is left of the page gives the stub about a third of it where its terms are that long,
    then spreads the columns, then widens the stub again. Columns of text are made narrower, no word broken, where that
    saves a split. A text beside which the rest of its group is empty, as a median with its range, runs over it. A split
    repeats the stub and keeps the columns of a group together where they fit on one page.
    """
    stub = _measure_stub(table)
    measured = _measure_columns(table)
    for widest in _NARROWER_TEXT:
        if landscape.measure - sum(item.advance for item in measured) < min(stub, _LEAST_STUB):
            narrower = _measure_columns(table, widest)
            fits = landscape.measure - sum(item.advance for item in narrower) >= min(stub, _LEAST_STUB)
            measured = narrower if fits else measured
    columns_width = sum(item.advance for item in measured)
    page = upright if upright.measure - columns_width >= min(stub, _LEAST_STUB) else landscape
    room = page.measure - columns_width
    if room >= min(stub, _LEAST_STUB) or not measured:
        parts = [measured]
        spread = _spread(measured, page.measure - min(stub, page.measure * _STUB_SHARE))
        stub_width = page.measure - columns_width - spread * len(measured)
        spreads = [spread]
    else:
        stub_width = min(stub, _SPLIT_STUB)
        parts = _split(measured, page.measure - stub_width)
        spreads = [_spread(part, page.measure - stub_width) for part in parts]
    panels = tuple(
        _make_panel(table, part, page, stub_width, spread) for part, spread in zip(parts, spreads, strict=True)
    )
    rows, boxes = _make_rows(table, panels, stub_width)
    return Grid(page.measure, panels, rows, boxes, landscape=page is landscape)


def _spread(part: Sequence[_Measured], room: float) -> float:
    """By how much each column is widened to fill the room, up to a limit."""
    left = room - sum(item.advance for item in part)
    return min(max(left, 0.0) / max(len(part), 1), _WIDEST_SPREAD)


def _wide_cells(table: TableResult) -> Mapping[int, frozenset[int]]:
    """Row → its cells (from 1) of text beside which the rest of their group of columns is empty."""
    groups = [(name, len(list(members))) for name, members in groupby(table.columns, key=lambda column: column.group)]
    wide: dict[int, frozenset[int]] = {}
    for number, row in enumerate(table.rows):
        found, end = set(), 0
        for name, size in groups:
            start, end = end, end + size
            filled = [place for place in range(start, end) if row.cells[place]]
            if name and filled and filled[-1] < end - 1 and not is_numeric([row.cells[filled[-1]]]):
                found.add(filled[-1] + 1)
        if found:
            wide[number] = frozenset(found)
    return wide


def _measure_columns(table: TableResult, widest: float = _WIDEST_TEXT) -> list[_Measured]:
    measured = []
    wide = _wide_cells(table)
    running: list[float] = []
    for number, column in enumerate(table.columns):
        over = [row.cells[number] for place, row in enumerate(table.rows) if number + 1 in wide.get(place, ())]
        running.append(min(max((width_of(text, BODY) for text in over), default=0.0), _WIDEST_TEXT))
        cells = [row.cells[number] for place, row in enumerate(table.rows) if number + 1 not in wide.get(place, ())]
        alignment = align(cells, BODY) if is_numeric(cells) else None
        if alignment and alignment.width > _WIDEST_TEXT:
            alignment = None
        if alignment:
            needed = alignment.width
        else:
            texts = dict.fromkeys(cells)
            word = max((longest_word(text, BODY.weight) for text in texts), default=0.0) * BODY.size / 1000
            whole = max((width_of(text, BODY) for text in texts), default=0.0)
            needed = min(max(min(whole, widest), word) + 0.1, _WIDEST_TEXT)
        heading = _heading_width(column.heading, STRONG, _HEADING_LINES, widest)
        below = _heading_width(column.subheading, QUIET, 1, _WIDEST_UNIT)
        measured.append(_Measured(column, alignment, max(needed, heading, below)))
    return _widen_to_groups(measured, running)


def _heading_width(text: str, style: Style, most_lines: int, widest: float = _WIDEST_TEXT) -> float:
    """The least width in which a heading takes no more than so many lines, and none of its words is broken; at most
    about `widest`."""
    width = longest_word(text, style.weight) * style.size / 1000 + 0.1
    while len(wrap(text, style.weight, style.size, width)) > most_lines and width < widest:
        width += 6.0
    return min(width, _WIDEST_TEXT)


def _widen_to_groups(measured: list[_Measured], running: Sequence[float]) -> list[_Measured]:
    """The columns of a group as wide together as its heading, and as the texts that run from one of them to its end
    (`running`: the widest of each column)."""
    widened: list[_Measured] = []
    for name, members in groupby(measured, key=lambda item: item.column.group):
        group = list(members)
        have = sum(item.width for item in group) + GUTTER * (len(group) - 1)
        needed = _heading_width(name, STRONG, _HEADING_LINES) if name else 0.0
        x = 0.0
        for item, text in zip(group, running[len(widened) :], strict=False):
            start = x + ((item.width - item.alignment.width) / 2 if item.alignment else 0.0)
            needed = max(needed, start + text if text else 0.0)
            x += item.width + GUTTER
        more = max(needed - have, 0.0) / len(group)
        for number, item in enumerate(group):
            gap = GUTTER + GROUP_GAP if name and not number and widened else GUTTER
            widened.append(replace(item, width=item.width + more, gap=gap))
    return widened


def _measure_stub(table: TableResult) -> float:
    """The width in which no label is wrapped."""
    labels = {(row.label, row.level, number) for number, row in enumerate(table.rows)}
    strong = _parents(table)
    widths = [width_of(label, STRONG if number in strong else BODY) + level * INDENT for label, level, number in labels]
    return max([width_of(table.stub, STRONG), *widths]) + 0.1


def _parents(table: TableResult) -> frozenset[int]:
    """Rows that have rows under them: a row of a lower level follows."""
    rows = table.rows
    return frozenset(number for number in range(len(rows) - 1) if rows[number + 1].level > rows[number].level)


def _split(measured: Sequence[_Measured], room: float) -> list[list[_Measured]]:
    parts: list[list[_Measured]] = [[]]
    used = 0.0
    for name, members in groupby(measured, key=lambda item: item.column.group):
        group = list(members)
        width = sum(item.advance for item in group)
        whole = bool(name) and width <= room
        for item in group:
            needed = width if whole and item is group[0] else item.advance
            if parts[-1] and used + needed > room:
                parts.append([])
                used = 0.0
            parts[-1].append(item)
            used += item.advance
    return parts


def _make_panel(
    table: TableResult, part: Sequence[_Measured], page: Geometry, stub_width: float, spread: float
) -> Panel:
    numbers = {id(column): number for number, column in enumerate(table.columns)}
    columns = [GridColumn(0, page.left, stub_width)]
    x = page.left + stub_width
    for item in part:
        width = item.width + spread
        columns.append(GridColumn(numbers[id(item.column)] + 1, x + item.gap, width, item.alignment, centred=True))
        x += width + item.gap
    placed = list(zip(part, columns[1:], strict=True))
    head = _group_rows(placed)
    stub = HeadText(wrap_at_most(table.stub, STRONG, stub_width, _MOST_LINES), page.left, STRONG)
    headings = [_heading(item.column.heading, column, STRONG) for item, column in placed]
    units = [replace(_heading(item.unit, column, QUIET), hangs=True) for item, column in placed if item.unit]
    head.append(_head_row([*headings] if units else [stub, *headings]))
    if units:
        head.append(_head_row([stub, *units]))
    return Panel(tuple(columns), tuple(head))


def _heading(text: str, column: GridColumn, style: Style) -> HeadText:
    lines = wrap_at_most(text, style, column.width + 0.1, _MOST_LINES)
    if column.alignment is None:
        return HeadText(lines, column.x, style)
    return HeadText(lines, column.middle, style, centred=True)


def _group_rows(placed: Sequence[tuple[_Measured, GridColumn]]) -> list[HeadRow]:
    """The names of column groups over a rule, each with its N under it; none where no column has a group."""
    names, sizes = [], []
    for name, members in groupby(placed, key=lambda pair: pair[0].column.group):
        group = list(members)
        if name:
            left, right = group[0][1].x, group[-1][1].x + group[-1][1].width
            lines = wrap_at_most(name, STRONG, right - left + 0.1, _MOST_LINES)
            size = next((item.group_size for item, _ in group if item.group_size), "")
            names.append(HeadText(lines, (left + right) / 2, STRONG, centred=True))
            sizes.append(HeadText((size,), (left + right) / 2, QUIET, centred=True, rule=(left, right)))
    if not names:
        return []
    if any(size.lines != ("",) for size in sizes):
        return [_head_row(names), HeadRow(tuple(sizes), QUIET.leading + RULE_SPACE)]
    ruled = tuple(replace(name, rule=size.rule) for name, size in zip(names, sizes, strict=True))
    return [HeadRow(ruled, _head_row(names).height + RULE_SPACE)]


def _head_row(texts: Sequence[HeadText]) -> HeadRow:
    return HeadRow(tuple(texts), max(len(text.lines) for text in texts) * STRONG.leading)


def _is_first_of_several(table: TableResult, strong: frozenset[int], number: int) -> bool:
    """Whether a row is the first under its parent and another one follows: two at least stay with their parent."""
    rows = table.rows
    return number - 1 in strong and number + 1 < len(rows) and rows[number + 1].level == rows[number].level


def _make_rows(
    table: TableResult, panels: Sequence[Panel], stub_width: float
) -> tuple[tuple[GridRow, ...], tuple[RowBox, ...]]:
    wrapped: dict[int, float] = {}
    to_the_end: dict[int, float] = {}
    for panel in panels:
        for column in panel.columns[1:]:
            if column.alignment is None:
                wrapped[column.cell] = column.width
            group = table.columns[column.cell - 1].group
            last = [other for other in panel.columns[1:] if table.columns[other.cell - 1].group == group][-1]
            to_the_end[column.cell] = last.x + last.width - column.start
    wide = _wide_cells(table)
    strong = _parents(table)
    rows: list[GridRow] = []
    boxes: list[RowBox] = []
    open_parents: list[int] = []
    for number, row in enumerate(table.rows):
        while open_parents and table.rows[open_parents[-1]].level >= row.level:
            open_parents.pop()
        style = STRONG if number in strong else BODY
        indent = row.level * INDENT
        label = wrap(row.label, style.weight, style.size, max(stub_width - indent, 3 * INDENT))
        over = wide.get(number, frozenset())
        widths = {**wrapped, **{cell: to_the_end[cell] for cell in over}}
        cells = tuple(
            wrap(text, BODY.weight, BODY.size, widths[cell]) if cell in widths else (text,)
            for cell, text in enumerate(row.cells, start=1)
        )
        above = GROUP_SPACE if number in strong else 0.0
        rows.append(GridRow((label, *cells), indent, number in strong, above, over))
        lines = max(len(label), max(map(len, cells), default=1))
        keeps = number in strong or _is_first_of_several(table, strong, number)
        boxes.append(RowBox(lines, BODY.leading, ROW_PAD + above, tuple(open_parents), keeps))
        if number in strong:
            open_parents.append(number)
    return tuple(rows), tuple(boxes)
