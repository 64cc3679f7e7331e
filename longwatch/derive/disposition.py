"""Disposition: how a subject's participation, and treatment, stands at the cut-off (spec A.8; ICH E3 10.1)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.standards.dates import complete_day, earliest_day

DS_TEXTS = ("DSDECOD", "DSCAT", "DSSCAT", "DSSTDTC")

STATUS = pl.Enum(["COMPLETED", "DISCONTINUED", "ONGOING"])
NEVER_BEGUN = ("SCREEN FAILURE", "SCREENING NOT COMPLETED", "FAILURE TO MEET RANDOMIZATION CRITERIA")
"""Dispositions (DSDECOD) of subjects who never began; they have no status at the end of the study."""


PARTICIPATION, TREATMENT = "STUDY PARTICIPATION", "STUDY TREATMENT"


def is_recorded(ds: pl.DataFrame, scope: str) -> bool:
    """Whether DS tells of this scope: of study participation where it has DSDECOD; of study treatment only where DSSCAT
    says which of the two a record is about."""
    if "DSDECOD" not in ds.columns:
        return False
    return scope == PARTICIPATION or ("DSSCAT" in ds.columns and ds["DSSCAT"].null_count() < ds.height)


def derive_disposition(ds: pl.DataFrame, scope: str) -> pl.DataFrame:
    """The last disposition of each subject that has one: subject, DECOD (DSDECOD), DAY (first complete day known).

    `scope`: STUDY PARTICIPATION or STUDY TREATMENT. Which records count, in order: 1. DSCAT is DISPOSITION EVENT, where
    DS has DSCAT; and 2. DSSCAT is the scope, where DS has DSSCAT and it is ever filled on such a record; 3. without
    DSSCAT every disposition event is one of study participation and none of study treatment: nothing says that it ended
    the treatment alone. The last by earliest possible day, then source order; a record without a day comes first.
    Expects coded DS, cut at D. Source: SDTMIG 3.4, 6.2.3 (DS); spec A.2, A.8.
    """
    empty = pl.DataFrame(schema={"subject": pl.UInt32, "DECOD": pl.Enum([]), "DAY": pl.Date})
    if not is_recorded(ds, scope):
        return empty
    if "DSCAT" in ds.columns:
        ds = ds.filter((pl.col("DSCAT") == "DISPOSITION EVENT").fill_null(False))
    if "DSSCAT" in ds.columns and ds["DSSCAT"].null_count() < ds.height:
        ds = ds.filter((pl.col("DSSCAT") == scope).fill_null(False))
    ds = ds.filter(pl.col("DSDECOD").is_not_null())
    if "DSSTDTC" in ds.columns:
        text = pl.col("text")
        days = by_value(ds["DSSTDTC"], earliest_day(text).alias("first"), complete_day(text).alias("DAY"))
        ds = pl.concat([ds, days], how="horizontal")
    else:
        ds = ds.with_columns(first=pl.lit(None, pl.Date), DAY=pl.lit(None, pl.Date))
    last = ds.sort("first", nulls_last=False, maintain_order=True).unique("subject", keep="last", maintain_order=True)
    return last.select("subject", pl.col("DSDECOD").alias("DECOD"), "DAY")


def derive_status(adsl: pl.DataFrame, scope: str, status: str, reason: str, day: str, recorded: bool) -> pl.DataFrame:
    """Adds a status (EOSSTT, EOTSTT), its reason where DISCONTINUED (DCSREAS, DCTREAS), and its day (EOSDT, EOTDT).

    Cases, in order: the last disposition is COMPLETED → COMPLETED; it says that the subject never began → missing; it
    is anything else → DISCONTINUED, with DSDECOD as the reason; none known at D → ONGOING where DS tells of such ends
    (`recorded`) and the subject began (was treated; for participation, was treated or is on an arm); else missing.
    Of participation, DCDECOD is the last disposition itself, that of who never began included.
    Expects DECOD and DAY laid out by subject, and SAFFL, TRT01P.
    """
    decod = pl.col("DECOD").cast(pl.String)
    treated = pl.col("SAFFL") == "Y"
    began = treated | pl.col("TRT01P").is_not_null() if scope == PARTICIPATION else treated
    never = decod.is_in(NEVER_BEGUN)
    left = decod.is_not_null() & ~never & (decod != "COMPLETED")
    return adsl.with_columns(
        pl.when(decod == "COMPLETED")
        .then(pl.lit("COMPLETED", STATUS))
        .when(left)
        .then(pl.lit("DISCONTINUED", STATUS))
        .when(decod.is_null() & began & recorded)
        .then(pl.lit("ONGOING", STATUS))
        .alias(status),
        pl.when(left).then(pl.col("DECOD")).alias(reason),
        pl.when(~never).then(pl.col("DAY")).alias(day),
        **({"DCDECOD": pl.col("DECOD")} if scope == PARTICIPATION else {}),
    ).drop("DECOD", "DAY")
