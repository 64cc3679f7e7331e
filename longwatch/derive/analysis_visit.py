"""AVISIT and ANL01FL: which results a table by visit describes, and which of several at one visit (spec A.8)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.baseline import yes_on
from longwatch.study import Visits

_PLACE = ("subject", "PARAM", "ATPT", "AVISIT")


def derive_avisit(results: pl.DataFrame, visits: Visits) -> pl.DataFrame:
    """Adds AVISIT, an Enum in the order printed, and AVISITN (VISITNUM).

    Cases, in order: 1. the study file names the visits to analyse → VISIT where it is one of them, in their order;
    2. VISIT begins with UNSCHEDULED, or VISITNUM is no whole number → missing: an unscheduled result is no visit's;
    3. else VISIT, by VISITNUM, then name. Source: ADaMIG AVISIT; SDTMIG VISITNUM (unscheduled visits get decimals).
    """
    names = list(visits.analysed)
    visit = pl.col("VISIT")
    if not names:
        text = visit.cast(pl.String)
        planned = ~text.str.contains("(?i)^unscheduled") & (pl.col("VISITNUM") % 1 == 0).fill_null(True)
        visit = pl.when(planned).then(visit)
        found = (
            results.select(text.alias("VISIT"), "VISITNUM")
            .filter(planned)
            .group_by("VISIT")
            .agg(pl.col("VISITNUM").min())
        )
        names = found.sort("VISITNUM", "VISIT", nulls_last=True)["VISIT"].to_list()
    visit_number = pl.when(pl.col("AVISIT").is_not_null()).then(pl.col("VISITNUM"))
    visit = visit.cast(pl.String).cast(pl.Enum(names), strict=False)
    return results.with_columns(AVISIT=visit).with_columns(AVISITN=visit_number)


def derive_anl01fl(results: pl.DataFrame, visits: Visits) -> pl.DataFrame:
    """Adds ANL01FL: Y on one result of each subject, parameter, time point and analysis visit, missing elsewhere.

    Cases: no AVISIT, or no number → missing; several at one visit → the one that the study file says
    (`visits.several`): the last (the default), the first, the highest, the lowest; of equal ones the first. Expects
    the rows of a subject, parameter and time point in order of time. Source: ADaMIG ANLzzFL.
    """
    one = results.select(*_PLACE, "AVAL").with_row_index("row").drop_nulls(["AVISIT", "AVAL"])
    chosen = _choose(one, visits.several, _PLACE)
    return results.with_columns(yes_on(chosen, results.height).alias("ANL01FL"))


def derive_aentmtfl(results: pl.DataFrame, visits: Visits) -> pl.DataFrame:
    """Adds AENTMTFL: Y on the last analysed result after the first dose (ANL01FL = Y, ONTRTFL = Y) of each subject,
    parameter and time point; where the study file names the visits that count (`visits.last_of`), of these alone.

    Expects the rows of a subject, parameter and time point in order of time. Source: CDISCPILOT01 define.xml, AENTMTFL
    (last observed value during treatment)."""
    counts = (pl.col("ANL01FL") == "Y") & (pl.col("ONTRTFL") == "Y")
    if visits.last_of:
        counts &= pl.col("AVISIT").cast(pl.String).is_in(list(visits.last_of))
    one = results.select(*_PLACE, "ANL01FL", "ONTRTFL").with_row_index("row").filter(counts)
    return results.with_columns(yes_on(_choose(one, "last", _PLACE[:3]), results.height).alias("AENTMTFL"))


def _choose(one: pl.DataFrame, which: str, key: tuple[str, ...]) -> pl.Series:
    if which in ("highest", "lowest"):
        one = one.sort("AVAL", descending=which == "highest", maintain_order=True)
    return one.unique(key, keep="last" if which == "last" else "first", maintain_order=True)["row"]
