"""Death as known at the cut-off: several sources, one count (spec A.8, trap J.6)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.standards.dates import complete_day, earliest_day


def derive_death(dm: pl.DataFrame, ds: pl.DataFrame, ae: pl.DataFrame, dd: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Who has died by the cut-off, and when: subject, DTHDT, one row per death.

    A subject has died where any source says so: DM.DTHFL = Y or DTHDTC given; a DS record DSDECOD = DEATH; an AE with
    AEOUT = FATAL or AESDTH = Y; a record in DD. Its date is looked for in that order: DM.DTHDTC, DS.DSSTDTC,
    AE.AEENDTC (DD has none). Cases: the first date known at all can only lie after D → the death is not known at D;
    else died, and DTHDT is the first complete date on or before D. A partial date of death is not imputed: DTHDT
    missing. Expects coded frames, DS, AE and DD cut at D already.
    """
    sources = [
        _source(dm, "DTHDTC", _is(dm, "DTHFL", "Y") | _has(dm, "DTHDTC")),
        _source(ds, "DSSTDTC", _is(ds, "DSDECOD", "DEATH")),
        _source(ae, "AEENDTC", _is(ae, "AEOUT", "FATAL") | _is(ae, "AESDTH", "Y")),
        _source(dd, "", pl.lit(True)),
    ]
    stated = pl.concat(source.with_columns(order=pl.lit(place)) for place, source in enumerate(sources))
    deaths = (
        stated.sort("order", "earliest", nulls_last=True)
        .group_by("subject", maintain_order=True)
        .agg(
            earliest=pl.col("earliest").drop_nulls().first(),
            DTHDT=pl.col("complete").filter(pl.col("complete") <= cutoff).first(),
        )
    )
    return deaths.filter((pl.col("earliest") <= cutoff).fill_null(True)).drop("earliest")


def _source(frame: pl.DataFrame, variable: str, died: pl.Expr) -> pl.DataFrame:
    frame = frame.select("subject", *(name for name in (variable,) if name in frame.columns), died=died)
    frame = frame.filter("died")
    if variable not in frame.columns:
        return frame.select("subject", earliest=pl.lit(None, pl.Date), complete=pl.lit(None, pl.Date))
    text = pl.col("text")
    days = by_value(frame[variable], earliest_day(text).alias("earliest"), complete_day(text).alias("complete"))
    return pl.concat([frame.select("subject"), days], how="horizontal")


def _is(frame: pl.DataFrame, variable: str, value: str) -> pl.Expr:
    return (pl.col(variable) == value).fill_null(False) if variable in frame.columns else pl.lit(False)


def _has(frame: pl.DataFrame, variable: str) -> pl.Expr:
    return pl.col(variable).is_not_null() if variable in frame.columns else pl.lit(False)
