"""An electronic signature on a report, and what a signature moves (21 CFR 11.50, 11.70, 11.200).

The table is the whole rule: which meaning is signed in which state, what the report becomes, and by whom not. Whoever
made a report approves nothing of it, and nobody signs a report twice; so a released report has been signed by two
persons, and neither is who made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from longwatch.errors import StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.registered import ReportRow, ReportState


class Meaning(StrEnum):
    """What a signature means (11.50(a)(3))."""

    REVIEWED = "reviewed"
    RELEASED = "released"


@dataclass(frozen=True)
class Step:
    """What a signature of a meaning needs and does."""

    before: ReportState
    after: ReportState
    right: Right


STEPS: Mapping[Meaning, Step] = {
    Meaning.REVIEWED: Step(ReportState.ARCHIVED_CANDIDATE, ReportState.REVIEWED, Right.REVIEW),
    Meaning.RELEASED: Step(ReportState.REVIEWED, ReportState.RELEASED, Right.RELEASE),
}


@dataclass(frozen=True)
class SignatureRow:
    """Who signed which bytes, when, and what that means.

    `account`: who. `full_name`: the printed name as it was at that moment. `at`: in UTC. `pdf_sha256`,
    `manifest_sha256`: the exact bytes that were signed, read back from the archive before (11.70).
    """

    id: str
    report_key: str
    meaning: Meaning
    account: str
    full_name: str
    at: datetime
    pdf_sha256: str
    manifest_sha256: str

    def in_words(self) -> str:
        """As it is printed (11.50(b))."""
        return f"{self.meaning} by {self.full_name} ({self.account}) on {self.at:%Y-%m-%d %H:%M:%S} UTC"


def check_may_sign(row: ReportRow, meaning: Meaning, account: str, signed: Iterable[SignatureRow]) -> Step:
    """The step that this signature is.

    Raises StudyError LW-RLS-001 where the report is in another state, LW-RLS-002 where the person made the report,
    LW-RLS-003 where the person signed it before.
    """
    step = STEPS[meaning]
    where = f"report {row.key[:12]}"
    if row.state is not step.before:
        raise StudyError(
            "LW-RLS-001",
            f"a report in this state cannot be signed as {meaning}",
            where=where,
            expected=step.before.value,
            found=row.state.value,
            next_step=_NEXT[row.state],
        )
    if account == row.archived_by:
        raise StudyError(
            "LW-RLS-002",
            "who made a report does not approve it",
            where=where,
            expected="another person",
            found=f"{account}, who made it",
            next_step="let another person sign, or let a service make the reports (`longwatch account add --service`)",
        )
    if account in {signature.account for signature in signed}:
        raise StudyError(
            "LW-RLS-003",
            "review and release are two persons",
            where=where,
            expected="another person",
            found=f"{account}, who signed it before",
            next_step="let another person sign",
        )
    return step


_NEXT: Mapping[ReportState, str] = {
    ReportState.ARCHIVED_DRAFT: "settle the open errors and run the study again: a draft is never signed",
    ReportState.ARCHIVED_CANDIDATE: "let it be signed first: `longwatch report review`",
    ReportState.REVIEWED: "it is reviewed: `longwatch report release`",
    ReportState.RELEASED: "it is released; a correction is a new run, which supersedes it",
    ReportState.SUPERSEDED: "see `longwatch archive show` for what superseded it, and sign that",
}
