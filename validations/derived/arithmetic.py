"""Columns derived by arithmetic."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.arithmetic import DaysBetween, Percent
from validations.derived.dispatch import derive
from validations.lookups import Lookups


@derive.register
def _percent(derivation: Percent, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    whole = pl.col(derivation.whole)
    share = pl.when(whole != 0).then(pl.col(derivation.of) * 100 / whole)
    return frame.with_columns(share.cast(pl.Float64).alias(name))


@derive.register
def _days_between(derivation: DaysBetween, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    days = (pl.col(derivation.end) - pl.col(derivation.start)).dt.total_days()
    return frame.with_columns(days.cast(pl.Int64).alias(name))
