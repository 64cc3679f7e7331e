"""Columns derived from dates."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.dates import DateFact, StudyDay
from longwatch.standards.dates import (
    earliest_day,
    earliest_second,
    latest_day,
    latest_second,
    precision,
    study_day,
    zone_minutes,
)
from validations.derived.dispatch import derive
from validations.lookups import Lookups

SECONDS_A_DAY = 86_400


@derive.register
def _date_fact(derivation: DateFact, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    return frame.with_columns(date_fact(derivation).alias(name))


@derive.register
def _study_day(derivation: StudyDay, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    date, reference = pl.col(derivation.of), pl.col(derivation.reference)
    complete = (precision(date) == "day") & (precision(reference) == "day")
    day = pl.when(complete).then(study_day(earliest_day(date), earliest_day(reference))).cast(pl.Float64)
    return frame.with_columns(day.alias(name))


def date_fact(fact: DateFact) -> pl.Expr:
    """What an SDTM date can mean, of the column that the fact names."""
    date = pl.col(fact.of)
    if fact.type == "precision":
        return precision(date).cast(pl.String)
    if fact.type == "first_day":
        return earliest_day(date)
    if fact.type == "last_day":
        return latest_day(date)
    exact = zone_minutes(date).is_null() & ~date.str.contains("/", literal=True)
    if fact.type == "first_moment":
        day, second, whole_day = earliest_day(date), earliest_second(date), 0
    else:
        day, second, whole_day = latest_day(date), latest_second(date), SECONDS_A_DAY - 1
    seconds = pl.when(exact).then(second).fill_null(whole_day).cast(pl.Int64)
    return day.to_physical().cast(pl.Int64) * SECONDS_A_DAY + seconds
