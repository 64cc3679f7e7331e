"""The life of a finding as a literal table: its states, who moves it, and what each move needs (CONTRACTS.md, States).

A finding is moved by a person, by the data (a validation of a snapshot), or by time (the end of a waiver). `MOVES` is
the whole machine; docs/finding-states.md is drawn from it. Assigning and commenting are acts that leave every state but
`new` as it is: whoever is given a new finding has it open.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingState(StrEnum):
    """States of a finding. `new`: nobody has looked at it yet."""

    NEW = "new"
    OPEN = "open"
    ANSWERED = "answered"
    WAIVED = "waived"
    FALSE_POSITIVE = "false positive"
    FIXED = "fixed"
    REOPENED = "reopened"


class Mover(StrEnum):
    """Who or what moves a finding."""

    PERSON = "a person"
    DATA = "the data"
    TIME = "time"


class Act(StrEnum):
    """What happens to a finding; each is one line of its history.

    Of a person: open, assign, comment, answer, waive, false positive, reopen. Of the data: seen (for the first time),
    value (another value, message, severity or rule version), carried (its record has another identity now), fixed,
    returned, graver (its severity rose to reject). Of time: expired.
    """

    OPEN = "open"
    ASSIGN = "assign"
    COMMENT = "comment"
    ANSWER = "answer"
    WAIVE = "waive"
    FALSE_POSITIVE = "false positive"
    REOPEN = "reopen"
    SEEN = "seen"
    VALUE = "value"
    CARRIED = "carried"
    FIXED = "fixed"
    RETURNED = "returned"
    GRAVER = "graver"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Move:
    """One row of the machine: `act`, by `mover`, moves a finding from each state of `before` to `after`."""

    act: Act
    mover: Mover
    before: tuple[FindingState, ...]
    after: FindingState


_NEW, _OPEN, _ANSWERED = FindingState.NEW, FindingState.OPEN, FindingState.ANSWERED
_WAIVED, _FALSE, _FIXED, _REOPENED = (
    FindingState.WAIVED, FindingState.FALSE_POSITIVE, FindingState.FIXED, FindingState.REOPENED,
)  # fmt: skip

MOVES: tuple[Move, ...] = (
    Move(Act.OPEN, Mover.PERSON, (_NEW, _ANSWERED, _REOPENED), _OPEN),
    Move(Act.ASSIGN, Mover.PERSON, (_NEW,), _OPEN),
    Move(Act.ANSWER, Mover.PERSON, (_NEW, _OPEN, _ANSWERED, _REOPENED), _ANSWERED),
    Move(Act.WAIVE, Mover.PERSON, (_NEW, _OPEN, _ANSWERED, _REOPENED, _WAIVED), _WAIVED),
    Move(Act.FALSE_POSITIVE, Mover.PERSON, (_NEW, _OPEN, _ANSWERED, _REOPENED, _WAIVED), _FALSE),
    Move(Act.REOPEN, Mover.PERSON, (_ANSWERED, _WAIVED, _FALSE, _FIXED), _REOPENED),
    Move(Act.FIXED, Mover.DATA, (_NEW, _OPEN, _ANSWERED, _REOPENED, _WAIVED), _FIXED),
    Move(Act.RETURNED, Mover.DATA, (_FIXED,), _REOPENED),
    Move(Act.GRAVER, Mover.DATA, (_WAIVED, _FALSE), _REOPENED),
    Move(Act.EXPIRED, Mover.TIME, (_WAIVED,), _REOPENED),
)
"""Every move there is. A finding begins as `new`, by the data (`seen`)."""

OWNERS: dict[FindingState, str] = {
    FindingState.NEW: "the data manager: looks at it, assigns or judges it",
    FindingState.OPEN: "its assignee, else the data manager: finds out and answers",
    FindingState.ANSWERED: "the data manager: has the data corrected, or judges the answer",
    FindingState.WAIVED: "who waived it, until the waiver's last day",
    FindingState.FALSE_POSITIVE: "who marked it, and the author of the rule",
    FindingState.FIXED: "nobody has to act; a validation that finds it again reopens it",
    FindingState.REOPENED: "its assignee, else the data manager",
}
"""Who has to act next, by state."""

KEEPING_ACTS = frozenset({Act.ASSIGN, Act.COMMENT, Act.VALUE, Act.CARRIED})
"""Acts that leave a state as it is where MOVES has no row for it."""

PERSONS_ACTS = (Act.OPEN, Act.ASSIGN, Act.COMMENT, Act.ANSWER, Act.WAIVE, Act.FALSE_POSITIVE, Act.REOPEN)
"""What a person can do."""

OPEN_STATES = (_NEW, _OPEN, _ANSWERED, _REOPENED)
"""States that count at the gate: the finding stands, and nobody has set it aside."""

SET_ASIDE = (_WAIVED, _FALSE)
"""States that do not count at the gate by a person's word; a report names the person, the reason and the end."""


def state_after(act: Act, before: FindingState) -> FindingState | None:
    """The state that an act leaves a finding in; None where the act is not possible in this state."""
    for move in MOVES:
        if move.act is act and before in move.before:
            return move.after
    return before if act in KEEPING_ACTS else None


def closed_by_data() -> tuple[FindingState, ...]:
    """The states from which later data closes a finding as fixed."""
    return next(move.before for move in MOVES if move.act is Act.FIXED)
