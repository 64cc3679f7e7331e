"""AESIs by term, by laboratory criterion and by window, counted of subjects, infusions or events (spec D.5, J.11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.study.laboratory_criterion import LaboratoryCriterion
from longwatch.tables.ars import make_reporting_event
from longwatch.tables.catalogue import make_table, make_tables
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Records = list[dict[str, Any]]
FIRST, CUT = date(2022, 3, 1), date(2024, 12, 31)
LOW_CELLS = {"analyte": "NEUT", "comparison": "below", "value": 1.0, "unit": "10^9/L"}
RAISED = {"analyte": "ALT", "comparison": "above", "value": 3, "unit": "x ULN"}
AESIS: list[dict[str, Any]] = [
    {"name": "Bleeding", "terms": ["BLEEDING"], "window": {"days": [0, 14]}, "denominator": "procedures"},
    {"name": "Neutropenia", "terms": ["NEUTROPENIA"], "laboratory": [LOW_CELLS]},
    {"name": "Transaminases", "laboratory": [RAISED], "window": {"days": [0, 14]}, "denominator": "procedures"},
    {"name": "Infection", "socs": ["INFECTIONS"], "denominator": "events"},
    {"name": "Early infection", "socs": ["INFECTIONS"], "window": {"days": [0, 30], "after": "first_infusion"}},
]


def on(day: int) -> str:
    """Days after the first infusion; 0 is its day."""
    return (FIRST + timedelta(days=day)).isoformat()


def event(name: str, seq: int, term: str, day: int, soc: str = "Other") -> dict[str, Any]:
    return {"USUBJID": name, "AESEQ": float(seq), "AEDECOD": term, "AEBODSYS": soc, "AESTDTC": on(day)}


def result(
    name: str, seq: int, test: str, day: int, value: float, unit: str, upper: float | None = None
) -> dict[str, Any]:
    return {"USUBJID": name, "LBSEQ": float(seq), "LBTESTCD": test, "LBSTRESN": value, "LBSTRESU": unit,
            "LBSTNRHI": upper, "LBDTC": on(day)}  # fmt: skip


PEOPLE = [{"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm, "RFPENDTC": on(700)}
          for name, arm in (("A", "CELL"), ("B", "CELL"), ("C", "CELL"), ("S", "SOC"))]  # fmt: skip
TRIAL: dict[str, Records] = {
    "DM": PEOPLE,
    # A has two infusions, the second of two lots on one day: two procedures. B, C and S have one.
    "EX": [
        {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXLOT": lot, "EXSTDTC": on(day)}
        for name, lot, day in (("A", "L1", 0), ("A", "L2", 100), ("A", "L3", 100), ("B", "L1", 0), ("C", "L1", 0),
                               ("S", "L4", 0))
    ],
    "AE": [
        event("A", 1, "BLEEDING", 0), event("A", 2, "BLEEDING", 3),  # twice after the first infusion: one procedure
        event("A", 3, "BLEEDING", 114),  # day 14 after the second
        event("B", 1, "BLEEDING", 15),  # too late
        event("B", 2, "NEUTROPENIA", 40, "Blood"),
        event("C", 1, "COLD", 10, "Infections"), event("C", 2, "COLD", 31, "Infections"),
        event("S", 1, "COLD", 90, "Infections"),
    ],
    "LB": [
        # 900 per µL is 0.9 × 10^9/L; exactly 1.0 is not below; a count of another unit says nothing.
        result("A", 1, "NEUT", -5, 0.5, "10^9/L"), result("A", 2, "NEUT", 60, 900.0, "/uL"),
        result("A", 3, "NEUT", 50, 0.8, "10^9/L"),
        result("B", 1, "NEUT", 60, 1.0, "10^9/L"), result("S", 1, "NEUT", 60, 0.2, "%"),
        # In the window of A's second infusion; B's on day 15; C's own limit makes 100 more than 3 times it.
        result("A", 4, "ALT", 110, 121.0, "U/L", 40.0), result("A", 5, "ALT", 111, 200.0, "U/L", 40.0),
        result("B", 2, "ALT", 15, 500.0, "U/L", 40.0), result("B", 3, "ALT", 14, 120.0, "U/L", 40.0),
        result("C", 1, "ALT", 7, 100.0, "U/L", 30.0), result("S", 2, "ALT", 7, 100.0, "U/L"),
    ],
}  # fmt: skip
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    return make_study(aesi=AESIS)


@pytest.fixture
def datasets(study: Study, make_data: Callable[..., SourceData]) -> AnalysisDatasets:
    return derive(make_data(**TRIAL), study, CUT)


@pytest.fixture
def table(datasets: AnalysisDatasets, study: Study) -> TableResult:
    return make_table("AESI02", datasets, study)


def values(table: TableResult, group: str, row: str, column: str = "Islet cells") -> dict[str, float | int | None]:
    return {item.statistic: item.value for item in table.statistics
            if (item.row_group, item.row, item.column) == (group, row, column)}  # fmt: skip


def test_a_share_of_procedures_is_of_the_infusions_given(table: TableResult) -> None:
    """Two of four infusions were followed by a bleeding, of one subject in three; the unit is in the line (J.11)."""
    found = values(table, "Bleeding", "Infusions")
    assert (found["infusions_followed"], found["infusions"], found["infusion_share"]) == (2, 4, 50.0)
    # Clopper–Pearson of 2 of 4, as R's binom.test prints it: 6.76 to 93.24.
    assert (found["infusion_share_lower"], found["infusion_share_upper"]) == pytest.approx(
        (6.758599, 93.241401), abs=1e-6
    )
    assert values(table, "Bleeding", "")["n"] == 1
    (row,) = [row for row in table.rows if (row.row_group, row.row) == ("Bleeding", "Infusions")]
    assert (row.label, row.cells[0]) == ("Infusions it followed, of those given", "2/4 (50.0) [6.8, 93.2]")


def test_edmonton_fifteen_bleeds_in_128_procedures(
    make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """Spec D.5 [S13]: 15 bleeds in 128 procedures of 65 patients: 11.7 %, and 5 portal-vein thromboses 3.9 %."""
    names = [f"P{number}" for number in range(65)]
    given = [(name, 60 * turn) for turn in range(2) for name in names][:128]
    study = make_study(aesi=[
        {"name": "Bleeding", "terms": ["BLEEDING"], "denominator": "procedures"},
        {"name": "Portal vein", "terms": ["THROMBOSIS"], "denominator": "procedures"},
    ])  # fmt: skip
    made = derive(
        make_data(
            DM=[{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL"} for name in names],
            EX=[{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": on(day)} for name, day in given],
            AE=[
                *(event(name, 1, "BLEEDING", day + 1) for name, day in given[:15]),
                *(event(name, 2, "THROMBOSIS", day + 1) for name, day in given[100:105]),
            ],
        ),
        study,
        CUT,
    )
    table = make_table("AESI02", made, study)
    cells = {row.row_group: row.cells[0].split(" [")[0] for row in table.rows if row.row == "Infusions"}
    assert cells == {"Bleeding": "15/128 (11.7)", "Portal vein": "5/128 (3.9)"}


def test_a_result_makes_an_event_on_its_first_day(table: TableResult, datasets: AnalysisDatasets) -> None:
    """A by a count below the limit after the infusion (not the baseline's), first on day 50; B by the adverse event.
    Exactly the limit is not below it; a result in a unit that cannot be converted is of nobody tested."""
    assert values(table, "Neutropenia", "")["n"] == 2
    assert values(table, "Neutropenia", "Adverse event")["n"] == 1
    found = values(table, "Neutropenia", "NEUT < 1 10^9/L")
    assert (found["n"], found["base"], found["share"]) == (1, 2, 50.0)
    assert values(table, "Neutropenia", "NEUT < 1 10^9/L", "Standard of care")["base"] == 0
    days = datasets.times("AESI2").records.select("USUBJID", "AVAL", "CEVENT").rows()
    assert days == [("A", 51.0, 1), ("B", 41.0, 1), ("C", 701.0, 0), ("S", 701.0, 0)]


def test_a_window_limits_which_events_count(table: TableResult, datasets: AnalysisDatasets, study: Study) -> None:
    """Days count from the last infusion before the event: A's result on day 110 is on day 10 after the second one. B's
    on day 15 is too late, and that of day 14, at exactly 3 times the limit, not above it."""
    found = values(table, "Transaminases", "Infusions")
    assert (found["infusions_followed"], found["infusions"]) == (2, 4)
    assert values(table, "Transaminases", "")["n"] == 2
    tested = values(table, "Transaminases", "ALT > 3 x ULN")
    assert (tested["n"], tested["base"]) == (2, 3)
    assert values(table, "Early infection", "")["n"] == 1
    assert datasets.times("AESI1").records["CEVENT"].to_list() == [1, 0, 0, 0]
    (bleeding,) = make_tables("AESI01", datasets, study, {"aesi": "Bleeding"})
    assert values(bleeding, "TEAE", "")["n"] == 1
    assert "ADYINF >= 0 AND ADYINF <= 14" in bleeding.footnotes[0]


def test_a_share_of_events_is_of_all_treatment_emergent_ones(table: TableResult) -> None:
    """Two of the seven events of the arm: 28.6 %; of its subjects one in three."""
    found = values(table, "Infection", "Events")
    assert (found["events"], found["records"]) == (2, 7)
    assert found["event_share"] == pytest.approx(100 * 2 / 7)
    assert values(table, "Infection", "")["pct"] == pytest.approx(100 / 3)


def test_tables_of_adverse_events_leave_out_what_only_results_make(datasets: AnalysisDatasets, study: Study) -> None:
    """AESI01 is made of every AESI that has terms; never of all events in place of those of none."""
    titles = [table.title for table in make_tables("AESI01", datasets, study)]
    assert [title.split("AESI: ")[1] for title in titles] == ["Bleeding", "Neutropenia", "Infection", "Early infection"]


def test_only_results(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> None:
    study = make_study(aesi=[AESIS[2]])
    made = derive(make_data(**TRIAL), study, CUT)
    (table,) = make_tables("AESI01", made, study)
    assert not table.rows
    assert "by terms" in table.empty_note


@pytest.mark.parametrize("code", ["AESI02", "AESI01", "LTF08"])
def test_a_second_opinion_agrees(
    code: str, datasets: AnalysisDatasets, study: Study, make_data: Callable[..., SourceData]
) -> None:
    tables = make_tables(code, datasets, study)
    opinions = ask_second_opinion(tables, make_data(**TRIAL), study, CUT)
    assert [opinion.differences for opinion in opinions] == [()] * len(tables)
    assert all(opinion.compared > 10 for opinion in opinions)


@pytest.mark.parametrize("parameter", ["AESI1", "AESI2", "AESI3", "AESI4"])
@pytest.mark.parametrize("code", ["CIFG01", "KMG01", "TTET01"])
def test_each_has_its_curve(
    code: str, parameter: str, datasets: AnalysisDatasets, study: Study, make_data: Callable[..., SourceData]
) -> None:
    made = make_table(code, datasets, study, {"parameter": parameter})
    (opinion,) = ask_second_opinion([made], make_data(**TRIAL), study, CUT)
    assert (opinion.differences, opinion.compared > 10) == ((), True)


@pytest.mark.parametrize("code", ["AESI02", "LTF08"])
def test_every_number_leads_to_its_records(code: str, datasets: AnalysisDatasets, study: Study) -> None:
    """In the analysis datasets, and as an analysis of CDISC ARS."""
    assert make_reporting_event([make_table(code, datasets, study)], study)["analyses"]
    for statistic in make_table(code, datasets, study).statistics:
        explain(datasets, statistic)


@pytest.mark.parametrize(("criterion", "words"), [
    (LOW_CELLS, "NEUT < 1 10^9/L"),
    (RAISED, "ALT > 3 x ULN"),
    ({"analyte": "EGFR", "comparison": "at_most", "value": -50, "unit": "% of baseline"},
     "EGFR change <= -50% of baseline"),
    ({"analyte": "CREAT", "comparison": "at_least", "value": 1.5, "unit": "x baseline"}, "CREAT >= 1.5 x baseline"),
])  # fmt: skip
def test_a_criterion_in_words(criterion: dict[str, Any], words: str) -> None:
    assert LaboratoryCriterion.model_validate(criterion).words == words


@pytest.mark.parametrize(("aesi", "said"), [
    ({"name": "X"}, "name its terms"),
    ({"name": "X", "terms": ["A"], "window": {"days": [14, 0]}}, "before it begins"),
    ({"name": "X", "laboratory": [RAISED], "denominator": "events"}, "needs terms"),
    ({"name": "X", "laboratory": [RAISED, RAISED]}, "stands twice"),
    ({"name": "X", "terms": ["A"], "denominator": "procedures",
      "window": {"days": [0, 7], "after": "first_infusion"}}, "after: infusion"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(aesi: dict[str, Any], said: str, make_study: Callable[..., Study]) -> None:
    with pytest.raises((StudyError, ValueError), match=said):
        make_study(aesi=[aesi])


def test_texts(
    table: TableResult, study: Study, make_study: Callable[..., Study], make_data: Callable[..., SourceData],
    golden: Callable[[str, str], None],
) -> None:  # fmt: skip
    """The table; without a subject; without an AESI in the study file."""
    golden("aesi02_trial", as_text(table))
    golden("aesi02_no_subject", as_text(make_table("AESI02", derive(make_data(**NOBODY), study, CUT), study)))
    bare = make_study()
    golden("aesi02_no_aesi", as_text(make_table("AESI02", derive(make_data(**TRIAL), bare, CUT), bare)))
    without = {**TRIAL, "LB": []}
    golden("aesi02_missing_variables", as_text(make_table("AESI02", derive(
        make_data(**{name: records for name, records in without.items() if records}), study, CUT), study)))  # fmt: skip


def test_infusions_are_numbered_by_day(datasets: AnalysisDatasets) -> None:
    """Spec A.6, J.17: A's two lots of one day are one infusion, the second; what follows has its number and days."""
    given = datasets.adsi.filter(pl.col("PARAMCD") == "AESI1", pl.col("AVALC") == "PROCEDURE")
    assert given.select(pl.col("USUBJID").cast(pl.String), "INFNO", "ADT", "AFOLFL").rows() == [
        ("A", 1, FIRST, "Y"),
        ("A", 2, FIRST + timedelta(days=100), "Y"),
        ("B", 1, FIRST, "N"),
        ("C", 1, FIRST, "N"),
        ("S", 1, FIRST, "N"),
    ]
    bleeds = datasets.adae.filter(pl.col("AEDECOD").cast(pl.String) == "BLEEDING")
    assert bleeds.select("INFNO", "ADYINF", "ADYINF1").rows() == [(1, 0, 0), (1, 3, 3), (2, 14, 114), (1, 15, 15)]
