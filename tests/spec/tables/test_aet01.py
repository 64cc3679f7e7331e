"""AET01: overview of adverse events (spec C.2, C.3 T7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.tables.result import TableResult

Tabulate = Callable[..., TableResult]
SIZES = {"CELL": 10, "SOC": 10}


def event(subject: str, **values: Any) -> tuple[str, str, str, dict[str, Any]]:
    """An event with the values that the overview looks at."""
    return (subject, "Nervous system disorders", "Headache", values)


def cells(table: TableResult) -> dict[str, str]:
    """The text in Total by the label of the line."""
    place = [column.key for column in table.columns].index("Total:n")
    return {row.label: row.cells[place] for row in table.rows}


def test_each_subject_once_at_the_maximum_severity(tabulate: Tabulate) -> None:
    """Severity rows count a subject once, at the worst; a missing one is not imputed to severe (spec C.2 rule 6)."""
    events = [
        event("CELL1", AESEV="MILD"),
        event("CELL1", AESEV="SEVERE"),
        event("CELL1", AESEV="MODERATE"),
        event("CELL2", AESEV="MODERATE"),
        event("CELL2", AESEV=None),
        event("CELL3", AESEV=None),
        event("SOC1", AESEV="MILD"),
        event("SOC2", AESEV="VERY BAD"),
    ]
    found = cells(tabulate("AET01", SIZES, events))
    assert {name: found[name] for name in ("TEAE", "Mild", "Moderate", "Severe", "Not reported")} == {
        "TEAE": "5 (25.0)",
        "Mild": "1 (5.0)",
        "Moderate": "1 (5.0)",
        "Severe": "1 (5.0)",
        "Not reported": "2 (10.0)",
    }


def test_grades_where_no_severity_was_collected(tabulate: Tabulate) -> None:
    """AETOXGR stands in for an AESEV that is not there; the two scales are never mixed (spec A.3)."""
    events = [event("CELL1", AETOXGR="2"), event("CELL1", AETOXGR="4"), event("CELL2", AETOXGR="1")]
    found = cells(tabulate("AET01", SIZES, events))
    assert (found["Grade 1"], found["Grade 2"], found["Grade 4"]) == ("1 (5.0)", "0", "1 (5.0)")
    both = cells(tabulate("AET01", SIZES, [event("CELL1", AETOXGR="4", AESEV="MILD")]))
    assert both["Mild"] == "1 (5.0)"
    assert "Grade 4" not in both


def test_serious_by_criterion(tabulate: Tabulate) -> None:
    """Among serious events only; an event may meet several criteria; severe is not serious (trap J.5)."""
    events = [
        event("CELL1", AESER="Y", AESHOSP="Y", AESLIFE="Y", AESDTH="N", AESEV="MODERATE"),
        event("CELL2", AESER="N", AESHOSP="N", AESLIFE="N", AESDTH="N", AESEV="SEVERE", AETOXGR="3"),
        event("CELL3", AESER="N", AESHOSP="Y", AESLIFE="N", AESDTH="Y", AESEV="SEVERE"),
    ]
    found = cells(tabulate("AET01", SIZES, events))
    assert found["Serious TEAE"] == "1 (5.0)"
    assert found["Hospitalisation or its prolongation"] == "1 (5.0)"
    assert found["Life-threatening"] == "1 (5.0)"
    assert found["Results in death"] == "0"
    assert found["Congenital anomaly or birth defect"] == "NA"  # not collected
    assert "Cancer" not in found  # a legacy criterion that the data does not have
    assert found["Severe"] == "2 (10.0)"


def test_criteria_left_blank_where_nothing_is_serious(tabulate: Tabulate) -> None:
    """Are not met; left blank on every serious event they were not collected."""
    blank = {"AESHOSP": None, "AESDTH": None}
    assert cells(tabulate("AET01", SIZES, [event("CELL1", AESER="N", **blank)]))["Results in death"] == "0"
    assert cells(tabulate("AET01", SIZES, [event("CELL1", AESER="Y", **blank)]))["Results in death"] == "NA"


def test_leading_to_death_whatever_seriousness_says(tabulate: Tabulate) -> None:
    """AEOUT = FATAL or AESDTH = Y: three fatal events with AESER = N are three (as in CDISCPILOT01)."""
    events = [
        event("CELL1", AEOUT="FATAL", AESDTH="N", AESER="N"),
        event("CELL2", AEOUT="FATAL", AESDTH="Y", AESER="N"),
        event("CELL3", AEOUT=None, AESDTH="Y", AESER="Y"),
        event("CELL4", AEOUT="RECOVERED/RESOLVED", AESDTH="N", AESER="Y"),
    ]
    found = cells(tabulate("AET01", SIZES, events))
    assert found["TEAE leading to death"] == "3 (15.0)"
    assert found["Results in death"] == "1 (5.0)"


def test_related_and_related_serious(tabulate: Tabulate) -> None:
    """By the study file's mapping; a missing AEREL counts as related and the footnote says so."""
    events = [
        event("CELL1", AEREL="RELATED", AESER="Y"),
        event("CELL2", AEREL="NOT RELATED", AESER="Y"),
        event("CELL3", AEREL=None, AESER="N"),
        event("CELL4", AEREL="MAYBE", AESER="N"),
    ]
    table = tabulate("AET01", SIZES, events)
    found = cells(table)
    assert (found["Related TEAE"], found["Related serious TEAE"]) == ("3 (15.0)", "1 (5.0)")
    notes = " ".join(table.footnotes)
    assert (
        "Related: AEREL is RELATED or POSSIBLE; not related: NOT RELATED. A missing AEREL counts as related." in notes
    )
    assert "does not map are treated as missing: MAYBE." in notes


def test_relatedness_that_is_not_mapped_is_not_guessed(tabulate: Tabulate) -> None:
    """No mapping in the study file, or no AEREL in the data: NA, and the footnote says why."""
    nothing = {"related": [], "not_related": []}
    table = tabulate("AET01", SIZES, [event("CELL1", AEREL="RELATED")], relatedness=nothing)
    assert cells(table)["Related TEAE"] == "NA"
    assert any("maps no value of AEREL" in note for note in table.footnotes)
    table = tabulate("AET01", SIZES, [event("CELL1")])
    assert cells(table)["Related TEAE"] == "NA"
    assert any("the data has no AEREL" in note for note in table.footnotes)


def test_one_line_per_action_taken(tabulate: Tabulate) -> None:
    """Values of AEACN among TEAEs, and those not reported; withdrawal has its own line."""
    events = [
        event("CELL1", AEACN="DRUG WITHDRAWN"),
        event("CELL1", AEACN="DOSE NOT CHANGED"),
        event("CELL2", AEACN="DOSE NOT CHANGED"),
        event("CELL3", AEACN=None),
        event("CELL4", AEACN="DOSE REDUCED", AESTDTC="2022-01-01"),  # before treatment
    ]
    table = tabulate("AET01", SIZES, events)
    after = [row.label for row in table.rows].index("Action taken with study treatment")
    assert [(row.label, row.level, row.cells[-1]) for row in table.rows[after - 1 :]] == [
        ("TEAE leading to withdrawal of study treatment", 0, "1 (5.0)"),
        ("Action taken with study treatment", 0, ""),
        ("Dose not changed", 1, "2 (10.0)"),
        ("Drug withdrawn", 1, "1 (5.0)"),
        ("Not reported", 1, "1 (5.0)"),
    ]


def test_a_variable_that_is_never_filled_is_not_zero(tabulate: Tabulate) -> None:
    """AEACN missing everywhere, as in CDISCPILOT01: NA, and no lines of actions."""
    table = tabulate("AET01", SIZES, [event("CELL1", AEACN=None, AESER="Y")])
    assert cells(table)["TEAE leading to withdrawal of study treatment"] == "NA"
    assert "Action taken with study treatment" not in cells(table)
    assert any("NA: not available in the data" in note for note in table.footnotes)


def test_no_event(tabulate: Tabulate) -> None:
    """Title, header, N, and one line in place of rows."""
    table = tabulate("AET01", SIZES, [])
    assert table.rows == ()
    assert [column.subheading for column in table.columns] == ["N=10", "N=10", "N=20"]


def test_comparisons_where_the_study_asks(tabulate: Tabulate) -> None:
    """Risk difference and p beside the counts; a line that was not collected is NA there too."""
    comparison = {"control": "SOC", "statistics": ["risk_difference", "fisher"]}
    events = [event(f"CELL{number}", AESER="N") for number in (1, 2, 3)]
    table = tabulate("AET01", {"CELL": 20, "SOC": 20}, events, comparison=comparison)
    rows = {row.label: row.cells[-2:] for row in table.rows}
    assert rows["TEAE"] == ("15.0 (-2.7, 36.3)", "0.231")
    assert rows["Serious TEAE"] == ("0.0 (NE, NE)", "NE")
    assert rows["Related TEAE"] == ("NA", "NA")
    assert rows["By maximum severity"] == ("", "")


FOOTNOTES = [
    # what the study file says → what is printed
    ({}, "N: safety population (SAFFL = Y)"),
    ({}, "by the cut-off of 2023-12-31"),
    ({}, "by actual treatment (TRT01A)"),
    ({"treatment": {"basis": "planned"}}, "by planned treatment (TRT01P)"),
    ({}, "at or after the first dose of study product, with no upper limit"),
    ({}, "Worsening of earlier events is not collected and not counted."),
    (
        {"treatment_emergence": {"reference": "FIRST_STUDY_INTERVENTION"}},
        "at or after the first dose of any study intervention, induction immunosuppression included",
    ),
    ({}, "MedDRA version not stated in the study file."),
    ({"dictionaries": {"meddra": "28.0"}}, "Coded with MedDRA 28.0."),
    ({}, "Serious: AESER = Y as reported"),
    ({}, "Observed from first dose to the last day known alive, death or cut-off: median 1 days (range 1 to 32)."),
    ({"comparison": {"control": "SOC"}}, "95% CI (Miettinen–Nurminen score), not adjusted for multiplicity"),
    ({"comparison": {"control": "SOC", "statistics": ["fisher"]}}, "Fisher's exact test, two-sided"),
    ({}, "TEAE: treatment-emergent adverse event."),
]


@pytest.mark.parametrize(("study", "printed"), FOOTNOTES)
def test_footnotes_say_what_the_numbers_rest_on(tabulate: Tabulate, study: dict[str, Any], printed: str) -> None:
    """Spec C.2 rule 8; source and snapshot are added by the report."""
    table = tabulate("AET01", SIZES, [event("CELL1", AEREL="RELATED")], **study)
    assert any(printed in note for note in table.footnotes), table.footnotes


def test_observation_that_is_not_known(tabulate: Tabulate) -> None:
    """A trial before its first patient: the footnote says so, and N is 0."""
    table = tabulate("AET01", {}, [])
    assert [column.subheading for column in table.columns] == ["N=0", "N=0", "N=0"]
    assert "Observed from first dose: not known for any subject." in table.footnotes
