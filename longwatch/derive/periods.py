"""Follow-up cut into intervals since the first dose, and into the periods that the study file names (spec C.4, D.1).

Days are those of the clock of follow-up (`at_risk`): day 1 is the day from which events are treatment-emergent. An
interval of so many months ends on day ⌊30.4375·months⌋, a year on day ⌊365.25·k⌋. A period begins for a subject on the
day that the study file says and ends where the next one begins that the subject enters; the last one with follow-up. A
subject is at risk in an interval that it has a day in, and adds no other day to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import floor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.at_risk import Clock
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.cutoff import keep_started
from longwatch.derive.of_subject import carry_subject
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day
from longwatch.study import Study

INTERVAL, PERIOD = "FUINTV", "FUPERD"
"""PARAMCD of ADFU, and the variable of ADAE with the number of the interval or period that an event is in."""
DAYS_PER_MONTH = 365.25 / 12

Days = NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """Follow-up cut into parts that follow each other. `ends`: by row of ADSL, day 0 and the last day of each part:
    part k (from 1) of a subject is the days after `ends[:, k − 1]` up to `ends[:, k]`."""

    names: tuple[str, ...]
    ends: Days

    @property
    def days(self) -> Days:
        """Days of each subject in each part: shape (subjects, parts)."""
        days: Days = np.diff(self.ends, axis=1)
        return days

    def place_of(self, subject: NDArray[np.integer], day: Days) -> Days:
        """By event, the number of the part that its day lies in; 0 where the day is 0 (follow-up not known)."""
        place = np.zeros(len(day), dtype=np.int64)
        for part in range(len(self.names)):
            place += day > self.ends[subject, part]
        return place

    def days_after(self, subject: NDArray[np.integer], day: Days, part: int) -> Days:
        """By event, the days of its subject in a part (from 0) that lie after its day."""
        days: Days = np.maximum(self.ends[subject, part + 1] - np.maximum(self.ends[subject, part], day), 0)
        return days


def cut_intervals(clock: Clock, study: Study) -> Intervals:
    """By time since the first dose: at the months of the study file (`interval_months`), else by year, as many years as
    any subject was followed (at least one)."""
    months = study.interval_months
    if months:
        cuts = [floor(DAYS_PER_MONTH * month) for month in months]
        spans = [f"Months {low} to {high}" for low, high in zip((0, *months), months, strict=False)]
        names = (*spans, f"After month {months[-1]}")
    else:
        longest = int(clock.followed.max(initial=1))
        years = next(year for year in range(1, 200) if floor(365.25 * year) >= longest)
        cuts = [floor(365.25 * year) for year in range(1, years)]
        names = tuple(f"Year {year}" for year in range(1, years + 1))
    followed = clock.followed[:, np.newaxis]
    bounds = np.minimum(np.array([0, *cuts], dtype=np.int64)[np.newaxis, :], followed)
    return Intervals(names, np.hstack([bounds, followed]))


def cut_periods(clock: Clock, study: Study, data: SourceData, subjects: Subjects, cutoff: date) -> Intervals:
    """By the periods of the study file. A subject who never enters a period has no day in it. Expects SE with the
    variables that periods begin by (`find_missing_source`)."""
    followed = clock.followed
    bounds = [followed]
    for period in reversed(study.periods[1:]):
        if period.from_day is not None:
            start = np.full(len(followed), period.from_day - 1, dtype=np.int64)
        else:
            start = _entered(clock, period.source, data, subjects, cutoff)
        # Where a later period has begun already, this one has no day.
        bounds.append(np.clip(start, 0, bounds[-1]))
    bounds.append(np.zeros_like(followed))
    return Intervals(tuple(period.name for period in study.periods), np.stack(bounds[::-1], axis=1))


def find_missing_source(study: Study, data: SourceData) -> str:
    """The variable of SE that a period begins by and that the data lacks, such as `SE.EPOCH`; empty where none is.
    Without it nothing says in which period an event is: none of them can be counted."""
    columns = set(data.datasets["SE"].columns) if "SE" in data else set()
    needed = [period.source[0] for period in study.periods[1:] if period.from_day is None]
    return next((f"SE.{name}" for name in (*needed, *(["SESTDTC"] if needed else [])) if name not in columns), "")


def _entered(clock: Clock, source: tuple[str, str], data: SourceData, subjects: Subjects, cutoff: date) -> Days:
    """The last day before the first record of SE with a value; a day beyond all where a subject has none."""
    never = np.iinfo(np.int64).max
    variable, value = source
    se = keep_started(read_coded(data, "SE", subjects, (variable, "SESTDTC")), "SESTDTC", cutoff)
    found = np.full(len(subjects), never, dtype=np.int64)
    se = se.filter((pl.col(variable).cast(pl.String) == value).fill_null(False))
    day = by_value(se["SESTDTC"], earliest_day(pl.col("text")).alias("day"))["day"]
    before = pl.select((pl.lit(day) - pl.lit(clock.start.gather(se["subject"]))).dt.total_days()).to_series()
    known = before.is_not_null()
    np.minimum.at(found, se["subject"].filter(known).to_numpy(), before.filter(known).cast(pl.Int64).to_numpy())
    return found


def derive_adfu(adsl: pl.DataFrame, parts: Mapping[str, Intervals]) -> pl.DataFrame:
    """ADFU: one row per subject and interval or period that it has a day in.

    USUBJID, TRT01P, TRT01A, SAFFL, PARAMCD (`parts`' key), FUNUM (number of the part), PARAM (its name), ASTDY and
    AENDY (its first and last day on the clock), AVAL (days).
    """
    frames = []
    for code, intervals in parts.items():
        subject, part = np.nonzero(intervals.days)
        names = pl.Series(intervals.names, dtype=pl.String)
        frames.append(
            pl.DataFrame(
                {
                    "subject": subject,
                    "PARAMCD": pl.Series([code], dtype=pl.String).new_from_index(0, len(subject)),
                    "FUNUM": part + 1,
                    "PARAM": names.gather(part) if len(names) else pl.Series([], dtype=pl.String),
                    "ASTDY": intervals.ends[subject, part] + 1,
                    "AENDY": intervals.ends[subject, part + 1],
                    "AVAL": intervals.days[subject, part],
                }
            )
        )
    return carry_subject(adsl, pl.concat(frames))


def derive_places(adae: pl.DataFrame, clock: Clock, parts: Mapping[str, Intervals]) -> pl.DataFrame:
    """Adds to ADAE: FUDY, the day of follow-up that the event counts on (`Clock.days_of`), and by key of `parts` the
    number of the part it lies in; missing where the subject's follow-up is not known."""
    subject = adae["USUBJID"].to_physical().to_numpy()
    day = clock.days_of(subject, adae["ASTDT"])
    known = pl.Series(day > 0)
    places = {code: intervals.place_of(subject, day) for code, intervals in parts.items()}
    return adae.with_columns(
        pl.Series(name, values).set(~known, None) for name, values in {"FUDY": day, **places}.items()
    )
