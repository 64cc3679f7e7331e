"""MCCG01: events that recur, counted per subject, death competing (spec C.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Person = tuple[str, int, bool, tuple[int, ...]]
"""Arm, last day, whether that is the day of death, days of events."""
FIVE: list[Person] = [
    ("CELL", 8, False, ()),
    ("CELL", 1, False, ()),
    ("CELL", 5, True, ()),
    ("CELL", 8, False, (2, 6, 7)),
    ("CELL", 3, True, (3,)),
]
"""Dong and Yasui's five persons."""
TWELVE: list[Person] = [
    *FIVE, ("CELL", 40, False, (2, 2, 30)), ("CELL", 33, True, (20,)), ("CELL", 60, False, ()),
    ("CELL", 60, False, (5,)), ("SOC", 60, False, (1, 9)), ("SOC", 60, False, ()), ("SOC", 12, True, (12,)),
]  # fmt: skip
SIZES = {"CELL": 12, "SOC": 12}
EVENTS = [("CELL1", "Blood", "Bleeding", {"AESER": "Y"}), ("SOC1", "Blood", "Fever", {"AESER": "N"})]
TTBLE: dict[str, Any] = {
    "code": "TTBLE",
    "name": "Time to bleeding",
    "event": "adverse_event",
    "terms": ["Bleeding"],
    "unit": "months",
}
BLEEDING = {"time_to_event": {"parameters": [TTBLE]}}


@pytest.fixture
def watched(make_study: Callable[..., Study]) -> Callable[..., tuple[AnalysisDatasets, Study]]:
    """The sponsor's ADSL and ADAE of some persons, all dosed on one day."""

    def make(people: list[Person], **study: Any) -> tuple[AnalysisDatasets, Study]:
        day_0 = date(2021, 12, 31)
        adsl = pl.DataFrame(
            [
                {"USUBJID": f"S{number}", "SAFFL": "Y", "TRT01A": arm, "TRTSDT": day_0 + timedelta(1),
                 "FUPDUR": float(last), "DTHFL": "Y" if died else None,
                 "DTHDT": day_0 + timedelta(last) if died else None}
                for number, (arm, last, died, _) in enumerate(people, start=1)
            ],
            schema_overrides={"DTHFL": pl.String, "DTHDT": pl.Date},
        )  # fmt: skip
        adae = pl.DataFrame(
            [
                {"USUBJID": f"S{number}", "AESEQ": float(seq), "AEDECOD": "Bleeding", "AESOC": "Blood", "TRTEMFL": "Y",
                 "ASTDT": day_0 + timedelta(day)}
                for number, (*_, days) in enumerate(people, start=1)
                for seq, day in enumerate(days, start=1)
            ]
        )  # fmt: skip
        made = make_study(analysis_data="adam", **study)
        return derive(SourceData.of(ADSL=adsl, ADAE=adae), made, date(2023, 12, 31)), made

    return make


def numbers(table: TableResult, row: str, column: str = "Islet cells") -> dict[str, Any]:
    return {item.statistic: item.value for item in table.statistics if (item.row, item.column) == (row, column)}


def test_the_five_persons_of_the_specification(watched: Callable[..., Any]) -> None:
    """MCC 0.25, 0.50, 0.75, 1.00; the event on the day of a death counts before it. The mean alone, events by
    subjects, would be 4 by 5."""
    table = make_table("MCCG01", *watched(FIVE))
    found = {day: numbers(table, f"Day {day}") for day in (2, 3, 6, 7)}
    assert [found[day]["mean_count"] for day in found] == [0.25, 0.5, 0.75, 1.0]
    assert [found[day]["at_risk"] for day in found] == [4, 4, 2, 2]
    assert [(found[day]["events"], found[day]["deaths"]) for day in found] == [(1, 0), (1, 1), (1, 0), (1, 0)]
    assert table.chart is None  # five subjects have no curve


def test_a_subject_without_an_event_is_at_risk_and_an_unknown_follow_up_is_not(watched: Callable[..., Any]) -> None:
    """Trap J.1: in N and in the mean. Nobody knows until when the last one was watched: in N alone."""
    datasets, study = watched([*TWELVE, ("CELL", 0, False, (4,))])
    table = make_table("MCCG01", datasets, study)
    assert numbers(table, "")["N"] == 10
    assert numbers(table, "Day 0")["at_risk"] == 9
    assert "events" not in numbers(table, "Day 4")
    assert any(note.startswith("1 subjects of the safety population") for note in table.footnotes)


def test_events_of_a_kind_in_months(watched: Callable[..., Any]) -> None:
    """The study file's first time to an adverse event says what is counted, and in which unit."""
    datasets, study = watched(TWELVE, **BLEEDING)
    table = make_table("MCCG01", datasets, study)
    assert table.subtitle == "TTBLE"
    assert table.title.endswith("all TEAEs of PT Bleeding")
    assert numbers(table, "Month 0.66")["events"] == 1  # day 20 of 30.4375 days
    other = {"parameters": [{**TTBLE, "terms": ["Never"]}]}
    none = make_table("MCCG01", *watched(TWELVE, time_to_event=other))
    assert (none.rows, none.chart) == ((), None)


@pytest.mark.parametrize("code", ["TTDEATH", "TTNONE"])
def test_what_is_no_time_to_an_adverse_event_is_refused(watched: Callable[..., Any], code: str) -> None:
    with pytest.raises(StudyError) as raised:
        make_table("MCCG01", *watched(FIVE), {"parameter": code})
    assert raised.value.error_id == "LW-TAB-015"
    assert "TTAE, TTSAE" in raised.value.one_line()


def test_every_number_explains_itself(watched: Callable[..., Any]) -> None:
    for study in ({}, BLEEDING):
        datasets, made = watched(TWELVE, **study)
        explained = [explain(datasets, item) for item in make_table("MCCG01", datasets, made).statistics]
        assert sum(item.counted is not None for item in explained) > 40


def test_a_curve_and_its_numbers_as_text(watched: Callable[..., Any], golden: Callable[[str, str], None]) -> None:
    table = make_table("MCCG01", *watched(TWELVE), {"every": 20.0})
    assert table.chart is not None
    assert [series.name for series in table.chart.series] == ["Islet cells"]
    golden("mccg01_trial", as_text(table))


@pytest.mark.parametrize(
    ("name", "sizes", "events", "parameter"),
    [
        ("mccg01_no_event", SIZES, [], "TTAE"),
        ("mccg01_no_subject", {}, [], "TTAE"),
        ("mccg01_missing_variables", SIZES, [item[:3] for item in EVENTS], "TTSAE"),
        ("mccg01_serious", SIZES, EVENTS, "TTSAE"),
    ],
)
def test_empty_and_missing_as_text(
    tabulate: Callable[..., TableResult],
    golden: Callable[[str, str], None],
    name: str,
    sizes: dict[str, int],
    events: list[Any],
    parameter: str,
) -> None:
    """No event, nobody at all, and what the data does not tell."""
    golden(name, as_text(tabulate("MCCG01", sizes, events, {"parameter": parameter})))
