"""Insulin around a stay in hospital need not end insulin independence (spec D.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

import longwatch.derive.datasets as analysis
from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain

CUT = date(2023, 3, 1)


def insulin(name: str, first: str | None, last: str | None) -> dict[str, Any]:
    return {"USUBJID": name, "CMTRT": "INSULIN", "CMSTDTC": first, "CMENDTC": last}


def stay(name: str, first: str, last: str | None, kind: str = "Hospitalization", **more: Any) -> dict[str, Any]:
    return {"USUBJID": name, "HOTERM": kind, "HOSTDTC": first, "HOENDTC": last, **more}


def event(name: str, first: str, last: str | None, hospital: str | None = "Y") -> dict[str, Any]:
    return {"USUBJID": name, "AEDECOD": "CHOLECYSTITIS", "AEBODSYS": "HEPATOBILIARY", "AESTDTC": first,
            "AEENDTC": last, "AESHOSP": hospital}  # fmt: skip


FROM = "2022-06-10"
CASES: dict[str, tuple[bool, list[dict[str, Any]], list[dict[str, Any]]]] = {
    # subject: whether its insulin passes, with N = 14; the insulin; HO and AE. All are infused on 1 March 2022.
    "IN_HO": (True, [insulin("IN_HO", FROM, "2022-06-23")], [stay("IN_HO", "2022-06-01", FROM)]),  # 14 days
    "IN_AE": (True, [insulin("IN_AE", FROM, "2022-06-12")], [event("IN_AE", "2022-06-12", "2022-06-20")]),
    "DAY_15": (False, [insulin("DAY_15", FROM, "2022-06-24")], [stay("DAY_15", FROM, "2022-06-30")]),
    "TWO_IN_A_ROW": (False, [insulin("TWO_IN_A_ROW", FROM, "2022-06-19"), insulin("TWO_IN_A_ROW", "2022-06-20",
                     "2022-06-29")], [stay("TWO_IN_A_ROW", FROM, "2022-06-30")]),
    "TWO_APART": (True, [insulin("TWO_APART", FROM, "2022-06-19"), insulin("TWO_APART", "2022-06-21", "2022-06-29")],
                  [stay("TWO_APART", FROM, "2022-06-30")]),
    "INSIDE": (False, [insulin("INSIDE", "2022-06-01", "2022-06-30"), insulin("INSIDE", FROM, "2022-06-12")],
               [stay("INSIDE", FROM, "2022-06-12")]),
    "ELSEWHEN": (False, [insulin("ELSEWHEN", FROM, "2022-06-12")], [stay("ELSEWHEN", "2022-06-13", "2022-06-30")]),
    "AT_HOME": (False, [insulin("AT_HOME", FROM, "2022-06-12")], [event("AT_HOME", FROM, "2022-06-12", "N")]),
    "OUTPATIENT": (False, [insulin("OUTPATIENT", FROM, "2022-06-12")],
                   [stay("OUTPATIENT", FROM, FROM, "Outpatient hospital visit")]),
    "DID_NOT": (False, [insulin("DID_NOT", FROM, "2022-06-12")], [stay("DID_NOT", FROM, None, HOOCCUR="N")]),
    "NO_END": (True, [insulin("NO_END", FROM, "2022-06-12")], [stay("NO_END", FROM, None)]),  # its first day alone
    "AFTER_FIRST": (False, [insulin("AFTER_FIRST", FROM, "2022-06-12")], [stay("AFTER_FIRST", "2022-06-09", None)]),
    "OPEN": (False, [insulin("OPEN", "2023-02-25", None)], [stay("OPEN", "2023-02-25", "2023-02-28")]),
    "SINCE_EVER": (False, [insulin("SINCE_EVER", None, "2022-03-05")],
                   [stay("SINCE_EVER", "2022-03-01", "2022-03-05")]),
    "BEFORE": (False, [insulin("BEFORE", "2015", "2022-03-10")], [stay("BEFORE", "2022-02-28", "2022-03-10")]),
    "MONTH": (False, [insulin("MONTH", "2022-06", "2022-06")], [stay("MONTH", FROM, "2022-06-12")]),  # 30 days
}  # fmt: skip
NO_EVENT = event("IN_HO", "2022-12-01", "2022-12-01", None)
TRIAL: dict[str, list[dict[str, Any]]] = {
    "DM": [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "RFPENDTC": "2023-03-01"} for name in CASES],
    "EX": [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in CASES],
    "CM": [course for _, courses, _ in CASES.values() for course in courses],
    "HO": [record for *_, stays in CASES.values() for record in stays if "HOTERM" in record],
    "AE": [record for *_, stays in CASES.values() for record in stays if "AEDECOD" in record] + [NO_EVENT],
    "SV": [{"USUBJID": "IN_HO", "VISIT": "MONTH 12", "SVSTDTC": "2023-03-01"}],
}  # fmt: skip
Derived = Callable[..., AnalysisDatasets]


@pytest.fixture
def datasets(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> Derived:
    def make(**graft: Any) -> AnalysisDatasets:
        return derive(make_data(**TRIAL), make_study(follow_up={"template": "GT-15Y"}, graft=graft), CUT)

    return make


def days_free(made: AnalysisDatasets) -> dict[str, float]:
    total = made.adii.filter(pl.col("PARAMCD") == "TOTAL")
    return dict(total.select(pl.col("USUBJID").cast(pl.String), "AVAL").rows())


def test_which_insulin_passes(datasets: Derived) -> None:
    """Whose passes is free of insulin on each of the 366 days; of all others it takes what it takes without N."""
    with_it, without = days_free(datasets(peri_hospital_insulin_days=14)), days_free(datasets())
    assert max(without.values()) < 366
    assert with_it == {name: 366 if passes else without[name] for name, (passes, *_) in CASES.items()}


def test_the_table_says_it_and_the_second_opinion_agrees(datasets: Derived) -> None:
    """LTF11 with 14 days, with 20, and without the setting; each number counted again from its source."""
    said = []
    for days in (14, 20, None):
        made = datasets(peri_hospital_insulin_days=days)
        table = make_table("LTF11", made, made.study)
        counts = [item for item in table.statistics if item.statistic in ("n", "base", "N")]
        assert all(explain(made, item).counted == item.value for item in counts)
        (opinion,) = ask_second_opinion([table], made.data, made.study, CUT)
        assert (opinion.answered, opinion.differences) == (True, ())
        said.append([note for note in table.footnotes if "stay in hospital" in note])
    assert [len(notes) for notes in said] == [1, 1, 0]
    assert "at most 14 days in a row" in said[0][0]


def test_an_exemption_that_is_not_made_is_caught(datasets: Derived, monkeypatch: pytest.MonkeyPatch) -> None:
    made = datasets(peri_hospital_insulin_days=14)
    monkeypatch.setattr(analysis, "read_stays", lambda *_: pl.DataFrame(
        schema={"subject": pl.UInt32, "first": pl.Date, "last": pl.Date}))  # fmt: skip
    (opinion,) = ask_second_opinion([make_table("LTF11", made, made.study)], made.data, made.study, CUT)
    assert opinion.differences
