"""ADSP: the chronic slope of eGFR of each treated subject (spec D.4, Kidney).

PARAMCD EGFRSLP, AVAL: the least-squares slope of its eGFR (ADLB) over time, in mL/min/1.73 m² per year of 365.25 days,
of results from study day 90 on; SRCN: how many. Before that day function falls by the start of calcineurin inhibitors,
which is no loss of kidney. Cases: results on fewer than three days, or less than 365 days from the first to the last →
not evaluable, no row: a line through so little says more of the measurement than of the kidney. One trend has one
equation (`egfr_results`).
"""

from __future__ import annotations

import polars as pl

from longwatch.derive.egfr_results import CODE, UNIT
from longwatch.derive.of_subject import carry_subject

FIRST_DAY, LEAST_DAYS, LEAST_SPAN = 90, 3, 365
DAYS_PER_YEAR = 365.25


def derive_adsp(adlb: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, PARAMCD, PARAM, AVAL, AVALU, SRCN; by row of ADSL. Of SAFFL = Y."""
    results = adlb.select(
        "PARAMCD", "AVAL", "ADY", "SAFFL", subject=pl.col("USUBJID").to_physical().cast(pl.UInt32)
    ).filter((pl.col("PARAMCD") == CODE).fill_null(False), pl.col("ADY") >= FIRST_DAY, pl.col("SAFFL") == "Y")
    day = pl.col("ADY")
    chosen = results.drop_nulls("AVAL").filter(
        day.n_unique().over("subject") >= LEAST_DAYS,
        (day.max().over("subject") - day.min().over("subject")) >= LEAST_SPAN,
    )
    centred = chosen.sort("subject", "ADY", maintain_order=True).with_columns(
        time=(day - day.mean().over("subject")) / DAYS_PER_YEAR,
        height=pl.col("AVAL") - pl.col("AVAL").mean().over("subject"),
    )
    slopes = centred.group_by("subject", maintain_order=True).agg(
        PARAMCD=pl.lit("EGFRSLP"),
        PARAM=pl.lit("Chronic slope of eGFR"),
        AVAL=(pl.col("time") * pl.col("height")).sum() / (pl.col("time") ** 2).sum(),
        AVALU=pl.lit(f"{UNIT}/year"),
        SRCN=pl.len().cast(pl.Int64),
    )
    return carry_subject(adsl, slopes)
