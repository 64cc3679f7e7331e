"""Estimated glomerular filtration rate from creatinine (spec C.4)."""

from __future__ import annotations

import polars as pl

_FEMALE = (0.7, -0.241, 1.012)
_MALE = (0.9, -0.302, 1.0)
"""κ (mg/dL), α, and the factor of the sex."""


def compute_egfr(creatinine: pl.Expr, age: pl.Expr, sex: pl.Expr) -> pl.Expr:
    """eGFR by CKD-EPI 2021, in mL/min/1.73 m².

    142·min(Scr/κ, 1)^α·max(Scr/κ, 1)^−1.200·0.9938^age·1.012 (female); κ 0.7 female, 0.9 male; α −0.241 female, −0.302
    male. Expects creatinine in mg/dL (µmol/L divided by 88.4), age in years at the measurement, SEX as in DM.
    Cases, in order: SEX neither F nor M, creatinine or age missing, creatinine not above 0 → missing; else the number.
    One subject's trend uses one equation only. Source: Inker et al. 2021; spec C.4.
    """
    by_sex = {
        code: factor
        * 142
        * (creatinine / kappa).clip(upper_bound=1.0) ** alpha
        * (creatinine / kappa).clip(lower_bound=1.0) ** -1.2
        * 0.9938**age
        for code, (kappa, alpha, factor) in (("F", _FEMALE), ("M", _MALE))
    }
    known = creatinine > 0
    return pl.when(known & (sex == "F")).then(by_sex["F"]).when(known & (sex == "M")).then(by_sex["M"])
