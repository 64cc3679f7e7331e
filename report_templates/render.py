"""Contents → a rendered report."""

from __future__ import annotations

from longwatch.reports.contents import RenderedReport, ReportContents
from longwatch.standards.hashing import sha256_of_bytes
from report_templates.conformance import hold_to_rules
from report_templates.document_plan import plan_document
from report_templates.draw import Running
from report_templates.draw_pages import SHARED_FROM, draw_pages
from report_templates.pdf_file import write_pdf
from report_templates.pdf_metadata import FileProperties


def render(contents: ReportContents, *, shared_from: int = SHARED_FROM) -> RenderedReport:
    """The unsigned copy of a report as PDF; the same contents give the same bytes.

    Everything is drawn as text, whatever it holds: there is no markup, nothing is fetched, and a character that no
    font has prints as `[U+XXXX]`. A DRAFT says so on every page, and why on the first. The finished file is held to
    the rules for submission (`longwatch.reports.conformance`). Source: spec C.2, E.7. `shared_from`: of so many pages
    a second process draws a part; the bytes are the same.

    Raises IntegrityError LW-PDF-002 where a rule did not hold.
    """
    pdf, pages = _write(contents, shared_from)
    hold_to_rules(pdf, contents.title)
    return RenderedReport(pdf, sha256_of_bytes(pdf), pages)


def _write(contents: ReportContents, shared_from: int) -> tuple[bytes, int]:
    """The file and the number of its pages. The plan ends here: a check must not hold it in memory beside itself."""
    plan = plan_document(contents)
    properties = FileProperties(
        title=f"{contents.title}: {contents.study_id}" + (" (DRAFT)" if contents.is_draft else ""),
        author=contents.sponsor,
        subject=f"{contents.study_title}; {contents.date_label.lower()} {contents.cutoff.isoformat()}",
        language=contents.language,
        identifier=contents.report_key,
    )
    drawn = draw_pages(plan.pages, Running.of(contents), shared_from=shared_from)
    return write_pdf(properties, plan.pages, drawn, plan.entries), len(plan.pages)
