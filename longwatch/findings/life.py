"""A finding as the registers know it: its state, its owner, the word that sets it aside, and its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from longwatch.findings.decision import DECIDING_ACTS, Decision
from longwatch.findings.finding import Finding
from longwatch.findings.states import OPEN_STATES, SET_ASIDE, Act, FindingState


@dataclass(frozen=True)
class KnownFinding:
    """A finding of a study as it is now.

    `version`: the number of its newest history line; an act names it, and is refused where the finding has another
    one meanwhile. `decision`: the last word on it, where it was waived, marked false positive or opened again since it
    was found. `first_seen`: when it was found first. `changed_at`: when its newest history line was written.
    `last_snapshot`: where it was last found; for a fixed one, `proof` is the snapshot that no longer has it.
    """

    finding: Finding
    study_id: str
    state: FindingState
    version: int
    first_seen: datetime
    changed_at: datetime
    first_run: str
    last_run: str
    first_snapshot: str
    last_snapshot: str
    site: str | None = None
    assignee: str | None = None
    decision: Decision | None = None
    proof: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it counts at the gate."""
        return self.state in OPEN_STATES

    @property
    def is_set_aside(self) -> bool:
        """Whether a person's word keeps it from counting at the gate."""
        return self.state in SET_ASIDE


@dataclass(frozen=True)
class HistoryLine:
    """One change of a finding. The finding is as it stood after the change.

    `text`: the reason, comment or answer; of `carried` what moved. `until`: the last day of a waiver. `assignee`: who
    has it now. `act_id`: the same for all findings that one act changed.
    """

    version: int
    act: Act
    at: datetime
    by: str
    run_id: str
    snapshot_id: str
    state: FindingState
    finding: Finding
    text: str = ""
    until: date | None = None
    assignee: str | None = None
    act_id: str | None = None


@dataclass(frozen=True)
class ActRequest:
    """What a person wants to do with one finding.

    `version`: the newest history line that the person has seen. `text`: the reason (waive, false positive, reopen), the
    comment, the answer; may be empty for open and assign. `until`: the last day of a waiver. `assignee`: whom it is
    given to; None takes it back.
    """

    fingerprint: str
    version: int
    act: Act
    text: str = ""
    until: date | None = None
    assignee: str | None = None


@dataclass(frozen=True)
class FindingChange:
    """One history line to be written: what an act makes of a finding that is at `version` now."""

    fingerprint: str
    version: int
    act: Act
    state: FindingState
    text: str = ""
    until: date | None = None
    assignee: str | None = None
    act_id: str | None = None
    run_id: str = ""


@dataclass(frozen=True)
class Refusal:
    """A finding that an act did not change, and why. Nothing of it is written."""

    fingerprint: str
    rule_id: str
    record: str
    reason: str


@dataclass(frozen=True)
class ActsDone:
    """What acts came to: the findings as they are now, and those that were refused, by name."""

    changed: tuple[KnownFinding, ...]
    refused: tuple[Refusal, ...]
    act_id: str


def decide_at(lines: Iterable[HistoryLine], moment: datetime, run_id: str) -> Decision | None:
    """The last word on a finding as a run saw it: of the lines up to a moment, and those that the run wrote itself.

    `lines`: the finding's history, oldest first. None where nobody had said anything since the data last had it right.
    """
    word: HistoryLine | None = None
    last: HistoryLine | None = None
    for line in lines:
        if line.at > moment and line.run_id != run_id:
            break
        last = line
        if line.act in DECIDING_ACTS:
            word = line
        elif line.act is Act.FIXED:
            word = None
    if word is None or last is None:
        return None
    return Decision(last.state, word.act, word.text, word.by, word.at, word.act_id or "", word.until)
