"""A query to a site as PDF: one heading, the words, the list. No title page and no contents."""

from __future__ import annotations

from longwatch.findings.letters import Letter
from longwatch.reports.contents import Paragraphs, PlainTable
from longwatch.standards.hashing import sha256_of
from report_templates.blocks import place, prepare
from report_templates.conformance import hold_to_rules
from report_templates.draw import Running
from report_templates.draw_pages import draw_pages
from report_templates.flow import Anchor, Flow
from report_templates.front_matter import HEADING, STUDY
from report_templates.pdf_file import write_pdf
from report_templates.pdf_metadata import FileProperties

TITLE = "Data queries"


def render_letter(letter: Letter) -> bytes:
    """The letter; the same letter gives the same bytes. Everything is drawn as text, whatever it holds."""
    flow = Flow("a4")
    rows = tuple(
        (str(number), f"{each.subject}\n{each.record}", each.found, each.asked, each.reference)
        for number, each in enumerate(letter.questions, start=1)
    )
    header = ("No.", "Subject and record", "What stands there", "What we ask", "Reference")
    table = PlainTable("What we ask", header, rows, (0.3, 1.4, 2.4, 2.4, 1.1))
    prepared = prepare(table, "1", flow)
    flow.start_page(landscape=prepared.landscape)  # the list begins below the words, not on the next page
    flow.add(Anchor("title", flow.y))
    flow.put_text(f"{TITLE} for site {letter.site}", HEADING)
    flow.put_text(f"{letter.study_id}: {letter.study_title}", STUDY)
    flow.skip(12.0)
    place(Paragraphs(letter.paragraphs), flow, 0.0)
    place(prepared, flow, 0.0)
    running = Running(
        letter.study_id, letter.study_title, f"{TITLE} for site {letter.site}", f"As of {letter.day.isoformat()}",
        f"Answer by {letter.due.isoformat()}", draft=False,
    )  # fmt: skip
    properties = FileProperties(
        title=f"{TITLE}: {letter.study_id}, site {letter.site}",
        author=letter.sponsor,
        subject=f"As of {letter.day.isoformat()}, answer by {letter.due.isoformat()}",
        language="en",
        identifier=sha256_of(
            [letter.study_id, letter.site, letter.paragraphs, [vars(each) for each in letter.questions]]
        ),
    )
    drawn = draw_pages(flow.pages, running)
    return hold_to_rules(write_pdf(properties, flow.pages, drawn, (), front=((TITLE, "title"),)), TITLE)
