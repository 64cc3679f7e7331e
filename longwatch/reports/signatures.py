"""Who signed a report with which meaning, and what certificate seals the signed copy.

Source: 21 CFR 11.50 (printed name, date and time, meaning), 11.70 (bound to the record).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from longwatch.errors import StudyError


class Meaning(StrEnum):
    """What a person's signature says."""

    AUTHOR = "author"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    RELEASED = "released"


NOT_OF_DRAFTS = frozenset({Meaning.APPROVED, Meaning.RELEASED})
"""Meanings that no DRAFT may carry."""


@dataclass(frozen=True)
class Signing:
    """One act of signing: who, when (UTC), with which meaning. `account`: the account that did it, and how it was
    known."""

    printed_name: str
    at: datetime
    meaning: Meaning
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


def check_signings(signings: tuple[Signing, ...], *, draft: bool, where: str) -> None:
    """Raise StudyError LW-SGN-001 where nobody signs or a name is empty, LW-SGN-002 where a DRAFT would be approved or
    released."""
    if not signings or any(not each.printed_name.strip() for each in signings):
        raise StudyError(
            "LW-SGN-001",
            "a signed copy names who signed it",
            where=where,
            expected="a printed name for each signature",
            next_step="give the printed name of the person with --name",
        )
    wrong = [each.meaning.value for each in signings if each.meaning in NOT_OF_DRAFTS]
    if draft and wrong:
        raise StudyError(
            "LW-SGN-002",
            f"a DRAFT is not {wrong[0]}",
            where=where,
            expected=" or ".join(sorted(set(Meaning) - NOT_OF_DRAFTS)),
            found=wrong[0],
            next_step="settle the open findings and run the study again, or sign with another meaning",
        )
