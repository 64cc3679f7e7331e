"""ADLOT: which lots each subject was treated with, and what followed (spec D.6). D is the cut-off.

| PARAMCD | one row per | holds |
|---|---|---|
| LOT | subject and lot given by D | LOTID, ADT (first possible day it was given), AVAL (days followed since) |
| AE | of those, treatment-emergent event from that day on | LOTID, AESEQ, AEDECOD, AESER |
| TEST | test of a lot that was given | LOTID, TEST, AVALC (Y passed, N failed; missing: not said) |

Doses that were given, of a product of the study, that name their lot (EXLOT); a dose from two lots is of both. An event
that can have started before the lot was given (its ASTDT is before) is not of that lot; one of a day that is not known
is. Days followed: from the day of the lot (day 1) to the end of follow-up.
"""

from __future__ import annotations

import polars as pl

from longwatch.derive.of_subject import carry_subject, stack
from longwatch.standards.dataset import SourceData

_SCHEMA = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "LOTID": pl.String, "ADT": pl.Date, "AVAL": pl.Float64,
    "AESEQ": pl.Float64, "AEDECOD": pl.String, "AESER": pl.String, "TEST": pl.String, "AVALC": pl.String,
}  # fmt: skip


def derive_adlot(data: SourceData, infusions: pl.DataFrame, adsl: pl.DataFrame, adae: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL of ADSL (missing in rows of tests), and the columns above, by parameter, lot and
    row of ADSL. `infusions`: `read_infusions`. Expects row i of ADSL to be `subject` i."""
    lots = _lots(infusions, adsl)
    parts = [lots, _events(lots, adae), _tests(data, lots)]
    return carry_subject(adsl, stack(parts, _SCHEMA))


def _lots(infusions: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    if "EXLOT" not in infusions.columns:
        return pl.DataFrame(schema={name: _SCHEMA[name] for name in ("subject", "PARAMCD", "LOTID", "ADT", "AVAL")})
    given = (
        infusions.select("subject", pl.col("EXLOT").cast(pl.String).str.strip_chars().alias("LOTID"), "day")
        .drop_nulls("LOTID")
        .group_by("subject", "LOTID")
        .agg(ADT=pl.col("day").min())
        .sort("LOTID", "subject")
    )
    followed = adsl.select(end=pl.col("TRTSDT") + pl.duration(days=pl.col("FUPDUR") - 1))["end"]
    days = (pl.col("end") - pl.col("ADT")).dt.total_days() + 1
    return given.with_columns(end=followed.gather(given["subject"])).select(
        "subject", "LOTID", "ADT", PARAMCD=pl.lit("LOT"), AVAL=days.clip(lower_bound=0).fill_null(0).cast(pl.Float64)
    )


def _events(lots: pl.DataFrame, adae: pl.DataFrame) -> pl.DataFrame:
    has_serious = "AESER" in adae.columns
    events = adae.filter(pl.col("TRTEMFL") == "Y").select(
        subject=pl.col("USUBJID").to_physical().cast(pl.UInt32),
        AESEQ="AESEQ",
        AEDECOD=pl.col("AEDECOD").cast(pl.String),
        AESER=pl.col("AESER").cast(pl.String) if has_serious else pl.lit(None, pl.String),
        start="ASTDT",
    )
    later = (pl.col("start") >= pl.col("ADT")).fill_null(True)
    return (
        lots.select("subject", "LOTID", "ADT")
        .join(events, on="subject", maintain_order="left_right")
        .filter(later)
        .with_columns(PARAMCD=pl.lit("AE"))
    )


def _tests(data: SourceData, lots: pl.DataFrame) -> pl.DataFrame:
    if "LOTTEST" not in data or not {"LOTID", "PASS"} <= set(data.datasets["LOTTEST"].columns):
        return lots.clear()
    frame = data.frame("LOTTEST")
    test = pl.col("TEST").cast(pl.String) if "TEST" in frame.collect_schema() else pl.lit(None, pl.String)
    tests = frame.select(pl.col("LOTID").cast(pl.String).str.strip_chars(), TEST=test, AVALC=pl.col("PASS")).collect()
    of_given = tests.filter(pl.col("LOTID").is_in(lots["LOTID"].unique().implode()))
    return of_given.sort("LOTID", maintain_order=True).with_columns(
        PARAMCD=pl.lit("TEST"), AVALC=pl.col("AVALC").cast(pl.String).str.strip_chars().replace("", None)
    )
