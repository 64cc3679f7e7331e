"""ADKF: kidney function of each treated subject, one row per subject and parameter (spec D.4, C.4).

| PARAMCD | of whom | AVAL |
|---|---|---|
| EGFRBL | a baseline of EGFR in ADLB | eGFR at baseline, mL/min/1.73 m² |
| EGFRN | treated | different days with an eGFR from study day 90 on |
| EGFRSPAN | at least one of them | days from the first to the last of them |
| EGFRSLP | at least 3 days, over at least 365 days | chronic slope, mL/min/1.73 m² per year; else missing, and REASON says why |

The slope is the least-squares line through every eGFR from study day 90 on; before it function falls by the start of
calcineurin inhibitors, which is no loss of kidney. A line over less than a year says more of the measurement than of
the kidney: it is not evaluable, never a guess. One trend has one equation (`egfr_results`). A year is 365.25 days.
"""

from __future__ import annotations

import polars as pl

from longwatch.derive.egfr_results import CODE, UNIT
from longwatch.derive.of_subject import carry_subject, stack

CHRONIC_FROM = 90
LEAST_DAYS, LEAST_SPAN = 3, 365
DAYS_PER_YEAR = 365.25
FEW, SHORT = f"fewer than {LEAST_DAYS} days with an eGFR", f"less than {LEAST_SPAN} days from first to last eGFR"
_SHAPE = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "PARAM": pl.String, "AVAL": pl.Float64, "AVALU": pl.String,
    "REASON": pl.String,
}  # fmt: skip
_NAMES = {
    "EGFRBL": ("eGFR at baseline", UNIT),
    "EGFRN": (f"Days with an eGFR from day {CHRONIC_FROM} on", ""),
    "EGFRSPAN": ("Days from the first to the last of them", "DAYS"),
    "EGFRSLP": ("Chronic eGFR slope", f"{UNIT}/year"),
}


def derive_adkf(adlb: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, PARAMCD, PARAM, AVAL, AVALU, REASON of treated subjects (SAFFL = Y with TRTSDT);
    by parameter, then by row of ADSL. No EGFR in ADLB → nobody has a baseline, a span or a slope."""
    treated = adsl.select("SAFFL", "TRTSDT").with_row_index("subject")
    treated = treated.filter((pl.col("SAFFL") == "Y").fill_null(False), pl.col("TRTSDT").is_not_null()).select("subject")
    egfr = adlb.filter((pl.col("PARAMCD") == CODE).fill_null(False), pl.col("AVAL").is_not_null()).with_columns(
        subject=pl.col("USUBJID").to_physical().cast(pl.UInt32)
    )
    baseline = egfr.filter(pl.col("ABLFL") == "Y").group_by("subject").agg(EGFRBL=pl.col("AVAL").last())
    whole = treated.join(baseline, on="subject", how="left", maintain_order="left").join(
        derive_slopes(egfr), on="subject", how="left", maintain_order="left"
    )
    whole = whole.with_columns(
        pl.col("EGFRN").fill_null(0),
        REASON=pl.when(pl.col("EGFRN").fill_null(0) < LEAST_DAYS)
        .then(pl.lit(FEW))
        .when(pl.col("EGFRSPAN") < LEAST_SPAN)
        .then(pl.lit(SHORT)),
    )
    parts = []
    for code, (name, unit) in _NAMES.items():
        slope = code == "EGFRSLP"
        value = pl.when(pl.col("REASON").is_null()).then(code) if slope else pl.col(code)
        rows = whole.select(
            "subject", PARAMCD=pl.lit(code), PARAM=pl.lit(name), AVAL=value.cast(pl.Float64), AVALU=pl.lit(unit),
            REASON=pl.col("REASON") if slope else pl.lit(None, pl.String),
        )  # fmt: skip
        parts.append(rows if slope else rows.drop_nulls("AVAL"))
    return carry_subject(adsl, stack(parts, _SHAPE))


def derive_slopes(egfr: pl.DataFrame) -> pl.DataFrame:
    """By subject: EGFRN, EGFRSPAN, EGFRSLP, of any number of points; the slope of points on one day is missing. Expects
    subject, ADY, AVAL."""
    points = egfr.filter(pl.col("ADY") >= CHRONIC_FROM).select("subject", "ADY", "AVAL")
    centred = points.with_columns(
        x=(pl.col("ADY") - pl.col("ADY").mean().over("subject")) / DAYS_PER_YEAR,
        y=pl.col("AVAL") - pl.col("AVAL").mean().over("subject"),
    )
    return centred.group_by("subject").agg(
        EGFRN=pl.col("ADY").n_unique().cast(pl.Int64),
        EGFRSPAN=(pl.col("ADY").max() - pl.col("ADY").min()).cast(pl.Int64),
        EGFRSLP=pl.when(pl.col("ADY").n_unique() > 1).then(
            (pl.col("x") * pl.col("y")).sum() / (pl.col("x") ** 2).sum()
        ),
    )
