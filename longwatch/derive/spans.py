"""Spans of days: from when to when something was given, and how many different days that is (spec A.5, C.3)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.derive.cutoff import keep_started
from longwatch.standards.dates import earliest_day, latest_day

_TEXT = pl.col("text")


def derive_spans(frame: pl.DataFrame, start: str, end: str, cutoff: date, *, goes_on: bool) -> pl.DataFrame:
    """Adds `first` and `last` (Date) to the records that started by the cut-off D.

    - `first`: the earliest day that `start` can mean; missing where no day is known.
    - `last`: the latest day that `end` can mean. Where that is missing: with `goes_on`, missing (it had not ended);
      else the latest day that `start` can mean (it was given on that day). An `end` that can only lie after D is not
      known at D: missing.
    Expects coded records. A variable that is not there is missing. Source: CONTRACTS.md, Dates; spec A.5.
    """
    frame = keep_started(frame, start, cutoff)
    started, ended = (_days(frame, name) for name in (start, end))
    later = (ended["first"] > cutoff).fill_null(False)
    last = ended["last"] if goes_on else ended["last"].zip_with(ended["last"].is_not_null(), started["last"])
    return frame.with_columns(first=started["first"], last=last.set(later, None))


def clip_spans(spans: pl.DataFrame) -> pl.DataFrame:
    """The part of each span within `low` and `high` of its record; a missing `first` is `low`, a missing `last` is
    `high`. Left out: a span outside, one that ends before it starts, and one whose `low` or `high` is missing."""
    inside = spans.with_columns(
        first=pl.max_horizontal(pl.col("first").fill_null(pl.col("low")), "low"),
        last=pl.min_horizontal(pl.col("last").fill_null(pl.col("high")), "high"),
    )
    known = pl.col("low").is_not_null() & pl.col("high").is_not_null()
    return inside.filter(known & (pl.col("first") <= pl.col("last")))


def compute_days(spans: pl.DataFrame) -> pl.DataFrame:
    """By `subject`: `days`, the different days in its spans: a day in two spans counts once, a day in none of them
    (a gap) does not; `length`, the days from the first to the last of them. One row per subject that has a span."""
    covered = pl.col("last").cum_max().shift(1).over("subject", order_by=["first", "last"])
    new = pl.max_horizontal(pl.col("first"), covered + pl.duration(days=1))
    added = (pl.col("last") - new).dt.total_days() + 1
    return (
        spans.sort("subject", "first", "last")
        .with_columns(added=added.clip(lower_bound=0))
        .group_by("subject", maintain_order=True)
        .agg(days=pl.col("added").sum(), length=(pl.col("last").max() - pl.col("first").min()).dt.total_days() + 1)
    )


def _days(frame: pl.DataFrame, variable: str) -> pl.DataFrame:
    if variable not in frame.columns:
        nothing = pl.Series([None], dtype=pl.Date).new_from_index(0, frame.height)
        return pl.DataFrame({"first": nothing, "last": nothing})
    return by_value(frame[variable], earliest_day(_TEXT).alias("first"), latest_day(_TEXT).alias("last"))
