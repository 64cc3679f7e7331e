"""Contents → a rendered report."""

from __future__ import annotations

from longwatch.reports.contents import RenderedReport, ReportContents
from longwatch.standards.hashing import sha256_of_bytes
from report_templates.conformance import hold_to_rules
from report_templates.document_plan import plan_document
from report_templates.draw import Running, draw_page
from report_templates.pdf_file import write_pdf
from report_templates.pdf_metadata import FileProperties


def render(contents: ReportContents) -> RenderedReport:
    """The unsigned copy of a report as PDF; the same contents give the same bytes.

    Everything is drawn as text, whatever it holds: there is no markup, nothing is fetched, and a character that no
    font has prints as `[U+XXXX]`. A DRAFT says so on every page, and why on the first. The finished file is held to
    the rules for submission (`longwatch.reports.conformance`). Source: spec C.2, E.7.

    Raises IntegrityError LW-PDF-002 where a rule did not hold.
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
    pdf = hold_to_rules(write_pdf(properties, drawn, plan.entries), contents.title)
    return RenderedReport(pdf, sha256_of_bytes(pdf), pages)
