"""DSUR61, DSUR72, DSUR73, DSURDTHL, DSURWDL: to the data lock point, and in the interval that ends there (ICH E2F)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.derive.reporting_interval import compute_interval
from longwatch.errors import StudyError
from longwatch.standards.event_groups import EventGroups
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

LOCK = date(2024, 5, 13)  # the interval is 2023-05-14 to 2024-05-13
CODES = ["DSUR61", "DSUR72", "DSUR73", "DSURDTHL", "DSURWDL"]
FIRST = {"S1": "2022-03-01", "S2": "2023-05-14", "S3": "2023-05-13", "C1": "2024-05-13"}
DM = [
    {"USUBJID": name, "ARMCD": "SOC" if name == "C1" else "CELL", "ACTARMCD": "SOC" if name == "C1" else "CELL",
     "AGE": 40.0 + place, "SEX": "FM"[place % 2], "COUNTRY": "CHE", "DTHFL": None, "DTHDTC": None}
    for place, name in enumerate((*FIRST, "X1"))
]  # fmt: skip
DM[0] |= {"DTHFL": "Y", "DTHDTC": "2024-02-02"}
DM[2] |= {"DTHFL": "Y", "DTHDTC": "2023-05-13", "SEX": None}
DM[3] |= {"DTHFL": "Y", "DTHDTC": "2024"}
EX = [
    {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": dose, "EXDOSU": "10^6 CELLS", "EXLOT": lot, "EXSTDTC": day}
    for name, day, dose, lot in (
        *((name, day, 8.0, f"L-{name}") for name, day in FIRST.items()),
        ("S1", "2023-06-01", 5.0, "L-7"),
        ("S1", "2023-06-01", 3.0, "L-8"),
    )
]


def event(subject: str, number: int, start: str, **more: Any) -> dict[str, Any]:
    """A serious and related event, unless its own values say otherwise."""
    return {
        "USUBJID": subject, "AESEQ": float(number), "AETERM": "sepsis", "AEDECOD": "Sepsis",
        "AEBODSYS": "Infections", "AESTDTC": start, "AEENDTC": None, "AESER": "Y", "AEREL": "RELATED", "AEACN": None,
        "AEOUT": None, **more,
    }  # fmt: skip


AE = [
    event("S1", 1, "2022-04-01"),  # before the interval
    event("S1", 2, "2023-05-14"),  # its first day; the last infusion was the first
    event("S1", 3, "2024-01-05", AEDECOD="Fever"),  # after two lots on one day
    event("S2", 1, "2024-05-13", AEREL="NOT RELATED"),  # its last day; serious, not a reaction
    event("S2", 2, "2023-05-01", AEREL="POSSIBLE"),  # before the first dose
    event("S2", 3, "2023-07-01", AESER="N", AEACN="DRUG WITHDRAWN", AEDECOD="Nausea"),
    event("S3", 1, "2024-05-14"),  # after the data lock point
    event("X1", 1, "2024-01-01"),  # never dosed
]
DS = [
    {"USUBJID": name, "DSCAT": "DISPOSITION EVENT", "DSSCAT": scope, "DSDECOD": reason, "DSSTDTC": day}
    for name, scope, reason, day in (
        ("S2", "STUDY TREATMENT", "ADVERSE EVENT", "2023-08-01"),
        ("S2", "STUDY PARTICIPATION", "ADVERSE EVENT", "2024"),
        ("S1", "STUDY PARTICIPATION", "ADVERSE EVENT", "2023-01-01"),
        ("C1", "STUDY TREATMENT", "COMPLETED", "2024-05-13"),
    )
]
TRIAL: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "AE": AE, "DS": DS}
BARE = {
    "DM": [{name: row[name] for name in ("USUBJID", "ARMCD", "ACTARMCD")} for row in DM],
    "EX": [{name: row[name] for name in ("USUBJID", "EXTRT", "EXSTDTC")} for row in EX],
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in AE],
}
NOTHING = {**TRIAL, "AE": [dict.fromkeys(AE[0])], "DS": [dict.fromkeys(DS[0])],
           "DM": [{**row, "DTHFL": None, "DTHDTC": None} for row in DM]}  # fmt: skip
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
Table = Callable[..., TableResult]


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Table:
    """An output at the data lock point: `table("DSUR73", TRIAL)`."""

    def make(code: str, data: dict[str, Any], birth: str | None = "2020-05-14") -> TableResult:
        study = make_study(development_birth_date=birth, demographics=["AGE", "SEX"])
        return make_table(code, derived(cutoff=LOCK, study=study, **data), study)

    return make


@pytest.mark.parametrize(
    ("birth", "lock", "first"),
    [
        ("2020-05-14", "2026-05-13", "2025-05-14"),  # spec E.1: the data lock point is the last day of the year
        ("2020-05-14", "2026-05-14", "2026-05-14"),
        ("2026-05-14", "2026-06-30", "2026-05-14"),  # within the first year
        ("2020-02-29", "2023-02-27", "2022-02-28"),  # spec E.1: clamped to 28 February
        ("2020-02-29", "2024-03-01", "2024-02-29"),
        (None, "2026-05-13", "2025-05-14"),  # not stated: the year that ends there
        (None, "2024-12-31", "2024-01-01"),
        (None, "2024-02-28", "2023-02-28"),
    ],
)
def test_the_interval_ends_at_the_data_lock_point(
    make_study: Callable[..., Study], birth: str | None, lock: str, first: str
) -> None:
    interval = compute_interval(make_study(development_birth_date=birth), date.fromisoformat(lock))
    assert (interval.first, interval.last) == (date.fromisoformat(first), date.fromisoformat(lock))


def test_a_birth_date_after_the_data_lock_point_is_refused(make_study: Callable[..., Study]) -> None:
    with pytest.raises(StudyError) as raised:
        compute_interval(make_study(development_birth_date="2026-05-14"), date(2026, 5, 13))
    assert raised.value.error_id == "LW-TAB-012"


def numbers(table: TableResult, column: str) -> dict[tuple[str, str], tuple[Any, Any]]:
    """In the interval and cumulative, by row."""
    found: dict[tuple[str, str], list[Any]] = {}
    for item in table.statistics:
        if item.column == column and item.statistic != "N":
            found.setdefault((item.row_group, item.row), []).append(item.value)
    return {key: (values[0], values[1]) for key, values in found.items()}


def test_exposure_in_the_interval_and_to_the_data_lock_point(table: Table) -> None:
    """First and last day belong to the interval; X1 was never dosed; a missing sex is a line."""
    assert numbers(table("DSUR61", TRIAL), "Islet cells") == {
        ("Subjects exposed", ""): (1, 3), ("SEX", "F"): (0, 1), ("SEX", "M"): (1, 1), ("SEX", "Missing"): (0, 1),
    }  # fmt: skip
    assert numbers(table("DSUR61", TRIAL), "Standard of care")["Subjects exposed", ""] == (1, 1)


def test_serious_events_are_counted_as_events(table: Table) -> None:
    """S1 with two of one PT counts twice; before the first dose too; not after the data lock point."""
    made = table("DSUR73", TRIAL)
    assert numbers(made, "Islet cells") == {
        ("", ""): (3, 5), ("Infections", ""): (3, 5), ("Infections", "Fever"): (1, 1), ("Infections", "Sepsis"): (2, 4),
    }  # fmt: skip
    assert any("Not counted: 1 of subjects without a dose" in note for note in made.footnotes)


def test_reactions_of_the_interval(table: Table) -> None:
    """Serious and related, each with the last dose before it: one lot, and two lots of one day."""
    rows = [(row.label, row.cells[1], row.cells[3], row.cells[5]) for row in table("DSUR72", TRIAL).rows]
    assert rows == [
        ("S1", "AE 3", "Infections / Fever (sepsis)", "2023-06-01: 5 10^6 CELLS, lot L-7 + 3 10^6 CELLS, lot L-8"),
        ("S1", "AE 2", "Infections / Sepsis", "2022-03-01: 8 10^6 CELLS, lot L-S1"),
    ]


def test_socs_in_the_international_order(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """Of the release that the study names (spec C.2 rule 5); a SOC that it does not have stands last."""
    ae = [event("S1", number, "2024-01-05", AEBODSYS=soc) for number, soc in enumerate(("Blood", "Gut", "Zoo"), 1)]
    study = make_study()
    known = derived(study=study, **{**TRIAL, "AE": ae}, cutoff=LOCK)
    ordered = replace(known, groups=EventGroups(soc_order=("ZOO", "GUT")))
    made = make_table("DSUR73", ordered, study)
    assert [row.label for row in made.rows if row.row_group and not row.row] == ["Zoo", "Gut", "Blood"]
    assert "internationally agreed order" in " ".join(made.footnotes)
    assert [row.label for row in make_table("DSUR73", known, study).rows if not row.row][1:] == ["Blood", "Gut", "Zoo"]
    listed = [row.cells[3].split(" /")[0] for row in make_table("DSUR72", ordered, study).rows]
    assert listed == ["Zoo", "Gut", "Blood"]


def test_deaths_of_the_interval(table: Table) -> None:
    """One in it, one on a day of 2024 that is not known; not the one on the day before it."""
    assert [row.label for row in table("DSURDTHL", TRIAL).rows] == ["S1", "C1"]


def test_dropouts_of_the_interval(table: Table) -> None:
    """What ended and when, and the event it was for; S1 left before the interval, C1 completed."""
    [row] = table("DSURWDL", TRIAL).rows
    assert (row.label, *row.cells[3:]) == ("S2", "study (day not known), treatment 2023-08-01", "Nausea")


@pytest.mark.parametrize("code", CODES)
def test_every_number_opens_its_records(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], code: str
) -> None:
    study = make_study(development_birth_date="2020-05-14", demographics=["AGE", "SEX"])
    datasets = derived(cutoff=LOCK, study=study, **TRIAL)
    made = make_table(code, datasets, study)
    assert sum(explain(datasets, item).counted is not None for item in made.statistics) > 4
    if code == "DSUR73":
        cell = find_cell(made, "Infections", "Sepsis", "Islet cells")
        assert [explain(datasets, item).records["LINEID"].to_list() for item in cell] == [
            ["2", "1"],
            ["1", "2", "1", "2"],
        ]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("name", "data"), [("trial", TRIAL), ("nothing", NOTHING), ("missing_variables", BARE), ("no_subject", NOBODY)]
)
def test_tables_as_text(
    table: Table, golden: Callable[[str, str], None], name: str, code: str, data: dict[str, Any]
) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    golden(f"{code.lower().replace('_', '')}_{name}", as_text(table(code, data)))
