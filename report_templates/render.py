"""Contents → a rendered report."""

from __future__ import annotations

from longwatch.reports.contents import RenderedReport, ReportContents
from longwatch.standards.hashing import sha256_of_bytes
from report_templates.document_plan import plan_document
from report_templates.draw import Running, draw_page
from report_templates.pdf_file import FileProperties, write_pdf


def render(contents: ReportContents) -> RenderedReport:
    """The unsigned copy of a report as PDF; the same contents give the same bytes.

    Everything is drawn as text, whatever it holds: there is no markup, nothing is fetched, and a character that no
    font has prints as `[U+XXXX]`. A DRAFT says so on every page, and why on the first. Source: spec C.2, E.7.
    """
    plan = plan_document(contents)
    running = Running.of(contents)
    pages = len(plan.pages)
    properties = FileProperties(
        title=f"{contents.title}: {contents.study_id}" + (" (DRAFT)" if contents.is_draft else ""),
        author=contents.sponsor,
        subject=f"{contents.study_title}; {contents.date_label.lower()} {contents.cutoff.isoformat()}",
        language=contents.language,
        identifier=contents.report_key,
    )
    drawn = ((page, draw_page(page, running, number, pages)) for number, page in enumerate(plan.pages, start=1))
    pdf = write_pdf(properties, drawn, plan.entries)
    return RenderedReport(pdf, sha256_of_bytes(pdf), pages)
