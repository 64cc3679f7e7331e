"""ANRIND and R2ANRHI: where a value stands against its own reference range (spec A.8)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.coded import code_text
from longwatch.derive.decimals import as_decimal

INDICATORS = ("LOW LOW", "LOW", "NORMAL", "HIGH", "HIGH HIGH")
"""ANRIND from lowest to highest; another value (ABNORMAL) has no place among them."""


def derive_anrind(results: pl.DataFrame) -> pl.DataFrame:
    """ANRIND where the data does not say it (--NRIND), and R2ANRHI.

    Cases of a result, in order: 1. --NRIND given → as given; 2. no number, or no limit, or limits that are exchanged
    (lower above upper) → missing; 3. below the lower limit → LOW; 4. above the upper → HIGH; 5. else NORMAL, also where
    only one limit is known. R2ANRHI: AVAL / ANRHI (`decimals`), of the record's own limit; missing where that is not
    above 0. Expects AVAL, ANRLO, ANRHI in one unit. Source: ADaMIG ANRIND, R2ANRHI; spec C.3 (ULN is the row's own).
    """
    value, low, high = pl.col("AVAL"), pl.col("ANRLO"), pl.col("ANRHI")
    usable = value.is_not_null() & (low.is_not_null() | high.is_not_null()) & ~(low > high).fill_null(False)
    derived = (
        pl.when(~usable).then(None).when(value < low).then(pl.lit("LOW")).when(value > high).then(pl.lit("HIGH"))
        .otherwise(pl.lit("NORMAL"))
    )  # fmt: skip
    text = results.select(ANRIND=pl.coalesce(pl.col("ANRIND").cast(pl.String), derived))
    ratio = as_decimal(pl.when(high > 0).then(value / high))
    given = ratio if "R2ANRHI" not in results.columns else pl.col("R2ANRHI")
    return results.with_columns(code_text(text)).with_columns(R2ANRHI=given)
