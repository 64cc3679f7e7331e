"""Treatment emergence as the generator knows it (spec A.6), written apart from longwatch.derive so that it can judge
it."""

from __future__ import annotations

import numpy as np

from simulation.days import FULL, MISSING, MONTH, NO_DAY, NO_TIME, YEAR, Days, Mask, month_start, year_start

CASES = (
    "not treated",
    "ended before",
    "started before",
    "same day, earlier time",
    "same day, same time or later",
    "same day, time unknown",
    "started after",
    "partial, could be after",
    "partial, before",
    "start missing",
)


def emergence(
    day: Days, minute: Days, written: Days, end: Days, reference: Days, reference_minute: Days
) -> tuple[Mask, Days]:
    """Whether each event is treatment-emergent by a reference time, and which of CASES decides.

    `written`: how much of the start is recorded; a month or a year counts as after where it is that of the reference.
    Missing: no reference → not treated; no start → emergent unless it ended before; no end → not ended.
    """
    in_month = (written == MONTH) & (month_start(day) == month_start(reference))
    in_year = (written == YEAR) & (year_start(day) == year_start(reference))
    earliest = np.where(written == MONTH, month_start(day), np.where(written == YEAR, year_start(day), day))
    partial = (written == MONTH) | (written == YEAR)
    both_times = (minute != NO_TIME) & (reference_minute != NO_TIME)
    conditions = [
        reference == NO_DAY,
        (end > NO_DAY) & (end < reference),
        written == MISSING,
        in_month | in_year,
        partial & (earliest < reference),
        partial,
        (written == FULL) & (day < reference),
        (day == reference) & ~both_times,
        (day == reference) & (minute < reference_minute),
        day == reference,
    ]
    case = np.select(conditions, [0, 1, 9, 7, 8, 7, 2, 5, 3, 4], default=6)
    return np.isin(case, (4, 5, 6, 7, 9)), case
