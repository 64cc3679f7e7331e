"""AEL02, AEL03, AEL02_WD: each adverse event on a line, with the record that it comes from (ICH E3 16.2.7, 14.3.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

ARM = {"S10": "CELL", "S2": "CELL", "C1": "SOC", "X1": "CELL"}
DM = [{"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm} for name, arm in ARM.items()]
EX = [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in ("S10", "S2", "C1")]
START = {
    "AEDECOD": "Nausea", "AEBODSYS": "Gut", "AETERM": "nausea", "AESER": "N", "AESEV": "MILD", "AEREL": "NOT RELATED",
    "AEACN": "DOSE NOT CHANGED", "AEOUT": "RECOVERED/RESOLVED",
}  # fmt: skip
AE: list[dict[str, Any]] = [
    # later than the next one; serious by two criteria; as reported otherwise than coded
    {**START, "USUBJID": "S2", "AESEQ": 1.0, "AESTDTC": "2022-05-01", "AEENDTC": "2022-05-03", "AESER": "Y",
     "AEDECOD": "Sepsis", "AETERM": "blood poisoning", "AESEV": "SEVERE", "AESLIFE": "Y", "AESHOSP": "Y",
     "AEREL": "RELATED"},
    # partial date: no study day; withdrawn; goes on
    {**START, "USUBJID": "S2", "AESEQ": 2.0, "AESTDTC": "2022-04", "AEACN": "DRUG WITHDRAWN", "AEOUT": None},
    # before the first dose: listed, not emergent
    {**START, "USUBJID": "S10", "AESEQ": 1.0, "AESTDTC": "2022-02-27", "AEENDTC": "2022-02-28"},
    # AESEQ twice, and none; not coded
    {**START, "USUBJID": "S10", "AESEQ": 1.0, "AESTDTC": "2022-03-01"},
    {**START, "USUBJID": "S10", "AESTDTC": "2022-03-02", "AEDECOD": None, "AETERM": "felt odd",
     "AEENDTC": "2024-02-01"},
    {**START, "USUBJID": "C1", "AESEQ": 7.0, "AESTDTC": "2022-06-01", "AESER": "Y"},
    # never dosed, and after the cut-off
    {**START, "USUBJID": "X1", "AESEQ": 1.0, "AESTDTC": "2022-06-01", "AESER": "Y"},
    {**START, "USUBJID": "C1", "AESEQ": 8.0, "AESTDTC": "2024-06-01", "AESER": "Y"},
]  # fmt: skip
TRIAL: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "AE": AE}
BARE = {
    "DM": DM,
    "EX": EX,
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in AE],
}
NO_EVENT = {"DM": DM, "EX": EX, "AE": [dict.fromkeys({**AE[0], **AE[4]})]}
Table = Callable[..., TableResult]


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Table:
    """A listing of records: `table("AEL03", TRIAL)`."""

    def make(code: str, data: dict[str, Any]) -> TableResult:
        study = make_study()
        return make_table(code, derived(study=study, **data), study)

    return make


def test_dates_stand_as_they_were_collected(table: Table) -> None:
    """With their time of day, partial ones as they are."""
    timed = {**START, "USUBJID": "S2", "AESEQ": 1.0, "AESTDTC": "2022-05-01T08:30", "AEENDTC": "2022-05-03T23"}
    partial = {**START, "USUBJID": "S2", "AESEQ": 2.0, "AESTDTC": "2022-06", "AEENDTC": "2022-07"}
    shown = [" ".join(row.cells) for row in table("AEL02", {**TRIAL, "AE": [timed, partial]}).rows]
    assert "2022-05-01T08:30" in shown[0]
    assert "2022-05-03T23" in shown[0]
    assert "2022-06 " in shown[1]


def test_one_line_per_record_in_a_stable_order(table: Table) -> None:
    """By arm, subject, start, source; the name of the record is AESEQ, told apart where it stands twice."""
    assert [(row.label, *row.cells[:2]) for row in table("AEL02", TRIAL).rows] == [
        ("S10", "Islet cells", "AE 1"),
        ("S10", "Islet cells", "AE 1 (2)"),
        ("S10", "Islet cells", "AE without AESEQ"),
        ("S2", "Islet cells", "AE 2"),
        ("S2", "Islet cells", "AE 1"),
        ("C1", "Standard of care", "AE 7"),
    ]
    turned = {**TRIAL, "DM": DM[::-1], "AE": [*AE[5:], *AE[:5]]}
    assert table("AEL02", turned).rows == table("AEL02", TRIAL).rows


def test_what_a_line_says(table: Table) -> None:
    """Text and dates as collected; a study day of complete dates only; an end after the cut-off is not known."""
    lines = {(row.label, row.cells[1]): row.cells[2:] for row in table("AEL02", TRIAL).rows}
    assert lines["S2", "AE 1"] == (
        "Gut / Sepsis (blood poisoning)", "2022-05-01 (62) / 2022-05-03 (64)",
        "SEVERE / Y: life-threatening, hospitalisation", "RELATED / DOSE NOT CHANGED / RECOVERED/RESOLVED", "Y",
    )  # fmt: skip
    assert lines["S2", "AE 2"][1] == "2022-04 / –"
    assert lines["S10", "AE 1"][1] == "2022-02-27 (-2) / 2022-02-28 (-1)"
    assert (lines["S10", "AE 1"][-1], lines["S10", "AE 1 (2)"][-1]) == ("N", "Y")
    assert lines["S10", "AE without AESEQ"][:2] == ("Gut / UNCODED: felt odd", "2022-03-02 (2) / –")


def test_severe_is_not_serious_and_the_other_way_round(table: Table) -> None:
    """Trap 5: the serious listing goes by AESER alone."""
    assert [(row.label, row.cells[4]) for row in table("AEL03", TRIAL).rows] == [
        ("S2", "SEVERE / Y: life-threatening, hospitalisation"), ("C1", "MILD / Y"),
    ]  # fmt: skip


def test_leading_to_withdrawal(table: Table) -> None:
    made = table("AEL02_WD", TRIAL)
    assert [(row.label, row.cells[1]) for row in made.rows] == [("S2", "AE 2")]
    assert made.number == "39"


def test_subjects_without_a_dose_are_named_where_they_have_such_events(table: Table) -> None:
    note = "Not listed: 1 such records of subjects without a dose of study product."
    assert note in table("AEL03", TRIAL).footnotes
    assert note not in table("AEL02_WD", TRIAL).footnotes


def test_events_that_cannot_be_told_are_no_empty_list(table: Table) -> None:
    made = table("AEL03", BARE)
    assert (made.rows, made.empty_note) == (
        (), "Such events cannot be told apart: AESER is not in the data, or never filled",
    )  # fmt: skip


@pytest.mark.parametrize("code", ["AEL02", "AEL03", "AEL02_WD"])
def test_each_line_opens_its_record(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], code: str
) -> None:
    """One record of one subject, the one that the line shows."""
    study = make_study()
    datasets = derived(study=study, **TRIAL)
    made = make_table(code, datasets, study)
    for row in made.rows:
        [line] = find_cell(made, row.row_group, row.row, row.cells[0])
        records = explain(datasets, line).records
        assert records["USUBJID"].cast(str).to_list() == [row.label]
        assert f"AE {records['LINEID'][0]}" == row.cells[1]


@pytest.mark.parametrize("code", ["AEL02", "AEL03", "AEL02_WD"])
@pytest.mark.parametrize(("name", "data"), [("trial", TRIAL), ("no_event", NO_EVENT), ("missing_variables", BARE)])
def test_listings_as_text(
    table: Table, golden: Callable[[str, str], None], name: str, code: str, data: dict[str, Any]
) -> None:
    """Title, header, rows, footnotes: to the letter."""
    golden(f"{code.lower().replace('_', '')}_{name}", as_text(table(code, data)))
