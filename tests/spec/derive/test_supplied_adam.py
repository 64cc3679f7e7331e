"""The sponsor's own ADaM (`analysis_data: adam`): what is taken as supplied, and what is added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, check_fit, derive
from longwatch.errors import LongwatchError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

CUTOFF = date(2023, 12, 31)

ADSL = pl.DataFrame(
    {
        "USUBJID": ["S1", "S2", "S3", "S4"],
        "SAFFL": ["Y", "Y", "N", "Y"],
        "TRT01A": ["Islet cells", "CELL", "", "Other"],
        "TRT01P": ["Islet cells", "Islet cells", "Islet cells", "Islet cells"],
        "TRTSDT": [date(2022, 3, 1), date(2022, 3, 1), None, date(2022, 3, 1)],
        "DTHFL": ["Y", "", "", "Y"],
        "DTHDT": [date(2023, 1, 1), None, None, date(2024, 6, 1)],
        "AGE": [40.0, 50.0, 60.0, 70.0],
    }
)
ADAE = pl.DataFrame(
    {
        "USUBJID": ["S1", "S2", "S2", "S9"],
        "AESEQ": [1.0, 1.0, 2.0, 1.0],
        "AETERM": ["head ache", "felt odd", "late", "nobody's"],
        "AEDECOD": ["Headache", "", "Nausea", "Nausea"],
        "AESOC": ["Nervous", "", "Gastro", "Gastro"],
        "TRTEMFL": ["Y", "", "Y", "Y"],
        "ASTDT": [date(2022, 4, 1), date(2022, 5, 1), date(2024, 1, 1), date(2022, 4, 1)],
        "AEREL": ["RELATED", "NOT RELATED", "RELATED", "RELATED"],
    }
)


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    """Counting from ADaM."""
    return make_study(analysis_data="adam")


@pytest.fixture
def supplied(study: Study) -> AnalysisDatasets:
    """Four subjects and four events as supplied."""
    return derive(SourceData.of(ADSL=ADSL, ADAE=ADAE), study, CUTOFF)


def column(frame: pl.DataFrame, name: str) -> list[Any]:
    """The values of a column, codes as text."""
    series = frame[name]
    return series.cast(pl.String).to_list() if isinstance(series.dtype, pl.Enum | pl.Categorical) else series.to_list()


def test_arms_by_name_or_code(supplied: AnalysisDatasets) -> None:
    """A name, a code, nothing (not treated), and an arm of the safety population that the study file does not know."""
    assert column(supplied.adsl, "TRT01A") == ["Islet cells", "Islet cells", None, "Not assigned"]
    assert supplied.safety_subjects == 3


def test_a_death_after_the_cutoff_is_not_known(supplied: AnalysisDatasets) -> None:
    assert column(supplied.adsl, "DTHFL") == ["Y", None, None, None]
    assert column(supplied.adsl, "DTHDT") == [date(2023, 1, 1), None, None, None]


def test_variables_are_carried_as_supplied(supplied: AnalysisDatasets) -> None:
    assert column(supplied.adsl, "AGE") == [40.0, 50.0, 60.0, 70.0]


def test_events_by_the_cutoff_of_known_subjects(supplied: AnalysisDatasets) -> None:
    """An event after D and one of no subject of ADSL are left out; missing terms are named; a missing TRTEMFL is N."""
    assert column(supplied.adae, "AEDECOD") == ["Headache", "UNCODED: felt odd"]
    assert column(supplied.adae, "AEBODSYS") == ["Nervous", "UNCODED"]
    assert column(supplied.adae, "TRTEMFL") == ["Y", "N"]
    assert column(supplied.adae, "AREL") == ["RELATED", "NOT RELATED"]
    assert column(supplied.adae, "TRT01A") == ["Islet cells", "Islet cells"]


def test_a_subject_enrolled_after_the_cutoff_is_left_out(study: Study) -> None:
    later = ADSL.with_columns(TRTSDT=pl.lit(date(2024, 2, 1)))
    assert derive(SourceData.of(ADSL=later, ADAE=ADAE), study, CUTOFF).adsl.height == 0


@pytest.mark.parametrize(
    ("data", "error_id", "named"),
    [
        ({"ADSL": ADSL}, "LW-FIT-011", "ADAE"),
        ({"ADSL": ADSL.drop("SAFFL"), "ADAE": ADAE}, "LW-FIT-003", "ADSL lacks SAFFL"),
        ({"ADSL": ADSL.drop("TRT01A"), "ADAE": ADAE}, "LW-FIT-003", "ADSL lacks TRT01A"),
        ({"ADSL": ADSL, "ADAE": ADAE.drop("TRTEMFL")}, "LW-FIT-003", "ADAE lacks TRTEMFL"),
        ({"ADSL": ADSL, "ADAE": ADAE.drop("AESOC")}, "LW-FIT-003", "ADAE lacks AEBODSYS"),
        ({"ADSL": ADSL, "ADAE": ADAE}, "LW-FIT-004", "Other"),
        (
            {"ADSL": ADSL.with_columns(STUDYID=pl.lit("ANOTHER")), "ADAE": ADAE},
            "LW-FIT-009",
            "ADSL.STUDYID",
        ),
    ],
)
def test_what_does_not_fit(study: Study, data: dict[str, pl.DataFrame], error_id: str, named: str) -> None:
    if error_id == "LW-FIT-009":
        data["ADSL"] = data["ADSL"].filter(pl.col("USUBJID") != "S4")
    with pytest.raises(LongwatchError) as raised:
        check_fit(SourceData.of(**data), study, CUTOFF)
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()
