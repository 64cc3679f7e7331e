"""Columns derived from dates. A date is read once per different text: data has far fewer of them than records."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from longwatch.derive import coded
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
    day = study_day(by_value(date, _whole_day, pl.Date), by_value(reference, _whole_day, pl.Date))
    return frame.with_columns(day.cast(pl.Float64).alias(name))


def _whole_day(date: pl.Expr) -> pl.Expr:
    return pl.when(precision(date) == "day").then(earliest_day(date))


def by_value(text: pl.Expr, read: Callable[[pl.Expr], pl.Expr], dtype: type[pl.DataType]) -> pl.Expr:
    """What is read from a text, read once per different text; of missing text nothing."""
    taken = read(pl.col("text")).cast(dtype)
    return text.map_batches(lambda texts: coded.by_value(texts, taken).to_series(), return_dtype=dtype())


def date_fact(fact: DateFact) -> pl.Expr:
    """What an SDTM date can mean, of the column that the fact names."""
    date = pl.col(fact.of)
    if fact.type == "precision":
        return by_value(date, precision, pl.String).fill_null("none")
    if fact.type == "first_day":
        return by_value(date, earliest_day, pl.Date)
    if fact.type == "last_day":
        return by_value(date, latest_day, pl.Date)
    return by_value(date, lambda text: _moment(text, fact.type), pl.Int64)


def _moment(date: pl.Expr, which: str) -> pl.Expr:
    """The first or last second that a date and time can mean, in seconds since 1970."""
    exact = zone_minutes(date).is_null() & ~date.str.contains("/", literal=True)
    if which == "first_moment":
        day, second, whole_day = earliest_day(date), earliest_second(date), 0
    else:
        day, second, whole_day = latest_day(date), latest_second(date), SECONDS_A_DAY - 1
    seconds = pl.when(exact).then(second).fill_null(whole_day).cast(pl.Int64)
    return day.to_physical().cast(pl.Int64) * SECONDS_A_DAY + seconds
