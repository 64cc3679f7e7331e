"""ADHY: liver screening, one row per subject: peaks in multiples of ULN, and potential Hy's law cases (spec C.3)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.coded import code_text
from longwatch.derive.of_subject import OF_SUBJECT
from longwatch.derive.populations import YES_NO, flag
from longwatch.study import Study

TRANSAMINASES = ("ALT", "AST")
TRANSAMINASE_LIMIT, BILIRUBIN_LIMIT, PHOSPHATASE_LIMIT = 3.0, 2.0, 2.0
"""Multiples of ULN; the limit itself counts as reached."""


def derive_adhy(adlb: pl.DataFrame, adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """One row per subject of ADSL, in its order.

    Looked at are results after the first dose (ONTRTFL = Y), from study day `laboratory.liver_from_day` on (a result
    without a day counts where that is 1), in blood, as multiples of each result's own ULN (R2ANRHI).
    - ALTMAX, ASTMAX, TRANMAX (the larger of the two), BILIMAX, ALPMAX: the highest; missing without a result.
    - HYLAWFL: Y where a bilirubin of at least 2 × ULN was taken on the day of an ALT or AST of at least 3 × ULN, or on
      a later day; else N. Missing without a transaminase or without a bilirubin. By maxima alone more subjects reach
      both limits: their order is what makes a case.
    - Of a case: TRANDT, BILIDT: the days of the two that lie closest together, the earliest pair of equals; HYDAYS: the
      days between them; HYWINFL: Y where these are at most `laboratory.liver_within_days`, else N.
    - Of a case: ALPONFL: Y where alkaline phosphatase was at least 2 × ULN at its onset, N where it was below, missing
      where not known; ALPONSET: that value. Onset: TRANDT; the value is the last one on or before that day (baseline
      included). A case with it may be cholestasis: it is marked, and not left out.
    Source: FDA guide v2.0, 2.4.4; FDA guidance on drug-induced liver injury, 2009 (unverified: no initial cholestasis).
    """
    blood = adlb.filter(
        pl.col("R2ANRHI").is_not_null() & (pl.col("SPEC").cast(pl.String) != "URINE").fill_null(True)
    ).select(pl.col("USUBJID").to_physical().alias("subject"), "PARAMCD", "ADT", "ADY", "ONTRTFL", ratio="R2ANRHI")
    first = study.laboratory.liver_from_day
    late_enough = (pl.col("ADY") >= first).fill_null(first == 1)
    later = blood.filter((pl.col("ONTRTFL") == "Y") & late_enough)
    peaks = later.group_by("subject").agg(
        pl.col("ratio").filter(pl.col("PARAMCD") == test).max().alias(f"{test}MAX")
        for test in ("ALT", "AST", "BILI", "ALP")
    )
    cases = _find_cases(later, _phosphatase(blood))
    subjects = adsl.select(OF_SUBJECT).with_columns(subject=pl.col("USUBJID").to_physical())
    whole = subjects.join(peaks, on="subject", how="left", maintain_order="left").join(
        cases, on="subject", how="left", maintain_order="left"
    )
    whole = whole.with_columns(TRANMAX=pl.max_horizontal("ALTMAX", "ASTMAX"))
    known = pl.col("TRANMAX").is_not_null() & pl.col("BILIMAX").is_not_null()
    days = pl.col("HYDAYS")
    whole = whole.with_columns(
        HYLAWFL=pl.when(known).then(flag(days.is_not_null())),
        HYWINFL=pl.when(days.is_not_null()).then(flag(days <= study.laboratory.liver_within_days)),
        ALPONFL=pl.when(pl.col("ALPONSET").is_not_null()).then(flag(pl.col("ALPONSET") >= PHOSPHATASE_LIMIT)),
    )
    return code_text(whole.drop("subject")).cast({"HYLAWFL": YES_NO})


def _find_cases(later: pl.DataFrame, phosphatase: pl.DataFrame) -> pl.DataFrame:
    """Per subject with a case: TRANDT, BILIDT, HYDAYS, ALPONSET."""
    dated = later.filter(pl.col("ADT").is_not_null())
    code = pl.col("PARAMCD").cast(pl.String)
    high = dated.filter(code.is_in(TRANSAMINASES) & (pl.col("ratio") >= TRANSAMINASE_LIMIT))
    high = high.select("subject", ADT="ADT", TRANDT="ADT").unique().sort("ADT")
    bilirubin = dated.filter((code == "BILI") & (pl.col("ratio") >= BILIRUBIN_LIMIT))
    bilirubin = bilirubin.select("subject", ADT="ADT", BILIDT="ADT").unique().sort("ADT")
    # The transaminase closest before each bilirubin is the latest one on or before its day.
    pairs = bilirubin.join_asof(high, on="ADT", by="subject", strategy="backward", check_sortedness=False)
    pairs = pairs.drop_nulls("TRANDT").with_columns(HYDAYS=(pl.col("BILIDT") - pl.col("TRANDT")).dt.total_days())
    closest = pairs.sort("HYDAYS", "BILIDT").unique("subject", keep="first", maintain_order=True)
    closest = closest.select("subject", "TRANDT", "BILIDT", "HYDAYS", ADT="TRANDT").sort("ADT")
    return closest.join_asof(phosphatase, on="ADT", by="subject", strategy="backward", check_sortedness=False).drop(
        "ADT"
    )


def _phosphatase(blood: pl.DataFrame) -> pl.DataFrame:
    """The highest alkaline phosphatase of each subject and day."""
    mine = blood.filter((pl.col("PARAMCD") == "ALP").fill_null(False) & pl.col("ADT").is_not_null())
    return mine.group_by("subject", "ADT").agg(ALPONSET=pl.col("ratio").max()).sort("ADT")
