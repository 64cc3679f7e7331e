"""TRTEMFL: whether an adverse event is treatment-emergent (spec A.6).

An event is treatment-emergent where it starts at or after the reference: the first dose of the product
(FIRST_INFUSION), or the first dose of any study intervention (FIRST_STUDY_INTERVENTION). There is no upper limit: the
product is permanent. What is not known is read in favour of inclusion.

An event that started before the reference and worsened after it would count too; that needs a later severity record,
which the data read here does not hold. Tables say so in a footnote.
"""

from __future__ import annotations

import polars as pl

from longwatch.derive.coded import as_enum, values_of
from longwatch.derive.imputation import complete_end
from longwatch.derive.populations import flag
from longwatch.standards.dates import earliest_second, latest_second, time_text, zone_minutes


def derive_trtemfl(ae: pl.DataFrame, doses: pl.Series, clock: pl.DataFrame | None = None) -> pl.DataFrame:
    """Adds TRTEMFL (Y or N) to records of AE.

    Cases, in order:
    1. never treated (REFFL not Y) → N;
    2. AEENDTC complete and before the reference day → N;
    3. reference day not known → Y;
    4. AESTDTC nothing known → Y;
    5. AESTDTC complete, on the reference day, both times known, and the event's before the dose's → N;
    6. the last day that AESTDTC can mean is before the reference day → N;
    7. else → Y: after it, on it with a time not known, or partial and possibly on or after it.

    A time given to the minute stands for any second of it; where only one of two times has a zone, they are not
    comparable (not known). Expects AESTDTC (SDTM text; its time may stand in `AESTDTC.time`), the last day it can mean
    and the day of it, the day of AEENDTC, and of the `subject` (row of ADSL) REFDT (Date) and REFFL; `doses`: by
    subject, the dose that is the reference, as SDTM text; `clock`: `clock_of` the values of `AESTDTC.time`, where it is
    there. Null is missing.
    Source: FDA ST&F Integrated Guide v2.0, 1.2 and 2.2 (start date considerations); spec A.6.
    """
    reference, last = pl.col("REFDT"), pl.col("AESTDTC.last")
    on_the_day = pl.col("AESTDTC.day") == reference
    earlier = _started_earlier_that_day(ae, doses, clock, ae.select(on_the_day.fill_null(False)).to_series())
    emergent = (
        pl.when((pl.col("REFFL") != "Y").fill_null(True) | (complete_end() < reference).fill_null(False))
        .then(False)
        .when(reference.is_null() | last.is_null())
        .then(True)
        .otherwise((last >= reference) & ~pl.lit(earlier))
    )
    return ae.with_columns(TRTEMFL=flag(emergent))


def _started_earlier_that_day(
    ae: pl.DataFrame, doses: pl.Series, clock: pl.DataFrame | None, on_the_day: pl.Series
) -> pl.Series:
    """Where an event starts on the reference day: whether its time is known to be before the dose's."""
    earlier = pl.Series("earlier", [False]).new_from_index(0, ae.height)
    split = "AESTDTC.time" in ae.columns
    times = ae["AESTDTC.time"] if split else ae.select(time_text(pl.col("AESTDTC").cast(pl.String))).to_series()
    on_the_day = on_the_day & times.is_not_null()
    if not on_the_day.any():
        return earlier
    given = doses.gather(ae["subject"].filter(on_the_day)).to_frame("dose")
    chosen = as_enum(times.filter(on_the_day))
    start = (clock_of(chosen) if clock is None else clock).select(pl.all().gather(chosen.to_physical()))
    clocks = as_enum(given.select(time_text(pl.col("dose"))).to_series())
    dose = clock_of(clocks).select(pl.all().gather(clocks.to_physical()))
    comparable = (start["zone"].is_null() == dose["zone"].is_null()) & start["last"].is_not_null()
    last = start["last"] - 60 * start["zone"].fill_null(0)
    first = dose["first"] - 60 * dose["zone"].fill_null(0)
    return earlier.scatter(on_the_day.arg_true(), (comparable & (last < first)).fill_null(False))


def clock_of(times: pl.Series) -> pl.DataFrame:
    """By value of an Enum the `first` and `last` second that a time can mean, and its `zone`, on any day. Missing where
    it is not known."""
    text = pl.lit("2000-01-01") + pl.col("text")
    return values_of(times).select(first=earliest_second(text), last=latest_second(text), zone=zone_minutes(text))
