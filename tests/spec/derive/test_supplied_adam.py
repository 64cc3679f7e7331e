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
from longwatch.tables.catalogue import make_table

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


ADLB: dict[str, list[Any]] = {
    # baseline; first week, twice flagged; after the cut-off; another subject, without a baseline
    "USUBJID": ["S1", "S1", "S1", "S1", "S2", "S9"],
    "PARAMCD": ["ALT"] * 6,
    "PARAM": ["ALT (U/L)"] * 6,
    "AVAL": [20.0, 30.0, 50.0, 60.0, 70.0, 80.0],
    "ADT": [date(2022, 2, 1), date(2022, 3, 8), date(2022, 3, 9), date(2024, 3, 8), date(2022, 3, 8), date(2022, 3, 8)],
    "ABLFL": ["Y", "", "", "", "", ""],
    "AVISIT": ["Baseline", "  Week 1", "  Week 1", "  Week 1", "  Week 1", "Week 1"],
    "AVISITN": [0.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    "ANL01FL": ["Y", "Y", "Y", "Y", "Y", "Y"],
    "A1HI": [40.0] * 6,
    "ANRIND": ["N", "N", "H", "H", "H", "H"],
}


def test_results_as_supplied(study: Study) -> None:
    """Cut at the cut-off; baseline, visits and indicators as the sponsor has them; what is missing is added."""
    data = SourceData.of(ADSL=ADSL, ADAE=ADAE, ADLB=pl.DataFrame(ADLB))
    adlb = derive(data, study, CUTOFF).adlb
    assert column(adlb, "USUBJID") == ["S1", "S1", "S1", "S2"]
    assert column(adlb, "AVALU") == ["U/L"] * 4
    assert column(adlb, "AVISIT") == ["Baseline", "Week 1", "Week 1", "Week 1"]
    assert column(adlb, "ANRIND") == ["NORMAL", "NORMAL", "HIGH", "HIGH"]
    assert column(adlb, "ANL01FL") == ["Y", None, "Y", "Y"]
    assert column(adlb, "ONTRTFL") == ["N", "Y", "Y", "Y"]
    assert column(adlb, "CHG") == [None, 10.0, 30.0, None]
    assert column(adlb, "R2ANRHI") == [0.5, 0.75, 1.25, 1.75]
    assert column(adlb, "SAFFL") == ["Y"] * 4


def test_a_change_that_the_sponsor_derived_is_kept_and_numbers_may_be_text(study: Study) -> None:
    own = pl.DataFrame(ADLB).with_columns(CHG=pl.lit("7.5"), AVAL=pl.col("AVAL").cast(pl.String))
    adlb = derive(SourceData.of(ADSL=ADSL, ADAE=ADAE, ADLB=own), study, CUTOFF).adlb
    assert column(adlb, "CHG") == [7.5] * 4
    assert column(adlb, "AVAL") == [20.0, 30.0, 50.0, 70.0]


def test_sdtm_results_are_not_counted_where_the_sponsors_adam_is(study: Study) -> None:
    """No ADLB → no results, though the data has LB; an ADLB that cannot be counted is refused."""
    lb = pl.DataFrame({"USUBJID": ["S1"], "LBTESTCD": ["ALT"], "LBSTRESN": [1.0]})
    assert derive(SourceData.of(ADSL=ADSL, ADAE=ADAE, LB=lb), study, CUTOFF).adlb.height == 0
    bad = SourceData.of(ADSL=ADSL, ADAE=ADAE, ADLB=pl.DataFrame(ADLB).drop("AVAL"))
    with pytest.raises(LongwatchError) as raised:
        check_fit(bad, study, CUTOFF)
    assert raised.value.error_id == "LW-FIT-003"


def test_a_derived_dataset_supplied_again_gives_the_same_tables(
    pilot: AnalysisDatasets, pilot_adam: AnalysisDatasets, pilot_study: Study, pilot_adam_study: Study
) -> None:
    """ADLB as Longwatch derives it, handed in as the sponsor's: the same numbers, whichever way they came."""
    text = {
        name: pilot.dataset(name).with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))
        for name in ("ADLB", "ADVS")
    }
    given = {name: pilot_adam.data.datasets[name].frame.collect() for name in ("ADSL", "ADAE")}
    again = derive(SourceData.of(**given, **text), pilot_adam_study, date(2015, 12, 31))
    for code in ("VST01", "LBT_SHIFT", "LBT_LEVELS"):
        first, second = (
            {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}
            for table in (make_table(code, pilot, pilot_study), make_table(code, again, pilot_adam_study))
        )
        assert first == second
