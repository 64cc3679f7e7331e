"""Blocks of a section on their pages: paragraphs, listings, outputs with title, headings, rows and footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.reports.contents import BarChart, Paragraphs, PlainTable
from longwatch.tables.result import TableResult
from report_templates.chart_layout import ChartDrawing, lay_out_chart
from report_templates.flow import Anchor, Flow, GridPart, Lines, Picture
from report_templates.grid import NOTE, REPEATED_LABEL, Grid
from report_templates.listing_layout import lay_out_listing
from report_templates.row_plan import RowBox, plan_rows
from report_templates.table_layout import lay_out_table
from report_templates.text import GREY, Style, width_of, wrap, wrap_at_most

PROSE = Style("regular", 10.0, leading=15.0)
PROSE_MEASURE = 470.0
TITLE = Style("bold", 11.0, leading=15.0)
BELOW_TITLE = Style("regular", 9.5, GREY, 14.0)
FOOTNOTE = Style("regular", 9.0, leading=11.5)
QUIET_NOTE = Style("italic", 9.0, GREY, 12.0)

PARAGRAPH_SPACE = 7.0
BLOCK_SPACE = 22.0
CAPTION_SPACE = 6.0
HEAD_SPACE = 4.0
"""White space between the rules of a heading and its text."""
TABLE_FOOT = 5.0
FOOTNOTE_SPACE = 1.5
CONTINUES = "Continued on the next page"
CONTINUED_HEIGHT = 18.0
LEAST_ROWS = 4
CAPTION_LINES = 6
SEPARATOR = "  ·  "


@dataclass(frozen=True)
class Caption:
    """What stands over a table. `label`: `Table 2.1`. `key`: its anchor. `below`: the line under the title: subtitle,
    population, output code, guide number."""

    label: str
    key: str
    title: str
    below: str = ""


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


@dataclass(frozen=True)
class PreparedChart:
    """A chart that is drawn but has no page yet."""

    caption: Caption
    drawing: ChartDrawing

    @property
    def landscape(self) -> bool:
        """Charts stand on upright pages."""
        return False


Prepared = Paragraphs | PreparedChart | PreparedTable


def prepare(block: PlainTable | TableResult, number: str, flow: Flow) -> PreparedTable:
    """A listing or an output, laid out. `number`: its number in the report, `2.1`."""
    label, key = f"Table {number}", f"table-{number}"
    if isinstance(block, PlainTable):
        grid = lay_out_listing(block, flow.upright, flow.landscape)
        return PreparedTable(Caption(label, key, block.title), grid, (), block.note, own_page=False)
    guide = f"FDA guide table {block.number}" if block.number else ""
    below = SEPARATOR.join(part for part in (block.subtitle, block.population, block.code, guide) if part)
    grid = lay_out_table(block, flow.upright, flow.landscape)
    caption = Caption(label, key, block.title, below)
    return PreparedTable(caption, grid, block.footnotes, block.empty_note, own_page=True)


def place(prepared: Prepared, flow: Flow, heading_height: float) -> int:
    """Put a block on the flow's pages; returns the index of the page it starts on.

    `heading_height`: what a section's heading takes of its first page, so that a table that wants its own page does not
    leave the heading alone.
    """
    if isinstance(prepared, PreparedTable):
        return _place_table(prepared, flow, heading_height)
    if isinstance(prepared, PreparedChart):
        return _place_chart(prepared, flow)
    start = len(flow.pages) - 1
    for text in prepared.texts:
        flow.put_text(text, PROSE, width=PROSE_MEASURE)
        flow.skip(PARAGRAPH_SPACE)
    flow.skip(BLOCK_SPACE - PARAGRAPH_SPACE)
    return start


def prepare_chart(chart: BarChart, number: str, flow: Flow) -> PreparedChart:
    """A chart, drawn to the width of an upright page. `number`: its number in the report, `1.1`."""
    caption = Caption(f"Figure {number}", f"figure-{number}", chart.title)
    return PreparedChart(caption, lay_out_chart(chart, flow.upright.measure))


def _place_chart(chart: PreparedChart, flow: Flow) -> int:
    """On the page being filled where it fits with its caption, else on the next."""
    indent = width_of(f"{chart.caption.label}  ", TITLE)
    lines = wrap_at_most(chart.caption.title, TITLE, flow.upright.measure - indent, CAPTION_LINES)
    height = len(lines) * TITLE.leading + CAPTION_SPACE + chart.drawing.height
    if flow.page.landscape or flow.room < height:
        flow.start_page()
    left = flow.geometry.left
    flow.add(Anchor(chart.caption.key, flow.y))
    flow.add(Lines(left, flow.y, (chart.caption.label,), TITLE), Lines(left + indent, flow.y, lines, TITLE))
    flow.y -= len(lines) * TITLE.leading + CAPTION_SPACE
    flow.add(Picture(chart.drawing, left, flow.y))
    flow.y -= chart.drawing.height
    flow.skip(BLOCK_SPACE)
    return len(flow.pages) - 1


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
            _put_caption(table, flow, panel, continued=page > 0)
            flow.add(GridPart(table.grid, panel, rows, flow.y, heights.head))
            flow.y -= heights.head
            if not table.grid.rows:
                flow.add(Lines(geometry.left, flow.y - 1, (table.empty_note,), NOTE))
            flow.y -= rows.height + TABLE_FOOT
            if page < last:
                flow.add(Lines(geometry.right, flow.y - 3, (CONTINUES,), QUIET_NOTE, "right"))
    for footnote in table.footnotes:
        flow.put_text(footnote, FOOTNOTE)
        flow.skip(FOOTNOTE_SPACE)
    flow.skip(BLOCK_SPACE)
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
    def caption(*, continued: bool) -> float:
        return sum(len(lines) * style.leading for lines, style, _ in _caption_lines(table, width, 0, continued))

    foot = sum(
        len(wrap(text, FOOTNOTE.weight, FOOTNOTE.size, width)) * FOOTNOTE.leading + FOOTNOTE_SPACE
        for text in table.footnotes
    )
    head = max(panel.head_height for panel in table.grid.panels) + 2 * HEAD_SPACE + 3
    return _Heights(caption(continued=False) + CAPTION_SPACE, caption(continued=True) + CAPTION_SPACE, head, foot)


def _put_caption(table: PreparedTable, flow: Flow, panel: int, *, continued: bool) -> None:
    left = flow.geometry.left
    label = f"{table.caption.label}  "
    flow.add(Lines(left, flow.y, (label,), TITLE))
    for lines, style, indent in _caption_lines(table, flow.geometry.measure, panel, continued):
        flow.add(Lines(left + indent, flow.y, lines, style))
        flow.y -= len(lines) * style.leading
    flow.y -= CAPTION_SPACE


def _caption_lines(
    table: PreparedTable, width: float, panel: int, continued: bool
) -> list[tuple[tuple[str, ...], Style, float]]:
    caption = table.caption
    indent = width_of(f"{caption.label}  ", TITLE)
    title = caption.title + " (continued)" * continued
    below = caption.below
    panels = len(table.grid.panels)
    if panels > 1:
        below = SEPARATOR.join(part for part in (below, f"columns, part {panel + 1} of {panels}") if part)
    texts = ((title, TITLE), (below, BELOW_TITLE))
    return [(wrap_at_most(text, style, width - indent, CAPTION_LINES), style, indent) for text, style in texts if text]
