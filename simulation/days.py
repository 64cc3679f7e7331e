"""Days as integers since 1970-01-01, and as SDTM text. NO_DAY is missing; FAR is after everything."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

Days = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]

NO_DAY = -1_000_000
FAR = 1_000_000
NO_TIME = -1

FULL, MONTH, YEAR, MISSING = 0, 1, 2, 3
"""How much of a date is written: all, to the month, to the year, nothing."""

_TIMES = pl.Series([f"T{minute // 60:02}:{minute % 60:02}" for minute in range(1440)])


def day_of(value: date) -> int:
    """A date as days since 1970-01-01."""
    return value.toordinal() - date(1970, 1, 1).toordinal()


def iso_text(days: Days, minutes: Days | None = None, written: Days | None = None) -> pl.Series:
    """Days as ISO 8601 text. NO_DAY → null; a minute of the day adds `Thh:mm`; `written` cuts the text short."""
    given = pl.DataFrame({"day": days.astype(np.int32)}).select(
        pl.when(pl.col("day") > NO_DAY).then(pl.col("day")).cast(pl.Date).cast(pl.String).alias("text")
    )["text"]
    if minutes is not None:
        known = pl.Series(minutes).cast(pl.UInt32, strict=False)
        given = given + _TIMES.gather(known).fill_null("")
    if written is not None:
        shape = pl.Series("shape", written)
        given = pl.DataFrame([given.alias("text"), shape]).select(
            pl.when(pl.col("shape") == FULL)
            .then(pl.col("text"))
            .when(pl.col("shape") == MONTH)
            .then(pl.col("text").str.slice(0, 7))
            .when(pl.col("shape") == YEAR)
            .then(pl.col("text").str.slice(0, 4))
        )["text"]
    return given


def study_days(days: Days, reference: Days, written: Days | None = None) -> pl.Series:
    """--DY of days from the reference: no day 0; null where a day is missing or not written in full (spec A.5)."""
    since = days - reference
    value = np.where(since >= 0, since + 1, since).astype(np.float64)
    known = (days > NO_DAY) & (reference > NO_DAY)
    if written is not None:
        known &= written == FULL
    return numbers(value, known)


def numbers(values: npt.NDArray[np.number], known: Mask) -> pl.Series:
    """Numbers as Float64, null where not known."""
    return pl.Series(values.astype(np.float64)).set(pl.Series(~known), None)


def add_months(days: Days, months: int) -> Days:
    """The same day of a later month, the last of that month where it has no such day."""
    stamp = days.astype("datetime64[D]")
    month = stamp.astype("datetime64[M]")
    day_of_month = (stamp - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.timedelta64(months, "M")
    first = target.astype("datetime64[D]").astype(np.int64)
    length = (target + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - first
    return np.asarray(first + np.minimum(day_of_month, length - 1), dtype=np.int64)


def month_start(days: Days) -> Days:
    """The first day of each day's month."""
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def year_start(days: Days) -> Days:
    """The first day of each day's year."""
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64))


def number_within(groups: Days) -> Days:
    """1, 2, 3 … within each run of equal values; expects rows sorted by group."""
    if len(groups) == 0:
        return np.zeros(0, dtype=np.int64)
    place = np.arange(len(groups))
    starts = np.r_[True, groups[1:] != groups[:-1]]
    return np.asarray(place - np.maximum.accumulate(np.where(starts, place, 0)) + 1, dtype=np.int64)
