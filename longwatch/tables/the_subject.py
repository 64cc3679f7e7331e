"""The one subject that an output is about: found by its USUBJID, its days counted from the first infusion."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.standards.nearest import did_you_mean
from longwatch.stats.person_time import DAYS_PER_YEAR


def find_subject(datasets: AnalysisDatasets, asked: str) -> tuple[int | None, str]:
    """Row of ADSL and USUBJID. Nobody asked for → the first treated subject by USUBJID, else None and no name. Raises
    StudyError LW-SUB-001 where there is no such subject."""
    names = datasets.adsl["USUBJID"].cast(pl.String)
    if not asked:
        treated = names.filter((datasets.adsl["SAFFL"] == "Y").fill_null(False)).drop_nulls().sort()
        if treated.is_empty():
            return None, ""
        asked = treated[0]
    place = names.index_of(asked)
    if place is None:
        raise StudyError(
            "LW-SUB-001",
            f"there is no subject {asked}{did_you_mean(asked, names.drop_nulls().to_list())}",
            where="subject",
            found=asked,
            next_step="give the USUBJID as DM has it, in full",
        )
    return place, asked


def study_day_of(day: date, start: date) -> int:
    """The study day: the day of the first infusion is 1, the day before it −1."""
    days = (day - start).days
    return days + 1 if days >= 0 else days


def in_years(day: int) -> float:
    """A study day as years since the first infusion."""
    return (day - 1 if day > 0 else day) / DAYS_PER_YEAR
