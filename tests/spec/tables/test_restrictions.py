"""Any table by subgroup, by relationship, by grade, at a threshold: one mechanism for all (spec C.1, C.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.study import Study
from longwatch.tables.ars import make_reporting_event
from longwatch.tables.catalogue import OUTPUTS, make_table, make_tables
from longwatch.tables.explain import explain
from longwatch.tables.export import results_csv
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

BLOOD, GUT = "Blood disorders", "Gut disorders"
COMPARED = {"comparison": {"control": "SOC", "statistics": ["risk_difference"]}}


def subject(name: str, arm: str, sex: str | None, age: float) -> dict[str, Any]:
    return {"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm, "SEX": sex, "AGE": age}


SUBJECTS = [
    subject("C1", "CELL", "F", 30.0),
    subject("C2", "CELL", "F", 70.0),
    subject("C3", "CELL", "M", 40.0),
    subject("C4", "CELL", None, 50.0),
    subject("S1", "SOC", "F", 66.0),
    subject("S2", "SOC", "M", 20.0),
    subject("S3", "SOC", "M", 80.0),
    subject("X1", "SCRNFAIL", "U", 90.0),
]


def event(name: str, seq: int, soc: str, pt: str, **more: str | None) -> dict[str, Any]:
    return {"USUBJID": name, "AESEQ": float(seq), "AEBODSYS": soc, "AEDECOD": pt, "AESTDTC": "2022-04-01",
            "AESER": "N", "AESDTH": None, "AEREL": "NOT RELATED", "AETOXGR": "1", **more}  # fmt: skip


EVENTS = [
    event("C1", 1, BLOOD, "Neutropenia", AETOXGR="3", AEREL="RELATED"),
    event("C1", 2, BLOOD, "Neutropenia", AETOXGR="1"),
    event("C2", 1, GUT, "Nausea", AEREL="POSSIBLE"),
    event("C3", 1, BLOOD, "Neutropenia", AETOXGR="4", AESER="Y", AESDTH="Y"),
    event("C4", 1, GUT, "Nausea", AETOXGR="2"),
    event("S1", 1, GUT, "Nausea"),
    event("S2", 1, GUT, "Nausea", AETOXGR=None),
]


@pytest.fixture
def trial(derived: Callable[..., AnalysisDatasets]) -> AnalysisDatasets:
    """Two arms with women, men, and one whose sex is missing; a death among the men alone."""
    dosed = [item["USUBJID"] for item in SUBJECTS if item["ARMCD"] != "SCRNFAIL"]
    return derived(
        DM=[{**item, **({"DTHFL": "Y", "DTHDTC": "2022-06-01"} if item["USUBJID"] == "C3" else {})}
            for item in SUBJECTS],
        EX=[{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in dosed],
        AE=EVENTS,
    )  # fmt: skip


def printed(table: TableResult) -> dict[str, tuple[str, ...]]:
    return {row.label: row.cells for row in table.rows}


def sizes(table: TableResult) -> dict[str, int]:
    return {item.column: int(item.value or 0) for item in table.statistics if item.statistic == "N"}


def test_one_table_per_subgroup_with_its_own_n(trial: AnalysisDatasets, make_study: Callable[..., Study]) -> None:
    """By falling number of subjects, missing last; each with N and percentages of the subgroup. Nobody is lost."""
    tables = make_tables("AET10", trial, make_study(), {"by": "SEX"})
    assert [table.name for table in tables] == ["AET10[SEX=F]", "AET10[SEX=M]", "AET10[SEX=]"]
    assert [table.title.split(" – ")[1] for table in tables] == ["Sex: Female", "Sex: Male", "Sex: Missing"]
    assert [sizes(table) for table in tables] == [
        {"Islet cells": 2, "Standard of care": 1, "Total": 3},
        {"Islet cells": 1, "Standard of care": 2, "Total": 3},
        {"Islet cells": 1, "Standard of care": 0, "Total": 1},
    ]
    women = printed(tables[0])
    assert women == {"Nausea": ("1 (50.0)", "1 (100)", "2 (66.7)"), "Neutropenia": ("1 (50.0)", "0", "1 (33.3)")}
    assert tables[0].footnotes[0] == "Made of the subjects with SEX = 'F' alone, N included."


def test_a_number_cuts_subjects_and_conditions_add_up(
    trial: AnalysisDatasets, make_study: Callable[..., Study]
) -> None:
    table = make_table("AET10", trial, make_study(), {"where": ("AGE>=65", "SEX=F")})
    assert sizes(table) == {"Islet cells": 1, "Standard of care": 1, "Total": 2}
    assert printed(table) == {"Nausea": ("1 (100)", "1 (100)", "2 (100)")}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("related", {"Nausea": "1 (25.0)", "Neutropenia": "1 (25.0)"}),
        ("serious", {"Neutropenia": "1 (25.0)"}),
        ("fatal", {"Neutropenia": "1 (25.0)"}),
        ("AETOXGR>=3", {"Neutropenia": "2 (50.0)"}),
        ("AETOXGR<3", {"Nausea": "2 (50.0)", "Neutropenia": "1 (25.0)"}),
        ("AETOXGR=", {"Nausea": "0"}),
        ("AEBODSYS=Gut disorders", {"Nausea": "2 (50.0)"}),
    ],
)
def test_events_of_a_kind_leave_n_as_it_is(
    trial: AnalysisDatasets, make_study: Callable[..., Study], where: str, expected: dict[str, str]
) -> None:
    """N is the whole arm: the restriction is on events. A missing grade is below no grade and above none."""
    table = make_table("AET10", trial, make_study(), {"where": where})
    assert sizes(table)["Islet cells"] == 4
    assert {label: cells[0] for label, cells in printed(table).items()} == expected


def test_a_subgroup_without_a_death_prints_zero_not_na(
    trial: AnalysisDatasets, make_study: Callable[..., Study]
) -> None:
    """AESDTH is only filled where somebody died: among women it is blank, and collected all the same."""
    women = printed(make_table("AET01", trial, make_study(), {"where": "SEX=F"}))
    assert women["TEAE leading to death"][0] == "0"
    assert women["Results in death"][0] == "0"


def test_the_worst_grade_among_the_events_chosen(trial: AnalysisDatasets, make_study: Callable[..., Study]) -> None:
    """C1 had a related grade 3 and an unrelated grade 1: among those not related its worst is 1."""
    table = make_table("AET04", trial, make_study(), {"where": "AREL=NOT RELATED"})
    [n] = [
        item
        for item in table.statistics
        if (item.row, item.column, item.statistic) == ("Neutropenia: Grade 1", "Islet cells", "n")
    ]
    assert n.value == 1
    assert explain(trial, n).records["AETOXGR"].to_list() == ["1"]


@pytest.mark.parametrize("code", sorted(OUTPUTS))
def test_every_number_of_a_restricted_table_explains_itself(
    trial: AnalysisDatasets, make_study: Callable[..., Study], code: str
) -> None:
    """From its provenance alone, on the whole trial's datasets."""
    where = [("SEX=F",), ("SEX=",), *([("related", "SEX=F"), ("AETOXGR>=2",)] if OUTPUTS[code].counts_events else [])]
    for restrictions in where:
        table = make_table(code, trial, make_study(**COMPARED), {"where": restrictions})
        assert all(
            item.counted in (None, item.statistic.value)
            for item in (explain(trial, statistic) for statistic in table.statistics)
        )
        assert all(table.subjects in item.provenance.subjects for item in table.statistics)


def test_the_analysis_set_of_a_subgroup_is_its_own(trial: AnalysisDatasets, make_study: Callable[..., Study]) -> None:
    """In ARS two subgroups are two analysis sets, each with the condition of the population and of the subgroup."""
    study = make_study()
    event = make_reporting_event(make_tables("AET10", trial, study, {"by": "SEX"}), study)
    sets = event["analysisSets"]
    assert isinstance(sets, list)
    assert [item["name"] for item in sets] == [
        f"Safety population; Sex: {words}" for words in ("Female", "Male", "Missing")
    ]
    assert all("compoundExpression" in item for item in sets)


def test_outputs_are_told_apart_in_the_tidy_table(trial: AnalysisDatasets, make_study: Callable[..., Study]) -> None:
    lines = results_csv(make_tables("AET10", trial, make_study(), {"by": "SEX", "where": "related"})).decode()
    assert {line.rsplit("]", 1)[0] for line in lines.splitlines()[1:]} == {
        f'"AET10[SEX={value}, related' for value in ("F", "M", "")
    }


def test_a_threshold_drops_terms_and_keeps_what_a_soc_counts(
    trial: AnalysisDatasets, make_study: Callable[..., Study]
) -> None:
    """50 % of an arm, by the exact ratio: 2 of 4 is in, 1 of 3 is not. A SOC stands above its terms."""
    study = make_study()
    whole = make_table("AET02", trial, study)
    assert make_table("AET02", trial, study, {"at_least": 50}).rows == whole.rows
    some = make_table("AET02", trial, study, {"at_least": 50.1})
    assert [row.label for row in some.rows] == ["Subjects with at least one TEAE", GUT, "Nausea"]
    assert [row for row in whole.rows if row in some.rows] == list(some.rows)
    none = make_table("AET02", trial, study, {"at_least": 67})
    assert (none.rows, none.empty_note) == ((), "No term reached 67 % in any arm")


@pytest.mark.parametrize(
    ("code", "parameters", "error_id", "named"),
    [
        ("AET02", {"where": "relatd"}, "LW-TAB-010", "did you mean related?"),
        ("AET02", {"where": "SEX=W"}, "LW-TAB-010", "one of F, M"),
        ("AET02", {"where": "SEXX=F"}, "LW-TAB-010", "did you mean SEX?"),
        ("AET02", {"where": "SEX>=F"}, "LW-TAB-010", "SEX=VALUE"),
        ("AET02", {"where": "AGE>=old"}, "LW-TAB-010", "a number"),
        ("AET02", {"where": "AETOXGR>=6"}, "LW-TAB-010", "one of 1, 2, 3, 4, 5"),
        ("AET02", {"where": "AETOXGR>5"}, "LW-TAB-010", "none does"),
        ("AET02", {"where": "withdrawn"}, "LW-TAB-010", "AEACN is not in the data"),
        ("AET02", {"where": "ASTDT=2022-01-01"}, "LW-TAB-010", "ASTDT"),
        ("AET02", {"by": "AGE"}, "LW-TAB-011", "a number or a date"),
        ("AET02", {"by": "SEXX"}, "LW-TAB-011", "did you mean SEX?"),
        ("DMT01", {"where": "related"}, "LW-TAB-009", "related"),
        ("AET02", {"at_least": "many"}, "LW-TAB-002", "many"),
    ],
)
def test_what_cannot_be_restricted_is_refused(
    trial: AnalysisDatasets,
    make_study: Callable[..., Study],
    code: str,
    parameters: dict[str, object],
    error_id: str,
    named: str,
) -> None:
    """A word, a variable, a value that is not there, with what is; never an empty table that looks like an answer."""
    with pytest.raises(StudyError) as raised:
        make_tables(code, trial, make_study(), parameters)
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()


@pytest.mark.parametrize(
    ("name", "code", "parameters"),
    [
        ("aet02_by_sex", "AET02", {"by": "SEX", "events": False}),
        ("aet01_related_women", "AET01", {"where": ("SEX=F", "related")}),
        ("aet05_grade_3", "AET05", {"where": "AETOXGR>=3"}),
        ("aet02_at_least", "AET02", {"at_least": 60.0}),
        ("aet04_no_event_in_subgroup", "AET04", {"where": ("SEX=F", "serious")}),
    ],
)
def test_table_as_text(
    trial: AnalysisDatasets,
    make_study: Callable[..., Study],
    golden: Callable[[str, str], None],
    name: str,
    code: str,
    parameters: dict[str, object],
) -> None:
    tables = make_tables(code, trial, make_study(**COMPARED), parameters)
    golden(name, "\n".join(map(as_text, tables)))
