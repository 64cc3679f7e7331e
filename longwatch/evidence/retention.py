"""Until when a released report is kept (CONTRACTS.md, States; spec F.2).

A rule is an anchor event and years. Cases, for the reports of a study on a day:

1. the day of the event is known: its anniversary so many years later;
2. it is open, so it lies after today: so many years from today, and a later look reaches further (the lock rolls);
3. no rule: as long as until the next review, and a later look reaches further.

The longest counts, and never less than the next review while a rule is open. What was promised before is never
shortened: `longest` of both. A lock ends at the end of that day in UTC.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longwatch.study.retention import Retention

RETENTION, HOLD = "retention", "legal hold"
"""Entities of the audit trail: what is recorded there about a report is the register of its retention and holds."""

RETAINED, ROLLED, EXTENDED = "retention begun", "retention rolled forward", "retention extended"
HELD, FREED = "legal hold placed", "legal hold lifted"

RULES_ENTITY, RULES_SET = "retention rules", "retention rules set"

ROLLED_BY = timedelta(days=30)
"""By how much a lock must reach further for a roll to be worth its writing."""

NO_RULE = "until the next review: no rule is set for this study"


@dataclass(frozen=True)
class RetainedUntil:
    """The end of a retention, which rule says so, and whether it rolls on while an event is open."""

    until: datetime
    rule: str
    rolls: bool

    def values(self) -> dict[str, Any]:
        """As an audit event holds it."""
        return {"retain_until": self.until, "rule": self.rule, "rolls": self.rolls}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> RetainedUntil:
        """From an audit event."""
        until = datetime.fromisoformat(str(values["retain_until"]))
        return cls(until.replace(tzinfo=until.tzinfo or UTC), str(values["rule"]), bool(values["rolls"]))

    def in_words(self) -> str:
        """For a person."""
        rolls = "; rolls forward while its event is open" if self.rolls else ""
        return f"kept until {self.until:%Y-%m-%d} ({self.rule}{rolls})"


@dataclass(frozen=True)
class LegalHold:
    """A hold that stands: who placed it, when, why."""

    by: str
    at: datetime
    why: str

    def in_words(self) -> str:
        """For a person."""
        return f"legal hold since {self.at:%Y-%m-%d %H:%M} UTC by {self.by}: {self.why}"


def compute_retention(retention: Retention, today: date) -> RetainedUntil:
    """The end that the rules of a study give its released reports on a day."""
    ends = [(_years_later(rule.on or today, rule.years), rule.name, rule.on is None) for rule in retention.rules]
    if not ends or any(is_open for _day, _name, is_open in ends):
        review = _months_later(today, retention.review_months)
        ends.append((review, NO_RULE if not ends else "until the next review", True))
    day, name, _ = max(ends)
    return RetainedUntil(end_of_day(day), name, any(is_open for _day, _name, is_open in ends))


def longest(promised: RetainedUntil | None, computed: RetainedUntil) -> RetainedUntil:
    """What holds where something was promised before: never less."""
    if promised is None or computed.until >= promised.until:
        return computed
    return RetainedUntil(promised.until, promised.rule, computed.rolls)


def is_worth_writing(promised: RetainedUntil | None, now: RetainedUntil) -> bool:
    """Whether a retention differs enough to be recorded: another rule, another kind, or a month further."""
    if promised is None or (promised.rule, promised.rolls) != (now.rule, now.rolls):
        return True
    return now.until - promised.until >= (ROLLED_BY if now.rolls else timedelta(microseconds=1))


def end_of_day(day: date) -> datetime:
    """The last second of a day in UTC."""
    return datetime.combine(day, time(23, 59, 59), UTC)


def _years_later(day: date, years: int) -> date:
    return _months_later(day, 12 * years)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month; where it has no such one the day after it ends, since less would be too short."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    last = monthrange(year, month)[1]
    return date(year, month, min(day.day, last)) + timedelta(days=day.day > last)
