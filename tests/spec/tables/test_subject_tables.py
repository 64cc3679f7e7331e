"""ENT01, POPT01, DST01: who was screened, who is in which population, how participation stands (FDA tables 3 to 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Texts = dict[tuple[str, str, str, str], str]
EVENT = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION"}

DM = [
    # assigned and treated as assigned; treated under another arm; assigned, never treated; screen failure; left before
    {"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL"},
    {"USUBJID": "S2", "ARMCD": "CELL", "ACTARMCD": "SOC"},
    {"USUBJID": "S3", "ARMCD": "SOC", "ACTARMCD": None},
    {"USUBJID": "S4", "ARMCD": "SCRNFAIL", "ACTARMCD": "SCRNFAIL"},
    {"USUBJID": "S5", "ARMCD": None, "ACTARMCD": None},
]
EX = [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in ("S1", "S2")]
DS = [
    {"USUBJID": "S1", "DSDECOD": "COMPLETED", "DSSTDTC": "2023-06-01", **EVENT},
    {"USUBJID": "S4", "DSDECOD": "SCREEN FAILURE", "DSSTDTC": "2022-02-01", **EVENT},
    {"USUBJID": "S5", "DSDECOD": "WITHDRAWAL BY SUBJECT", "DSSTDTC": "2022-02-01", **EVENT},
    *({"USUBJID": name, "DSDECOD": "RANDOMIZED", "DSSTDTC": "2022-02-20", "DSCAT": "PROTOCOL MILESTONE"}
      for name in ("S1", "S2", "S3")),
]  # fmt: skip
TRIAL: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "DS": DS}
LEGACY = {**TRIAL, "DS": [{"USUBJID": "S1", "DSDECOD": "COMPLETED", "DSSTDTC": "2023-06-01"}]}
BARE = {**TRIAL, "DS": [{"USUBJID": "S1", "DSTERM": "done", "DSSTDTC": "2023-06-01"}]}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., TableResult]:
    """A table of records: `table("DST01", TRIAL)`."""

    def make(
        code: str, data: dict[str, list[dict[str, Any]]], parameters: dict[str, object] | None = None, **study: Any
    ) -> TableResult:
        changed = make_study(**study)
        return make_table(code, derived(study=changed, **data), changed, parameters)

    return make


def counts(table: TableResult) -> dict[tuple[str, str, str], str]:
    """n by row group, row and column."""
    return {(item.row_group, item.row, item.column): item.text for item in table.statistics if item.statistic == "n"}


def test_screening_counts_every_subject_once(table: Callable[..., TableResult]) -> None:
    found = {key[:2]: text for key, text in counts(table("ENT01", TRIAL)).items()}
    assert found == {
        ("Screened", ""): "5",
        ("On no arm", ""): "2",
        ("On no arm", "SCREEN FAILURE"): "1",
        ("On no arm", "WITHDRAWAL BY SUBJECT"): "1",
        ("Assigned to an arm", ""): "3",
        ("Randomised", ""): "3",
        ("Treated", ""): "2",
        ("Assigned and not treated", ""): "1",
    }


def test_populations_stand_under_the_planned_arm(table: Callable[..., TableResult]) -> None:
    """S2 was assigned to the cells and treated otherwise: a subject of the cells here, whatever the study's basis."""
    found = counts(table("POPT01", TRIAL))
    assert [found["SAFFL", "", arm] for arm in ("Islet cells", "Standard of care", "Total")] == ["2", "0", "2"]
    assert [found["RANDFL", "", arm] for arm in ("Islet cells", "Standard of care", "Total")] == ["2", "1", "3"]


def test_a_population_of_the_study_file(table: Callable[..., TableResult]) -> None:
    """One that ADSL does not flag is not available."""
    found = counts(table("POPT01", TRIAL, populations=[{"flag": "PPROTFL", "name": "Per protocol"}]))
    assert found["PPROTFL", "", "Total"] == "NA"


def test_disposition_of_the_treated_by_actual_arm(table: Callable[..., TableResult]) -> None:
    found = counts(table("DST01", TRIAL))
    assert found["Study participation", "COMPLETED", "Islet cells"] == "1"
    assert found["Study participation", "ONGOING", "Standard of care"] == "1"
    assert found["Study treatment", "ONGOING", "Total"] == "2"


def test_randomised_subjects_on_no_arm_are_not_dropped(table: Callable[..., TableResult]) -> None:
    """A randomised subject whose ARMCD is missing stands under `Not assigned`, and in the total."""
    lost = {**TRIAL, "DM": [*DM[:2], {**DM[2], "ARMCD": None}, *DM[3:]]}
    found = counts(table("DST01", lost, {"population": "RANDFL"}))
    assert found["Study participation", "ONGOING", "Total"] == "1"
    sizes = {item.column: item.value for item in table("DST01", lost, {"population": "RANDFL"}).statistics
             if item.statistic == "N"}  # fmt: skip
    assert sizes == {"Islet cells": 2, "Standard of care": 0, "Not assigned": 1, "Total": 3}


@pytest.mark.parametrize("code", ["ENT01", "POPT01", "DST01", "DMT01"])
def test_every_count_can_be_counted_again_from_its_source(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], code: str
) -> None:
    """The filter that a count prints, applied to ADSL, gives the subjects that it counts."""
    study = make_study(demographics=["ARMCD", "ACTARMCD"])
    datasets = derived(study=study, **TRIAL)
    checked = sum(explain(datasets, item).counted is not None for item in make_table(code, datasets, study).statistics)
    assert checked >= 6


@pytest.mark.parametrize(
    ("name", "code", "data"),
    [
        ("ent01_trial", "ENT01", TRIAL),
        ("ent01_no_subject", "ENT01", NOBODY),
        ("popt01_trial", "POPT01", TRIAL),
        ("popt01_missing_variables", "POPT01", BARE),
        ("popt01_no_subject", "POPT01", NOBODY),
        ("dst01_trial", "DST01", TRIAL),
        ("dst01_legacy", "DST01", LEGACY),
        ("dst01_missing_variables", "DST01", BARE),
        ("dst01_no_subject", "DST01", NOBODY),
    ],
)
def test_tables_as_text(
    table: Callable[..., TableResult], golden: Callable[[str, str], None], name: str, code: str, data: dict[str, Any]
) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    golden(name, as_text(table(code, data)))
