"""Populations: who is in which analysis set (spec A.7)."""

from __future__ import annotations

import polars as pl

YES_NO = pl.Enum(["Y", "N"])
"""Values of a flag. Missing means that it cannot be derived from the data."""


def flag(condition: pl.Expr) -> pl.Expr:
    """Y where a condition holds, else N (an unknown condition is N)."""
    return pl.when(condition).then(pl.lit("Y", YES_NO)).otherwise(pl.lit("N", YES_NO))


def derive_populations(adsl: pl.DataFrame, ds: pl.DataFrame, arm_codes: tuple[str, ...]) -> pl.DataFrame:
    """Adds SAFFL, INTFL, RANDFL, ITTFL.

    - SAFFL: Y with at least one dose of the study product by the cut-off, else N.
    - INTFL: Y with at least one dose of any study intervention (induction immunosuppression without cells included).
    - RANDFL: Y with a record DS.DSDECOD = RANDOMIZED, else N; missing for all where DS records no randomisation.
    - ITTFL: RANDFL where that is derivable; else Y where ARMCD is an arm of the study file, else N; missing for all
      where DM has no ARMCD.
    Expects one row per subject in their order, with DOSED (Boolean, null where no dose of anything) and ARMCD where DM
    has it; DS coded and cut at D.
    """
    adsl = adsl.with_columns(SAFFL=flag(pl.col("DOSED")), INTFL=flag(pl.col("DOSED").is_not_null()))
    randomised = (
        ds.filter(pl.col("DSDECOD") == "RANDOMIZED")["subject"] if "DSDECOD" in ds.columns else ds["subject"].head(0)
    )
    if len(randomised):
        adsl = adsl.with_columns(RANDFL=flag(pl.int_range(pl.len()).is_in(randomised.implode())))
        return adsl.with_columns(ITTFL=pl.col("RANDFL"))
    adsl = adsl.with_columns(RANDFL=pl.lit(None, YES_NO))
    if "ARMCD" not in adsl.columns:
        return adsl.with_columns(ITTFL=pl.lit(None, YES_NO))
    return adsl.with_columns(ITTFL=flag(pl.col("ARMCD").cast(pl.String).is_in(arm_codes)))
