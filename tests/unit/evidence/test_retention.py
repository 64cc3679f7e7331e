"""Until when a released report is kept: rules of anchor event and years, on a day (CONTRACTS.md, States; spec F.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from longwatch.evidence.retention import NO_RULE, RetainedUntil, compute_retention, is_worth_writing, longest
from longwatch.study import Retention, RetentionRule

TODAY = date(2026, 11, 27)


def rule(name: str, years: int, on: date | None = None) -> RetentionRule:
    return RetentionRule(name=name, anchor="an event", years=years, on=on)


@pytest.mark.parametrize(
    ("rules", "until", "by", "rolls"),
    [
        # no rule: until the next review
        ((), date(2027, 11, 27), NO_RULE, True),
        # the event is known: its anniversary; open: as if it were today
        ((rule("a", 25, date(2020, 1, 1)),), date(2045, 1, 1), "a", False),
        ((rule("a", 25),), date(2051, 11, 27), "a", True),
        # the longest counts; it rolls while any event is open
        ((rule("a", 25), rule("b", 30, date(2023, 6, 30))), date(2053, 6, 30), "b", True),
        ((rule("a", 2, date(2020, 1, 1)), rule("b", 10, date(2020, 1, 1))), date(2030, 1, 1), "b", False),
        # a year without that day: the day after, since one before would be too short
        ((rule("a", 30, date(2024, 2, 29)),), date(2054, 3, 1), "a", False),
    ],
)
def test_the_longest_rule_counts(rules: tuple[RetentionRule, ...], until: date, by: str, rolls: bool) -> None:
    found = compute_retention(Retention(rules=rules), TODAY)
    assert (found.until, found.rule, found.rolls) == (
        datetime(*until.timetuple()[:3], 23, 59, 59, tzinfo=UTC),
        by,
        rolls,
    )


def test_what_was_promised_is_never_shortened() -> None:
    long, short = (RetainedUntil(datetime(year, 1, 1, tzinfo=UTC), str(year), False) for year in (2060, 2050))
    assert longest(long, short).until == longest(short, long).until == long.until
    assert longest(None, short) == short


def test_a_roll_is_written_once_it_gains_a_month() -> None:
    days = [RetainedUntil(datetime(2051, 1, day, tzinfo=UTC), "a", True) for day in (1, 30, 31)]
    assert not is_worth_writing(days[0], days[1])
    assert is_worth_writing(days[0], days[2])
    assert is_worth_writing(None, days[0])


def test_an_event_holds_what_is_read_from_it() -> None:
    found = compute_retention(Retention(), TODAY)
    values = found.values()
    assert RetainedUntil.of({**values, "retain_until": values["retain_until"].isoformat()}) == found
