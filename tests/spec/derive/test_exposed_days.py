"""ADEX: how long and how much each subject was exposed (spec A.5, A.8, C.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study

DAY_1 = "2022-03-01"
DM = [{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "RFPENDTC": "2022-06-08"}]  # followed for 100 days
CELLS = {"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 5.0, "EXDOSU": "10^6 CELLS", "EXSTDTC": DAY_1}
CLASSES = {"classes": [{"name": "Calcineurin inhibitors", "drugs": ["tacrolimus", "CICLOSPORIN"]}]}
Make = Callable[..., dict[str, float]]


@pytest.fixture
def exposed(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Make:
    """AVAL of S1 by PARAMCD: `exposed(EX=[…], CM=[…])`; the cells are always given on day 1."""

    def make(
        exposure: dict[str, Any] | None = None, cutoff: date = date(2023, 12, 31), **data: Any
    ) -> dict[str, float]:
        study = make_study(exposure=exposure or CLASSES)
        datasets = derived(cutoff=cutoff, study=study, **{"DM": DM, "EX": [CELLS], **data})
        rows = datasets.adex.select("PARAMCD", "AVAL").rows()
        return dict(rows)

    return make


def cm(*spans: tuple[str | None, str | None], drug: str = "TACROLIMUS") -> list[dict[str, Any]]:
    return [{"USUBJID": "S1", "CMDECOD": drug, "CMTRT": "x", "CMSTDTC": start, "CMENDTC": end} for start, end in spans]


@pytest.mark.parametrize(
    ("spans", "days"),
    [
        # one course: its first and last day count
        ([("2022-03-11", "2022-03-20")], 10),
        # overlapping, touching, one within the other, the same twice: each day once
        ([("2022-03-11", "2022-03-20"), ("2022-03-15", "2022-03-25")], 15),
        ([("2022-03-11", "2022-03-20"), ("2022-03-21", "2022-03-25")], 15),
        ([("2022-03-11", "2022-03-31"), ("2022-03-15", "2022-03-16"), ("2022-03-20", "2022-04-04")], 25),
        ([("2022-03-11", "2022-03-20"), ("2022-03-11", "2022-03-20")], 10),
        # a gap of ten days does not count
        ([("2022-03-11", "2022-03-20"), ("2022-03-31", "2022-04-04")], 15),
        # ongoing: to the end of follow-up; before the first intervention and after the end of follow-up: not
        ([("2022-06-01", None)], 8),
        ([("2020-01-01", "2022-03-10")], 10),
        ([("2020-01-01", "2021-12-31")], None),
        ([("2022-06-01", "2022-12-31")], 8),
        ([("2022-07-01", None)], None),
        # partial dates: from the earliest day to the latest
        ([("2022-03", "2022-04")], 61),
        ([("2022", "2022-03-10")], 10),
        # start not known: it was taken from the start on; neither known: all the time
        ([(None, "2022-03-10")], 10),
        ([(None, None)], 100),
        # ends before it starts: no day
        ([("2022-03-20", "2022-03-11")], None),
    ],
)
def test_days_of_a_class_of_concomitant_drugs(exposed: Make, spans: list[Any], days: int | None) -> None:
    assert exposed(CM=cm(*spans)).get("CLS1") == days


def test_an_end_after_the_cutoff_is_not_known(exposed: Make) -> None:
    """Then it goes on to the end of follow-up: 2022-03-11 to the last day known alive, the visit of 2022-04-10."""
    sv = [{"USUBJID": "S1", "SVSTDTC": "2022-04-10", "SVENDTC": "2022-04-10"}]
    found = exposed(cutoff=date(2022, 4, 30), SV=sv, CM=cm(("2022-03-11", "2022-05-20"), ("2022-05-01", None)))
    assert (found["TIMEFD"], found["CLS1"]) == (41, 31)


def test_a_class_counts_its_drugs_whatever_their_case_and_domain(exposed: Make) -> None:
    """Two drugs of one class overlap in CM; induction in EX begins two days before the cells; CMTRT where uncoded."""
    induction = {"USUBJID": "S1", "EXTRT": "Ciclosporin", "EXDOSE": 100.0, "EXDOSU": "mg", "EXSTDTC": "2022-02-27"}
    other = {**induction, "EXTRT": "THYMOGLOBULIN", "EXSTDTC": "2022-02-26"}
    uncoded = [
        {"USUBJID": "S1", "CMDECOD": None, "CMTRT": "Tacrolimus", "CMSTDTC": "2022-03-15", "CMENDTC": "2022-03-25"}
    ]
    found = exposed(EX=[CELLS, induction, other], CM=[*cm(("2022-03-11", "2022-03-20"), drug="ciclosporin"), *uncoded])
    assert found["CLS1"] == 16


def test_what_was_not_given_does_not_count(exposed: Make) -> None:
    not_taken = [{**row, "CMOCCUR": "N"} for row in cm(("2022-03-11", "2022-03-20"))]
    not_given = {"USUBJID": "S1", "EXTRT": "TACROLIMUS", "EXDOSE": 0.0, "EXDOSU": "mg", "EXSTDTC": "2022-03-03"}
    assert "CLS1" not in exposed(CM=not_taken, EX=[CELLS, not_given])


def test_infusions_are_days_and_doses_add_up(exposed: Make) -> None:
    """Two lots on one day are one infusion (trap 17); the weight is the last one by the day of the first infusion."""
    vs = [
        {"USUBJID": "S1", "VSTESTCD": "WEIGHT", "VSSTRESN": value, "VSSTRESU": unit, "VSDTC": day}
        for value, unit, day in (
            (70.0, "kg", "2022-02-01"), (80.0, "kg", DAY_1), (75.0, "kg", "2022-04-01"), (9.0, "LB", DAY_1),
        )
    ]  # fmt: skip
    lots = [{**CELLS, "EXSTDTC": f"{DAY_1}T09:00"}, {**CELLS, "EXDOSE": 3.0, "EXSTDTC": f"{DAY_1}T09:40"}]
    second = {**CELLS, "EXDOSE": 8.0, "EXSTDTC": "2022-05-01"}
    found = exposed(EX=[*lots, second], VS=vs)
    assert (found["NDOSE"], found["DOSE1"], found["DOSEKG1"]) == (2, 16, pytest.approx(0.2))


def test_amounts_in_two_units_are_not_added(exposed: Make) -> None:
    found = exposed(EX=[CELLS, {**CELLS, "EXDOSU": "mL", "EXDOSE": 250.0}])
    assert (found["DOSE1"], found["DOSE2"]) == (5, 250)


@pytest.mark.parametrize(
    ("spans", "length", "days"),
    [
        ([("2022-03-01", "2022-03-10"), ("2022-03-21", "2022-03-30")], 30, 20),  # a gap
        ([("2022-03-01", "2022-03-10"), ("2022-03-08", "2022-03-30")], 30, 30),  # an overlap
        ([("2022-03-01", None)], 100, 100),  # ongoing: to the end of follow-up
        ([("2022-03-01", "2022-03-10"), ("2022-03-21", None)], 100, 90),
    ],
)
def test_a_product_that_goes_on(exposed: Make, spans: list[Any], length: int, days: int) -> None:
    """Duration from the first to the last day, and the days on it."""
    ex = [{**CELLS, "EXSTDTC": start, "EXENDTC": end} for start, end in spans]
    found = exposed({"product": "continuing"}, EX=ex)
    assert (found["TRTDUR"], found["EXPDUR"]) == (length, days)
    assert not {"NDOSE", "DOSE1"} & set(found)


def test_an_open_record_ends_with_the_treatment(exposed: Make) -> None:
    ds = [{"USUBJID": "S1", "DSDECOD": "ADVERSE EVENT", "DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY TREATMENT",
           "DSSTDTC": "2022-03-31"}]  # fmt: skip
    found = exposed({"product": "continuing"}, EX=[{**CELLS, "EXENDTC": None}], DS=ds)
    assert (found["TIMEFD"], found["TRTDUR"]) == (100, 31)
