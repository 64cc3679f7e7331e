"""Columns that hold a value given elsewhere. (`first_present` is gone once a check is bound.)"""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.values import Constant
from validations.derived.dispatch import derive
from validations.lookups import Lookups


@derive.register
def _constant(derivation: Constant, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    return frame.with_columns(pl.lit(derivation.value).alias(name))
