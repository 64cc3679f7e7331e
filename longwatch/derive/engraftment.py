"""GRAFTFL: who was infused and has evidence by C-peptide that the graft works (spec A.7).

What counts is the study's protocol: `graft.engraftment` of the study file says it; without it there is no GRAFTFL.
Cases, in order:

1. No C-peptide of the sample asked for, in a unit that can be converted, of anybody → missing for all: not collected.
2. Not of the safety population, or no day of the first infusion known → N.
3. A C-peptide of at least so many ng/mL, on a day after the first infusion and at most `within_days` after it, and by
   the cut-off; and above the last one of the same kind (after a meal, fasting) by the day of the infusion, where there
   is one → Y.
4. Else N: without evidence nobody is in it. Who was infused less than `within_days` ago may come into it later.

Samples: `stimulated` (after a meal, the highest of a day), `fasting`, or `any` of both, as the Igls criteria read them
(`adgf`). Above baseline is our reading (what the subject made itself is no evidence of a graft), as in Igls.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.adgf import read_components
from longwatch.derive.coded import Subjects
from longwatch.derive.decimals import as_decimal
from longwatch.derive.populations import YES_NO, flag
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

GRAFTFL = "GRAFTFL"
SAMPLES = {"stimulated": ("STIMULATED",), "fasting": ("FASTING",), "any": ("STIMULATED", "FASTING")}


def derive_graftfl(
    adsl: pl.DataFrame, data: SourceData, study: Study, cutoff: date, subjects: Subjects
) -> pl.DataFrame:
    """Adds GRAFTFL where the study file says what engraftment is. Expects row i of ADSL to be `subject` i."""
    wanted = study.graft.engraftment
    if wanted is None:
        return adsl
    measured = read_components(data, subjects, cutoff)
    values = pl.concat(
        measured[name].with_columns(pl.col("subject").cast(pl.UInt32), kind=pl.lit(name))
        for name in SAMPLES[wanted.sample]
    )
    if values.is_empty():
        return adsl.with_columns(pl.lit(None, YES_NO).alias(GRAFTFL))
    values = values.with_columns(value=as_decimal(pl.col("value")))
    safe = (pl.col("SAFFL") == "Y").fill_null(False)
    infused = adsl.select("TRTSDT", safe=safe).with_row_index("subject").filter("safe").drop_nulls()
    values = values.join(infused, on="subject").sort("day")
    before = pl.col("day") <= pl.col("TRTSDT")
    base = values.filter(before).group_by("subject", "kind").agg(base=pl.col("value").last())
    after = values.filter(~before).join(base, on=["subject", "kind"], how="left")
    in_time = (pl.col("day") - pl.col("TRTSDT")).dt.total_days() <= wanted.within_days
    works = (pl.col("value") >= wanted.c_peptide) & (pl.col("value") > pl.col("base")).fill_null(True)
    shown = after.filter(in_time, works)["subject"].unique()
    return adsl.with_columns(flag(pl.int_range(pl.len(), dtype=pl.UInt32).is_in(shown.implode())).alias(GRAFTFL))
