"""A certified copy of an archived report: its bytes, verified, and a signed certificate that names them."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.evidence.certificate import certificate_text
from longwatch.evidence.registered import ReportRow
from longwatch.evidence.signed_note import sign_note
from operations.archive_reading import get_report
from operations.ports import Adapters


@dataclass(frozen=True)
class CertifiedCopy:
    """A copy and its certificate."""

    row: ReportRow
    pdf: bytes
    certificate: bytes


def certify(adapters: Adapters, key: str) -> CertifiedCopy:
    """The copy of a report's PDF, and the audit event of having read it. Raises what `get_report` raises."""
    row, content = get_report(adapters, key)
    with adapters.registers.transaction() as register:
        signatures = register.signatures(row.key)
    acting, signer = adapters.actor, adapters.signer
    by = f"{acting.full_name} ({acting.name})" if acting.full_name else f"{acting.name}, unauthenticated"
    text = certificate_text(row, signatures, adapters.archive.place, adapters.clock(), by)
    return CertifiedCopy(row, content, sign_note(text, signer.key, signer.sign))
