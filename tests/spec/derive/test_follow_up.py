"""ADLTF: what each subject was expected at, and what became of it (spec D.2, D.3: worked examples, to the digit)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.derive.follow_up_plan import read_plan
from longwatch.errors import SourceError, StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study
from longwatch.study.follow_up import TEMPLATES, add_months
from tests.spec.follow_up_example import CUT, EXAMPLE, Records


def add(name: str, *records: dict[str, Any], **others: Records) -> dict[str, Records]:
    """The example with further records."""
    return {**EXAMPLE, name: [*EXAMPLE.get(name, []), *records], **others}


@pytest.fixture
def followed(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., pl.DataFrame]:
    """ADLTF of records: `followed(EXAMPLE)`."""

    def make(data: dict[str, Records], cutoff: date = CUT, **follow_up: Any) -> pl.DataFrame:
        study = make_study(follow_up={"template": "GT-15Y", **follow_up})
        return derived(cutoff=cutoff, study=study, **data).adltf.with_columns(pl.col("USUBJID").cast(pl.String))

    return make


def status(adltf: pl.DataFrame, subject: str, visit: str) -> tuple[str, str]:
    """Status of a subject's visit, and whether it was expected."""
    row = adltf.filter(pl.col("USUBJID") == subject, pl.col("AVISIT") == visit).row(0, named=True)
    return row["AVALC"], row["EXPFL"]


def test_windows_are_around_calendar_anniversaries(followed: Callable[..., pl.DataFrame]) -> None:
    """Spec D.2: anchor 2022-03-01."""
    adltf = followed(EXAMPLE).filter(pl.col("USUBJID") == "S1", pl.col("FUYEAR") <= 3, pl.col("PARAMCD") == "VISIT")
    assert adltf.select("OPENDT", "CLOSEDT").rows() == [
        (date(2023, 1, 30), date(2023, 3, 31)),
        (date(2024, 1, 31), date(2024, 3, 31)),
        (date(2024, 12, 31), date(2025, 4, 30)),
    ]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 12, 31), 18, date(2025, 6, 30)),
    ],
)
def test_months_are_added_by_calendar_and_end_with_the_month(day: date, months: int, later: date) -> None:
    """As dateutil and Polars do."""
    assert add_months(day, months) == later
    assert pl.select(pl.lit(day).dt.offset_by(f"{months}mo")).item() == later


@pytest.mark.parametrize(
    ("subject", "visit", "expected"),
    [
        ("S1", "MONTH 12", ("DONE_IN", "Y")),
        ("S1", "YEAR 3", ("DONE_IN", "Y")),
        # over, and nothing is known; the next one is far
        ("S1", "MONTH 18", ("OVERDUE", "Y")),
        ("S1", "YEAR 4", ("NOT_DUE", "N")),
        # lost is not excused; the third window (2025-04-16 to 2025-08-14) is open
        ("S2", "MONTH 12", ("ENDED_LOST", "Y")),
        ("S2", "MONTH 24", ("ENDED_LOST", "Y")),
        ("S2", "YEAR 3", ("ENDED_LOST", "N")),
        ("S3", "MONTH 24", ("DONE_IN", "Y")),
        ("S3", "YEAR 3", ("NOT_DUE", "N")),
    ],
)
def test_the_example(
    followed: Callable[..., pl.DataFrame], subject: str, visit: str, expected: tuple[str, str]
) -> None:
    """Spec D.3: year 1 E = 3, done 2; year 2 E = 3, done 2; year 3 E = 1, done 1."""
    assert status(followed(EXAMPLE), subject, visit) == expected


def test_the_example_by_year(followed: Callable[..., pl.DataFrame]) -> None:
    by_year = (
        followed(EXAMPLE)
        .filter(pl.col("EXPFL") == "Y", pl.col("FUYEAR").is_not_null())
        .group_by("FUYEAR")
        .agg(pl.len(), (pl.col("DONEFL") == "Y").sum())
        .sort("FUYEAR")
    )
    assert by_year.rows() == [(1, 3, 2), (2, 3, 2), (3, 1, 1)]


def test_days_followed_of_days_possible(followed: Callable[..., pl.DataFrame]) -> None:
    """Spec D.3: 1097 of 1218, 210 of 1112, 893 of 893 days; 2200/3223."""
    days = followed(EXAMPLE).filter(pl.col("PARAMCD").is_in(["FUPDUR", "POSSDUR"]))
    assert days.pivot("PARAMCD", index="USUBJID", values="AVAL").rows() == [
        ("S1", 1097.0, 1218.0),
        ("S2", 210.0, 1112.0),
        ("S3", 893.0, 893.0),
    ]


ENDED = {
    # of S2: what is known of it otherwise, its status at month 12, and whether it was expected
    "lost without evidence": ({"CONTACT": EXAMPLE["CONTACT"][:3]}, ("OVERDUE", "Y")),
    "contacts are not recorded": ({"CONTACT": [dict.fromkeys(("USUBJID", "DTC"))]}, ("OVERDUE", "Y")),
    "found again by a call": (
        add("CONTACT", {"USUBJID": "S2", "DTC": "2024-02-01", "RESULT": "REACHED"}), ("OVERDUE", "Y")),
    "found again by a laboratory result": ({"LB": [{"USUBJID": "S2", "LBDTC": "2024-02"}]}, ("OVERDUE", "Y")),
    "a relative tells": (
        add("CONTACT", {"USUBJID": "S2", "DTC": "2024-02-01", "RESULT": "RELATIVE"}), ("ENDED_LOST", "Y")),
    "found again after the cut-off": ({"LB": [{"USUBJID": "S2", "LBDTC": "2025-07-01"}]}, ("ENDED_LOST", "Y")),
    "a register tells of a death in time": (
        {"DM": [{**row, "DTHFL": "Y", "DTHDTC": "2023-07-15"} if row["USUBJID"] == "S2" else row
                for row in EXAMPLE["DM"]]}, ("ENDED_DEATH", "N")),
    "withdrew": ({"DS": [{"USUBJID": "S2", "DSDECOD": "WITHDRAWAL BY SUBJECT", "DSSTDTC": "2023-07-15"}]},
                 ("ENDED_WITHDRAWN", "N")),
    "withdrew a day after its window": (
        {"DS": [{"USUBJID": "S2", "DSDECOD": "WITHDRAWAL BY SUBJECT", "DSSTDTC": "2023-07-16"}]}, ("OVERDUE", "Y")),
    "completed early": ({"DS": [{"USUBJID": "S2", "DSDECOD": "COMPLETED", "DSSTDTC": "2023-07-01"}]},
                        ("ENDED_COMPLETED", "N")),
    "left for another reason": ({"DS": [{"USUBJID": "S2", "DSDECOD": "PHYSICIAN DECISION", "DSSTDTC": "2023-07-01"}]},
                                ("ENDED_OTHER", "Y")),
    "said to be missed": (
        add("SV", {"USUBJID": "S2", "VISIT": "MONTH 12", "SVOCCUR": "N", "SVSTDTC": None}, DS=[]), ("MISSED", "Y")),
    "held too late": (
        add("SV", {"USUBJID": "S2", "VISIT": "month 12", "SVSTDTC": "2023-07-16"}), ("DONE_OUT", "Y")),
    "held in a month that is in part in the window": (
        add("SV", {"USUBJID": "S2", "VISIT": "MONTH 12", "SVSTDTC": "2023-07"}), ("DONE_IN", "Y")),
    "held on a day not known": (
        add("SV", {"USUBJID": "S2", "VISIT": "MONTH 12", "SVSTDTC": None}), ("DONE_OUT", "Y")),
    "held twice, once in its window": (
        add("SV", {"USUBJID": "S2", "VISIT": "MONTH 12", "SVSTDTC": "2023-09-01"},
            {"USUBJID": "S2", "VISIT": "MONTH 12", "SVSTDTC": "2023-06-15"}), ("DONE_IN", "Y")),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDED)
def test_status(followed: Callable[..., pl.DataFrame], case: str) -> None:
    """The month 12 of S2: its window is 2023-05-16 to 2023-07-15."""
    changes, expected = ENDED[case]
    data = {name: records or [dict.fromkeys(("USUBJID", "DSDECOD", "DSSTDTC"))] for name, records in changes.items()}
    assert status(followed({**EXAMPLE, **data}), "S2", "MONTH 12") == expected


def test_an_open_window_is_due_until_its_last_day_is_over(followed: Callable[..., pl.DataFrame]) -> None:
    """S1's third window: 2024-12-31 to 2025-04-30."""
    unseen = {**EXAMPLE, "SV": EXAMPLE["SV"][:2], "DS": [dict.fromkeys(("USUBJID", "DSDECOD"))]}
    days = (date(2024, 12, 30), date(2024, 12, 31), date(2025, 4, 30), date(2025, 5, 1))
    assert [status(followed(unseen, day), "S1", "YEAR 3") for day in days] == [
        ("NOT_DUE", "N"),
        ("DUE", "N"),
        ("DUE", "N"),
        ("OVERDUE", "Y"),
    ]


def test_the_number_of_attempts_is_that_of_rule_fu04(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    study = make_study(follow_up={"template": "GT-15Y"}, rules={"parameters": {"FU04": {"attempts": 4}}})
    adltf = derived(cutoff=CUT, study=study, **EXAMPLE).adltf
    assert status(adltf.with_columns(pl.col("USUBJID").cast(pl.String)), "S2", "MONTH 12") == ("OVERDUE", "Y")


def test_the_state_at_the_end_of_each_year(followed: Callable[..., pl.DataFrame]) -> None:
    """On the anniversaries by the cut-off; S3 died after its second."""
    ends = followed(EXAMPLE).filter(pl.col("PARAMCD") == "YEAREND")
    assert ends.select("USUBJID", "FUYEAR", "AVALC").rows() == [
        ("S1", 1, "FOLLOWED"), ("S1", 2, "FOLLOWED"), ("S1", 3, "FOLLOWED"),
        ("S2", 1, "LOST"), ("S2", 2, "LOST"), ("S2", 3, "LOST"),
        ("S3", 1, "FOLLOWED"), ("S3", 2, "FOLLOWED"),
    ]  # fmt: skip


def test_a_plan_may_count_from_the_last_infusion(followed: Callable[..., pl.DataFrame]) -> None:
    again = {"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-09-01"}
    adltf = followed(add("EX", again), anchor="INFUSION_LAST").filter(pl.col("AVISIT") == "MONTH 12")
    assert adltf["TARGETDT"].to_list() == [date(2023, 9, 1), date(2023, 6, 15), date(2024, 1, 20)]


def test_a_visit_with_a_number_is_told_by_it(followed: Callable[..., pl.DataFrame]) -> None:
    """Whatever the data calls it."""
    sv = [{"USUBJID": "S1", "VISITNUM": "12", "VISIT": "V12", "SVSTDTC": "2023-03-05"}]
    adltf = followed({**EXAMPLE, "SV": sv}, numbers={"MONTH 12": 12})
    assert status(adltf, "S1", "MONTH 12") == ("DONE_IN", "Y")
    assert status(adltf, "S1", "MONTH 24") == ("OVERDUE", "Y")


PLAN = [
    {"VISITNUM": "2", "VISIT": "YEAR 1", "TARGMON": "12", "TARGDAY": "365", "WIN_LO": "-30", "WIN_HI": "30",
     "MODE": "PHONE", "MANDITEM": "MALIGNANCY; PREGNANCY", "ANCHOR": "INFUSION_LAST"},
    {"VISITNUM": "1", "VISIT": "WEEK 1", "TARGMON": None, "TARGDAY": "7", "WIN_LO": None, "WIN_HI": "2",
     "MODE": None, "MANDITEM": None, "ANCHOR": None},
]  # fmt: skip


def test_the_plan_is_the_data_s_own_where_the_study_file_names_none(
    make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """Months govern; the study file's plan comes first; without either there is none."""
    plan = read_plan(make_data(LTFUPLAN=PLAN), make_study())
    assert [(visit.visit, visit.number, visit.day, visit.month, visit.window) for visit in plan.visits] == [
        ("WEEK 1", 1.0, 7, None, (0, 2)),
        ("YEAR 1", 2.0, None, 12, (-30, 30)),
    ]
    assert (plan.anchor, plan.visits[1].items, plan.years) == ("INFUSION_LAST", ("MALIGNANCY", "PREGNANCY"), (1,))
    named = read_plan(make_data(LTFUPLAN=PLAN), make_study(follow_up={"template": "ATMP-RMP"}))
    assert named.visits == TEMPLATES["ATMP-RMP"]
    assert not read_plan(make_data(DM=[{"USUBJID": "S1"}]), make_study()).visits


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"TARGMON": None, "TARGDAY": None}, "give its target"),
        ({"WIN_LO": "5"}, "a window is around its target"),
        ({"VISITNUM": "1"}, "stands twice"),
        ({"TARGMON": None, "TARGDAY": "9", "WIN_LO": "0"}, "overlap"),
        ({"MODE": "PIGEON"}, "PHONE"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(
    make_study: Callable[..., Study], make_data: Callable[..., SourceData], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceError) as raised:
        read_plan(make_data(LTFUPLAN=[{**PLAN[0], **change}, PLAN[1]]), make_study())
    assert raised.value.error_id == "LW-FUP-001"
    assert said in raised.value.one_line()


@pytest.mark.parametrize(
    ("follow_up", "said"),
    [
        ("{template: GT-5Y}", "GT-15Y"),
        ("{template: CUSTOM}", "CUSTOM"),
        ("{template: GT-15Y, visits: [{visit: A, day: 1}]}", "CUSTOM"),
        ("{template: GT-15Y, numbers: {MONTH 13: 4}}", "MONTH 13"),
        ("{template: CUSTOM, visits: [{visit: A, day: 1}, {visit: A, day: 9}]}", "stands twice"),
        ("{template: CUSTOM, visits: [{visit: A, day: 1, month: 2}]}", "not both"),
        # 28 days lie between 31 January and the end of February: the windows meet in some years only
        ("{template: CUSTOM, visits: [{visit: A, month: 1, window: [0, 14]}, {visit: B, month: 2, window: [-14, 0]}]}",
         "overlap"),
        ("{malignancies: [{name: A, terms: [X]}, {name: B, terms: [X]}]}", "X stands twice"),
    ],
)  # fmt: skip
def test_a_plan_of_the_study_file_is_checked(follow_up: str, said: str) -> None:
    text = (
        "longwatch: 1\nstudy: {id: S, title: T}\nsources: [{path: d}]\n"
        f"treatment: {{arms: [{{code: A, name: A}}]}}\nfollow_up: {follow_up}\n"
    )
    with pytest.raises(StudyError) as raised:
        parse_study(text, "study.yaml")
    assert said in str(raised.value)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_a_plan_that_can_be_followed(template: str, make_study: Callable[..., Study]) -> None:
    """No windows of a template meet, whatever the day of the infusion; each year of it ends with a visit."""
    plan = make_study(follow_up={"template": "CUSTOM", "visits": [v.model_dump() for v in TEMPLATES[template]]})
    years = {visit.year for visit in plan.follow_up.plan if visit.year}
    assert years == set(range(1, max(years) + 1))
