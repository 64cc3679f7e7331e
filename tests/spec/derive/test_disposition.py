"""How a subject's participation and treatment stand at the cut-off, and age groups (spec A.8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.derive.age_group import age_groups
from longwatch.study import Study

Derived = Callable[..., AnalysisDatasets]

EVENT = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION"}
TREATED = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY TREATMENT"}


def status(datasets: AnalysisDatasets, *variables: str) -> tuple[Any, ...]:
    """The variables of the first subject, codes as text."""
    row = datasets.adsl.select(pl.col(variables)).with_columns(pl.col(pl.Enum).cast(pl.String)).row(0)
    return tuple(row)


PARTICIPATION = [
    # what DS says of S1, who was dosed; EOSSTT, DCSREAS, EOSDT
    ([], (None, None, None)),
    ([{"DSDECOD": "RANDOMIZED", "DSCAT": "PROTOCOL MILESTONE", "DSSTDTC": "2022-02-20"}], ("ONGOING", None, None)),
    ([{"DSDECOD": "COMPLETED", "DSSTDTC": "2023-06-01", **EVENT}], ("COMPLETED", None, date(2023, 6, 1))),
    # any other disposition ends it, with its reason
    ([{"DSDECOD": "DEATH", "DSSTDTC": "2023-06-01", **EVENT}], ("DISCONTINUED", "DEATH", date(2023, 6, 1))),
    # the last one counts, whatever the order of the rows
    (
        [
            {"DSDECOD": "COMPLETED", "DSSTDTC": "2023-09-01", **EVENT},
            {"DSDECOD": "LOST TO FOLLOW-UP", "DSSTDTC": "2023-06-01", **EVENT},
        ],
        ("COMPLETED", None, date(2023, 9, 1)),
    ),
    # after the cut-off it is not known
    ([{"DSDECOD": "COMPLETED", "DSSTDTC": "2024-02-01", **EVENT}], ("ONGOING", None, None)),
    # a partial day is a disposition without a day
    ([{"DSDECOD": "COMPLETED", "DSSTDTC": "2023-06", **EVENT}], ("COMPLETED", None, None)),
    # the end of treatment alone is no end of participation
    ([{"DSDECOD": "ADVERSE EVENT", "DSSTDTC": "2023-06-01", **TREATED}], ("ONGOING", None, None)),
    # another event of DS ends nothing
    ([{"DSDECOD": "FINAL LAB VISIT", "DSSTDTC": "2023-06-01", "DSCAT": "OTHER EVENT"}], ("ONGOING", None, None)),
    # a legacy DS without DSSCAT: its disposition events are of participation
    (
        [{"DSDECOD": "ADVERSE EVENT", "DSSTDTC": "2023-06-01", "DSCAT": "DISPOSITION EVENT"}],
        ("DISCONTINUED", "ADVERSE EVENT", date(2023, 6, 1)),
    ),
]


@pytest.mark.parametrize(("ds", "expected"), PARTICIPATION)
def test_participation(derived: Derived, ds: list[dict[str, Any]], expected: tuple[Any, ...]) -> None:
    datasets = derived(DS=[{"USUBJID": "S1", **record} for record in ds]) if ds else derived()
    assert status(datasets, "EOSSTT", "DCSREAS", "EOSDT") == expected


TREATMENT = [
    # nothing says which records are of the treatment: not known, and not `ONGOING`
    ([{"DSDECOD": "COMPLETED", "DSSTDTC": "2023-06-01", "DSCAT": "DISPOSITION EVENT"}], (None, None)),
    ([{"DSDECOD": "COMPLETED", "DSSTDTC": "2023-06-01", **EVENT}], ("ONGOING", None)),
    ([{"DSDECOD": "ADVERSE EVENT", "DSSTDTC": "2023-06-01", **TREATED}], ("DISCONTINUED", "ADVERSE EVENT")),
]


@pytest.mark.parametrize(("ds", "expected"), TREATMENT)
def test_treatment(derived: Derived, ds: list[dict[str, Any]], expected: tuple[Any, ...]) -> None:
    datasets = derived(DS=[{"USUBJID": "S1", **record} for record in ds])
    assert status(datasets, "EOTSTT", "DCTREAS") == expected


def test_who_never_began_has_no_status(derived: Derived) -> None:
    """A screen failure neither completed nor discontinued; who was randomised and not dosed has no treatment to end."""
    datasets = derived(
        DM=[{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL"}, {"USUBJID": "S2", "ARMCD": "SCRNFAIL"},
            {"USUBJID": "S3", "ARMCD": "CELL"}],
        DS=[{"USUBJID": "S2", "DSDECOD": "SCREEN FAILURE", "DSSTDTC": "2022-02-03", **EVENT}],
    )  # fmt: skip
    found = datasets.adsl.select(pl.col("EOSSTT", "EOTSTT").cast(pl.String))
    assert found.rows() == [("ONGOING", "ONGOING"), (None, None), ("ONGOING", None)]


def test_age_groups(derived: Derived, make_study: Callable[..., Study]) -> None:
    """A group starts at its cut point; an age in other units, or none, is in no group."""
    subjects = [(17.0, "YEARS"), (18.0, "YEARS"), (64.9, "YEARS"), (65.0, "YEARS"), (30.0, "MONTHS"), (None, None)]
    datasets = derived(
        DM=[
            {"USUBJID": f"S{place}", "ARMCD": "CELL", "ACTARMCD": "CELL", "AGE": age, "AGEU": unit}
            for place, (age, unit) in enumerate(subjects, 1)
        ]
    )
    assert datasets.adsl["AGEGR1"].cast(pl.String).to_list() == ["<18", "18-64", "18-64", ">=65", None, None]
    assert datasets.adsl["AGEGR1N"].to_list() == [1, 2, 2, 3, None, None]


def test_cut_points_name_the_groups() -> None:
    assert age_groups((65,)) == ["<65", ">=65"]
    assert age_groups((18, 40, 65)) == ["<18", "18-39", "40-64", ">=65"]


def test_days_of_death_and_consent_and_years_watched(derived: Derived) -> None:
    """DTHADY counts as study days do (no day 0); FUPYRS are years of 365.25 days, of FUPDUR: up to the last day on
    which the subject is known to have been seen (the event of 2022-04-01)."""
    datasets = derived(
        DM=[{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "RFICDTC": "2022-02-01", "DTHDTC": "2023-03-01"}]
    )
    assert status(datasets, "DTHADY", "RFICDT", "FUPDUR") == (366, date(2022, 2, 1), 32)
    assert datasets.adsl["FUPYRS"][0] == pytest.approx(32 / 365.25)
