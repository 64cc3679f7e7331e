"""Days, study days, processes and emergence, in small literal examples."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from simulation.days import (
    FULL,
    MISSING,
    MONTH,
    NO_DAY,
    NO_TIME,
    YEAR,
    add_months,
    day_of,
    iso_text,
    number_within,
    study_days,
)
from simulation.emergence import CASES, emergence
from simulation.kidney import creatinine_of
from simulation.processes import poisson_days, space_apart
from simulation.streams import stream
from simulation.subjects import Cohort


def day(text: str | None) -> int:
    return NO_DAY if text is None else day_of(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("when", "minute", "written", "text"),
    [
        ("2022-03-01", NO_TIME, FULL, "2022-03-01"),
        ("2022-03-01", 615, FULL, "2022-03-01T10:15"),
        ("2022-03-01", 0, FULL, "2022-03-01T00:00"),
        # partial dates
        ("2022-03-01", NO_TIME, MONTH, "2022-03"),
        ("2022-03-01", NO_TIME, YEAR, "2022"),
        ("2022-03-01", NO_TIME, MISSING, None),
        # no day at all
        (None, NO_TIME, FULL, None),
        # before 1970
        ("1960-02-29", NO_TIME, FULL, "1960-02-29"),
    ],
)
def test_days_as_text(when: str | None, minute: int, written: int, text: str | None) -> None:
    assert iso_text(np.array([day(when)]), np.array([minute]), np.array([written])).to_list() == [text]


@pytest.mark.parametrize(
    ("when", "written", "number"),
    [
        # spec A.5, with RFSTDTC 2022-03-01
        ("2022-03-01", FULL, 1),
        ("2022-02-28", FULL, -1),
        ("2022-03-10", FULL, 10),
        ("2022-02-20", FULL, -9),
        # never of a partial or missing date
        ("2022-03-10", MONTH, None),
        (None, FULL, None),
    ],
)
def test_study_days(when: str | None, written: int, number: int | None) -> None:
    assert study_days(np.array([day(when)]), np.array([day("2022-03-01")]), np.array([written])).to_list() == [number]


def test_no_study_day_without_reference() -> None:
    assert study_days(np.array([day("2022-03-01")]), np.array([NO_DAY])).to_list() == [None]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2022-03-01", 12, "2023-03-01"),
        ("2022-03-01", 36, "2025-03-01"),
        # clamped to the end of the month
        ("2020-02-29", 12, "2021-02-28"),
        ("2020-01-31", 1, "2020-02-29"),
        ("2019-12-31", 18, "2021-06-30"),
    ],
)
def test_calendar_months(start: str, months: int, end: str) -> None:
    assert add_months(np.array([day(start)]), months).tolist() == [day(end)]


def test_numbering_within_groups() -> None:
    assert number_within(np.array([4, 4, 4, 7, 9, 9])).tolist() == [1, 2, 3, 1, 1, 2]
    assert number_within(np.array([], dtype=np.int64)).tolist() == []


def test_events_are_moved_apart() -> None:
    """Two days at least within a group; groups do not move each other."""
    group, days = space_apart(np.array([1, 1, 1, 2, 1]), np.array([10, 10, 11, 10, 30]))
    assert group.tolist() == [1, 1, 1, 1, 2]
    assert days.tolist() == [10, 12, 14, 30, 10]


def test_a_process_has_its_rate_and_its_window() -> None:
    """1,000 windows of 100 days at 0.05 a day: 5,000 events, give or take; none outside, none in an empty window."""
    first = np.zeros(1_000, dtype=np.int64)
    last = np.full(1_000, 99)
    last[0] = -1
    row, days = poisson_days(stream(1, "test"), 0.05, first, last)
    assert len(row) == pytest.approx(4_995, abs=5 * 71)
    assert days.min() >= 0
    assert days.max() <= 99
    assert 0 not in row


def test_streams_are_told_apart_by_name_part_and_seed() -> None:
    draws = [stream(*key).integers(0, 2**62) for key in ((1, "AE", 0), (1, "AE", 1), (1, "CE", 0), (2, "AE", 0))]
    assert len(set(draws)) == 4
    assert stream(1, "AE", 0).integers(0, 2**62) == draws[0]


@pytest.mark.parametrize(
    ("start", "minute", "written", "end", "emergent", "why"),
    [
        # the worked example of spec A.6, reference 2022-03-01T10:15
        ("2022-02-20", NO_TIME, FULL, "2022-02-25", False, "ended before"),
        ("2022-03-01", 480, FULL, None, False, "same day, earlier time"),
        ("2022-03-01", NO_TIME, FULL, "2022-03-04", True, "same day, time unknown"),
        ("2022-03-17", NO_TIME, MONTH, "2022-04-02", True, "partial, could be after"),
        ("2022-05-01", NO_TIME, YEAR, "2022-02-10", False, "ended before"),
        ("2022-05-01", NO_TIME, MISSING, None, True, "start missing"),
        # beyond it
        ("2022-03-01", 615, FULL, None, True, "same day, same time or later"),
        ("2022-02-20", NO_TIME, FULL, "2022-03-02", False, "started before"),
        ("2022-02-20", NO_TIME, MONTH, "2022-03-02", False, "partial, before"),
        ("2023-02-20", NO_TIME, YEAR, None, True, "partial, could be after"),
        ("2022-03-02", NO_TIME, FULL, None, True, "started after"),
    ],
)
def test_treatment_emergence(start: str, minute: int, written: int, end: str | None, emergent: bool, why: str) -> None:
    reference, at = np.array([day("2022-03-01")]), np.array([615])
    flag, case = emergence(
        np.array([day(start)]), np.array([minute]), np.array([written]), np.array([day(end)]), reference, at
    )
    assert flag.tolist() == [emergent]
    assert CASES[int(case[0])] == why


def test_nobody_untreated_has_emergent_events() -> None:
    one = np.array([day("2022-03-02")])
    flag, case = emergence(one, np.array([NO_TIME]), np.array([FULL]), one, np.array([NO_DAY]), np.array([NO_TIME]))
    assert (flag.tolist(), CASES[int(case[0])]) == ([False], "not treated")


@pytest.mark.parametrize(
    ("female", "age", "creatinine", "egfr"),
    [
        # spec C.4, CKD-EPI 2021
        (True, 55, 0.9, 75.5),
        (False, 45, 0.8, 111.2),
        (False, 45, 1.4, 63.2),
        (True, 48, 0.7, 106.6),
        (True, 48, 1.0, 69.5),
        (True, 48, 1.5, 42.7),
    ],
)
def test_creatinine_is_the_inverse_of_ckd_epi(female: bool, age: int, creatinine: float, egfr: float) -> None:
    cohort = Cohort.__new__(Cohort)
    cohort.female = np.array([female])
    cohort.birth = np.array([0])
    on = np.array([int(age * 365.25) + 10])
    found = creatinine_of(cohort, np.array([0]), on, np.array([egfr]))
    assert found[0] == pytest.approx(creatinine, rel=0.003)
