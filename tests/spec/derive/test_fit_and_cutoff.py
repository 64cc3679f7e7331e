"""Study file and data: the cut-off, and whether they fit together (CONTRACTS.md, Dates and Errors)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import check_fit, resolve_cutoff
from longwatch.errors import LongwatchError, SourceError, StudyError
from longwatch.standards.dataset import Dataset, SourceData
from longwatch.study import Study

MakeStudy = Callable[..., Study]
MakeData = Callable[..., SourceData]

GOOD: dict[str, list[dict[str, Any]]] = {
    "DM": [{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL"}],
    "AE": [{"USUBJID": "S1", "AEDECOD": "Headache", "AEBODSYS": "Nervous", "AESTDTC": "2022-04-01"}],
    "EX": [{"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}],
}


def without(name: str, variable: str) -> list[dict[str, Any]]:
    """The records of GOOD without a variable."""
    return [{key: value for key, value in record.items() if key != variable} for record in GOOD[name]]


def test_data_that_fits(make_study: MakeStudy, make_data: MakeData) -> None:
    """Nothing is raised, on the day of the first dose or later."""
    check_fit(make_data(**GOOD), make_study(), date(2022, 3, 1))


MISFITS = [
    # what is changed, error id, class, what the message names
    ({"EX": None}, "LW-FIT-001", SourceError, "EX"),
    ({"DM": None, "AE": None}, "LW-FIT-001", SourceError, "DM, AE"),
    ({"AE": without("AE", "USUBJID")}, "LW-FIT-002", SourceError, "AE has no variable USUBJID"),
    ({"DS": [{"DSDECOD": "COMPLETED"}]}, "LW-FIT-002", SourceError, "DS has no variable USUBJID"),
    ({"DM": without("DM", "ACTARMCD")}, "LW-FIT-003", SourceError, "DM lacks ACTARMCD"),
    ({"AE": without("AE", "AEBODSYS")}, "LW-FIT-003", SourceError, "AE lacks AEBODSYS"),
    ({"AE": without("AE", "AESTDTC")}, "LW-FIT-003", SourceError, "AE lacks AESTDTC"),
    ({"EX": without("EX", "EXTRT")}, "LW-FIT-003", SourceError, "EX lacks EXTRT"),
    (
        {"DM": [*GOOD["DM"], {"USUBJID": "S2", "ACTARMCD": "HIGH"}, {"USUBJID": "S3", "ACTARMCD": "HIGH"}]},
        "LW-FIT-004",
        StudyError,
        "HIGH (2 subjects)",
    ),
    ({"EX": [{**GOOD["EX"][0], "EXTRT": "VX-880"}]}, "LW-FIT-005", StudyError, "VX-880"),
]


@pytest.mark.parametrize(("change", "error_id", "kind", "named"), MISFITS)
def test_data_that_does_not_fit(
    make_study: MakeStudy,
    make_data: MakeData,
    change: dict[str, Any],
    error_id: str,
    kind: type[LongwatchError],
    named: str,
) -> None:
    """Each has its own id, says what is wrong and what to do next."""
    datasets = {name: records for name, records in {**GOOD, **change}.items() if records is not None}
    with pytest.raises(kind) as raised:
        check_fit(make_data(**datasets), make_study(), date(2023, 1, 1))
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()
    assert raised.value.next_step


def test_a_cutoff_before_the_first_dose(make_study: MakeStudy, make_data: MakeData) -> None:
    """Nobody had been treated: there is nothing to report, and a mistyped year is the usual cause."""
    with pytest.raises(StudyError) as raised:
        check_fit(make_data(**GOOD), make_study(), date(2022, 2, 28))
    assert raised.value.error_id == "LW-FIT-008"
    assert "2022-03-01" in raised.value.one_line()
    assert "2022-02-28" in raised.value.one_line()


@pytest.mark.parametrize(("earliest", "refused"), [("2022-02-28", False), ("2022-03-02", True)])
def test_the_first_dose_is_looked_for_in_every_part(
    make_study: MakeStudy, make_data: MakeData, earliest: str, refused: bool
) -> None:
    """Wherever in EX it stands: large data is read part by part, and no further than to a dose by the cut-off."""
    data = make_data(**GOOD)
    ex = pl.DataFrame({"USUBJID": ["S1", "S1", "S2"], "EXTRT": ["ISLET CELLS"] * 3, "EXDOSE": [1.0] * 3,
                       "EXSTDTC": ["2022-05-01", None, earliest]})  # fmt: skip
    whole = Dataset.of("EX", ex)
    in_parts = replace(whole, read_parts=lambda names: (
        next(Dataset.of("EX", part).parts(names)) for part in ex.iter_slices(1)
    ))  # fmt: skip
    data = SourceData({**data.datasets, "EX": in_parts})
    if not refused:
        check_fit(data, make_study(), date(2022, 3, 1))
        return
    with pytest.raises(StudyError, match="LW-FIT-008") as raised:
        check_fit(data, make_study(), date(2022, 3, 1))
    assert earliest in raised.value.one_line()


def test_the_arm_is_looked_for_by_the_studys_basis(make_study: MakeStudy, make_data: MakeData) -> None:
    """By planned treatment ACTARMCD may be missing, and an unknown ARMCD is what counts."""
    study = make_study(treatment={"basis": "planned"})
    planned = [{"USUBJID": "S1", "ARMCD": "CELL"}, {"USUBJID": "S2", "ARMCD": None}]
    check_fit(make_data(**{**GOOD, "DM": planned}), study, date(2023, 1, 1))
    with pytest.raises(StudyError, match="LW-FIT-004"):
        check_fit(make_data(**{**GOOD, "DM": [{"USUBJID": "S1", "ARMCD": "HIGH"}]}), study, date(2023, 1, 1))


def test_no_dose_at_all_fits(make_study: MakeStudy, make_data: MakeData) -> None:
    """A trial before its first patient has empty tables, not an error."""
    nobody = {**GOOD, "EX": [{**GOOD["EX"][0], "USUBJID": None, "EXTRT": None, "EXSTDTC": None}]}
    check_fit(make_data(**nobody), make_study(), date(2022, 1, 1))


def ts(*values: str) -> list[dict[str, Any]]:
    """TS with these values of DCUTDTC."""
    return [{"TSPARMCD": "TITLE", "TSVAL": "Islets"}, *({"TSPARMCD": "DCUTDTC", "TSVAL": value} for value in values)]


def test_the_cutoff_is_the_options_then_the_study_files_then_the_datas(
    make_study: MakeStudy, make_data: MakeData
) -> None:
    """In that order."""
    data = make_data(TS=ts("2023-03-03T23:59"))
    dated = make_study(cutoff="2023-02-02")
    assert resolve_cutoff(date(2023, 1, 1), dated, data) == date(2023, 1, 1)
    assert resolve_cutoff(None, dated, data) == date(2023, 2, 2)
    assert resolve_cutoff(None, make_study(), data) == date(2023, 3, 3)


@pytest.mark.parametrize(
    ("values", "error_id"),
    [
        (None, "LW-FIT-006"),  # no TS
        ((), "LW-FIT-006"),
        (("2023-03",), "LW-FIT-007"),
        (("31MAR2023",), "LW-FIT-007"),
        (("2023-03-03", "2023-04-03"), "LW-FIT-007"),
    ],
)
def test_no_cutoff_is_refused(
    make_study: MakeStudy, make_data: MakeData, values: tuple[str, ...] | None, error_id: str
) -> None:
    """It is never taken from the clock or guessed from the data."""
    data = make_data() if values is None else make_data(TS=ts(*values))
    with pytest.raises(StudyError) as raised:
        resolve_cutoff(None, make_study(), data)
    assert raised.value.error_id == error_id
