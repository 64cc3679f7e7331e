"""The reporting interval of a periodic report that ends at the data lock point (ICH E2F; spec E.1, E.2)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from longwatch.derive.populations import flag
from longwatch.errors import StudyError
from longwatch.study import Study

FIRST_DOSE, DIED, LEFT, STARTED = "TRTINTFL", "DTHINTFL", "DISINTFL", "AEINTFL"
"""Flags of ADSL and ADAE: first dose, death, end by an adverse event, start of an event in the interval."""
BY_EVENT = "ADVERSE EVENT"


@dataclass(frozen=True)
class Interval:
    """First and last day; the last one is the data lock point. `is_stated`: whether the study file says the birth date
    that it is counted from."""

    first: date
    last: date
    is_stated: bool


def compute_interval(study: Study, cutoff: date) -> Interval:
    """The interval that ends at the cut-off D.

    Cases: `development_birth_date` stated → from its last anniversary on or before D; else the year that ends at D. A
    29 February is 28 February in a year without one (spec E.1). Raises StudyError LW-TAB-012 where the birth date lies
    after D.
    """
    birth = study.development_birth_date
    if birth is None:
        after = cutoff + timedelta(days=1)
        return Interval(_in_year(after, after.year - 1), cutoff, False)
    if birth > cutoff:
        raise StudyError(
            "LW-TAB-012",
            "the development international birth date lies after the data lock point",
            where="development_birth_date",
            expected=f"a date on or before {cutoff.isoformat()}",
            found=birth.isoformat(),
            next_step="correct the date in the study file, or make the report at a later cut-off",
        )
    this_year = _in_year(birth, cutoff.year)
    return Interval(this_year if this_year <= cutoff else _in_year(birth, cutoff.year - 1), cutoff, True)


def _in_year(day: date, year: int) -> date:
    """The same day in another year."""
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def flag_subjects(adsl: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Adds TRTINTFL, DTHINTFL, DISINTFL (Y or N) to ADSL.

    - TRTINTFL: the first dose lies in the interval.
    - DTHINTFL: known to have died, in the interval, or on a day not known.
    - DISINTFL: participation or treatment ended by an adverse event (DCSREAS, DCTREAS), in the interval, or on a day
      not known.
    """
    ended = [
        (reason, day)
        for reason, day in (("DCSREAS", "EOSDT"), ("DCTREAS", "EOTDT"))
        if reason in adsl.columns and adsl.schema.get(day) == pl.Date
    ]
    left = pl.any_horizontal(
        pl.lit(False),
        *(
            (pl.col(reason).cast(pl.String) == BY_EVENT) & _within(pl.col(day), interval, unknown=True)
            for reason, day in ended
        ),
    )
    return adsl.with_columns(
        flag(_within(pl.col("TRTSDT"), interval, unknown=False)).alias(FIRST_DOSE),
        flag((pl.col("DTHFL") == "Y") & _within(pl.col("DTHDT"), interval, unknown=True)).alias(DIED),
        flag(left).alias(LEFT),
    )


def flag_events(adae: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Adds AEINTFL (Y or N) to ADAE: the event started in the interval, or on a day not known."""
    return adae.with_columns(flag(_within(pl.col("ASTDT"), interval, unknown=True)).alias(STARTED))


def _within(day: pl.Expr, interval: Interval, *, unknown: bool) -> pl.Expr:
    return day.is_between(interval.first, interval.last).fill_null(unknown)
