"""The signature pages of a signed copy: who signed, when, with which meaning, and what seals the file."""

from __future__ import annotations

from longwatch.reports.contents import Paragraphs, PlainTable
from longwatch.reports.signatures import SignatureSheet
from longwatch.standards.hashing import sha256_of_bytes
from report_templates.blocks import place, prepare
from report_templates.draw import Running
from report_templates.draw_pages import draw_pages
from report_templates.flow import Anchor, Flow
from report_templates.front_matter import HEADING, STUDY
from report_templates.pdf_file import write_pdf
from report_templates.pdf_metadata import FileProperties

TITLE = "Signatures"
DEMO = (
    "The certificate is self-made, for demonstration: it proves nobody's identity. The seal still shows any change of "
    "the file."
)


def render_signature_pages(sheet: SignatureSheet) -> bytes:
    """The pages as a PDF of their own, to be added to the copy; the same sheet gives the same bytes."""
    flow = Flow(sheet.page_size)
    signings = PlainTable(
        "Signatures of this report",
        ("Printed name", "Meaning", "Date and time", "Account"),
        tuple((each.printed_name, each.meaning, each.moment, each.account) for each in sheet.signings),
        (1.6, 0.9, 1.6, 1.6),
    )
    seal = PlainTable(
        "What is signed, and what seals it",
        ("Item", "In this file"),
        (
            ("Report key", sheet.report_key),
            ("Unsigned copy", f"the first {sheet.unsigned_pages:,} pages, SHA-256 {sheet.unsigned_sha256}"),
            ("Sealed by", sheet.certificate.subject),
            ("Issued by", sheet.certificate.issuer),
            ("Certificate, SHA-256", sheet.certificate.sha256),
            ("Valid until", sheet.certificate.valid_until.isoformat()),
        ),
        (1.2, 4.0),
    )
    prepared = [prepare(table, str(number), flow) for number, table in enumerate((signings, seal), start=1)]
    flow.start_page()
    flow.add(Anchor("title", flow.y))
    flow.put_text(TITLE, HEADING)
    flow.put_text(f"{sheet.title}: {sheet.study_id}", STUDY)
    flow.skip(12.0)
    words = [
        "This is the archive copy. The submission copy is the same report without these pages and without a seal: the "
        "bytes of this file up to the first seal begin with it, unchanged.",
    ]
    place(Paragraphs((*words, DEMO) if sheet.certificate.is_demo else tuple(words)), flow, 0.0)
    for table in prepared:
        place(table, flow, 0.0)
    running = Running(
        sheet.study_id, sheet.study_title, f"{TITLE}: {sheet.title}", f"Data cut-off {sheet.cutoff.isoformat()}",
        f"Report {sheet.report_key[:12]}", sheet.is_draft, "Signature page",
    )  # fmt: skip
    lines = [(each.printed_name, each.meaning, each.moment, each.account) for each in sheet.signings]
    properties = FileProperties(
        title=f"{TITLE}: {sheet.title}",
        author="",
        subject=sheet.study_id,
        language="en",
        identifier=sha256_of_bytes(repr((sheet.report_key, lines)).encode()),
    )
    drawn = draw_pages(flow.pages, running)
    return write_pdf(properties, flow.pages, drawn, (), front=((TITLE, "title"),))
