"""Days at risk of the subjects of a population, and the day of an event on the same clock (spec C.4, EAIR and EAER)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.by_subject import NONE
from longwatch.derive.follow_up import start_variable
from longwatch.derive.in_parts import RECORDS_AT_ONCE
from longwatch.study import Study

Days = NDArray[np.int64]


@dataclass(frozen=True)
class Clock:
    """Day 1 is the day from which events are treatment-emergent. `start`: that day by row of ADSL (missing: never
    treated); `followed`: days to the end of follow-up, 0 where not known. `variable`: the variable of ADSL that is day
    1; `unknown`: treated subjects whose follow-up is not known."""

    start: pl.Series
    followed: Days
    variable: str
    unknown: int

    def days_of(self, subject: NDArray[np.integer], day: pl.Series) -> Days:
        """By event, its day on this clock, within follow-up: at least 1, at most the last day followed; 0 where the
        follow-up is not known. An event without a date is on day 1: the conservative choice, as for emergence."""
        starts, days = _numbers(self.start), _numbers(day)
        found = np.empty(len(subject), dtype=np.int64)
        # Some events at a time: what is needed on the way takes little memory.
        for first in range(0, len(subject), RECORDS_AT_ONCE):
            part = slice(first, first + RECORDS_AT_ONCE)
            start, on = starts[subject[part]], days[part]
            since = np.where((start == NONE) | (on == NONE), 0, on - start) + 1
            np.minimum(np.maximum(since, 1), self.followed[subject[part]], out=found[part])
        return found


def _numbers(days: pl.Series) -> NDArray[np.int32]:
    return days.to_physical().cast(pl.Int32).fill_null(NONE).to_numpy()


def make_clock(adsl: pl.DataFrame, study: Study) -> Clock:
    """The clock of a study: from TRTSDT, or INTSDT where emergence counts from the first study intervention, to the end
    of follow-up (FUPDUR, counted from TRTSDT)."""
    variable = start_variable(study, adsl.columns)
    earlier = pl.col("TRTSDT") - pl.col(variable)
    followed = adsl.select(
        followed=(pl.col("FUPDUR") + earlier.dt.total_days()).fill_null(0).clip(lower_bound=0)
    ).to_series()
    unknown = adsl.filter((pl.col("SAFFL") == "Y") & pl.Series(followed == 0)).height
    return Clock(adsl[variable], followed.cast(pl.Int64).to_numpy(), variable, unknown)
