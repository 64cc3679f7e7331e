"""Continuous glucose monitoring (spec D.4): metrics worked by hand, NE without enough readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.derive.cgm import LITTLE, NAMES, compute_cgm, cut_windows, derive_episodes
from longwatch.study import Study

START = datetime(2022, 5, 15)  # noqa: DTZ001 - local time without a zone, as DTC has it
"""14 days before the visit of 2022-05-29."""


def readings(values: Iterable[float], minutes: int = 5, start: datetime = START) -> pl.DataFrame:
    glucose = list(values)
    return pl.DataFrame(
        {"row": [0] * len(glucose), "time": [start + timedelta(minutes=minutes * n) for n in range(len(glucose))],
         "glucose": glucose}, schema={"row": pl.UInt32, "time": pl.Datetime("us"), "glucose": pl.Float64},
    )  # fmt: skip


def metrics(values: Iterable[float], minutes: int = 5) -> dict[str, Any]:
    return compute_cgm(readings(values, minutes)).row(0, named=True)


def test_gmi_oracle() -> None:
    """3.31 + 0.02392 × 120 = 6.18 %."""
    assert round(metrics([100.0, 140.0])["GMI"], 2) == 6.18
    assert metrics([120.0, 120.0])["MEAN"] == 120


def test_times_in_below_and_above_range() -> None:
    """Ten readings: 53 | 54, 69 | 70, 100, 150, 180 | 181, 250 | 251. Levels are cumulative."""
    found = metrics([53, 54, 69, 70, 100, 150, 180, 181, 250, 251])
    assert [found[name] for name in ("TBR2", "TBR1", "TIR", "TAR1", "TAR2")] == [10, 30, 40, 30, 10]


def test_coefficient_of_variation() -> None:
    """80, 120, 160: mean 120, SD 40 (n − 1), 33.3 %."""
    found = metrics([80, 120, 160])
    assert (found["MEAN"], round(found["CV"], 1)) == (120, 33.3)
    assert metrics([100])["CV"] is None


def test_wear_is_of_what_the_sensor_could_give() -> None:
    """14 days at 15 minutes are 1344 readings, at 5 minutes 4032; one reading says nothing of the distance."""
    assert metrics([100.0] * 1344, minutes=15)["CGMWEAR"] == pytest.approx(100)
    assert metrics([100.0] * 2016, minutes=5)["CGMWEAR"] == pytest.approx(50)
    assert metrics([100.0])["CGMWEAR"] == 0


@pytest.mark.parametrize(
    ("values", "episodes"),
    [
        # three readings below, then one at 70: 15 minutes below
        ([100, 60, 60, 60, 70, 100], 1),
        # ten minutes are none
        ([100, 60, 60, 70, 100, 100, 100], 0),
        # ten minutes above do not end it; fifteen do
        ([60, 60, 60, 100, 100, 60, 60, 60, 100, 100, 100], 1),
        ([60, 60, 60, 100, 100, 100, 60, 60, 60, 100], 2),
        # at the end of the data it lasts to the last reading
        ([100, 100, 100, 60, 60, 60, 60], 1),
        ([100, 100, 100, 60, 60, 60], 0),
    ],
)
def test_episodes(values: list[float], episodes: int) -> None:
    """Below 70 mg/dL, every five minutes."""
    assert derive_episodes(readings(map(float, values)), 70).height == episodes


def test_very_low_episodes_and_two_rows() -> None:
    """An episode below 54 is also one below 70; rows do not run into each other."""
    low = readings([100.0, 50.0, 50.0, 50.0, 100.0, 100.0, 100.0])
    both = pl.concat([low, low.with_columns(row=pl.lit(1, pl.UInt32))])
    found = compute_cgm(both)
    assert found.select("EPIS1", "EPIS2").rows() == [(1, 1), (1, 1)]


def test_visits_closer_than_their_windows_take_the_same_readings_each_in_order() -> None:
    """A dip of half an hour every day at noon; three visits a week apart: fourteen episodes each, none twice."""
    minutes = pl.int_range(0, 34 * 24 * 60, 5, eager=True)
    low = (minutes % (24 * 60)).is_between(12 * 60, 12 * 60 + 25)
    sensor = pl.DataFrame(
        {"subject": pl.Series([0], dtype=pl.UInt32).new_from_index(0, len(minutes)),
         "time": [START + timedelta(minutes=minute) for minute in minutes],
         "glucose": low.replace_strict({True: 60.0, False: 100.0}, return_dtype=pl.Float64)}
    )  # fmt: skip
    days = [START.date() + timedelta(days=day) for day in (20, 27, 34)]
    visits = pl.DataFrame({"ADT": days, "subject": [0, 0, 0]}, schema_overrides={"subject": pl.UInt32})
    found = compute_cgm(cut_windows(visits.with_row_index("row"), sensor))
    assert found.select("row", "EPIS1", "CGMN").rows() == [(0, 14, 4032), (1, 14, 4032), (2, 14, 4032)]


@pytest.fixture
def monitored(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> Callable[..., pl.DataFrame]:
    """ADCG of subject S1, infused 2022-03-01 and seen at month 3 on 2022-05-29."""

    def make(cgm: list[dict[str, Any]]) -> pl.DataFrame:
        study = make_study(follow_up={"template": "GT-15Y"})
        sv = [{"USUBJID": "S1", "VISIT": "DAY 90", "SVSTDTC": "2022-05-29"}]
        data = {"SV": sv, **({"CGM": cgm} if cgm else {})}
        return derived(study=study, **data).adcg

    return make


def record(n: int, value: float, unit: str | None, start: datetime = START) -> dict[str, Any]:
    return {"USUBJID": "S1", "DTC": (start + timedelta(minutes=15 * n)).isoformat(), "GLUC": value, "GLUCU": unit}


def test_the_visit_takes_the_fourteen_days_before_it(monitored: Callable[..., pl.DataFrame]) -> None:
    """All of 14 days, in mmol/L: 6.661 × 18.016 = 120.0; readings of the day itself, and older ones, do not count."""
    inside = [record(n, 6.661, "mmol/L") for n in range(1344)]
    outside = [record(n, 2.0, "mmol/L") for n in (-1, -50, 1344, 1400)]
    found = monitored([*outside, *inside])
    values = dict(found.select("PARAMCD", "AVAL").iter_rows())
    assert set(values) == set(NAMES)
    assert (values["CGMN"], values["TIR"], values["TBR1"], values["EPIS1"]) == (1344, 100, 0, 0)
    assert round(values["MEAN"], 1) == 120.0
    assert round(values["GMI"], 2) == 6.18
    assert set(found["ADT"].cast(pl.String)) == {"2022-05-29"}


def test_too_few_readings_are_not_evaluable(monitored: Callable[..., pl.DataFrame]) -> None:
    """70 % of 1344 are 940.8: 941 are enough, 940 are not, and nothing is guessed."""
    enough = monitored([record(n, 100.0, "mg/dL") for n in range(941)])
    few = monitored([record(n, 100.0, "mg/dL") for n in range(940)])
    assert enough.filter(pl.col("PARAMCD") == "TIR")["AVAL"].to_list() == [100]
    tir = few.filter(pl.col("PARAMCD") == "TIR").row(0, named=True)
    assert (tir["AVAL"], tir["REASON"]) == (None, LITTLE)
    assert few.filter(pl.col("PARAMCD") == "CGMN")["AVAL"].to_list() == [940]


@pytest.mark.parametrize("unit", [None, "g/L"])
def test_without_a_known_unit_there_is_no_reading(monitored: Callable[..., pl.DataFrame], unit: str | None) -> None:
    assert monitored([record(n, 100.0, unit) for n in range(1344)]).is_empty()
    assert monitored([]).is_empty()
