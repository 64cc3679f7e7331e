"""Whether a result was taken after the first dose: the window of everything called post-baseline (spec A.6, A.8)."""

from __future__ import annotations

import polars as pl

from longwatch.standards.dates import earliest_second, has_time, latest_second, zone_minutes
from longwatch.study import Study, TreatmentReference

_REFERENCE = {TreatmentReference.FIRST_INFUSION: ("SAFFL", "TRTSDT", "TRTSDTM"),
              TreatmentReference.FIRST_STUDY_INTERVENTION: ("INTFL", "INTSDT", "INTSDTM")}  # fmt: skip


def read_reference(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """By row of ADSL the day (REFDT) and text (REFDTM) of the dose that the study file counts from; of a supplied ADSL
    without that variable TRTSDT, and no time. Missing where never treated."""
    treated, day, text = _REFERENCE[study.treatment_emergence.reference]
    if day not in adsl.columns:
        treated, day, text = _REFERENCE[TreatmentReference.FIRST_INFUSION]
    given = pl.col(treated) == "Y"
    time = pl.col(text).cast(pl.String) if text in adsl.columns else pl.lit(None, pl.String)
    return adsl.select(REFDT=pl.when(given).then(pl.col(day)), REFDTM=pl.when(given).then(time))


def derive_after(results: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    """Adds `after`: whether the result was taken after the dose that the study counts from.

    Cases, in order:
    1. never treated, or the day of the dose or of the result not known at all → missing;
    2. the last day that --DTC can mean is before the day of the dose → no;
    3. its first day is after it → yes;
    4. a complete --DTC on that day: both times known, and the result's certainly after the dose's → yes; else no
       (on or before: what was drawn on the day of the dose is taken as drawn before it, unless its time says
       otherwise);
    5. a partial --DTC that can lie on either side → missing.
    A time to the minute stands for any second of it; where only one of two times has a zone they are not comparable.
    Expects `first`, `last`, DTC, ADT of `read_results`. Source: spec A.8 (baseline: on or before first exposure).
    """
    day = reference["REFDT"].gather(results["subject"]).alias("REFDT")
    timed = results.with_columns(day)
    same = pl.col("ADT") == pl.col("REFDT")
    late = _taken_later_that_day(timed, timed.select(same.fill_null(False)).to_series(), reference)
    return timed.with_columns(
        after=pl.when(pl.col("last") < pl.col("REFDT"))
        .then(False)
        .when(pl.col("first") > pl.col("REFDT"))
        .then(True)
        .when(same)
        .then(pl.lit(late))
    ).drop("REFDT")


def _taken_later_that_day(results: pl.DataFrame, on_the_day: pl.Series, reference: pl.DataFrame) -> pl.Series:
    later = pl.Series("later", [False]).new_from_index(0, results.height)
    if not on_the_day.any():
        return later
    chosen = results.filter(on_the_day).select("subject", pl.col("DTC").cast(pl.String))
    chosen = chosen.with_columns(reference["REFDTM"].gather(chosen["subject"]))
    taken, dose = pl.col("DTC"), pl.col("REFDTM")
    comparable = has_time(taken) & has_time(dose) & (zone_minutes(taken).is_null() == zone_minutes(dose).is_null())
    first = earliest_second(taken) - 60 * zone_minutes(taken).fill_null(0)
    last = latest_second(dose) - 60 * zone_minutes(dose).fill_null(0)
    return later.scatter(
        on_the_day.arg_true(), chosen.select((comparable & (first > last)).fill_null(False)).to_series()
    )
