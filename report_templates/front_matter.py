"""The pages before the first section: title page, contents, list of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.reports.contents import ReportContents
from report_templates.flow import Anchor, Flow, Lines, Link, Rule
from report_templates.text import ACCENT, GREY, Style, width_of, wrap, wrap_at_most

SPONSOR = Style("regular", 11.0, GREY, 15.0)
REPORT = Style("bold", 26.0, leading=33.0)
STUDY_ID = Style("bold", 13.0, leading=19.0)
STUDY = Style("regular", 13.0, leading=19.0)
DRAFT = Style("bold", 13.0, leading=19.0)
REASON = Style("regular", 10.0, leading=14.0)
LABEL = Style("regular", 9.5, GREY, 13.0)
VALUE = Style("regular", 9.5, leading=13.0)
HEADING = Style("bold", 16.0, leading=22.0)
ENTRY = Style("regular", 10.0, ACCENT, 14.0)
SECTION_ENTRY = Style("bold", 10.0, ACCENT, 14.0)
NUMBER = Style("regular", 10.0, leading=14.0)
COLUMN = Style("regular", 9.0, GREY, 13.0)

AIRY, CLOSE = 1.0, 0.3
"""Of the white space on the title page."""
FACT_LABEL = 120.0
ROW_SPACE = 4.0
PAGE_COLUMN = 34.0
COLUMN_SPACE = 10.0
ENTRY_LINES = 6
LEADERS = (0.72, 0.72, 0.72)
DRAFT_WORDS = "This report is a draft. It is not for release while these findings are open:"


@dataclass(frozen=True)
class Entry:
    """A line of the contents. `page`: counted from the first page of the body, 0 for the first. `level`: 0 for a
    section, 1 for a table. `output`, `guide`: output code and guide number where it has them."""

    key: str
    level: int
    label: str
    title: str
    page: int
    output: str = ""
    guide: str = ""

    @property
    def bookmark(self) -> str:
        """Its title in the bookmarks panel."""
        return " ".join(f"{self.label} {self.title}".split())


def put_title_page(contents: ReportContents, flow: Flow) -> None:
    """Sponsor, report, study, why it is a DRAFT, and the facts; closer together where one page would not hold them."""
    trial = Flow(contents.page_size)
    _put_title_page(contents, trial, AIRY)
    _put_title_page(contents, flow, AIRY if len(trial.pages) == 1 else CLOSE)


def _put_title_page(contents: ReportContents, flow: Flow, space: float) -> None:
    flow.start_page(running_head=False)
    geometry = flow.geometry
    flow.add(Anchor("title", flow.y))
    flow.put_text(contents.sponsor or "Sponsor not stated", SPONSOR)
    flow.skip(72.0 * space)
    flow.put_text(contents.title, REPORT)
    flow.skip(14.0)
    flow.put_text(contents.study_id, STUDY_ID)
    flow.put_text(contents.study_title, STUDY)
    flow.skip(10.0)
    flow.put_text(f"{contents.date_label} {contents.cutoff.isoformat()}", STUDY)
    flow.skip(34.0 * space)
    if contents.is_draft:
        flow.put_text("DRAFT", DRAFT)
        flow.put_text(DRAFT_WORDS, REASON)
        flow.skip(4.0)
        for reason in contents.draft_reasons:
            _put_reason(reason, flow)
        flow.skip(26.0 * space)
    rows = (*contents.facts, ("Report key", contents.report_key), ("Snapshot id", contents.snapshot_id))
    flow.add(Rule(geometry.left, geometry.right, flow.y, 0.8))
    flow.y -= ROW_SPACE
    for label, value in rows:
        _put_fact(label, value, flow)
    flow.add(Rule(geometry.left, geometry.right, flow.y - 2, 0.8))


def _put_reason(reason: str, flow: Flow) -> None:
    lines = wrap(reason, REASON.weight, REASON.size, flow.geometry.measure - 14)
    if flow.room < len(lines) * REASON.leading:
        flow.start_page()
    flow.add(Lines(flow.geometry.left, flow.y, ("–",), REASON))
    flow.put_lines(lines, REASON, flow.geometry.left + 14)
    flow.skip(2.0)


def _put_fact(label: str, value: str, flow: Flow) -> None:
    geometry = flow.geometry
    labels = wrap(label, LABEL.weight, LABEL.size, FACT_LABEL - 10)
    values = wrap(value, VALUE.weight, VALUE.size, geometry.measure - FACT_LABEL)
    height = max(len(labels), min(len(values), 3)) * VALUE.leading
    if flow.room < height:
        flow.start_page()
    top = flow.y
    flow.add(Lines(geometry.left, top, labels, LABEL))
    flow.put_lines(values, VALUE, geometry.left + FACT_LABEL)
    flow.y = min(flow.y, top - len(labels) * LABEL.leading) if flow.y <= top else flow.y
    flow.skip(ROW_SPACE)


def put_contents(entries: Sequence[Entry], flow: Flow, first_page: int) -> None:
    """The contents and the list of tables, each entry a link. `first_page`: the number of the body's first page."""
    flow.start_page()
    flow.add(Anchor("contents", flow.y))
    flow.put_text("Contents", HEADING)
    flow.skip(8.0)
    for entry in entries:
        if entry.level == 0:
            _put_entry(entry, SECTION_ENTRY, 26.0, 0.0, flow, first_page)
    tables = [entry for entry in entries if entry.level == 1]
    if not tables:
        return
    flow.skip(26.0)
    flow.put_text(
        "Tables and figures" if any(entry.label.startswith("Figure") for entry in tables) else "Tables", HEADING
    )
    flow.skip(4.0)
    code_column = _code_width(tables)
    _put_columns(code_column, flow)
    for entry in tables:
        _put_entry(entry, ENTRY, 58.0, code_column, flow, first_page)


def _codes(entry: Entry) -> str:
    return f"{entry.output} ({entry.guide})" if entry.guide else entry.output


def _code_width(tables: Sequence[Entry]) -> float:
    """The width of the column of output codes, at most a quarter of a page; 0 where no table has one."""
    widest = max(width_of(_codes(entry), NUMBER) for entry in tables)
    return min(max(widest, width_of("Output (FDA)", COLUMN)) + 12, 130.0) if widest else 0.0


def _put_columns(code_column: float, flow: Flow) -> None:
    geometry = flow.geometry
    flow.add(Lines(geometry.left, flow.y, ("Number",), COLUMN), Lines(geometry.left + 58, flow.y, ("Title",), COLUMN))
    if code_column:
        x = geometry.right - PAGE_COLUMN - code_column
        flow.add(Lines(x, flow.y, ("Output (FDA)",), COLUMN))
    flow.add(Lines(geometry.right, flow.y, ("Page",), COLUMN, "right"))
    flow.y -= COLUMN.leading + 2
    flow.add(Rule(geometry.left, geometry.right, flow.y))
    flow.y -= ROW_SPACE


def _put_entry(entry: Entry, style: Style, indent: float, code_column: float, flow: Flow, first_page: int) -> None:
    geometry = flow.geometry
    room = geometry.measure - indent - PAGE_COLUMN - code_column - (COLUMN_SPACE if code_column else 0.0)
    lines = wrap_at_most(entry.title, style, room, ENTRY_LINES)
    height = len(lines) * style.leading
    if flow.room < height:
        flow.start_page()
        if entry.level:
            _put_columns(code_column, flow)
    top, last = flow.y, flow.y - height + style.leading
    flow.add(Lines(geometry.left, top, (entry.label,), style), Lines(geometry.left + indent, top, lines, style))
    if code_column:
        flow.add(Lines(geometry.right - PAGE_COLUMN - code_column, last, (_codes(entry),), NUMBER))
    flow.add(Lines(geometry.right, last, (str(first_page + entry.page),), NUMBER, "right"))
    dots_from = geometry.left + indent + width_of(lines[-1], style) + 6
    dots_to = geometry.right - PAGE_COLUMN + 8 if not code_column else geometry.right - PAGE_COLUMN - code_column - 6
    if dots_to - dots_from > 12:
        flow.add(Rule(dots_from, dots_to, last - style.leading * 0.72, 0.6, LEADERS, dots=True))
    flow.y -= height
    flow.add(Link(entry.key, geometry.left, flow.y, geometry.right, top))
    flow.skip(ROW_SPACE)
