"""TRLT01: what a trial is, in the words of its trial summary, and who was assigned and treated (FDA table 1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crosscheck import ask_pooled_opinion, ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.derive.pooling import make_part, pool_studies
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import NO_GROUPS
from longwatch.study import Study
from longwatch.study.pool import parse_pool
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.opinion import AskedStudy
from longwatch.tables.pooled import make_pooled
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Records = list[dict[str, Any]]
CUTOFF = date(2023, 12, 31)
SUMMARY = {
    "TITLE": "Islets in type 1 diabetes", "REGID": "NCT00000000", "TPHASE": "PHASE I/II TRIAL", "RANDOM": "Y",
    "TBLIND": "OPEN LABEL", "ADAPT": "N", "INDIC": "TYPE 1 DIABETES", "AGEMIN": "P18Y", "AGEMAX": "P65Y",
    "SEXPOP": "BOTH", "PLANSUB": "40", "LENGTH": "P5Y", "SSTDTC": "2022-01", "SENDTC": "2024-06-30",
}  # fmt: skip


def trial(summary: dict[str, str], prefix: str = "S") -> dict[str, Records]:
    """Three on cells, of whom one was not treated and one got the other arm's care; one on standard of care."""
    people = {"1": ("CELL", "CELL"), "2": ("CELL", None), "3": ("CELL", "SOC"), "4": ("SOC", "SOC")}
    return {
        "DM": [
            {"USUBJID": prefix + name, "ARMCD": planned, "ACTARMCD": actual, "SEX": "F", "AGE": 40.0}
            for name, (planned, actual) in people.items()
        ],
        "EX": [
            {"USUBJID": prefix + name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
            for name, (_, actual) in people.items() if actual
        ],
        "AE": [dict.fromkeys(("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC"))],
        "TS": [{"TSPARMCD": code, "TSVAL": value} for code, value in summary.items()],
    }  # fmt: skip


WITHOUT_SUMMARY = {name: records for name, records in trial(SUMMARY).items() if name != "TS"}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in trial(SUMMARY).items()}


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., TableResult]:
    def make(data: dict[str, Records]) -> TableResult:
        study = make_study()
        return make_table("TRLT01", derived(study=study, **data), study)

    return make


def told(table: TableResult) -> dict[str, str]:
    """The first row by its headings."""
    return dict(zip((column.heading for column in table.columns), table.rows[0].cells, strict=True))


def test_a_trial_in_the_words_of_its_summary(table: Callable[..., TableResult]) -> None:
    assert told(table(trial(SUMMARY))) == {
        "Title and identifiers": "Islets in type 1 diabetes; NCT00000000",
        "Design": "PHASE I/II TRIAL; randomised; OPEN LABEL",
        "Arms: assigned / treated": "Islet cells: 3 / 1; Standard of care: 1 / 2",
        "Population": "TYPE 1 DIABETES; age from P18Y; age to P65Y; BOTH",
        "Subjects planned": "40",
        "Planned duration": "P5Y",
        "Dates": "Start 2022-01; End 2024-06-30; Data cut-off 2023-12-31",
        "Status at the cut-off": "No end stated",
    }


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ({"SSTDTC": "2022-01-01", "SENDTC": "2023-12-31"}, "Ended"),
        ({"SSTDTC": "2022-01-01", "SENDTC": "2024-01-01"}, "No end stated"),
        ({"SSTDTC": "2022-01-01"}, "No end stated"),
        ({"SSTDTC": "2024-01-01"}, "NA"),
        ({"TITLE": "Islets"}, "NA"),
    ],
)
def test_the_status_is_of_the_cut_off(table: Callable[..., TableResult], dates: dict[str, str], status: str) -> None:
    assert told(table(trial(dates)))["Status at the cut-off"] == status


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"LENGTH": "P5Y", "AGEMIN": "P18Y"}, "; durations as ISO 8601 (P5Y: five years)"),
        ({"LENGTH": "26 weeks", "AGEMIN": "P18Y"}, "; durations that begin with P as ISO 8601 (P5Y: five years)"),
        ({"LENGTH": "26 weeks", "AGEMIN": "Puberty"}, ""),
        ({}, ""),
    ],
)
def test_durations_are_explained_where_they_are_coded(
    table: Callable[..., TableResult], stated: dict[str, str], said: str
) -> None:
    """A trial summary may plan `26 weeks`: the footnote speaks of what stands in the table."""
    notes = " ".join(table(trial({"TITLE": "Islets", **stated})).footnotes)
    assert f"else the study file{said}. Status" in notes


def test_without_a_summary_the_study_file_speaks(table: Callable[..., TableResult]) -> None:
    """Its title and the numbers are there; the rest is not available."""
    found = told(table(WITHOUT_SUMMARY))
    assert (found["Title and identifiers"], found["Design"], found["Population"]) == ("Islets", "NA", "NA")
    assert found["Arms: assigned / treated"] == "Islet cells: 3 / 1; Standard of care: 1 / 2"


def test_each_number_and_fact_opens_what_is_behind_it(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    study = make_study()
    made = derived(study=study, **trial(SUMMARY))
    table = make_table("TRLT01", made, study)
    assert [explain(made, item).counted for item in table.statistics if item.statistic == "n"] == [3, 1, 1, 2]
    [design] = find_cell(table, "ISLET-1", "Design", "Trial")
    assert explain(made, design).records["TSVAL"].to_list() == ["PHASE I/II TRIAL", "Y", "OPEN LABEL", "N"]
    assert explain(made, design).subjects == 0
    [opinion] = ask_second_opinion([table], made.data, study, made.cutoff)
    assert (opinion.compared, opinion.differences) == (4, ())


def test_each_trial_of_a_pool_is_a_row(
    make_study: Callable[..., Study], make_data: Callable[..., SourceData], golden: Callable[[str, str], None]
) -> None:
    pool = parse_pool(
        """
longwatch_pool: 1
id: ISS
title: Two studies
studies:
  - {file: one.yaml, arms: {CELL: D, SOC: C}}
  - {file: two.yaml, arms: {CELL: D}}
arms: [{code: D, name: Drug}, {code: C, name: Control}]
""",
        "pool.yaml",
    )
    data = [make_data(**trial({**SUMMARY, "TITLE": name}, name)) for name in ("One", "Two")]
    studies = [make_study(study={"id": name, "title": name}) for name in ("ONE", "TWO")]
    parts = [
        make_part(pool, place, derive(source, study, CUTOFF))
        for place, (source, study) in enumerate(zip(data, studies, strict=True))
    ]
    pooled = pool_studies(pool, parts)
    [table] = make_pooled("TRLT01", pooled, pool)
    assert [(row.label, row.cells[0], row.cells[2]) for row in table.rows] == [
        ("ONE", "One; NCT00000000", "Drug: 3 / 1; Control: 1 / 2"),
        ("TWO", "Two; NCT00000000", "Drug: 3 / 1; Not assigned: 0 / 1"),  # treated on an arm that the pool leaves out
    ]
    assert all(explain(pooled.datasets, item).counted in (None, item.value) for item in table.statistics)
    asked = [
        AskedStudy(source, study, CUTOFF, part.headings)
        for source, study, part in zip(data, studies, parts, strict=True)
    ]
    [opinion] = ask_pooled_opinion([table], asked, pooled.study, NO_GROUPS, pooled.has_repeated_subjects)
    assert opinion.differences == ()
    assert opinion.compared == 7
    golden("trlt01_pooled", as_text(table))


@pytest.mark.parametrize(
    ("name", "data"), [("trial", trial(SUMMARY)), ("no_summary", WITHOUT_SUMMARY), ("no_subject", NOBODY)]
)
def test_overviews_as_text(
    table: Callable[..., TableResult], golden: Callable[[str, str], None], name: str, data: dict[str, Records]
) -> None:
    golden(f"trlt01_{name}", as_text(table(data)))
