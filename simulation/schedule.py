"""The visit plan of ISLET-1 (TV, LTFUPLAN) and the days on which its visits fall (spec D.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.days import Days, Mask, add_months


@dataclass(frozen=True)
class Visit:
    """One planned visit. `days` or `months` after the first infusion, by calendar month where `months` is given; window
    and mode as in LTFUPLAN. `jitter`: days that the visit really falls early or late, small enough that no two contacts
    lie further apart than 1.25 planned intervals (rule FU03). `labs`: blood is taken; `meal`: mixed-meal test."""

    number: int
    name: str
    days: int = 0
    months: int = 0
    low: int = 0
    high: int = 0
    jitter: int = 0
    mode: str = "ONSITE"
    phase: str = "ACTIVE"
    may_miss: bool = False
    labs: bool = True
    meal: bool = False

    @property
    def nominal_day(self) -> int:
        """Days after the anchor, months as mean months."""
        return self.days if not self.months else round(self.months * 365.25 / 12)


SCREENING = Visit(1, "SCREENING", -45)
BASELINE = Visit(2, "BASELINE", -4, meal=True)
INFUSION = Visit(3, "INFUSION", 0, labs=False)
SECOND_INFUSION = Visit(50, "INFUSION 2", 0, labs=False)

FOLLOW_UP = (
    Visit(4, "HOUR 24", 1),
    Visit(5, "WEEK 1", 7, low=-2, high=2),
    Visit(6, "WEEK 2", 14, low=-3, high=3, jitter=1),
    Visit(7, "WEEK 4", 28, low=-7, high=7, jitter=2),
    Visit(8, "MONTH 2", 60, low=-7, high=7, jitter=5, may_miss=True),
    Visit(9, "MONTH 3", 90, low=-7, high=7, jitter=2, meal=True),
    Visit(10, "MONTH 6", 180, low=-14, high=14, jitter=10, may_miss=True, meal=True),
    Visit(11, "MONTH 9", 270, low=-14, high=14, jitter=10, may_miss=True),
    Visit(12, "MONTH 12", months=12, low=-30, high=30, jitter=12, may_miss=True, meal=True),
    Visit(13, "MONTH 18", months=18, low=-30, high=30, jitter=14, may_miss=True),
    Visit(14, "MONTH 24", months=24, low=-30, high=30, jitter=14, may_miss=True, meal=True),
    Visit(15, "MONTH 30", 0, 30, -30, 30, 14, "PHONE", "LTFU_QUERY", True, False),
    Visit(16, "MONTH 36", 0, 36, -60, 60, 20, "ONSITE", "LTFU_EXAM", True, True, True),
    Visit(17, "MONTH 42", 0, 42, -30, 30, 14, "PHONE", "LTFU_QUERY", True, False),
    Visit(18, "MONTH 48", 0, 48, -60, 60, 20, "ONSITE", "LTFU_EXAM", True, True, True),
    Visit(19, "MONTH 54", 0, 54, -30, 30, 14, "PHONE", "LTFU_QUERY", True, False),
    Visit(20, "MONTH 60", 0, 60, -60, 60, 20, "ONSITE", "LTFU_EXAM", False, True, True),
)
"""Visits after infusion: LTFUPLAN has a row for each."""

EXTENSION = tuple(
    Visit(20 + year, f"MONTH {60 + 12 * year}", 0, 60 + 12 * year, -60, 60, 20, "PHONE", "LTFU_QUERY", True, False)
    for year in range(1, 11)
)
"""Visits after the fifth year, of a trial that goes on to its fifteenth: a query every year."""


def follow_up_of(years: int) -> tuple[Visit, ...]:
    """The visits after infusion of a trial that follows for 5 to 15 years."""
    return (*FOLLOW_UP, *EXTENSION[: years - 5])


@dataclass(frozen=True)
class PlannedDays:
    """Subjects by visits after infusion (`follow_up_of`): target, window and the day on which the visit falls, whether
    or not the subject is still followed then; `missed`: the visit is not held."""

    target: Days
    opens: Days
    closes: Days
    held: Days
    missed: Mask


def plan_visits(infusion: Days, missed: float, rng: np.random.Generator, years: int = 5) -> PlannedDays:
    """The follow-up visits of subjects infused on these days (all known). The first five years are drawn first, so that
    they are the same however long the trial."""
    parts = [_plan(infusion, missed, rng, visits) for visits in (FOLLOW_UP, EXTENSION[: years - 5]) if visits]
    return PlannedDays(
        *(
            np.concatenate([getattr(part, name) for part in parts], axis=1)
            for name in ("target", "opens", "closes", "held", "missed")
        )
    )


def _plan(infusion: Days, missed: float, rng: np.random.Generator, visits: tuple[Visit, ...]) -> PlannedDays:
    shape = (len(infusion), len(visits))
    target = np.empty(shape, dtype=np.int64)
    for column, visit in enumerate(visits):
        target[:, column] = add_months(infusion, visit.months) if visit.months else infusion + visit.days
    low, high, jitter = (np.array([getattr(v, name) for v in visits]) for name in ("low", "high", "jitter"))
    may_miss = np.array([v.may_miss and v is not EXTENSION[-1] for v in visits])
    held = target + rng.integers(-jitter, jitter + 1, shape)
    return PlannedDays(target, target + low, target + high, held, (rng.random(shape) < missed) & may_miss)
