"""EGFR: the estimated glomerular filtration rate of every serum creatinine, where the laboratory reports none."""

from __future__ import annotations

import polars as pl

from longwatch.derive.egfr import compute_egfr

CODE, NAME, UNIT = "EGFR", "Estimated Glomerular Filtration Rate", "mL/min/1.73m2"
MG_PER_DL = {"mg/dL": 1.0, "umol/L": 1 / 88.4}
"""Units of creatinine that are converted, with their factor to mg/dL (spec C.4)."""
ADULT = 18
DAYS_PER_YEAR = 365.25


def add_egfr(results: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """The results, and below them one EGFR for each CREAT that it can be computed from.

    Cases, in order: the data has a test EGFR → nothing is added, so that one trend has one equation; a result of CREAT
    in urine, in a unit that MG_PER_DL does not know, or without a number → none; age at the measurement below 18 or
    not known, SEX not known → none (`egfr`); else CKD-EPI 2021. Age at the measurement: AGE plus the whole years (of
    365.25 days) between the first dose and ADT, AGE itself where one of the days is not known. The result has the
    visit, time, flags and --SEQ of the creatinine, no reference range, and DTYPE COMPUTED. Source: spec C.4; FDA guide
    v2.0 table 35.
    """
    if not {"AGE", "SEX"} <= set(adsl.columns) or (results["PARAMCD"] == CODE).any():
        return results.with_columns(DTYPE=pl.lit(None, pl.String))
    factor = pl.col("AVALU").cast(pl.String).replace_strict(MG_PER_DL, default=None, return_dtype=pl.Float64)
    in_urine = pl.col("SPEC").cast(pl.String).str.contains("(?i)urine").fill_null(False)
    creatinine = results.filter((pl.col("PARAMCD") == "CREAT").fill_null(False) & ~in_urine)
    of_subject = adsl.select("AGE", pl.col("SEX").cast(pl.String), "TRTSDT").select(
        pl.all().gather(creatinine["subject"])
    )
    years = (pl.col("ADT") - pl.col("TRTSDT")).dt.total_days() / DAYS_PER_YEAR
    age = pl.col("AGE") + years.cast(pl.Int64).fill_null(0)
    known = pl.concat([creatinine, of_subject], how="horizontal").with_columns(
        AVAL=compute_egfr(pl.when(age >= ADULT).then(pl.col("AVAL") * factor), age, pl.col("SEX"))
    )
    computed = known.filter(pl.col("AVAL").is_not_null()).with_columns(
        PARAMCD=pl.lit(CODE), TEST=pl.lit(NAME), AVALU=pl.lit(UNIT), DTYPE=pl.lit("COMPUTED"),
        AVALC=pl.lit(None, pl.String), ANRIND=pl.lit(None, pl.String), ATOXGR=pl.lit(None, pl.String),
        ANRLO=pl.lit(None, pl.Float64), ANRHI=pl.lit(None, pl.Float64),
    )  # fmt: skip
    return _stacked(results.with_columns(DTYPE=pl.lit(None, pl.String)), computed)


def _stacked(results: pl.DataFrame, computed: pl.DataFrame) -> pl.DataFrame:
    """Both, one above the other; a variable whose values are new gets an Enum of all of them."""
    if computed.is_empty():
        return results
    columns = []
    for name in results.columns:
        above, below = results[name], computed[name]
        if isinstance(above.dtype, pl.Enum) and below.dtype == pl.String:
            new = set(below.drop_nulls().unique()) - set(above.dtype.categories)
            kind = pl.Enum(sorted({*above.dtype.categories, *new}))
            above, below = above.cast(kind), below.cast(kind)
        columns.append(above.append(below))
    return pl.DataFrame(columns)
