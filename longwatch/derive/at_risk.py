"""Days at risk of the subjects of a population, and the day of an event on the same clock (spec C.4, EAIR and EAER)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.follow_up import start_variable
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
        start = self.start.gather(pl.Series(subject))
        days = (day.to_physical() - start.to_physical()).fill_null(0).to_numpy() + 1
        within: Days = np.minimum(np.maximum(days, 1), self.followed[subject])
        return within


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
