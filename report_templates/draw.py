"""A planned page → a drawn one: header and footer, the DRAFT mark, and each item at its place."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.reports.contents import ReportContents
from report_templates.chart_drawing import LABEL
from report_templates.draft_mark import draft_mark
from report_templates.flow import GridPart, Lines, PagePlan, Picture, Rule
from report_templates.grid import BODY, NOTE, ROW_PAD, RULE_SPACE, STRONG, GridColumn, GridRow, HeadRow, HeadText
from report_templates.ink import DrawnPage, Ink
from report_templates.text import GREY, Style, shorten, width_of

HEAD_BOLD = Style("bold", 9.0, GREY)
HEAD = Style("regular", 9.0, GREY)
FOOT_DRAFT = Style("bold", 9.0)
HEAVY, LIGHT = 0.8, 0.4
HEAD_SPACE = 4.0
_CAP = 0.714
"""The height of capitals in Noto Sans, as a part of the type size."""


@dataclass(frozen=True)
class Running:
    """What header and footer say on every page. `counter`: what the pages are called."""

    study_id: str
    study_title: str
    title: str
    cutoff: str
    marks: str
    draft: bool
    counter: str = "Page"

    @classmethod
    def of(cls, contents: ReportContents) -> Running:
        """Of a report: study, report title, cut-off; the first 12 digits of snapshot and report key."""
        marks = f"Snapshot {contents.snapshot_id[:12]}   Report {contents.report_key[:12]}"
        return cls(
            contents.study_id,
            contents.study_title,
            contents.title,
            f"{contents.date_label} {contents.cutoff.isoformat()}",
            marks,
            contents.is_draft,
        )


def draw_page(plan: PagePlan, running: Running, number: int, pages: int) -> DrawnPage:
    """One page. `number` of `pages`, both as printed."""
    ink = Ink()
    if running.draft:
        ink.under(draft_mark(plan.geometry))
    if plan.running_head:
        _draw_header(plan, running, ink)
    for item in plan.items:
        if isinstance(item, Lines):
            _draw_lines(item, ink)
        elif isinstance(item, Rule):
            ink.rule(item.left, item.right, item.y, item.weight, item.colour, item.dots)
        elif isinstance(item, Picture):
            _draw_picture(item, ink)
        elif isinstance(item, GridPart):
            _draw_grid(item, plan, ink)
    _draw_footer(plan, running, number, pages, ink)
    return ink.dry()


def base_line(top: float, style: Style) -> float:
    """Where a line's characters stand, so that capitals are in the middle of its leading."""
    return top - (style.leading + _CAP * style.size) / 2


def _draw_lines(item: Lines, ink: Ink) -> None:
    draw = {"left": ink.text, "right": ink.text_right, "centre": ink.text_centred}[item.align]
    y = base_line(item.top, item.style)
    for line in item.lines:
        draw(item.x, y, line, item.style)
        y -= item.style.leading


def _draw_header(plan: PagePlan, running: Running, ink: Ink) -> None:
    page = plan.geometry
    cutoff = width_of(running.cutoff, HEAD)
    ink.text(page.left, page.header, f"{running.study_id}  ", HEAD_BOLD)
    x = page.left + width_of(f"{running.study_id}  ", HEAD_BOLD)
    ink.text(x, page.header, shorten(running.study_title, HEAD, page.right - x) + " ", HEAD)
    ink.text(page.left, page.header - 12, shorten(running.title, HEAD, page.measure - cutoff - 12) + " ", HEAD)
    ink.text_right(page.right, page.header - 12, running.cutoff, HEAD)
    ink.rule(page.left, page.right, page.header - 18, LIGHT, GREY)


def _draw_footer(plan: PagePlan, running: Running, number: int, pages: int, ink: Ink) -> None:
    page = plan.geometry
    ink.rule(page.left, page.right, page.footer + 12, LIGHT, GREY)
    ink.text(page.left, page.footer, running.marks + " ", HEAD)
    if running.draft:
        ink.text_centred((page.left + page.right) / 2 + 40, page.footer, "DRAFT ", FOOT_DRAFT)
    ink.text_right(page.right, page.footer, f"{running.counter} {number} of {pages}", HEAD)


def _draw_grid(part: GridPart, plan: PagePlan, ink: Ink) -> None:
    grid, panel = part.grid, part.grid.panels[part.panel]
    left, right = plan.geometry.left, plan.geometry.left + grid.width
    ink.rule(left, right, part.top, HEAVY)
    y = part.top - HEAD_SPACE
    for head in panel.head:
        _draw_head(head, y, ink)
        y -= head.height
    y = part.top - part.head_height + 2
    ink.rule(left, right, y, LIGHT)
    y -= 2
    stub = panel.columns[0]
    for parent in part.rows.continued:
        y = _draw_continued(grid.rows[parent], stub, right, y, ink)
    rows = part.rows
    for number in part.shown:
        start = rows.first_line if number == rows.first else 0
        stop = rows.end_line if number == rows.end else None
        row = grid.rows[number]
        _draw_row(row, panel.columns, start, stop, y, ink)
        box = grid.boxes[number]
        y -= ((box.lines if stop is None else stop) - start) * box.leading + box.pad
    if not grid.rows:
        y -= rows.height
    ink.rule(left, right, y - 1, HEAVY if rows.end >= len(grid.rows) else LIGHT)


def _draw_picture(picture: Picture, ink: Ink) -> None:
    """A chart: its origin is the lower left corner."""
    drawing, left, bottom = picture.drawing, picture.left, picture.top - picture.drawing.height
    ink.begin_picture(drawing.description)
    for area in drawing.areas:
        ink.area(area, left, bottom)
    for stroke in drawing.strokes:
        ink.stroke(stroke, left, bottom)
    for bar in drawing.bars:
        ink.bar(left + bar.x, bottom + bar.y, bar.width, bar.height, bar.colour)
    for dot in drawing.dots:
        ink.dot(dot, left, bottom)
    ink.end_picture()
    for label in drawing.labels:
        draw = {"left": ink.text, "right": ink.text_right, "middle": ink.text_centred}[label.align]
        draw(left + label.x, bottom + label.y, label.text + " ", LABEL)


def _draw_head(head: HeadRow, top: float, ink: Ink) -> None:
    for text in head.texts:
        _draw_heading(text, top, head.height, ink)


def _draw_heading(text: HeadText, top: float, height: float, ink: Ink) -> None:
    below = RULE_SPACE if text.rule else 0.0
    above = 0.0 if text.hangs else height - below - len(text.lines) * text.style.leading
    y = base_line(top - above, text.style)
    for line in text.lines:
        if line:
            (ink.text_centred if text.centred else ink.text)(text.x, y, line + " ", text.style)
        y -= text.style.leading
    if text.rule:
        ink.rule(*text.rule, top - height + 2, LIGHT)


def _draw_continued(row: GridRow, stub: GridColumn, right: float, y: float, ink: Ink) -> float:
    x = stub.x + row.indent
    suffix = width_of(" (continued)", NOTE)
    label = shorten(" ".join(row.cells[0]), STRONG, right - x - suffix)
    line = base_line(y - ROW_PAD / 2 - row.above, STRONG)
    ink.text(x, line, label + " ", STRONG)
    ink.text(x + width_of(label + " ", STRONG), line, "(continued)", NOTE)
    return y - STRONG.leading - ROW_PAD - row.above


def _draw_row(
    row: GridRow, columns: tuple[GridColumn, ...], start: int, stop: int | None, top: float, ink: Ink
) -> None:
    """A row, or the lines of it that stand on this page. Where it goes on from the page before, its cells of one line
    are repeated, in italics: what the row is of."""
    first = base_line(top - ROW_PAD / 2 - row.above, BODY)
    for column in columns:
        whole = row.cells[column.cell]
        lines = whole[start:stop]
        if column.cell == 0:
            style = STRONG if row.strong else BODY
            x = column.x + row.indent
        elif column.alignment and column.cell not in row.wide:
            for line in lines:
                for distance, text in column.alignment.place(line):
                    ink.text(column.start + distance, first, text, BODY)
            continue
        else:
            style, x = BODY, column.start
        if start and len(whole) == 1:
            lines, style = whole, NOTE
        ink.lines(x, first, lines, style)
