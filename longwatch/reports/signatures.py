"""Who signed a report with which meaning, and what certificate seals the signed copy.

Source: 21 CFR 11.50 (printed name, date and time, meaning), 11.70 (bound to the record).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from longwatch.errors import StudyError


@dataclass(frozen=True)
class Signing:
    """One act of signing: the printed name, when (UTC), with which meaning (`reviewed`), and the account."""

    printed_name: str
    at: datetime
    meaning: str
    account: str = ""

    @property
    def moment(self) -> str:
        """`2026-03-29 12:00:00 UTC`."""
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True)
class SealCertificate:
    """The certificate that seals signed copies. `is_demo`: made by Longwatch itself; it proves nobody's identity."""

    subject: str
    issuer: str
    sha256: str
    valid_until: date
    is_demo: bool


@dataclass(frozen=True)
class SignatureSheet:
    """What the signature pages of a signed copy say. `unsigned_sha256`: of the copy that is sealed, byte for byte."""

    study_id: str
    study_title: str
    title: str
    report_key: str
    cutoff: date
    is_draft: bool
    page_size: str
    unsigned_sha256: str
    unsigned_pages: int
    signings: tuple[Signing, ...]
    certificate: SealCertificate


@dataclass(frozen=True)
class SealedCopy:
    """A signed copy. `level`: `PAdES B-B` or `PAdES B-T`. `note`: why it has no time stamp where one was asked for."""

    pdf: bytes
    level: str
    note: str = ""


def check_signings(signings: tuple[Signing, ...], where: str) -> None:
    """Raise StudyError LW-SGN-001 where nobody has signed."""
    if not signings:
        raise StudyError(
            "LW-SGN-001",
            "nobody has signed this report",
            where=where,
            expected="a signature",
            next_step="`longwatch report review` and `longwatch report release` sign it; a DRAFT is never signed",
        )
