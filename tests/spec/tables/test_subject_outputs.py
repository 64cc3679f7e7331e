"""SWMG01, SUBG01, SUBL01, NARR01, LOTL01 to LOTL03: subjects and lots one by one (spec D.3, D.6, D.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Records = list[dict[str, Any]]
CODES = ("SWMG01", "SUBG01", "SUBL01", "NARR01", "LOTL01", "LOTL02", "LOTL03")
CUT = date(2023, 12, 31)
DM = [
    {"USUBJID": "A", "ARMCD": "CELL", "ACTARMCD": "CELL", "AGE": 41.0, "SEX": "F", "COUNTRY": "CHE",
     "RFPENDTC": "2023-06-30", "DTHFL": "Y", "DTHDTC": "2023-06-30"},
    {"USUBJID": "B", "ARMCD": "CELL", "ACTARMCD": "CELL", "AGE": 30.0, "SEX": "M", "RFPENDTC": "2023-12-31"},
    {"USUBJID": "C", "ARMCD": "SOC", "ACTARMCD": "SOC", "AGE": 55.0, "SEX": "M", "RFPENDTC": "2023-03-01"},
]  # fmt: skip
EX = [
    {"USUBJID": name, "EXSEQ": 1.0, "EXTRT": "ISLET CELLS", "EXDOSE": 800.0, "EXDOSU": "MILLION CELLS", "EXLOT": lot,
     "EXSTDTC": "2022-03-01"}
    for name, lot in (("A", "L1"), ("B", "L1"), ("C", "L2"))
]  # fmt: skip
AE = [
    {"USUBJID": name, "AESEQ": seq, "AETERM": term.lower(), "AEDECOD": term, "AEBODSYS": "Other", "AESER": serious,
     "AESTDTC": day, "AEENDTC": "2023-06-30" if outcome == "FATAL" else "2024-02-01", "AEOUT": outcome,
     "AEREL": "RELATED"}
    for name, seq, term, serious, day, outcome in (
        ("A", 1.0, "Fever", "N", "2022-02-01", "RECOVERED/RESOLVED"),
        ("A", 2.0, "Meningitis", "Y", "2023-06-20", "FATAL"),
        ("A", 3.0, "Headache", "N", "2023-06-10", "RECOVERED/RESOLVED"),
        ("B", 1.0, "Neutropenia", "Y", "2022-05", "RECOVERED/RESOLVED"),
        ("C", 1.0, "Wart", "N", "2022-05-01", "RECOVERED/RESOLVED"),
    )
]  # fmt: skip
TRIAL: dict[str, Records] = {
    "DM": DM, "EX": EX, "AE": AE,
    "DS": [{"USUBJID": "C", "DSSEQ": 1.0, "DSDECOD": "WITHDRAWAL BY SUBJECT", "DSSTDTC": "2023-03-01"}],
    "DD": [{"USUBJID": "A", "DDSEQ": 1.0, "DDTESTCD": "PRCDTH", "DDTEST": "Primary Cause of Death",
            "DDSTRESC": "Cryptococcal meningitis", "DDDTC": "2023-07-01"}],
    "MH": [{"USUBJID": "A", "MHSEQ": 1.0, "MHTERM": "Type 1 diabetes", "MHSTDTC": "1990"}],
    "CM": [
        {"USUBJID": "A", "CMSEQ": 1.0, "CMTRT": "Insulin", "CMDOSE": 30.0, "CMDOSU": "IU", "CMDOSFRQ": "QD",
         "CMSTDTC": "1990", "CMENDTC": "2022-06-01"},
        {"USUBJID": "A", "CMSEQ": 2.0, "CMTRT": "Tacrolimus", "CMSTDTC": "2022-03-02", "CMENDTC": None},
    ],
    "LB": [
        {"USUBJID": "A", "LBSEQ": 1.0, "LBTESTCD": "CPEPTIDE", "LBTEST": "C-peptide", "LBSTRESN": 1.5,
         "LBSTRESU": "ng/mL", "LBTPTNUM": 90.0, "LBNRIND": "NORMAL", "LBDTC": "2022-09-01"},
        {"USUBJID": "A", "LBSEQ": 2.0, "LBTESTCD": "HBA1C", "LBTEST": "HbA1c", "LBSTRESN": 8.1, "LBSTRESU": "%",
         "LBNRIND": "HIGH", "LBDTC": "2022-02-01"},
    ],
    "SV": [{"USUBJID": "A", "VISITNUM": 3.0, "VISIT": "MONTH 12", "SVSTDTC": "2023-03-01"},
           {"USUBJID": "A", "VISITNUM": 9.0, "VISIT": "AFTER THE CUT", "SVSTDTC": "2024-03-01"}],
    "LOT": [{"LOTID": "L1", "CELLBANK": "MCB-1/WCB-1", "STATUS": "RELEASED"},
            {"LOTID": "L2", "CELLBANK": "MCB-1/WCB-2", "STATUS": "RELEASED"}],
    "LOTTEST": [{"LOTID": "L1", "TEST": "Viability", "SPEC": ">= 70", "RESULT": "65", "UNIT": "%", "PASS": "N"},
                {"LOTID": "L1", "TEST": "Sterility", "SPEC": "no growth", "RESULT": "no growth", "PASS": "Y"},
                {"LOTID": "L9", "TEST": "Sterility", "PASS": "N"}],
}  # fmt: skip
BARE = {
    "DM": [{name: row[name] for name in ("USUBJID", "ARMCD", "ACTARMCD")} for row in DM],
    "EX": [{name: row[name] for name in ("USUBJID", "EXTRT", "EXDOSE", "EXSTDTC")} for row in EX],
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in AE],
}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
Derive = Callable[[dict[str, Records]], AnalysisDatasets]
Table = Callable[..., TableResult]


@pytest.fixture
def datasets(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> Derive:
    """Analysis datasets of records; tacrolimus is an immunosuppressant."""
    classes = [{"name": "Calcineurin inhibitors", "drugs": ["Tacrolimus"]}]
    return lambda data: derive(make_data(**data), make_study(exposure={"classes": classes}), CUT)


@pytest.fixture
def table(datasets: Derive) -> Table:
    def make(code: str, data: dict[str, Records] = TRIAL, **given: Any) -> TableResult:
        made = datasets(data)
        return make_table(code, made, made.study, given)

    return make


def facts(table: TableResult) -> dict[str, str]:
    return {row.label: row.cells[0] for row in table.rows}


def test_a_lane_is_as_long_as_the_follow_up(table: Table) -> None:
    """By arm, the longest first; A, who took insulin until June 2022 and died, is free of it from then on."""
    made = table("SWMG01")
    assert [(row.label, row.cells[1]) for row in made.rows] == [("B", "671"), ("A", "487"), ("C", "366")]
    assert [row.cells[-1] for row in made.rows] == ["Goes on", "Died", "Left: withdrawal by subject"]
    assert {row.label: row.cells[2] for row in made.rows}["A"] == "394"
    assert made.chart is not None
    until = {series.points[0].y: series.until for series in made.chart.series if series.name.endswith(": followed")}
    assert until[3.0] == pytest.approx(671 / 365.25)


def test_what_a_swimmer_plot_draws_is_in_its_numbers(table: Table) -> None:
    made = table("SWMG01")
    assert made.chart is not None
    assert {value for _, value in made.chart.plotted()} <= {item.value for item in made.statistics}


def test_one_cohort_alone(table: Table) -> None:
    assert [row.label for row in table("SWMG01", arm="SOC").rows] == ["C"]
    with pytest.raises(StudyError, match="LW-SWM-001"):
        table("SWMG01", arm="NONE")


def test_more_lanes_than_a_page_holds_are_a_table(table: Table) -> None:
    many = [{**DM[1], "USUBJID": f"P{number:02}"} for number in range(31)]
    data = {**TRIAL, "DM": many, "EX": [{**EX[0], "USUBJID": row["USUBJID"]} for row in many]}
    made = table("SWMG01", data)
    assert (made.chart, len(made.rows)) == (None, 31)
    assert any("cannot be told apart" in note for note in made.footnotes)


def test_the_profile_has_a_panel_for_each_thing_measured(table: Table) -> None:
    """On one axis of time; what is drawn in a panel is a number of the table, to the unit."""
    made = table("SUBG01", subject="A")
    assert made.chart is not None
    assert [panel.y.title for panel in made.chart.above] == [
        "C-peptide after a meal, ng/mL", "HbA1c, %", "Insulin, units per day",
    ]  # fmt: skip
    assert {panel.x for panel in made.chart.above} == {made.chart.x}
    drawn = {value for panel in made.chart.above for _, value in panel.plotted()}
    assert drawn == {1.5, 8.1, 30.0, 0.0}
    assert drawn <= {item.value for item in made.statistics if item.statistic == "value"}
    assert {text: value for value, text in made.chart.y.ticks}["Infusion"] == 4.0


def test_a_profile_says_what_it_has_no_value_of(table: Table) -> None:
    made = table("SUBG01", BARE, subject="A")
    assert any("Without a value: C-peptide after a meal, ng/mL, HbA1c, %" in note for note in made.footnotes)


def test_all_that_is_recorded_in_the_order_of_time(table: Table) -> None:
    """By the earliest day that a date can mean; nothing from after the cut-off, no end after it nor what it
    came to, no other subject."""
    made = table("SUBL01", subject="A")
    assert [row.cells[2] for row in made.rows] == [
        "Insulin", "Type 1 diabetes", "Fever", "HbA1c", "ISLET CELLS", "Tacrolimus", "MONTH 12", "Headache",
        "Meningitis", "Primary Cause of Death",
    ]  # fmt: skip
    told = {row.cells[2]: row.cells[3] for row in made.rows}
    assert told["ISLET CELLS"] == "800, MILLION CELLS, lot L1"
    assert told["Meningitis"] == "until 2023-06-30, serious Y, related RELATED, outcome FATAL"
    assert told["Headache"] == "serious N, related RELATED"
    assert {row.cells[2]: row.cells[0] for row in made.rows}["Meningitis"] == "477"


def test_a_narrative_is_filled_from_the_data_and_judges_nothing(table: Table) -> None:
    found = facts(table("NARR01", subject="A"))
    assert found["Age, sex, race, country"] == "41 years, F, CHE"
    assert found["Infusions"] == "2022-03-01 (day 1), 800 MILLION CELLS, lot L1"
    assert found["Immunosuppression"] == "Tacrolimus from 2022-03-02 (day 2) and going on"
    assert found["Serious adverse events"] == "Meningitis, 2023-06-20 (day 477), related, fatal"
    assert found["Other adverse events in the last 30 days"].startswith("Headache, 2023-06-10")
    assert found["Day of death"] == "2023-06-30 (day 487)"
    assert found["Primary cause"] == "Cryptococcal meningitis"
    assert found["Others treated with its lots"] == "L1: B"
    assert found["Conclusion"] == found["Autopsy"] == "[to be written]"


def test_who_has_not_died_is_not_told_to_have(table: Table) -> None:
    found = facts(table("NARR01", subject="B"))
    assert found["Death"] == "Not known to have died by the cut-off"
    assert "Day of death" not in found


@pytest.mark.parametrize("code", ["SUBG01", "SUBL01", "NARR01"])
def test_a_subject_that_there_is_not_is_refused(table: Table, code: str) -> None:
    with pytest.raises(StudyError, match="LW-SUB-001"):
        table(code, subject="Z")


def test_lots_forward_and_backward(table: Table) -> None:
    """L1 went to A and B; both serious events lead back to it, and by the master bank to C, too."""
    forward = [(row.label, row.cells[1], row.cells[5]) for row in table("LOTL01").rows]
    assert forward == [("L1", "A", "Meningitis"), ("L1", "B", "Neutropenia"), ("L2", "C", "–")]
    backward = [(row.label, *row.cells[2:]) for row in table("LOTL03").rows]
    assert backward == [("A", "L1", "MCB-1, WCB-1", "1 / 2"), ("B", "L1", "MCB-1, WCB-1", "1 / 2")]


def test_a_test_that_was_not_passed_stands_first_and_other_lots_stand_nowhere(table: Table) -> None:
    assert [(row.label, row.cells[0], row.cells[3]) for row in table("LOTL02").rows] == [
        ("L1", "Viability", "No"), ("L1", "Sterility", "Yes"),
    ]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_each_count_is_counted_again_from_its_source(table: Table, datasets: Derive, code: str) -> None:
    made = datasets(TRIAL)
    counted = [explain(made, item) for item in table(code).statistics]
    assert all(item.counted in (None, item.statistic.value) for item in counted)
    assert any(item.counted is not None for item in counted)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("name", "data"), [("trial", TRIAL), ("no_subject", NOBODY), ("missing_variables", BARE)])
def test_the_whole_output(
    table: Table, golden: Callable[[str, str], None], code: str, name: str, data: dict[str, Records]
) -> None:
    golden(f"{code.lower()}_{name}", as_text(table(code, data)))
