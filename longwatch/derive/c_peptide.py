"""C-peptide in ng/mL, whatever unit it was reported in (spec D.4; trap J.13)."""

from __future__ import annotations

import polars as pl

NMOL_PER_NG = 0.331
"""1 ng/mL is 0.331 nmol/L."""
TO_NG = {
    "ng/ml": 1.0,
    "ug/l": 1.0,
    "nmol/l": 1 / NMOL_PER_NG,
    "pmol/ml": 1 / NMOL_PER_NG,
    "pmol/l": 0.001 / NMOL_PER_NG,
}
"""By unit, in small letters: ng/mL of one. µg/L is ng/mL, pmol/mL is nmol/L."""
LOWEST_BOUND = 0.1
"""ng/mL: a result below a limit of quantification of at most this counts as 0; below a higher limit it is not known."""


def to_ng_per_ml(value: pl.Expr, unit: pl.Expr) -> pl.Expr:
    """The value in ng/mL. Cases: a unit of TO_NG, in any case → converted; another or no unit → missing: it is not
    guessed. 0.5 ng/mL = 0.17 nmol/L = 166 pmol/L."""
    known = unit.cast(pl.String).str.strip_chars().str.to_lowercase().str.replace("µ", "u").str.replace("μ", "u")
    return value * known.replace_strict(TO_NG, default=None, return_dtype=pl.Float64)


def below_limit_to_ng_per_ml(text: pl.Expr, unit: pl.Expr) -> pl.Expr:
    """Of a result that is only known to be below a limit (`<0.05`), in ng/mL: 0 where the limit is at most 0.1 ng/mL,
    so that it lies below every bound of the Igls criteria; else missing."""
    limit = text.cast(pl.String).str.extract(r"^\s*<\s*([0-9]+\.?[0-9]*)\s*$", 1).cast(pl.Float64, strict=False)
    return pl.when(to_ng_per_ml(limit, unit) <= LOWEST_BOUND).then(pl.lit(0.0))
