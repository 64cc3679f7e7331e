"""Blocks of a section on their pages: paragraphs, listings, outputs with title, headings, rows and footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.reports.contents import Paragraphs, PlainTable
from longwatch.tables.result import TableResult
from report_templates.caption import (
    BLOCK_SPACE,
    FOOTNOTE,
    FOOTNOTE_SPACE,
    Caption,
    CaptionLines,
    caption_lines,
    caption_of,
    height_of,
    put_caption,
    put_footnotes,
)
from report_templates.figure_block import PreparedChart, place_chart
from report_templates.flow import Anchor, Flow, GridPart, Lines
from report_templates.grid import NOTE, REPEATED_LABEL, Grid
from report_templates.listing_layout import lay_out_listing
from report_templates.row_plan import RowBox, plan_rows
from report_templates.table_layout import lay_out_table
from report_templates.text import GREY, Style, wrap

PROSE = Style("regular", 10.0, leading=15.0)
PROSE_MEASURE = 470.0
QUIET_NOTE = Style("italic", 9.0, GREY, 12.0)

PARAGRAPH_SPACE = 7.0
HEAD_SPACE = 4.0
"""White space between the rules of a heading and its text."""
TABLE_FOOT = 5.0
CONTINUES = "Continued on the next page"
CONTINUED_HEIGHT = 18.0
LEAST_ROWS = 4


@dataclass(frozen=True)
class PreparedTable:
    """A table that is laid out but has no page yet. `own_page`: it starts on a new page."""

    caption: Caption
    grid: Grid
    footnotes: tuple[str, ...]
    empty_note: str
    own_page: bool

    @property
    def landscape(self) -> bool:
        """Whether its pages are landscape."""
        return self.grid.landscape


Prepared = Paragraphs | PreparedChart | PreparedTable


def prepare(block: PlainTable | TableResult, number: str, flow: Flow) -> PreparedTable:
    """A listing or an output, laid out. `number`: its number in the report, `2.1`."""
    if isinstance(block, PlainTable):
        grid = lay_out_listing(block, flow.upright, flow.landscape)
        caption = Caption(f"Table {number}", f"table-{number}", block.title)
        return PreparedTable(caption, grid, (), block.note, own_page=False)
    grid = lay_out_table(block, flow.upright, flow.landscape)
    return PreparedTable(caption_of(block, "Table", number), grid, block.footnotes, block.empty_note, own_page=True)


def place(prepared: Prepared, flow: Flow, heading_height: float) -> int:
    """Put a block on the flow's pages; returns the index of the page it starts on.

    `heading_height`: what a section's heading takes of its first page, so that a table that wants its own page does not
    leave the heading alone.
    """
    if isinstance(prepared, PreparedTable):
        return _place_table(prepared, flow, heading_height)
    if isinstance(prepared, PreparedChart):
        return place_chart(prepared, flow, heading_height)
    start = len(flow.pages) - 1
    for text in prepared.texts:
        flow.put_text(text, PROSE, width=PROSE_MEASURE)
        flow.skip(PARAGRAPH_SPACE)
    flow.skip(BLOCK_SPACE - PARAGRAPH_SPACE)
    return start


@dataclass(frozen=True)
class _Heights:
    first_caption: float
    next_caption: float
    head: float
    footnotes: float


def _place_table(table: PreparedTable, flow: Flow, heading_height: float) -> int:
    geometry = flow.landscape if table.landscape else flow.upright
    heights = _measure(table, geometry.measure)
    boxes = table.grid.boxes or (RowBox(1, NOTE.leading, TABLE_FOOT),)
    whole = heights.first_caption + heights.head + sum(box.height for box in boxes) + TABLE_FOOT + heights.footnotes
    if not _stays_on_page(table, flow, heights, boxes, whole, heading_height):
        flow.start_page(landscape=table.landscape)
    around = heights.head + TABLE_FOOT + CONTINUED_HEIGHT
    slices = plan_rows(
        boxes,
        first_room=flow.room - heights.first_caption - around,
        room=geometry.depth - heights.next_caption - around,
        tail=max(heights.footnotes - CONTINUED_HEIGHT, 0.0),
        repeat=REPEATED_LABEL,
    )
    start = len(flow.pages) - 1
    flow.add(Anchor(table.caption.key, flow.y))
    last = len(slices) * len(table.grid.panels) - 1
    for number, rows in enumerate(slices):
        for panel in range(len(table.grid.panels)):
            page = number * len(table.grid.panels) + panel
            if page:
                flow.start_page(landscape=table.landscape)
            put_caption(table.caption, _lines(table, geometry.measure, panel, continued=page > 0), flow)
            flow.add(GridPart(table.grid, panel, rows, flow.y, heights.head))
            flow.y -= heights.head
            if not table.grid.rows:
                flow.add(Lines(geometry.left, flow.y - 1, (table.empty_note,), NOTE))
            flow.y -= rows.height + TABLE_FOOT
            if page < last:
                flow.add(Lines(geometry.right, flow.y - 3, (CONTINUES,), QUIET_NOTE, "right"))
    put_footnotes(table.footnotes, flow)
    return start


def _stays_on_page(
    table: PreparedTable, flow: Flow, heights: _Heights, boxes: Sequence[RowBox], whole: float, heading_height: float
) -> bool:
    """Whether a table starts on the page that is being filled.

    Cases: 1. the page has the other orientation: no; 2. nothing stands on it but a section's heading: yes; 3. an
    output has its own page: no; 4. all of it fits: yes; 5. it is shorter than two fifths of a page: no, it is not cut;
    6. there is room for its headings and some rows: yes.
    """
    if flow.page.landscape != table.landscape:
        return False
    if flow.geometry.top - flow.y <= heading_height:
        return True
    if table.own_page:
        return False
    if whole <= flow.room:
        return True
    if whole <= flow.geometry.depth * 2 / 5:
        return False
    some = sum(box.height for box in boxes[:LEAST_ROWS])
    return heights.first_caption + heights.head + some + TABLE_FOOT + CONTINUED_HEIGHT <= flow.room


def _measure(table: PreparedTable, width: float) -> _Heights:
    first, following = (height_of(_lines(table, width, 0, continued=continued)) for continued in (False, True))
    foot = sum(
        len(wrap(text, FOOTNOTE.weight, FOOTNOTE.size, width)) * FOOTNOTE.leading + FOOTNOTE_SPACE
        for text in table.footnotes
    )
    head = max(panel.head_height for panel in table.grid.panels) + 2 * HEAD_SPACE + 3
    return _Heights(first, following, head, foot)


def _lines(table: PreparedTable, width: float, panel: int, *, continued: bool) -> CaptionLines:
    panels = len(table.grid.panels)
    part = f"columns, part {panel + 1} of {panels}" if panels > 1 else ""
    return caption_lines(table.caption, width, continued=continued, part=part)
