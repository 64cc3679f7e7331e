"""ADIM: immunosuppressants of each treated subject, drug by drug (spec D.3, L13; C.3).

Drugs: those of the study file's classes (`exposure: classes`) that CM has, by name; one parameter each (IM1, IM2 …),
PARAM the drug.

| PARCAT1 | one row per | AVAL, AVALC |
|---|---|---|
| TAKEN | subject who took it during follow-up | AVAL: different days with it, from the infusion to the end of follow-up; ADT: the last of them |
| STOPPED | the same, where its last course ended before the follow-up | AVALC: the reason as collected (CMRSDISC), else missing |
| TROUGH | subject with a result of its test (`exposure: troughs`) after the infusion | AVAL: the mean of its results; AVALC: their unit |

Results of the unit that most results have; those in another are left out, and are no trough of this drug.
"""  # noqa: E501

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.adev import read_courses
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.of_subject import carry_subject, select_followed, stack
from longwatch.derive.spans import clip_spans, compute_days
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day
from longwatch.study import Study

_SCHEMA = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "PARAM": pl.String, "PARCAT1": pl.String, "AVALC": pl.String,
    "AVAL": pl.Float64, "ADT": pl.Date,
}  # fmt: skip


def derive_adim(data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, and the columns above; by drug, then by row of ADSL. Expects row i of ADSL to be
    `subject` i. No CM, or no classes → no rows."""
    watched = select_followed(adsl)
    courses = read_courses(data, study, cutoff, subjects).join(watched, on="subject")
    troughs = {drug.upper(): test.upper() for drug, test in study.exposure.troughs.items()}
    parts = []
    for place, drug in enumerate(sorted(courses["drug"].drop_nulls().unique()), start=1):
        mine = courses.filter(pl.col("drug") == drug)
        clipped = clip_spans(mine)
        last = clipped.group_by("subject").agg(ADT=pl.col("last").max())
        taken = compute_days(clipped).select("subject", AVAL="days").join(last, on="subject")
        open_end = mine.group_by("subject").agg(
            pl.col("high").first(),
            last=pl.when(pl.col("last").null_count() == 0).then(pl.col("last").max()),
            AVALC=pl.col("why").sort_by("last").last(),
        )
        stopped = open_end.filter(pl.col("last") < pl.col("high")).join(taken.select("subject"), on="subject")
        rows = {
            "TAKEN": taken,
            "STOPPED": stopped.select("subject", "AVALC"),
            "TROUGH": _troughs(data, cutoff, subjects, watched, troughs.get(drug, "")),
        }
        parts += [
            frame.sort("subject").with_columns(PARAMCD=pl.lit(f"IM{place}"), PARAM=pl.lit(drug), PARCAT1=pl.lit(kind))
            for kind, frame in rows.items()
        ]
    return carry_subject(adsl, stack([pl.DataFrame(schema=_SCHEMA), *parts], _SCHEMA))


def _troughs(data: SourceData, cutoff: date, subjects: Subjects, watched: pl.DataFrame, test: str) -> pl.DataFrame:
    """Per subject the mean result of a test after the infusion, and its unit."""
    nothing = pl.DataFrame(schema={"subject": pl.UInt32, "AVAL": pl.Float64, "AVALC": pl.String})
    if not test:
        return nothing
    lb = read_coded(data, "LB", subjects, ("LBTESTCD", "LBSTRESU", "LBDTC"), ("LBSTRESN",), days=("LBDTC",))
    if not {"LBTESTCD", "LBDTC", "LBSTRESN"} <= set(lb.columns):
        return nothing
    day = by_value(lb["LBDTC"], complete_day(pl.col("text")).alias("day"))["day"]
    unit = pl.col("LBSTRESU").cast(pl.String) if "LBSTRESU" in lb.columns else pl.lit(None, pl.String)
    results = (
        lb.with_columns(day, AVALC=unit.fill_null(""))
        .filter(pl.col("LBTESTCD").cast(pl.String) == test, pl.col("day") <= cutoff)
        .drop_nulls("LBSTRESN")
        .join(watched, on="subject")
        .filter(pl.col("day") > pl.col("low"), pl.col("day") <= pl.col("high"))
    )
    units = results.group_by("AVALC").len().sort(["len", "AVALC"], descending=[True, False])
    if units.is_empty():
        return nothing
    usual = results.filter(pl.col("AVALC") == units["AVALC"][0])
    return usual.group_by("subject").agg(AVAL=pl.col("LBSTRESN").mean(), AVALC=pl.col("AVALC").first())
