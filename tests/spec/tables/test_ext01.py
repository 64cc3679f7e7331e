"""EXT01: how long subjects were exposed, to what, and how many reached how many months (FDA table 6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

SINCE, CNI = "Time since first infusion (days)", "Calcineurin inhibitors (days)"
# Followed for 1097, 210 and 893 days (spec C.4), and exactly 365; one infused on the cut-off.
LAST = {"S1": "2025-03-01", "S2": "2022-09-26", "S3": "2024-08-09", "S4": "2023-02-28", "S5": "2022-03-01"}
ARM = {"S1": "CELL", "S2": "CELL", "S3": "CELL", "S4": "SOC", "S5": "SOC"}
DM = [{"USUBJID": name, "ARMCD": ARM[name], "ACTARMCD": ARM[name], "RFPENDTC": day} for name, day in LAST.items()]
EX = [
    {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 8.0, "EXDOSU": "10^6 CELLS", "EXSTDTC": "2022-03-01"}
    for name in LAST
] + [{"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 4.0, "EXDOSU": "10^6 CELLS", "EXSTDTC": "2022-07-01"}]
CM = [
    {"USUBJID": "S1", "CMDECOD": "TACROLIMUS", "CMSTDTC": "2022-03-01", "CMENDTC": None},
    {"USUBJID": "S2", "CMDECOD": "TACROLIMUS", "CMSTDTC": "2022-03-01", "CMENDTC": "2022-03-10"},
    {"USUBJID": "S4", "CMDECOD": "ASPIRIN", "CMSTDTC": "2022-03-01", "CMENDTC": None},
]
VS = [
    {"USUBJID": "S1", "VSTESTCD": "WEIGHT", "VSSTRESN": 70.0, "VSSTRESU": "kg", "VSDTC": "2022-02-20"},
    {"USUBJID": "S4", "VSTESTCD": "WEIGHT", "VSSTRESN": 61.0, "VSSTRESU": "kg", "VSDTC": "2022-02-20"},
]
AE = [{"USUBJID": "S1", "AESEQ": 1.0, "AEDECOD": "Headache", "AEBODSYS": "Nerves", "AESTDTC": "2022-04-01"}]
TRIAL: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "CM": CM, "VS": VS, "AE": AE}
BARE = {
    "DM": DM, "AE": AE, "EX": [{name: row[name] for name in ("USUBJID", "EXTRT", "EXSTDTC")} for row in EX],
    "CM": [{"USUBJID": "S1", "CMINDC": "PAIN"}],
}  # fmt: skip
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
CLASSES = [
    {"name": "Calcineurin inhibitors", "drugs": ["TACROLIMUS"]},
    {"name": "mTOR inhibitors", "drugs": ["SIROLIMUS"]},
]
Table = Callable[..., TableResult]


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Table:
    """EXT01 of records: `table(TRIAL)`."""

    def make(data: dict[str, Any], **exposure: Any) -> TableResult:
        study = make_study(exposure={"classes": CLASSES, **exposure})
        return make_table("EXT01", derived(cutoff=date(2025, 3, 1), study=study, **data), study)

    return make


def texts_of(table: TableResult, group: str, column: str) -> dict[str, str]:
    """Printed numbers of a block: by statistic, thresholds by their row."""
    found = {}
    for item in table.statistics:
        if (item.row_group, item.column) == (group, column) and item.statistic != "pct":
            found[item.row or item.statistic] = item.text
    return found


def test_three_subjects_followed_for_1097_210_and_893_days(table: Table) -> None:
    """2,200 days are 6.023 person-years (spec C.4); thresholds are cumulative."""
    found = texts_of(table(TRIAL), SINCE, "Islet cells")
    assert found == {
        "n": "3", "mean": "733.3", "sd": "464.56", "median": "893.0", "q1": "210.0", "q3": "1097.0",
        "min": "210", "max": "1097", "person_years": "6.0",
        ">= 1 day": "3", ">= 1 month": "3", ">= 3 months": "3", ">= 6 months": "3", ">= 12 months": "2",
        ">= 24 months": "2", ">= 36 months": "1", ">= 60 months": "0",
    }  # fmt: skip


def test_365_days_are_a_year_and_one_day_is_exposure(table: Table) -> None:
    """Thresholds are cut as years of follow-up are: day 365 completes the first (spec C.4)."""
    found = texts_of(table(TRIAL), SINCE, "Standard of care")
    assert (found[">= 12 months"], found[">= 1 day"], found[">= 1 month"], found["min"]) == ("1", "2", "1", "1")


def test_infusions_and_dose(table: Table) -> None:
    """Two infusions of S1 are one subject with two; dose by weight only of who was weighed."""
    made = table(TRIAL)
    assert texts_of(made, "Number of infusions", "Total") == {"total": "6", "1 infusion": "4", "2 infusions": "1"}
    dose = texts_of(made, "Total dose (10^6 CELLS)", "Islet cells")
    assert (dose["n"], dose["mean"], dose["max"]) == ("3", "9.3", "12")
    by_weight = texts_of(made, "Total dose by body weight (10^6 CELLS/kg)", "Total")
    assert (by_weight["n"], by_weight["mean"]) == ("2", "0.15")  # 12/70 and 8/61: 0.1513


def test_a_class_describes_who_took_it_and_counts_out_of_all(table: Table) -> None:
    """S1 for 1,097 days, S2 for ten; S4 took another drug. Percentages are of N, not of those exposed."""
    made = table(TRIAL)
    found = texts_of(made, CNI, "Islet cells")
    assert (found["n"], found["median"], found["person_years"], found[">= 1 day"]) == ("2", "553.5", "3.0", "2")
    [pct] = [item for item in find_cell(made, CNI, ">= 1 day", "Total") if item.statistic == "pct"]
    assert (pct.value, pct.text) == (40, "40.0")
    nobody = texts_of(made, "mTOR inhibitors (days)", "Total")
    assert (nobody["n"], nobody["mean"], nobody[">= 1 day"]) == ("0", "NE", "0")


def test_what_is_not_collected_is_no_zero(table: Table) -> None:
    """Without the drugs of CM nothing tells of a class that EX has not; without EXDOSE nothing tells the dose."""
    made = table(BARE)
    assert texts_of(made, CNI, "Total") == {"n": "NA"}
    assert texts_of(made, "Total dose", "Total") == {"n": "NA"}
    assert texts_of(made, "Number of infusions", "Total")["total"] == "6"


def test_every_count_opens_its_subjects(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """From ADEX, one row per subject and parameter."""
    study = make_study(exposure={"classes": CLASSES})
    datasets = derived(cutoff=date(2025, 3, 1), study=study, **TRIAL)
    made = make_table("EXT01", datasets, study)
    assert sum(explain(datasets, item).counted is not None for item in made.statistics) > 80
    [n] = [item for item in find_cell(made, CNI, ">= 12 months", "Total") if item.statistic == "n"]
    assert explain(datasets, n).records.select("USUBJID", "PARAMCD", "AVAL").rows() == [("S1", "CLS1", 1097.0)]


@pytest.mark.parametrize(
    ("name", "data", "product"),
    [("trial", TRIAL, "infusions"), ("continuing", TRIAL, "continuing"), ("missing_variables", BARE, "infusions"),
     ("no_subject", NOBODY, "infusions")],
)  # fmt: skip
def test_tables_as_text(
    table: Table, golden: Callable[[str, str], None], name: str, data: dict[str, Any], product: str
) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    golden(f"ext01_{name}", as_text(table(data, product=product)))
