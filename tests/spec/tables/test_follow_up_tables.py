"""LTF01, LTF02, LTF04, LTF06, LTF07: follow-up over the years (spec D.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text
from tests.spec.follow_up_example import CUT, EXAMPLE, Records

CODES = ("LTF01", "LTF02", "LTF04", "LTF06", "LTF07")
FOLLOW_UP = {
    "template": "GT-15Y",
    "malignancies": [{"name": "PTLD", "terms": ["Lymphoma"]}, {"name": "Skin", "terms": ["Basal cell cancer", "Wart"]}],
}
EVENTS = [
    {"USUBJID": subject, "AESEQ": float(number), "AEDECOD": term, "AEBODSYS": "Neoplasms", "AESTDTC": day}
    for number, (subject, term, day) in enumerate(
        (("S1", "Lymphoma", "2023-03-01"), ("S1", "Basal cell cancer", "2022-06-01"), ("S2", "Wart", "2022-12-01"),
         ("S1", "Wart", "2022-05-01"), ("S3", "Wart", "2022-11-01"), ("S1", "Headache", "2022-04-01"))
    )
]  # fmt: skip
TRIAL: dict[str, Records] = {
    **EXAMPLE,
    "AE": EVENTS,
    "DM": [{**row, "ACTARMCD": "SOC" if row["USUBJID"] == "S2" else "CELL"} for row in EXAMPLE["DM"]],
    "DD": [{"USUBJID": "S3", "DDTESTCD": "PRCDTH", "DDORRES": "Stroke", "DDDTC": "2025-06-30"}],
}
BARE = {
    "DM": [{name: row[name] for name in ("USUBJID", "ARMCD", "ACTARMCD")} for row in TRIAL["DM"]],
    "EX": EXAMPLE["EX"],
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in EVENTS],
}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
Table = Callable[..., TableResult]


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Table:
    """A table of records: `table("LTF01", TRIAL)`. `planned`: whether the study file names a plan and malignancies."""

    def make(code: str, data: dict[str, Any], cutoff: date = CUT, planned: bool = True, **given: Any) -> TableResult:
        study = make_study(follow_up=FOLLOW_UP) if planned else make_study()
        return make_table(code, derived(cutoff=cutoff, study=study, **data), study, given)

    return make


def totals(table: TableResult, *statistics: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The texts of statistics of all arms together, by row group and row."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for item in table.statistics:
        if item.column == "Total":
            found.setdefault((item.row_group, item.row), {})[item.statistic] = item.text
    return {
        key: tuple(texts[name] for name in statistics) for key, texts in found.items() if set(statistics) <= set(texts)
    }


def test_completeness_is_that_of_the_specification(table: Table) -> None:
    """Spec D.3, L1: 2/3 (66.7), 2/3 (66.7), 1/1."""
    found = totals(table("LTF01", TRIAL), "n", "base", "share")
    assert [found[f"Year {year}", "Visit held"] for year in (1, 2, 3)] == [
        ("2", "3", "66.7"),
        ("2", "3", "66.7"),
        ("1", "1", "100"),
    ]
    assert not [key for key in found if key[0] == "Year 4"]
    assert found["Year 2", "Lost to follow-up"] == ("1", "3", "33.3")


def test_the_quotient_is_that_of_the_specification(table: Table) -> None:
    """Spec D.3, L2: 2200/3223 = 0.683."""
    found = totals(table("LTF02", TRIAL), "n", "days_followed", "days_possible", "quotient")
    assert found["", "Follow-up quotient"] == ("3", "2200", "3223", "0.683")


def test_who_is_expected_and_who_is_not_is_everybody_whose_window_is_over(table: Table) -> None:
    """Nobody is left out and nobody counted twice."""
    withdrawn = {**TRIAL, "DS": [{"USUBJID": "S2", "DSDECOD": "WITHDRAWAL BY SUBJECT", "DSSTDTC": "2023-04-10"}]}
    found = totals(table("LTF01", withdrawn), "n")
    for year, over in ((1, 3), (2, 3), (3, 1)):
        group = f"Year {year}"
        expected = [found[group, row] for row in ("Expected", "Not expected any more")]
        assert sum(int(n) for (n,) in expected) == over
        rows = ("Visit held", "Missed", "Overdue, nothing known", "Lost to follow-up", "Left for another reason")
        assert sum(int(found[group, row][0]) for row in rows) == int(found[group, "Expected"][0])


def test_malignancies_are_counted_over_the_time_to_the_first(table: Table) -> None:
    """Of S1 days 1 to 62 (a wart), of S2 to 170; S3's came before the infusion: 62 + 170 + 893 days.

    A lymphoma: 366 + 210 + 893 days = 4.02 years, 100 / 4.022 = 24.9."""
    found = totals(table("LTF04", TRIAL), "n", "person_years", "rate")
    assert found == {
        ("", "Any new malignancy"): ("2", "3.1", "64.9"),
        ("", "PTLD"): ("1", "4.0", "24.9"),
        ("", "Skin"): ("2", "3.1", "64.9"),
    }
    days = totals(table("LTF04", TRIAL), "median", "min", "max")
    assert days["", "Any new malignancy: Days to the first, median (range)"] == ("116.0", "62", "170")


def test_deaths_by_cause_and_window(table: Table) -> None:
    """S3 died on day 893, in year 3; 2200 days are 6.0 years."""
    found = totals(table("LTF06", TRIAL), "n", "person_years", "rate")
    assert found["Deaths", ""] == found["Primary cause of death", "Stroke"] == ("1", "6.0", "16.6")
    assert found["Time of death", "Days 1 to 28"] == ("0", "0.2", "NE")
    assert found["Time of death", "Year 3"] == ("1", "1.4", "69.2")
    windows = [key for key in found if key[0] == "Time of death"]
    assert [row for _, row in windows] == ["Days 1 to 28", "Day 29 to end of year 1", "Year 2", "Year 3", "Year 4"]


def test_the_end_of_the_first_window_may_be_given(table: Table) -> None:
    assert ("Time of death", "Days 1 to 90") in totals(table("LTF06", TRIAL, within_days=90), "n")


def test_states_at_the_end_of_each_year(table: Table) -> None:
    """S3's third anniversary is after the cut-off."""
    found = totals(table("LTF07", TRIAL), "n", "base")
    assert found["Year 1", "In follow-up"] == ("2", "3")
    assert found["Year 3", "In follow-up"] == ("1", "2")
    assert found["Year 3", "Lost to follow-up"] == ("1", "2")


@pytest.mark.parametrize("code", CODES)
def test_each_count_is_counted_again_from_its_source(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], code: str
) -> None:
    study = make_study(follow_up=FOLLOW_UP)
    datasets = derived(cutoff=CUT, study=study, **TRIAL)
    counts = [item for item in make_table(code, datasets, study).statistics if item.statistic in ("n", "base", "N")]
    assert counts
    assert all(explain(datasets, item).counted == item.value for item in counts)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("name", "data", "planned"),
    [("trial", TRIAL, True), ("no_subject", NOBODY, True), ("missing_variables", BARE, False)],
)
def test_the_whole_table(
    table: Table, golden: Callable[[str, str], None], code: str, name: str, data: dict[str, Any], planned: bool
) -> None:
    """As text. Without a plan, types of malignancy and the datasets of follow-up, the table says what it lacks."""
    golden(f"{code.lower()}_{name}", as_text(table(code, data, planned=planned)))
