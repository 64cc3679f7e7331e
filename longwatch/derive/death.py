"""Death as known at the cut-off: several sources, one count (spec A.8, trap J.6)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.standards.dates import earliest_day


def derive_death(dm: pl.DataFrame, ds: pl.DataFrame, ae: pl.DataFrame, dd: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Who has died by the cut-off, and when: subject, DTHDT, one row per death.

    A subject has died where any source says so: DM.DTHFL = Y or DTHDTC given; a DS record DSDECOD = DEATH; an AE with
    AEOUT = FATAL or AESDTH = Y; a record in DD. DTHDT is the first of these dates that is known, in that order:
    DM.DTHDTC, DS.DSSTDTC, AE.AEENDTC (its earliest possible day; DD has no date of death). DTHDT after D → the death is
    not known at D; no date known → died, DTHDT missing. Expects coded frames, DS, AE and DD cut at D already.
    """
    sources = [
        _source(dm, "DTHDTC", _is(dm, "DTHFL", "Y") | _has(dm, "DTHDTC")),
        _source(ds, "DSSTDTC", _is(ds, "DSDECOD", "DEATH")),
        _source(ae, "AEENDTC", _is(ae, "AEOUT", "FATAL") | _is(ae, "AESDTH", "Y")),
        _source(dd, "", pl.lit(True)),
    ]
    stated = pl.concat(source.with_columns(order=pl.lit(place)) for place, source in enumerate(sources))
    deaths = (
        stated.sort("order", "day", nulls_last=True)
        .group_by("subject", maintain_order=True)
        .agg(DTHDT=pl.col("day").drop_nulls().first())
    )
    return deaths.filter((pl.col("DTHDT") <= cutoff).fill_null(True))


def _source(frame: pl.DataFrame, variable: str, died: pl.Expr) -> pl.DataFrame:
    if variable in frame.columns:
        day = by_value(frame[variable], earliest_day(pl.col("text")).alias("day"))["day"]
    else:
        day = pl.Series("day", [None], dtype=pl.Date).new_from_index(0, frame.height)
    return frame.with_columns(day).filter(died).select("subject", "day")


def _is(frame: pl.DataFrame, variable: str, value: str) -> pl.Expr:
    return (pl.col(variable) == value).fill_null(False) if variable in frame.columns else pl.lit(False)


def _has(frame: pl.DataFrame, variable: str) -> pl.Expr:
    return pl.col(variable).is_not_null() if variable in frame.columns else pl.lit(False)
