"""AWIN: which part of its subject's course an adverse event began in (spec A.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain

CUT = date(2026, 12, 31)
SETTINGS = {"exposure": {"classes": [{"name": "Maintenance", "drugs": ["TACROLIMUS"]}]}}


def dose(name: str, day: str | None, product: str = "ISLET CELLS") -> dict[str, Any]:
    return {"USUBJID": name, "EXTRT": product, "EXDOSE": 1.0, "EXSTDTC": day}


def drug(name: str, first: str | None, last: str | None, **more: Any) -> dict[str, Any]:
    return {"USUBJID": name, "CMTRT": "Tacrolimus", "CMSTDTC": first, "CMENDTC": last, **more}


def loss(name: str, day: str | None, **more: Any) -> dict[str, Any]:
    return {"USUBJID": name, "CEDECOD": "Islet graft loss", "CESTDTC": day, **more}


# W, the whole course: immunosuppression from 20 February 2022, infusions on 1 March 2022 and 1 March 2023, loss of the
# second graft on 1 June 2024, the last tablet on 31 August 2024.
# R is given islets again after a loss and after a pause of its drugs. K has no drug. N has no infusion, U one of which
# no day is known.
EX = [
    dose("W", "2022-02-25", "THYMOGLOBULIN"), dose("W", "2022-03-01T10:15"), dose("W", "2023-03-01"),
    dose("R", "2022-03-01"), dose("R", "2025-03-01"), dose("K", "2022-03-01"), dose("U", None),
]  # fmt: skip
CM = [
    drug("W", "2022-02-20", "2023-12-31"), drug("W", "2024-01-01", "2024-08-31"),
    drug("W", "2020-01-01", "2020-02-01", CMOCCUR="N"), drug("W", "2020-01-01", None, CMTRT="METFORMIN"),
    drug("R", "2022-02", "2023-01-31"), drug("N", "2022-02-20", None),
]  # fmt: skip
CE = [loss("W", "2024-06-01"), loss("W", "2022-06-01", CEOCCUR="N"), loss("R", "2024-06"), loss("K", None)]
EVENTS = [
    # subject, AESTDTC, AWIN
    ("W", "2022-02-19", "PRE"),
    ("W", "2022-02-20", "INDUCTION"),  # the day of the first tablet
    ("W", "2022-02-28", "INDUCTION"),
    ("W", "2022-03-01T08:00", "PERIPROC"),  # by day: two hours before the infusion
    ("W", "2022-03-28", "PERIPROC"),  # day 28
    ("W", "2022-03-29", "Y1"),  # day 29
    ("W", "2022-03", "PERIPROC"),  # a day that is not known in the month of the infusion is that of the infusion
    ("W", None, "PERIPROC"),  # and so is one without any day
    ("W", "2022-06-02", "Y1"),  # a loss that did not happen
    ("W", "2023-02-28", "Y1"),  # day 365
    ("W", "2023-03-01", "PERIPROC"),  # the second infusion
    ("W", "2023-03-29", "Y2"),  # the year counts from the first
    ("W", "2024-06-01", "Y3"),  # the day of the loss is not after it
    ("W", "2024-06-02", "POST-GRAFTLOSS"),
    ("W", "2024-08-31", "POST-GRAFTLOSS"),  # the last tablet
    ("W", "2024-09-01", "POST-IS"),  # without drugs, whatever came before
    ("R", "2022-02-01", "INDUCTION"),  # began in February, the earliest day that it can mean
    ("R", "2023-02-01", "POST-IS"),
    ("R", "2024-07-01", "POST-IS"),  # lost in June 2024
    ("R", "2025-03-01", "PERIPROC"),
    ("R", "2025-03-29", "Y4"),  # another infusion begins a new course; day 1125
    ("K", "2022-02-28", "PRE"),
    ("K", "2024-03-29", "Y3"),  # nothing is known of its drugs, nor when its graft was lost
    ("N", "2022-03-01", None),
    ("U", "2022-03-01", None),
]
TRIAL: dict[str, Any] = {
    "DM": [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL"} for name in "WRKNU"],
    "EX": EX, "CM": CM, "CE": CE,
    "AE": [
        {"USUBJID": name, "AESEQ": float(place), "AEDECOD": f"EVENT {place}", "AEBODSYS": "ALL", "AESTDTC": day}
        for place, (name, day, _) in enumerate(EVENTS)
    ],
}  # fmt: skip
Derived = Callable[..., AnalysisDatasets]


@pytest.fixture
def trial(derived: Derived, make_study: Callable[..., Study]) -> AnalysisDatasets:
    return derived(cutoff=CUT, study=make_study(**SETTINGS), **TRIAL)


@pytest.mark.parametrize("place", range(len(EVENTS)))
def test_the_course_of_five_subjects(trial: AnalysisDatasets, place: int) -> None:
    assert trial.adae_with(["AWIN"])["AWIN"].cast(pl.String)[place] == EVENTS[place][2]


def test_the_days_around_an_infusion_are_the_studys(derived: Derived, make_study: Callable[..., Study]) -> None:
    """With 14 days, days 15 and 28 belong to the year."""
    study = make_study(**SETTINGS, treatment_emergence={"periprocedural_days": 14})
    adae = derived(cutoff=CUT, study=study, AE=[
        {"USUBJID": "S1", "AEDECOD": "A", "AEBODSYS": "B", "AESTDTC": day} for day in ("2022-03-14", "2022-03-15")
    ]).adae  # fmt: skip
    assert adae["AWIN"].to_list() == ["PERIPROC", "Y1"]


def test_what_is_not_known_at_the_cut_off_does_not_end_a_window(
    derived: Derived, make_study: Callable[..., Study]
) -> None:
    """At the end of July 2024 nobody knows that W's drugs will end in August: they go on."""
    adae = derived(cutoff=date(2024, 7, 31), study=make_study(**SETTINGS), **TRIAL).adae
    windows = adae.filter(pl.col("USUBJID").cast(pl.String) == "W")["AWIN"].cast(pl.String)
    assert "POST-IS" not in windows.to_list()
    assert "POST-GRAFTLOSS" in windows.to_list()


def test_an_output_of_a_window(trial: AnalysisDatasets) -> None:
    """AET02 of PERIPROC: five events of two subjects and N as it is; counted again from the records, and by SQL."""
    table = make_table("AET02", trial, trial.study, {"where": "AWIN=PERIPROC"})
    (first,) = (item for item in table.statistics if item.statistic == "n" and (item.column, item.row) == ("Total", "")
                and not item.row_group)  # fmt: skip
    assert (first.value, explain(trial, first).records["AESEQ"].to_list()) == (2, [4.0, 6.0, 7.0, 10.0, 19.0])
    assert "PERIPROC: days 1 to 28 of an infusion" in " ".join(table.footnotes)


WINDOWS = sorted({str(found) for *_, found in EVENTS if found})


def test_the_second_opinion_knows_the_windows(trial: AnalysisDatasets) -> None:
    """Each of them, those of no window and two together."""
    asked = [*WINDOWS, "", "Y1|Y2"]
    tables = [make_table("AET02", trial, trial.study, {"where": f"AWIN={window}"}) for window in asked]
    opinions = ask_second_opinion(tables, trial.data, trial.study, CUT)
    assert [(item.answered, item.differences) for item in opinions] == [(True, ())] * len(asked)


def test_a_window_that_is_not_cut_is_caught(trial: AnalysisDatasets) -> None:
    """All events under the title of one window."""
    of_window = make_table("AET02", trial, trial.study, {"where": "AWIN=POST-IS"})
    table = replace(make_table("AET02", trial, trial.study), restrictions=of_window.restrictions)
    (opinion,) = ask_second_opinion([table], trial.data, trial.study, CUT)
    assert opinion.differences
