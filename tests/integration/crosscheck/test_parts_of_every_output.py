"""A part of a trial, output by output: the bundled study by sex, and of the events of a kind.

The datasets beside ADSL and ADAE (ADTTE, ADLB, ADVS, ADHY, ADEX, ADFU, follow-up, graft, lots) are narrowed too: no
number of a subgroup is of somebody else, none is lost, each opens its records, and SQL counts the same.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import AesiSpec, Study, parse_study
from longwatch.tables.catalogue import OUTPUTS, Output, make_table, make_tables
from longwatch.tables.explain import RECORDS, SUBJECTS, explain, find_cell
from longwatch.tables.result import TableResult
from simulation import generate
from simulation.study_file import study_file

CUTOFF = date(2025, 6, 30)
FULL = "SC-islet full dose"
AESI = AesiSpec.model_validate(
    {
        "name": "Bleeding", "terms": ["PROCEDURE BLEEDING"], "socs": ["ACCESS AND PROCEDURE EVENTS"],
        "laboratory": [{"analyte": "HGB", "comparison": "below", "value": 10, "unit": "g/dL"}],
        "window": {"days": [0, 400]}, "denominator": "procedures",
    }
)  # fmt: skip
TIME = "person_years"
NOT_ADDED = {
    "KMG01": "a row is a time at which something happened, and happens to others at other times",
    "CIFG01": "as KMG01",
    "MCCG01": "as KMG01",
    "LBG01": "of several units or specimens the one with the most results is drawn",
    "VSG01": "as LBG01",
    "LBG02": "as LBG01; and what is an outlier of a part need not be one of the whole",
    "VSG02": "as LBG02",
    "LBG03": "as LBG02",
    "VSG03": "as LBG02",
    "LBG_SHARE": "the day of a visit is the median of the results at it",
    "LTF14": "tests are of the lot, and not of who got it",
    "LOTL02": "as LTF14",
    "SUBL01": "it is of one subject, by default the first one: of each part another",
}
"""Outputs whose rows are not those of the whole, or do not count subjects, and why."""


OF_FURTHER_DATASETS = (
    "TTET01", "EXT01", "AET05_INT", "LTF01", "LTF02", "LTF06", "LTF07", "LTF10", "LTF11", "LTF14", "LBT01", "VST01",
    "LBT04", "LBT14", "LBT_LEVELS", "LBT_HEP", "LBG_SHARE", "LBG02", "LBG03", "AEL03", "LBL01", "DSUR61",
    "AESI01", "AESI02", "AET_HYPOGLY", "AET_HYPERGLY",
)  # fmt: skip


@pytest.fixture(scope="module")
def islet_study() -> Study:
    trial = generate(1)
    return parse_study(study_file(trial.design.parameters), "study.yaml").model_copy(update={"aesi": (AESI,)})


@pytest.fixture(scope="module")
def islet(islet_study: Study) -> AnalysisDatasets:
    return derive(SourceData.of(**generate(1).frames), islet_study, CUTOFF)


def everything(output: Output) -> dict[str, object]:
    """Parameters that leave no row out: a share of a subgroup is another one than of the whole."""
    return {"at_least": 0.0} if "at_least" in output.parameters else {}


def counts(table: TableResult, *names: str) -> Counter[tuple[str, str, str, str]]:
    """What can be added up, of these statistics."""
    return Counter(
        {
            (item.row_group, item.row, item.column, item.statistic): item.value
            for item in table.statistics
            if item.statistic in names and item.value is not None
        }
    )


def by_sex(output: Output, islet: AnalysisDatasets, study: Study) -> tuple[TableResult, ...]:
    return make_tables(output.code, islet, study, {**everything(output), "by": "SEX"})


@pytest.mark.parametrize("code", sorted(set(OUTPUTS) - set(NOT_ADDED)))
def test_subgroups_add_up_to_the_whole(code: str, islet: AnalysisDatasets, islet_study: Study) -> None:
    """Subjects and records, row by row; person-years in the rows that both have: who has no event of a PT is at risk of
    it all the time."""
    output = OUTPUTS[code]
    one, other = by_sex(output, islet, islet_study)
    whole = make_table(code, islet, islet_study, everything(output))
    together = counts(one, *SUBJECTS, *RECORDS)
    together.update(counts(other, *SUBJECTS, *RECORDS))
    assert +together == +counts(whole, *SUBJECTS, *RECORDS)
    of_one, of_other, of_both = (counts(table, TIME) for table in (one, other, whole))
    for key in of_one.keys() & of_other.keys():
        assert of_one[key] + of_other[key] == pytest.approx(of_both[key])


@pytest.mark.parametrize("code", sorted(OUTPUTS))
def test_each_number_of_a_subgroup_opens_its_own_records(
    code: str, islet: AnalysisDatasets, islet_study: Study
) -> None:
    """`explain` reads the whole trial by the source of the number alone, and finds subjects of the subgroup only."""
    for table in by_sex(OUTPUTS[code], islet, islet_study):
        sex = table.restrictions[-1].asked.removeprefix("SEX=")
        there = set(islet.adsl.filter(islet.adsl["SEX"] == sex)["USUBJID"].cast(str))
        for statistic in table.statistics:
            found = explain(islet, statistic)
            assert found.counted in (None, statistic.value)
            assert set(found.records["USUBJID"].cast(str).drop_nulls()) <= there


def test_sql_counts_the_same_in_every_part(islet: AnalysisDatasets, islet_study: Study) -> None:
    """An output of each further dataset by sex, and of the older women. Every output under every restriction, of trials
    of hostile data, is compared in `test_second_opinion`."""
    tables: list[TableResult] = []
    for code in OF_FURTHER_DATASETS:
        tables += make_tables(code, islet, islet_study, {"by": "SEX"})
        tables += make_tables(code, islet, islet_study, {"where": ("SEX=F", "AGE>=40")})
    opinions = ask_second_opinion(tables, islet.data, islet_study, CUTOFF)
    assert [(opinion.output, opinion.differences[:2]) for opinion in opinions if not opinion.agrees] == []
    assert {opinion.output for opinion in opinions if not opinion.answered} == set()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("DMT01", "it counts no adverse events"),
        ("LBT_LEVELS", "it counts no adverse events"),
        ("DTHT01", "deaths and their causes are of the subject"),
        ("TTET01", "its parameter says which event ends the time"),
        ("LTF14", "by the lot that it followed"),
        ("LTF09", "the study file says which events"),
        ("LTF13", "it counts no adverse events"),
        ("NARR01", "all that happened to a subject"),
        ("AET_HYPOGLY", "its criteria join adverse events with laboratory results"),
    ],
)
def test_an_output_of_all_events_says_why(code: str, why: str, islet: AnalysisDatasets, islet_study: Study) -> None:
    """One line: which output, what was asked, why it cannot be, what can."""
    with pytest.raises(StudyError) as raised:
        make_tables(code, islet, islet_study, {"where": ("serious",)})
    assert raised.value.error_id == "LW-TAB-009"
    assert why in raised.value.one_line()


def test_what_stands_behind_a_time_and_a_laboratory_value(islet: AnalysisDatasets, islet_study: Study) -> None:
    """TTET01 and LBT_LEVELS of the women: the subjects behind a cell are the women analysed."""
    women = make_table("TTET01", islet, islet_study, {"where": ("SEX=F",), "parameter": "TTAE"})
    [n] = [item for item in find_cell(women, "Subjects analysed", "", FULL) if item.statistic == "n"]
    records = explain(islet, n).records
    full = islet.adsl.filter((islet.adsl["SEX"] == "F") & (islet.adsl["TRT01A"] == FULL))
    assert set(records["USUBJID"].cast(str)) <= set(full["USUBJID"].cast(str))
    assert records["PARAMCD"].unique().to_list() == ["TTAE"]
    levels = make_table("LBT_LEVELS", islet, islet_study, {"where": ("SEX=F",)})
    of = next(item for item in levels.statistics if item.statistic == "Ns" and item.value)
    assert set(explain(islet, of).records["USUBJID"].cast(str)) <= set(
        islet.adsl.filter(islet.adsl["SEX"] == "F")["USUBJID"].cast(str)
    )
