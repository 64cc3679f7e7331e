"""TRTEMFL: whether an adverse event is treatment-emergent (spec A.6, traps J.3 and J.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.derive.imputation import add_day_range
from longwatch.derive.trtemfl import derive_trtemfl
from longwatch.study import Study

DOSE = ("2022-03-01T10:15", date(2022, 3, 1))

CASES = [
    # AESTDTC, AEENDTC, REFDTM, TRTEMFL
    # the worked example of the specification: three of six
    ("2022-02-20", "2022-02-25", DOSE, "N"),  # 1 ended before
    ("2022-03-01T08:00", None, DOSE, "N"),  # 2 same day, earlier time
    ("2022-03-01", "2022-03-04", DOSE, "Y"),  # 3 same day, time unknown
    ("2022-03", "2022-04-02", DOSE, "Y"),  # 4 same month
    ("2022", "2022-02-10", DOSE, "N"),  # 5 end date complete and before
    (None, None, DOSE, "Y"),  # 6 conservative inclusion
    # before treatment
    ("2022-02-28", None, DOSE, "N"),
    ("2022-02-28T23:59", None, DOSE, "N"),
    ("2022-02", None, DOSE, "N"),
    ("2021", None, DOSE, "N"),
    (None, "2022-02-28", DOSE, "N"),
    ("2021---28", None, DOSE, "N"),
    # an end date that is not complete does not exclude
    (None, "2022-02", DOSE, "Y"),
    # on the day of the dose
    ("2022-03-01T10:14", None, DOSE, "N"),
    ("2022-03-01T10:15", None, DOSE, "Y"),
    ("2022-03-01T10:16", None, DOSE, "Y"),
    ("2022-03-01T10", None, DOSE, "Y"),  # could be 10:15 or later
    ("2022-03-01T09", None, DOSE, "N"),
    ("2022-03-01T-:14", None, DOSE, "Y"),
    ("2022-03-01T08:00", None, ("2022-03-01", date(2022, 3, 1)), "Y"),  # the dose's time is not known
    ("2022-03-01T08:00", "2022-03-01T09:00", DOSE, "N"),
    ("2022-03-01", "2022-03-01", DOSE, "Y"),
    # seconds: a time to the minute stands for any second of it
    ("2022-03-01T10:15", None, ("2022-03-01T10:15:30", date(2022, 3, 1)), "Y"),
    ("2022-03-01T10:15:10", None, ("2022-03-01T10:15:30", date(2022, 3, 1)), "N"),
    # zones: compared as instants; with one zone only they are not comparable
    ("2022-03-01T10:15+02:00", None, ("2022-03-01T09:15+00:00", date(2022, 3, 1)), "N"),
    ("2022-03-01T10:15+00:00", None, ("2022-03-01T10:15+02:00", date(2022, 3, 1)), "Y"),
    ("2022-03-01T08:00Z", None, DOSE, "Y"),
    # after treatment, however late: no upper limit
    ("2022-03-02", None, DOSE, "Y"),
    ("2036-12-31", None, DOSE, "Y"),
    # partial, possibly on or after the dose
    ("2022", None, DOSE, "Y"),
    ("2022---01", None, DOSE, "Y"),
    ("--03-01", None, DOSE, "Y"),
    ("2022-02-27/2022-03-02", None, DOSE, "Y"),
    ("2022-02-27/2022-02-28", None, DOSE, "N"),
    # no legal date counts as missing
    ("1 MAR 2022", None, DOSE, "Y"),
    # dosed, the day not known
    ("2022-02-28", None, (None, None), "Y"),
]


@pytest.mark.parametrize(("start", "end", "dose", "expected"), CASES)
def test_each_case(start: str | None, end: str | None, dose: tuple[str | None, date | None], expected: str) -> None:
    """The rule's cases in order, for a subject who was dosed."""
    assert emergent(start, end, *dose, treated="Y") == expected


def test_never_treated_has_no_teae() -> None:
    """An event of a screen failure is not treatment-emergent, whatever its date."""
    assert emergent("2022-03-02", None, None, None, treated="N") == "N"
    assert emergent(None, None, None, None, treated=None) == "N"


def test_the_worked_example_end_to_end(derived: Callable[..., AnalysisDatasets]) -> None:
    """Spec A.6: 3 TEAEs (rows 3, 4, 6) out of 6, with the imputed dates and flags of its table."""
    found = derived(AE=[event(number, start, end) for number, (start, end, _, _) in enumerate(CASES[:6], start=1)])
    columns = ("AESEQ", "ASTDT", "ASTDTF", "TRTEMFL")
    assert found.adae.select(columns).rows() == [
        (1.0, date(2022, 2, 20), None, "N"),
        (2.0, date(2022, 3, 1), None, "N"),
        (3.0, date(2022, 3, 1), None, "Y"),
        (4.0, date(2022, 3, 1), "D", "Y"),
        (5.0, date(2022, 1, 1), "M", "N"),
        (6.0, date(2022, 3, 1), "Y", "Y"),
    ]


def test_the_reference_choice_changes_the_flag(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """Induction immunosuppression starts before the infusion: an event between the two counts from the first study
    intervention, and does not from the first infusion."""
    exposure = [
        {"USUBJID": "S1", "EXTRT": "THYMOGLOBULIN", "EXDOSE": 5.0, "EXSTDTC": "2022-02-24"},
        {"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01T10:15"},
    ]
    events = [event(1, "2022-02-20", None), event(2, "2022-02-26", None), event(3, "2022-03-02", None)]
    flags = {}
    for reference in ("FIRST_INFUSION", "FIRST_STUDY_INTERVENTION"):
        study = make_study(treatment_emergence={"reference": reference})
        flags[reference] = derived(study=study, EX=exposure, AE=events).adae["TRTEMFL"].to_list()
    assert flags == {"FIRST_INFUSION": ["N", "N", "Y"], "FIRST_STUDY_INTERVENTION": ["N", "Y", "Y"]}


def event(number: int, start: str | None, end: str | None) -> dict[str, Any]:
    """An adverse event of subject S1."""
    return {"USUBJID": "S1", "AESEQ": float(number), "AEDECOD": "Headache", "AEBODSYS": "Nervous system disorders",
            "AESTDTC": start, "AEENDTC": end}  # fmt: skip


def emergent(start: str | None, end: str | None, dose: str | None, day: date | None, treated: str | None) -> Any:
    """TRTEMFL of one record."""
    frame = pl.DataFrame(
        {"subject": [0], "AESTDTC": [start], "AEENDTC": [end], "REFDT": [day], "REFFL": [treated]},
        schema_overrides={"AESTDTC": pl.String, "AEENDTC": pl.String, "REFDT": pl.Date, "REFFL": pl.String},
    )
    ranges = add_day_range(add_day_range(frame, "AESTDTC"), "AEENDTC")
    return derive_trtemfl(ranges, pl.Series([dose], dtype=pl.String))["TRTEMFL"].item()
