"""DTHT01, DTHL01: who died, of what, how long after the first dose (FDA tables 8 and 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

ARMS = {"S1": "CELL", "S2": "CELL", "S3": "CELL", "S4": "SOC", "S5": "SOC", "S6": "SOC"}
DM = [
    # cause stated; cause from the fatal event; no cause and no day; alive; on day 31; died untreated
    {"USUBJID": "S1", "DTHFL": "Y", "DTHDTC": "2022-06-01", "AGE": 40.0, "SEX": "F"},
    {"USUBJID": "S2", "DTHFL": "Y", "DTHDTC": "2022-04-01", "AGE": 51.0, "SEX": "M"},
    {"USUBJID": "S3", "DTHFL": "Y", "DTHDTC": "2022-05", "AGE": None, "SEX": None},
    {"USUBJID": "S4", "DTHFL": None, "DTHDTC": None, "AGE": 33.0, "SEX": "F"},
    {"USUBJID": "S5", "DTHFL": "Y", "DTHDTC": "2022-03-31", "AGE": 60.0, "SEX": "M"},
    {"USUBJID": "S6", "DTHFL": "Y", "DTHDTC": "2022-03-31", "AGE": 61.0, "SEX": "M"},
]
DM = [{**person, "ARMCD": ARMS[person["USUBJID"]], "ACTARMCD": ARMS[person["USUBJID"]]} for person in DM]
EX = [
    {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
    for name in ("S1", "S2", "S3", "S4", "S5")
]
FATAL = {"AEOUT": "FATAL", "AEBODSYS": "Infections", "AESTDTC": "2022-03-20", "AETERM": "x"}
AE = [
    {"USUBJID": "S1", "AESEQ": 1.0, "AEDECOD": "Pneumonia", **FATAL},
    {"USUBJID": "S2", "AESEQ": 1.0, "AEDECOD": "Headache", **FATAL, "AEOUT": "RECOVERED/RESOLVED"},
    {"USUBJID": "S2", "AESEQ": 2.0, "AEDECOD": "Sepsis", **FATAL},
    {"USUBJID": "S2", "AESEQ": 3.0, "AEDECOD": "Stroke", **FATAL},
]
DD = [
    {"USUBJID": "S1", "DDTESTCD": "SECDTH", "DDORRES": "Old age", "DDDTC": "2022-06-02"},
    {"USUBJID": "S1", "DDTESTCD": "PRCDTH", "DDORRES": "Cardiac arrest", "DDDTC": "2022-06-02"},
    # known only after the cut-off; of somebody who is alive
    {"USUBJID": "S5", "DDTESTCD": "PRCDTH", "DDORRES": "Trauma", "DDDTC": "2024-02-01"},
]
DEATHS: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "AE": AE, "DD": DD}
ALIVE = {"DM": [{**person, "DTHFL": None, "DTHDTC": None} for person in DM], "EX": EX, "AE": [{**AE[1]}]}
BARE = {
    "DM": [{name: person[name] for name in ("USUBJID", "ARMCD", "ACTARMCD", "DTHFL")} for person in DM],
    "EX": EX,
    "AE": [{name: event[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for event in AE],
}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in DEATHS.items()}


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., TableResult]:
    """A table of records: `table("DTHT01", DEATHS)`."""

    def make(code: str, data: dict[str, Any], parameters: dict[str, object] | None = None) -> TableResult:
        study = make_study()
        return make_table(code, derived(study=study, **data), study, parameters)

    return make


def total(table: TableResult) -> dict[tuple[str, str], int | float | None]:
    """n of all arms together by row group and row."""
    return {
        (item.row_group, item.row): item.value
        for item in table.statistics
        if item.column == "Total" and item.statistic == "n"
    }


def test_deaths_by_cause_and_time(table: Callable[..., TableResult]) -> None:
    """The stated cause, else the first fatal event, else not reported; day 31 is within 30 days; S6 was never dosed."""
    assert total(table("DTHT01", DEATHS)) == {
        ("Deaths", ""): 4,
        ("Primary cause of death", "Not reported"): 2,
        ("Primary cause of death", "Cardiac arrest"): 1,
        ("Primary cause of death", "Sepsis"): 1,
        ("Time since first dose", "Within 30 days"): 1,
        ("Time since first dose", "After 30 days"): 2,
        ("Time since first dose", "Day not known"): 1,
        ("TEAE leading to death", ""): 2,
        ("TEAE leading to death", "Pneumonia"): 1,
        ("TEAE leading to death", "Sepsis"): 1,
        ("TEAE leading to death", "Stroke"): 1,
    }


@pytest.mark.parametrize("data", [DEATHS, ALIVE], ids=["deaths", "none"])
def test_every_output_counts_the_same_deaths(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], data: dict[str, Any]
) -> None:
    """Trap J.20: DTHFL of the treated, the table, the listing, the time to death and its curve have one number."""
    study = make_study()
    datasets = derived(study=study, **data)
    died = datasets.adsl.filter((pl.col("SAFFL") == "Y") & (pl.col("DTHFL") == "Y")).height
    tables = {code: make_table(code, datasets, study) for code in ("DTHT01", "DTHL01", "LTF06")}
    timed = make_table("TTET01", datasets, study, {"parameter": "TTDEATH"})
    assert {
        "DTHT01": total(tables["DTHT01"])["Deaths", ""],
        "DTHL01": len(tables["DTHL01"].rows),
        "LTF06": total(tables["LTF06"])["Deaths", ""],
        "TTET01": total(timed)["With the event", ""],
    } == dict.fromkeys(("DTHT01", "DTHL01", "LTF06", "TTET01"), died)


def test_the_days_that_part_the_times_may_be_given(table: Callable[..., TableResult]) -> None:
    found = total(table("DTHT01", DEATHS, {"within_days": 31}))
    assert found["Time since first dose", "Within 31 days"] == 2


def test_no_death_is_a_line_of_zeros_and_a_fatal_event_not_collected_is_no_zero(
    table: Callable[..., TableResult],
) -> None:
    assert total(table("DTHT01", ALIVE)) == {("Deaths", ""): 0, ("TEAE leading to death", ""): 0}
    assert total(table("DTHT01", BARE))["TEAE leading to death", ""] is None


def test_the_listing_has_a_row_per_death_in_order_of_arm_and_day(table: Callable[..., TableResult]) -> None:
    rows = table("DTHL01", DEATHS).rows
    assert [(row.label, *row.cells) for row in rows] == [
        ("S2", "Islet cells", "51", "M", "32", "Sepsis", "Sepsis (x); Stroke (x)"),
        ("S1", "Islet cells", "40", "F", "93", "Cardiac arrest", "Pneumonia (x)"),
        ("S3", "Islet cells", "Not known", "Not known", "Not known", "Not reported", "None reported"),
        ("S5", "Standard of care", "60", "M", "31", "Not reported", "None reported"),
    ]
    assert {row.cells[1:3] for row in table("DTHL01", BARE).rows} == {("NA", "NA")}


@pytest.mark.parametrize("code", ["DTHT01", "DTHL01"])
def test_every_count_can_be_counted_again_from_its_source(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], code: str
) -> None:
    study = make_study()
    datasets = derived(study=study, **DEATHS)
    checked = sum(explain(datasets, item).counted is not None for item in make_table(code, datasets, study).statistics)
    assert checked >= 6


@pytest.mark.parametrize("code", ["DTHT01", "DTHL01"])
@pytest.mark.parametrize(
    ("name", "data"), [("trial", DEATHS), ("no_death", ALIVE), ("missing_variables", BARE), ("no_subject", NOBODY)]
)
def test_tables_as_text(
    table: Callable[..., TableResult], golden: Callable[[str, str], None], name: str, code: str, data: dict[str, Any]
) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    golden(f"{code.lower()}_{name}", as_text(table(code, data)))
