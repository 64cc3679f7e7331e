"""Differences and ratios of decimal numbers, as they would be on paper.

Binary numbers make 1.2 / 0.8 a little less than 1.5, and 7.3 - 8.8 a little less than -1.5: a limit would miss the one
and take the other. What is derived from two results is therefore rounded to nine decimals where it is derived, which is
far more than a laboratory reports: every comparison with a limit then is exact.
"""

from __future__ import annotations

import polars as pl

DECIMALS = 9


def as_decimal(value: pl.Expr) -> pl.Expr:
    """A difference, ratio or converted value, rounded to nine decimals."""
    return value.round(DECIMALS)
