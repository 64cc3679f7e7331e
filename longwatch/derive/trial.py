"""What is said of a trial itself: the trial summary (TS) as it is, with the study that it is of.

One row per parameter and value of TS that has both, in its order: STUDYID (that of the study file), TSPARMCD, TSVAL.
No TS, or one without these variables → no rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.standards.dataset import SourceData
from longwatch.study import Study

_SCHEMA = {"STUDYID": pl.String, "TSPARMCD": pl.String, "TSVAL": pl.String}


@dataclass(frozen=True)
class Trial:
    """A trial: its study file, the cut-off, and `summary`, its rows of TS."""

    study: Study
    cutoff: date
    summary: pl.DataFrame


def read_trial(data: SourceData, study: Study, cutoff: date) -> Trial:
    """The trial of a source."""
    if "TS" not in data or not {"TSPARMCD", "TSVAL"} <= set(data.datasets["TS"].columns):
        return Trial(study, cutoff, pl.DataFrame(schema=_SCHEMA))
    rows = data.frame("TS").select(pl.col("TSPARMCD", "TSVAL").cast(pl.String)).collect()
    rows = rows.filter(pl.all_horizontal(pl.col("TSPARMCD", "TSVAL").str.strip_chars().str.len_chars() > 0))
    return Trial(study, cutoff, rows.select(STUDYID=pl.lit(study.id), TSPARMCD="TSPARMCD", TSVAL="TSVAL"))
