"""The signed archive copy of a report: the unsigned one, its signatures on pages, and a PAdES seal."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.errors import StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.registered import ReportRow, ReportState
from longwatch.reports.signatures import SignatureSheet, Signing, check_signings
from longwatch.reports.template import ReportTemplate
from longwatch.standards.hashing import sha256_of_bytes
from operations.archive_reading import failure_recorded, find_report, read_verified
from operations.audit_checkpoint import make_checkpoint
from operations.audited import make_event
from operations.keep_reports import retention_of
from operations.ports import Adapters
from operations.retention import locked_until
from operations.standing_holds import hold_of

SEALED = "report sealed"
"""The audit event of a signed copy: its object and SHA-256 are in it, and nowhere else in the registers."""


@dataclass(frozen=True)
class SealedReport:
    """A signed copy that was archived: where, its SHA-256, its level, and why it has no time stamp."""

    row: ReportRow
    object_key: str
    sha256: str
    level: str
    note: str
    is_demo: bool


def seal_report(adapters: Adapters, key: str) -> SealedReport:
    """Archive a signed copy of a report beside it; the unsigned copy is not touched.

    Each signature of the registers is printed with name, time and meaning. Another call makes a further copy, it
    overwrites none. The copy is no part of what a report key reproduces. A signed checkpoint of the audit trail, which
    alone names the copy, follows. It is retained and on legal hold as the report is.

    Raises what `find_report` and the archive raise, AccessError LW-ACC-003, StudyError LW-SGN-001 where nobody has
    signed, StoreError LW-SGN-003 to -005.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.REPORT, row.study_id)
    with adapters.registers.transaction() as register:
        signings = tuple(
            Signing(each.full_name, each.at, each.meaning.value, each.account) for each in register.signatures(row.key)
        )
        promised, held = retention_of(register, row.key), hold_of(register, row.key)
    kept = promised.until if promised else None
    check_signings(signings, f"report {row.key[:12]}")
    with failure_recorded(adapters, "report sealing failed", row.key):
        unsigned = read_verified(adapters, row.pdf_key, row.pdf_sha256)
        manifest = read_manifest(read_verified(adapters, row.manifest_key, row.manifest_sha256), row.manifest_key)
        identity = manifest.identity
        sheet = SignatureSheet(
            study_id=row.study_id,
            study_title=identity["study_content"]["study"]["title"],
            title=row.title,
            report_key=row.key,
            cutoff=row.cutoff,
            is_draft=row.state is ReportState.ARCHIVED_DRAFT,
            page_size=ReportTemplate.model_validate(identity["template"]).page_size,
            unsigned_sha256=row.pdf_sha256,
            unsigned_pages=row.pages,
            signings=signings,
            certificate=adapters.sealer.certificate,
        )
        sealed = adapters.sealer.seal(unsigned, adapters.render_signatures(sheet), sheet)
        digest = sha256_of_bytes(sealed.pdf)
        object_key = f"{row.manifest_key.rpartition('/')[0]}/signed-{digest[:16]}.pdf"
        adapters.archive.put(
            object_key,
            sealed.pdf,
            media_type="application/pdf",
            retain_until=max((each for each in (locked_until(adapters), kept) if each), default=None),
        )
        if held:
            adapters.archive.hold(object_key, True)
    said = {"object": object_key, "sha256": digest, "level": sealed.level, "unsigned_sha256": row.pdf_sha256,
            "signatures": len(sheet.signings), "demo_certificate": sheet.certificate.is_demo}  # fmt: skip
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, SEALED, "report", row.key, said, sealed.note))
    make_checkpoint(adapters)
    return SealedReport(row, object_key, digest, sealed.level, sealed.note, sheet.certificate.is_demo)


def get_sealed(adapters: Adapters, key: str) -> tuple[ReportRow, bytes, str]:
    """The last signed copy of a report, compared with the audit event that names it, and its SHA-256.

    Raises StudyError LW-SGN-006 where the report was never signed, and what `read_verified` raises.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.READ, row.study_id)
    with adapters.registers.transaction() as register:
        events = register.events(None, EventFilter(action=SEALED, entity="report", entity_id=row.key))
    if not events:
        raise StudyError(
            "LW-SGN-006",
            "this report has no signed copy",
            where=row.key[:12],
            next_step="`longwatch report seal` makes one, once it is signed",
        )
    newest = max(events, key=lambda each: each.position).event.new
    with failure_recorded(adapters, "report retrieval failed", row.key):
        content = read_verified(adapters, str(newest["object"]), str(newest["sha256"]))
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "signed copy retrieved", "report", row.key, {"sha256": newest["sha256"]})
        )
    return row, content, str(newest["sha256"])
