"""A whole report as a plan of pages: title page, contents, sections, each thing at its place."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from longwatch.reports.contents import BarChart, Block, Paragraphs, ReportContents, Section
from longwatch.tables.result import TableResult
from report_templates.blocks import Prepared, PreparedTable, place, prepare
from report_templates.caption import Caption
from report_templates.figure_block import PreparedChart, prepare_chart
from report_templates.flow import Anchor, Flow, PagePlan
from report_templates.front_matter import HEADING, Entry, put_contents, put_title_page

SECTION_SPACE = 8.0


@dataclass(frozen=True)
class DocumentPlan:
    """All pages in order, and the entries of the contents; `body` is the index of the first section's page."""

    pages: tuple[PagePlan, ...]
    entries: tuple[Entry, ...]
    body: int


def plan_document(contents: ReportContents) -> DocumentPlan:
    """The pages of a report.

    The body is planned first, so that its page numbers are known; the contents have the same length whatever numbers
    they print, so nothing is planned twice but them.
    """
    body = Flow(contents.page_size)
    entries: list[Entry] = []
    for number, section in enumerate(contents.sections, start=1):
        _put_section(number, section, body, entries)
    front = _plan_front(contents, entries, 0)
    front = _plan_front(contents, entries, len(front.pages) + 1)
    return DocumentPlan((*front.pages, *body.pages), tuple(entries), len(front.pages))


def _plan_front(contents: ReportContents, entries: list[Entry], first_page: int) -> Flow:
    flow = Flow(contents.page_size)
    put_title_page(contents, flow)
    put_contents(entries, flow, first_page)
    return flow


def _put_section(number: int, section: Section, flow: Flow, entries: list[Entry]) -> None:
    tables, figures = count(1), count(1)
    prepared: list[Prepared] = []
    for block in section.blocks:
        if isinstance(block, Paragraphs):
            prepared.append(block)
        elif isinstance(block, BarChart) or (isinstance(block, TableResult) and block.chart):
            prepared.append(prepare_chart(block, f"{number}.{next(figures)}", flow))
        else:
            prepared.append(prepare(block, f"{number}.{next(tables)}", flow))
    first = prepared[0] if prepared else None
    flow.start_page(landscape=isinstance(first, PreparedTable) and first.landscape)
    key = f"section-{number}"
    flow.add(Anchor(key, flow.y))
    entries.append(Entry(key, 0, str(number), section.title, len(flow.pages) - 1))
    flow.put_text(f"{number}  {section.title}", HEADING)
    flow.skip(SECTION_SPACE)
    heading = flow.geometry.top - flow.y
    for block, item in zip(section.blocks, prepared, strict=True):
        page = place(item, flow, heading)
        if isinstance(item, PreparedTable | PreparedChart):
            entries.append(_entry_of(block, item.caption, page))


def _entry_of(block: Block, caption: Caption, page: int) -> Entry:
    output, guide = (block.code, block.number) if isinstance(block, TableResult) else ("", "")
    return Entry(caption.key, 1, caption.label, caption.title, page, output, guide)
