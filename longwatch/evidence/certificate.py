"""The certificate of a copy: which bytes it is of, from where, and who signed the report; itself signed by Longwatch.

Plain text that a person reads and a program checks (a C2SP signed note, `signed_note`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from longwatch.evidence.registered import ReportRow, ReportState
from longwatch.evidence.signature import SignatureRow

TITLE = "Longwatch certified copy 1"
_WARNING = {
    ReportState.ARCHIVED_DRAFT: "This is a DRAFT; it was made while errors in the data were open.",
    ReportState.ARCHIVED_CANDIDATE: "This report is not reviewed and not released.",
    ReportState.REVIEWED: "This report is reviewed, not released.",
}


def certificate_text(
    row: ReportRow, signatures: Sequence[SignatureRow], place: str, made_at: datetime, made_by: str
) -> str:
    """What is certified, a line each."""
    lines = [
        TITLE,
        f"SHA-256 {row.pdf_sha256}",
        f"report key {row.key}",
        f"study {row.study_id}",
        f"report {row.title} ({row.template})",
        f"cut-off {row.cutoff.isoformat()}",
        f"state {row.state.value}",
        f"archived {row.archived_at:%Y-%m-%d %H:%M:%S} UTC by {row.archived_by}",
        f"archive {place}",
        f"object {row.pdf_key}",
        *(f"signed: {signature.in_words()}" for signature in signatures),
        f"copied {made_at:%Y-%m-%d %H:%M:%S} UTC by {made_by}",
        "The bytes were read back from the archive and are those that were archived.",
    ]
    if row.superseded_by:
        lines.append(f"This report is superseded by {row.superseded_by}.")
    if row.state in _WARNING:
        lines.append(_WARNING[row.state])
    return "\n".join(" ".join(line.split()) for line in lines) + "\n"
