"""Person-time: to the first event, and by year of follow-up (spec C.4).

Days are study days of follow-up: the day of the first dose is day 1, so a subject followed to day d gives d days, and
a subject with a first event on day d gives d days until it. A year is 365.25 days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Estimate
from longwatch.stats.rates import PER, compute_rate

DAYS_PER_YEAR = 365.25
LEAST_YEARS = 0.5
"""An interval with less person-time prints NE (spec C.4)."""

Days = NDArray[np.int64]


@dataclass(frozen=True)
class IntervalRate:
    """One year of follow-up: its number (from 1), subjects in it, their days, the person-years, events, the rate."""

    year: int
    at_risk: int
    days: int
    person_years: float
    events: int
    rate: Estimate


def compute_days_to_first(days: ArrayLike, first_event: ArrayLike) -> Days:
    """Days at risk of a first event: to it where there is one, else to the end of follow-up.

    `first_event`: the day of the first event, 0 where there is none. Raises ValueError where it lies after the end of
    follow-up: such an event has no time that it can be counted in.
    """
    end, first = _days(days), _days(first_event)
    if np.any(first > end):
        raise ValueError("a first event lies after the end of follow-up")
    at_risk: Days = np.where(first > 0, first, end)
    return at_risk


def compute_interval_days(days: ArrayLike, years: int) -> tuple[NDArray[np.int64], Days]:
    """Subjects at risk and days by year of follow-up: year k runs from day ⌊365.25·(k−1)⌋ + 1 to day ⌊365.25·k⌋.

    A subject is at risk in every year that it has a day in. Days after the last year are not counted.
    """
    ends = _ends(years)
    within = np.clip(_days(days)[:, np.newaxis], ends[:-1], ends[1:]) - ends[:-1]
    return (within > 0).sum(axis=0), within.sum(axis=0)


def compute_interval_rates(
    days: ArrayLike,
    event_subject: ArrayLike,
    event_day: ArrayLike,
    years: int,
    confidence: float = 0.95,
    *,
    per: float = PER,
    least_years: float = LEAST_YEARS,
) -> tuple[IntervalRate, ...]:
    """Events per person-years in each year of follow-up, with exact Poisson limits.

    `days`: follow-up per subject; `event_subject`: the subject of each event, as its place in `days`; `event_day`: its
    day. For incidence (first events only) hand over `compute_days_to_first` as `days` and the first events.
    Cases: a year with less than `least_years` → no rate. Raises ValueError for an event on a day on which its subject
    was not followed.
    """
    followed = _days(days)
    subject, day = np.asarray(event_subject, dtype=np.int64), np.asarray(event_day, dtype=np.int64)
    if np.any(day < 1) or np.any(day > followed[subject]):
        raise ValueError("an event lies on a day on which its subject was not followed")
    at_risk, interval_days = compute_interval_days(followed, years)
    ends = _ends(years)
    place = np.searchsorted(ends, day, side="left") - 1
    events = np.bincount(place[place < years], minlength=years)
    person_years = interval_days / DAYS_PER_YEAR
    rates = compute_rate(events, person_years, confidence, per=per, least_years=least_years)
    return tuple(
        IntervalRate(k + 1, int(at_risk[k]), int(interval_days[k]), float(person_years[k]), int(events[k]), rates[k])
        for k in range(years)
    )


def _ends(years: int) -> Days:
    """Day 0, and the last day of each year."""
    if years < 1:
        raise ValueError("at least one year")
    ends: Days = np.floor(DAYS_PER_YEAR * np.arange(years + 1)).astype(np.int64)
    return ends


def _days(days: ArrayLike) -> Days:
    found = np.asarray(days)
    if found.size and (not np.issubdtype(found.dtype, np.integer) or found.min() < 0):
        raise ValueError("days of follow-up are whole numbers, not negative")
    return found.astype(np.int64)
