"""The last word on a finding: a waiver, `false positive`, or what opened it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from longwatch.findings.states import Act, FindingState

DECIDING_ACTS = frozenset({Act.WAIVE, Act.FALSE_POSITIVE, Act.REOPEN, Act.RETURNED, Act.GRAVER, Act.EXPIRED})
"""Acts whose words stand beside the finding in a report, until the next one or until the data fixes it."""


@dataclass(frozen=True)
class Decision:
    """What a report says beside a finding: who did what, when and why.

    `state`: the finding's now. `id`: of the act (one act may cover many findings). `until`: the last day of a waiver.
    """

    state: FindingState
    act: Act
    reason: str
    by: str
    at: datetime
    id: str = ""
    until: date | None = None

    def in_words(self) -> str:
        """`waived by ada on 2026-03-29 12:00:00 UTC until 2026-06-30: the site confirmed it`."""
        end = f" until {self.until.isoformat()}" if self.until else ""
        return f"{_WORDS[self.act]} by {self.by} on {self.at:%Y-%m-%d %H:%M:%S} UTC{end}: {self.reason}"


_WORDS = {
    Act.WAIVE: "waived",
    Act.FALSE_POSITIVE: "marked false positive",
    Act.REOPEN: "reopened",
    Act.RETURNED: "found again in a run",
    Act.GRAVER: "reopened in a run",
    Act.EXPIRED: "reopened in a run",
}
