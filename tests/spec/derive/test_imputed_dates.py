"""ASTDT, AENDT and their flags from partial dates (spec A.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.derive.imputation import add_day_range, derive_aendt, derive_astdt

TREATED = date(2022, 3, 10)

STARTS = [
    # AESTDTC, AEENDTC, TRTSDT, ASTDT, ASTDTF
    # complete: as it is
    ("2022-05-14", None, TREATED, date(2022, 5, 14), None),
    ("2022-05-14T09:30", None, TREATED, date(2022, 5, 14), None),
    ("2022-03-20", "2022-03-01", TREATED, date(2022, 3, 20), None),  # contradictory dates are not repaired
    # month known
    ("2022-03", None, TREATED, TREATED, "D"),  # the month of treatment
    ("2022-05", None, TREATED, date(2022, 5, 1), "D"),
    ("2022-02", None, TREATED, date(2022, 2, 1), "D"),
    # year known
    ("2022", None, TREATED, TREATED, "M"),
    ("2021", None, TREATED, date(2021, 1, 1), "M"),
    ("2023", None, TREATED, date(2023, 1, 1), "M"),
    ("2023---14", None, TREATED, date(2023, 1, 14), "M"),
    # nothing known
    (None, None, TREATED, TREATED, "Y"),
    ("--03-01", None, TREATED, TREATED, "Y"),
    (None, None, None, None, None),  # never treated: nothing to impute from
    ("2022-03", None, None, date(2022, 3, 1), "D"),
    # the start may not lie after a complete end
    ("2022-03", "2022-03-05", TREATED, date(2022, 3, 1), "D"),
    ("2022", "2022-02-10", TREATED, date(2022, 1, 1), "M"),
    (None, "2022-02-10", TREATED, date(2022, 2, 10), "Y"),
    ("2022-03", "2022-03-25", TREATED, TREATED, "D"),
    ("2022-03", "2022", TREATED, TREATED, "D"),  # an incomplete end does not bound
]

CUTOFF = date(2023, 6, 15)

ENDS = [
    # AEENDTC, DTHDT, LSTALVDT, AENDT, AENDTF
    ("2022-05-14", None, None, date(2022, 5, 14), None),
    ("2022-05", None, None, date(2022, 5, 31), "D"),
    ("2022", None, None, date(2022, 12, 31), "M"),
    # capped at the cut-off, at death, at the last day known alive
    ("2023-06", None, None, CUTOFF, "D"),
    ("2023", date(2023, 4, 1), date(2023, 3, 30), date(2023, 3, 30), "M"),
    ("2023", date(2023, 4, 1), None, date(2023, 4, 1), "M"),
    # the cap does not move it before its own first day
    ("2022-05", date(2022, 4, 1), None, date(2022, 5, 1), "D"),
    # ongoing or not known: never today
    (None, None, date(2023, 6, 1), None, None),
    ("--05", None, None, None, None),
]


@pytest.mark.parametrize(("start", "end", "treated", "expected", "flag"), STARTS)
def test_starts(start: str | None, end: str | None, treated: date | None, expected: date | None, flag: str) -> None:
    """A partial start is imputed to TRTSDT where that is compatible, else to its first day."""
    frame = pl.DataFrame(
        {"AESTDTC": [start], "AEENDTC": [end], "TRTSDT": [treated]},
        schema={"AESTDTC": pl.String, "AEENDTC": pl.String, "TRTSDT": pl.Date},
    )
    found = derive_astdt(add_day_range(add_day_range(frame, "AESTDTC"), "AEENDTC"))
    assert found.select("ASTDT", "ASTDTF").row(0) == (expected, flag)


@pytest.mark.parametrize(("end", "died", "alive", "expected", "flag"), ENDS)
def test_ends(end: str | None, died: date | None, alive: date | None, expected: date | None, flag: str) -> None:
    """A partial end is imputed to its last day, within what is known of the subject."""
    frame = pl.DataFrame(
        {"AEENDTC": [end], "DTHDT": [died], "LSTALVDT": [alive]},
        schema={"AEENDTC": pl.String, "DTHDT": pl.Date, "LSTALVDT": pl.Date},
    )
    assert derive_aendt(add_day_range(frame, "AEENDTC"), CUTOFF).select("AENDT", "AENDTF").row(0) == (expected, flag)


def test_study_day_of_an_event_counts_from_first_treatment(derived: Callable[..., AnalysisDatasets]) -> None:
    """ASTDY: 1 on the day of first treatment, −1 the day before, missing where never treated."""
    events = [
        {"USUBJID": subject, "AEDECOD": "Headache", "AEBODSYS": "Nervous", "AESTDTC": start}
        for subject, start in (("S1", "2022-03-01"), ("S1", "2022-02-28"), ("S1", "2022-03-11"), ("S2", "2022-03-01"))
    ]
    subjects = [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": code} for name, code in (("S1", "CELL"), ("S2", None))]
    assert derived(DM=subjects, AE=events).adae["ASTDY"].to_list() == [1, -1, 11, None]
