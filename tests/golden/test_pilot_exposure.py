"""Exposure of CDISCPILOT01 against the sponsor's own ADSL, and against days counted one by one."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table

Read = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="module")
def values(pilot: AnalysisDatasets, pilot_study: Study) -> dict[tuple[str, str, str, str], float | int | None]:
    """Numbers of EXT01 by row group, row, column, statistic."""
    table = make_table("EXT01", pilot, pilot_study)
    return {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}


def test_the_duration_of_treatment_is_that_of_the_sponsors_adsl(pilot: AnalysisDatasets, read_xpt: Read) -> None:
    """254 of 254 subjects, six of them with a last dose whose end was not collected (TRTDUR of ADSL)."""
    ours = pilot.adex.filter(PARAMCD="TRTDUR").select(pl.col("USUBJID").cast(pl.String), "AVAL")
    theirs = read_xpt("adam/adsl").filter(SAFFL="Y").select("USUBJID", "TRTDUR")
    both = ours.join(theirs, on="USUBJID", how="full", coalesce=True)
    assert both.height == 254
    assert both.filter(pl.col("AVAL").eq_missing(pl.col("TRTDUR"))).height == 254


def test_numbers_of_the_table_by_hand(
    values: dict[tuple[str, str, str, str], float | int | None], read_xpt: Read
) -> None:
    """Mean, SD, total person-years and every threshold of each arm, from ADSL.TRTDUR alone."""
    adsl = read_xpt("adam/adsl").filter(SAFFL="Y")
    compared = 0
    for arm, days in ((name, frame["TRTDUR"]) for (name,), frame in adsl.group_by("TRT01P")):
        group = "Duration of treatment (days)"
        assert values[group, "", arm, "mean"] == pytest.approx(days.mean(), rel=1e-12)
        assert values[group, "", arm, "sd"] == pytest.approx(days.std(), rel=1e-12)
        assert values[group, "", arm, "person_years"] == pytest.approx(days.sum() / 365.25, rel=1e-12)
        for row, least in ((">= 1 day", 1), (">= 1 month", 30), (">= 3 months", 91), (">= 6 months", 182)):
            assert values[group, row, arm, "n"] == (days >= least).sum()
            compared += 1
    assert compared == 12


def test_days_on_a_drug_by_hand(pilot: AnalysisDatasets, read_xpt: Read) -> None:
    """Acetylsalicylic acid: the days of each course are written out one by one, and the different ones are counted."""
    window = {
        name: range(start.toordinal(), start.toordinal() + length)
        for name, start, length in pilot.adsl.select(pl.col("USUBJID").cast(pl.String), "TRTSDT", "FUPDUR").rows()
        if length is not None
    }
    days: dict[str, set[int]] = {}
    for name, drug, start, end in read_xpt("sdtm/cm").select("USUBJID", "CMDECOD", "CMSTDTC", "CMENDTC").rows():
        if drug != "ACETYLSALICYLIC ACID" or name not in window:
            continue
        first = date.fromisoformat((start + "-01-01")[:10]).toordinal() if start else window[name].start
        assert not end or len(end) >= 7
        month_end = {7: lambda text: date(int(text[:4]), int(text[5:7]), monthrange(int(text[:4]), int(text[5:7]))[1])}
        last = month_end.get(len(end), date.fromisoformat)(end[:10]).toordinal() if end else window[name].stop
        days.setdefault(name, set()).update(day for day in window[name] if first <= day <= last)
    ours = pilot.adex.filter(PARAMCD="CLS1").select(pl.col("USUBJID").cast(pl.String), "AVAL").rows()
    assert dict(ours) == {name: len(found) for name, found in days.items() if found}
    assert len(ours) > 30
