"""The data's own cut: TS.DCUTDTC (spec A.2, trial summary)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.standards.dates import earliest_day, precision


def data_cutoff(trial_summary: pl.LazyFrame) -> date | None:
    """The day of TS.DCUTDTC.

    Cases: a complete date, or date and time, is its day; several complete dates: the latest; a partial date, none, or
    a TS without TSPARMCD and TSVAL: None, and the study file has to say the cut-off.
    """
    if not {"TSPARMCD", "TSVAL"} <= set(trial_summary.collect_schema().names()):
        return None
    cut = trial_summary.filter(pl.col("TSPARMCD") == "DCUTDTC", precision(pl.col("TSVAL")) == "day")
    latest: date | None = cut.select(earliest_day(pl.col("TSVAL")).max()).collect().item()
    return latest
