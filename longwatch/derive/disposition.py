"""Disposition: how a subject's participation, and treatment, stands at the cut-off (spec A.8; ICH E3 10.1)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.by_subject import find_last
from longwatch.derive.coded import by_value
from longwatch.standards.dates import complete_day, earliest_day

DS_TEXTS = ("DSDECOD", "DSCAT", "DSSCAT", "DSSTDTC")

STATUS = pl.Enum(["COMPLETED", "DISCONTINUED", "ONGOING"])
NEVER_BEGUN = ("SCREEN FAILURE", "SCREENING NOT COMPLETED", "FAILURE TO MEET RANDOMIZATION CRITERIA")
"""Dispositions (DSDECOD) of subjects who never began; they have no status at the end of the study."""


PARTICIPATION, TREATMENT = "STUDY PARTICIPATION", "STUDY TREATMENT"


def disposition_events(ds: pl.DataFrame) -> pl.DataFrame:
    """The records of DS that end something: DSCAT is DISPOSITION EVENT, or every record where DS has no DSCAT; DSDECOD
    is filled."""
    if "DSDECOD" not in ds.columns:
        return ds.clear()
    if "DSCAT" in ds.columns:
        ds = ds.filter((pl.col("DSCAT") == "DISPOSITION EVENT").fill_null(False))
    return ds.filter(pl.col("DSDECOD").is_not_null())


def is_recorded(ds: pl.DataFrame, scope: str) -> bool:
    """Whether DS tells of this scope: of study participation where it has DSDECOD; of study treatment only where DSSCAT
    says, on at least one disposition event, which of the two it is about."""
    if scope == PARTICIPATION:
        return "DSDECOD" in ds.columns
    events = disposition_events(ds)
    return "DSSCAT" in events.columns and events["DSSCAT"].null_count() < events.height


def derive_disposition(ds: pl.DataFrame, scope: str) -> pl.DataFrame:
    """The last disposition of each subject that has one: subject, DECOD (DSDECOD), DAY (complete day, where known).

    `scope`: STUDY PARTICIPATION or STUDY TREATMENT. Of the disposition events those count whose DSSCAT is the scope;
    where none of them has a DSSCAT, every one is of study participation and none of study treatment: nothing says that
    it ended the treatment alone. The last by earliest possible day, then source order; one without a day comes first.
    Expects coded DS, cut at D. Source: SDTMIG 3.4, 6.2.3 (DS); spec A.2, A.8.
    """
    events = disposition_events(ds)
    if not is_recorded(ds, scope):
        events = events.clear()
    elif is_recorded(ds, TREATMENT):
        events = events.filter((pl.col("DSSCAT") == scope).fill_null(False))
    if events.is_empty():
        return pl.DataFrame(schema={"subject": pl.UInt32, "DECOD": pl.Enum([]), "DAY": pl.Date})
    if "DSSTDTC" in events.columns:
        text = pl.col("text")
        days = by_value(events["DSSTDTC"], earliest_day(text).alias("first"), complete_day(text).alias("DAY"))
        events = pl.concat([events, days], how="horizontal")
    else:
        events = events.with_columns(first=pl.lit(None, pl.Date), DAY=pl.lit(None, pl.Date))
    last = events[find_last(events["subject"], events["first"])]
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
