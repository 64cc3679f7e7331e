"""The cut-off: which day it is, and what is known at it (CONTRACTS.md, Dates)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import as_enum, values_of
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day, earliest_day, precision
from longwatch.study import Study


def resolve_cutoff(option: date | None, study: Study, data: SourceData) -> date:
    """The cut-off D of a report.

    Cases, in order: the option given with the call; `cutoff` of the study file; TS.DCUTDTC; else there is none.
    Raises StudyError: LW-FIT-006 where none of them says it, LW-FIT-007 where TS.DCUTDTC is not one complete date.
    Source: CONTRACTS.md, Dates.
    """
    if option is not None:
        return option
    if study.cutoff is not None:
        return study.cutoff
    stated = _stated_in_ts(data)
    if not stated:
        raise StudyError(
            "LW-FIT-006",
            "no cut-off date is known",
            where="TS.DCUTDTC, study file",
            expected="a date by --cutoff, `cutoff:` in the study file, or DCUTDTC in TS",
            found="none of them",
            next_step="write `cutoff: YYYY-MM-DD` into the study file, or give --cutoff YYYY-MM-DD",
        )
    known = pl.DataFrame({"text": stated}).select(
        day=earliest_day(pl.col("text")), known=precision(pl.col("text")).cast(pl.String)
    )
    if known["day"].n_unique() != 1 or (known["known"] != "day").any():
        raise StudyError(
            "LW-FIT-007",
            "the data does not state one complete cut-off date",
            where="TS.DCUTDTC",
            expected="one ISO 8601 date such as 2024-12-31",
            found=", ".join(stated),
            next_step="correct TS, or write `cutoff: YYYY-MM-DD` into the study file",
        )
    day: date = known["day"][0]
    return day


def stated_data_cut(data: SourceData) -> date | None:
    """TS.DCUTDTC where it is one complete date, else None."""
    stated = pl.DataFrame({"text": _stated_in_ts(data)}, schema={"text": pl.String})
    days = stated.select(day=complete_day(pl.col("text")))["day"]
    day: date | None = days[0] if len(days) == 1 else None
    return day


def _stated_in_ts(data: SourceData) -> list[str]:
    ts = data.get("TS")
    if ts is None or not {"TSPARMCD", "TSVAL"} <= set(ts.columns):
        return []
    values = ts.frame.filter(pl.col("TSPARMCD") == "DCUTDTC").select("TSVAL").collect()["TSVAL"]
    return sorted({value for value in values if value and value.strip()})


def keep_started(frame: pl.DataFrame, start: str, cutoff: date) -> pl.DataFrame:
    """The records that started by the cut-off.

    Cases: earliest possible day of `start` after D → dropped; on or before it → kept; no day known, or no such
    variable → kept (nothing says that it started later). Source: CONTRACTS.md, Dates.
    """
    if start not in frame.columns:
        return frame
    late = is_late(frame[start], cutoff)
    return frame if late is None else frame.filter(~late)


def forget_later(frame: pl.DataFrame, variable: str, cutoff: date) -> pl.DataFrame:
    """The records, with the dates of `variable` that can only lie after the cut-off as missing: not known at D."""
    if variable not in frame.columns:
        return frame
    late = is_late(frame[variable], cutoff)
    return frame if late is None else frame.with_columns(frame[variable].set(late, None))


def is_late(texts: pl.Series, cutoff: date) -> pl.Series | None:
    """By record, whether its date can only lie after the cut-off; None where no record's does."""
    texts = as_enum(texts)
    late = values_of(texts).select((earliest_day(pl.col("text")) > cutoff).fill_null(False)).to_series()
    if not late.any():
        return None
    by_record = late.gather(texts.to_physical()).fill_null(False)
    return by_record if by_record.any() else None
