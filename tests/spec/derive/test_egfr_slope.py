"""Chronic slope of eGFR (spec D.4): least squares from day 90, worked by hand and by another program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import linregress

from longwatch.derive import AnalysisDatasets
from longwatch.derive.egfr_slope import derive_adsp
from longwatch.stats.descriptive import compute_slope

# Day 1 is 2022-03-01. CKD-EPI 2021, F 48: 0.7 mg/dL is 106.6, 1.0 is 69.5, 1.5 is 42.7.
DM = [
    {"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "SEX": "F", "AGE": 48.0, "RFPENDTC": "2023-12-31"}
    for name in ("FALLS", "SHORT", "TWO", "EARLY", "URINE")
]
EX = [{"USUBJID": row["USUBJID"], "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for row in DM]


def creatinine(subject: str, day: str, value: float, **other: Any) -> dict[str, Any]:
    return {"USUBJID": subject, "LBTESTCD": "CREAT", "LBTEST": "Creatinine", "LBSTRESN": value, "LBSTRESU": "mg/dL",
            "LBDTC": day, "LBSPEC": "SERUM", **other}  # fmt: skip


LB = [
    # before day 90 (2022-05-29), which is no part of the trend; then 106.6, 69.5, 42.7 while she is 48
    creatinine("FALLS", "2022-05-28", 2.5),
    creatinine("FALLS", "2022-05-29", 0.7),
    creatinine("FALLS", "2022-11-27", 1.0),
    creatinine("FALLS", "2023-05-29", 1.5),
    # three days, less than a year
    *(creatinine("SHORT", day, 1.0) for day in ("2022-06-01", "2022-09-01", "2023-05-31")),
    # two days, twice on one of them
    *(creatinine("TWO", day, 1.0) for day in ("2022-06-01", "2023-09-01", "2023-09-01")),
    # only one after day 90
    *(creatinine("EARLY", day, 1.0) for day in ("2022-03-10", "2022-04-10", "2023-09-01")),
    *(creatinine("URINE", day, 90.0, LBSPEC="URINE") for day in ("2022-06-01", "2022-09-01", "2023-09-01")),
]


def test_the_slope_of_three_results(derived: Callable[..., AnalysisDatasets]) -> None:
    """The oracles of spec C.4, on days 90, 272 and 455; she turns 49 by the third, one year older in the equation."""
    found = derived(DM=DM, EX=EX, LB=LB).adsp
    assert found["USUBJID"].cast(pl.String).to_list() == ["FALLS"]
    row = found.row(0, named=True)
    heights = [106.6, 69.5, 42.7 * 0.9938]
    assert row["AVAL"] == pytest.approx(linregress(np.array([90, 272, 455]) / 365.25, heights).slope, abs=0.1)
    assert (row["SRCN"], row["AVALU"]) == (3, "mL/min/1.73m2/year")


def test_without_enough_results_nothing_is_guessed(derived: Callable[..., AnalysisDatasets]) -> None:
    """Fewer than three days, or less than a year: no slope; nor from urine; nor without LB."""
    assert derived(DM=DM, EX=EX, LB=LB[4:]).adsp.is_empty()
    assert derived(DM=DM, EX=EX).adsp.is_empty()


def test_random_trends_against_scipy_and_our_own_statistic() -> None:
    """100 subjects of 3 to 20 results, far from zero in time."""
    draw = np.random.default_rng(81)
    names = [f"S{number:03d}" for number in range(100)]
    adsl = pl.DataFrame({"USUBJID": names}, schema={"USUBJID": pl.Categorical}).with_columns(
        TRT01P=pl.lit("A"), TRT01A=pl.lit("A"), SAFFL=pl.lit("Y")
    )
    parts = []
    for name in names:
        days = np.sort(draw.choice(np.arange(90, 5000), int(draw.integers(3, 20)), replace=False))
        days[-1] = max(days[-1], days[0] + 365)
        parts.append(pl.DataFrame({"USUBJID": [name] * len(days), "ADY": days, "AVAL": draw.normal(70, 15, len(days))}))
    adlb = pl.concat(parts).with_columns(
        pl.col("USUBJID").cast(pl.Categorical), PARAMCD=pl.lit("EGFR"), SAFFL=pl.lit("Y")
    )
    adlb = adlb.with_columns(adsl["USUBJID"].gather(pl.Series([int(str(name)[1:]) for name in adlb["USUBJID"]])))
    found = derive_adsp(adlb, adsl)
    assert found.height == len(names)
    for name, value in found.select(pl.col("USUBJID").cast(pl.String), "AVAL").iter_rows():
        mine = adlb.filter(pl.col("USUBJID") == name)
        years, heights = mine["ADY"].to_numpy() / 365.25, mine["AVAL"].to_numpy()
        assert value == pytest.approx(linregress(years, heights).slope, rel=1e-8, abs=1e-8)
        assert value == pytest.approx(compute_slope(years, heights).value, rel=1e-8, abs=1e-8)
