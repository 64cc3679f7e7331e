"""ADLB and ADVS: which result is baseline, what changed from it, which visit it is of, where it stands in its range."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.derive.followed_results import select_tests
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

Row = dict[str, Any]
# S1 is dosed on 2022-03-01 at 10:15.
USUAL: Row = {"USUBJID": "S1", "LBTESTCD": "ALT", "LBTEST": "ALT", "LBSTRESU": "U/L", "LBSTNRLO": 5.0, "LBSTNRHI": 40.0}


def result(value: float | None, day: str | None, visit: str = "WEEK 1", number: float = 5.0, **more: Any) -> Row:
    """A result of ALT."""
    text = None if value is None else f"{value:g}"
    placed = {"LBDTC": day, "VISIT": visit, "VISITNUM": number, "LBSTRESN": value, "LBSTRESC": text}
    return {**USUAL, **placed, **more}


@pytest.fixture
def adlb(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., list[Row]]:
    """ADLB of records of LB, by subject, parameter and time: `adlb([result(20, "2022-02-01")])`."""

    def make(records: list[Row], dm: Row | None = None, **study: Any) -> list[Row]:
        numbered = [{"LBSEQ": float(place), **record} for place, record in enumerate(records, start=1)]
        person = {"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", **(dm or {})}
        frame = derived(study=make_study(**study), DM=[person], LB=numbered).adlb
        return frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)).to_dicts()

    return make


def column(rows: list[Row], name: str) -> list[Any]:
    """One variable of all rows."""
    return [row[name] for row in rows]


def test_baseline_is_the_last_result_not_after_the_first_dose(adlb: Callable[..., list[Row]]) -> None:
    rows = adlb(
        [
            # before; on the day without a time; on the day, earlier; later that day; after; not known when
            result(10, "2022-02-01"),
            result(20, "2022-03-01"),
            result(30, "2022-03-01T09:00"),
            result(40, "2022-03-01T11:00"),
            result(50, "2022-03-08"),
            result(60, None),
        ]
    )
    by_value = {row["AVAL"]: (row["ABLFL"], row["ONTRTFL"], row["BASE"], row["CHG"], row["ADY"]) for row in rows}
    assert by_value == {
        10: (None, "N", 30, None, -28),
        20: (None, "N", 30, None, 1),
        30: ("Y", "N", 30, None, 1),
        40: (None, "Y", 30, 10, 1),
        50: (None, "Y", 30, 20, 8),
        60: (None, None, 30, None, None),
    }


@pytest.mark.parametrize(
    ("records", "baseline"),
    [
        # LBLOBXFL names it
        ([result(10, "2022-02-01", LBLOBXFL="Y"), result(20, "2022-02-08")], 10),
        # flagged twice: the last of them, never two
        ([result(10, "2022-02-01", LBLOBXFL="Y"), result(20, "2022-02-08", LBLOBXFL="Y")], 20),
        # LBLOBXFL is of another test: this one's last before the dose
        ([result(1, "2022-02-01", LBTESTCD="AST", LBLOBXFL="Y"), result(20, "2022-02-08")], 20),
        # the sponsor's own LBBLFL
        ([result(10, "2022-02-01", LBBLFL="Y"), result(20, "2022-02-08")], 10),
        # a partial date that lies wholly before the dose; one that may lie after it is no baseline
        ([result(10, "2022-01"), result(20, "2022-03")], 10),
        # two on one day: the later time, then the higher number
        ([result(10, "2022-02-01T09:00"), result(20, "2022-02-01T08:00"), result(30, "2022-02-01")], 10),
        ([result(10, "2022-02-01"), result(20, "2022-02-01")], 20),
        # nothing before the dose
        ([result(10, "2022-04-01")], None),
    ],
)
def test_which_result_is_baseline(adlb: Callable[..., list[Row]], records: list[Row], baseline: float | None) -> None:
    """Exactly one per test, or none."""
    rows = [row for row in adlb(records) if row["PARAMCD"] == "ALT"]
    assert [row["AVAL"] for row in rows if row["ABLFL"] == "Y"] == ([] if baseline is None else [baseline])
    assert set(column(rows, "BASE")) == {baseline}


def test_who_has_no_result_of_the_sponsors_baseline_has_none(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """LBBLFL is the sponsor's definition; LBLOBXFL only names the last result before exposure, which can be found."""
    found = {}
    for flag in ("LBBLFL", "LBLOBXFL"):
        first = result(10, "2022-02-01", LBSEQ=1.0, **{flag: "Y"})
        other = result(20, "2022-02-01", LBSEQ=1.0, USUBJID="S2", **{flag: None})
        people = [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL"} for name in ("S1", "S2")]
        dose = {"EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
        doses = [{"USUBJID": name, **dose} for name in ("S1", "S2")]
        found[flag] = derived(study=make_study(), DM=people, EX=doses, LB=[first, other]).adlb["BASE"].to_list()
    assert found == {"LBBLFL": [10, None], "LBLOBXFL": [10, 20]}


def test_a_baseline_is_of_one_time_point(adlb: Callable[..., list[Row]]) -> None:
    """Fasting is compared with fasting (C-peptide in a meal test)."""
    rows = adlb(
        [
            result(1, "2022-02-01", LBTPT="FASTING", LBTPTNUM=0.0),
            result(3, "2022-02-01", LBTPT="90 MIN", LBTPTNUM=90.0),
            result(2, "2022-06-01", LBTPT="FASTING", LBTPTNUM=0.0),
            result(9, "2022-06-01", LBTPT="90 MIN", LBTPTNUM=90.0),
        ]
    )
    assert {row["AVAL"]: row["CHG"] for row in rows} == {1: None, 3: None, 2: 1, 9: 6}


def test_change_percent_and_ratio(adlb: Callable[..., list[Row]]) -> None:
    rows = adlb([result(20, "2022-02-01"), result(30, "2022-04-01")])
    assert [(row["CHG"], row["PCHG"], row["R2BASE"]) for row in rows] == [(None, None, None), (10, 50, 1.5)]
    zero = adlb([result(0, "2022-02-01"), result(30, "2022-04-01")])[1]
    assert (zero["CHG"], zero["PCHG"], zero["R2BASE"]) == (30, None, None)


def test_a_result_below_the_limit_of_quantification_is_a_result_without_a_number(
    adlb: Callable[..., list[Row]],
) -> None:
    """It can be baseline; nothing is measured against it. A test not done is no result."""
    below = result(None, "2022-02-08", LBSTRESC="<0.5")
    not_done = result(None, "2022-02-09", LBSTRESC=None, LBSTAT="NOT DONE")
    rows = adlb([result(2, "2022-02-01"), below, not_done, result(3, "2022-04-01")])
    assert [(row["AVALC"], row["ABLFL"], row["BASE"], row["BASEC"], row["CHG"]) for row in rows] == [
        ("2", None, None, "<0.5", None),
        ("<0.5", "Y", None, "<0.5", None),
        ("3", None, None, "<0.5", None),
    ]


def test_two_units_are_two_parameters(adlb: Callable[..., list[Row]]) -> None:
    """Never mixed, never dropped (C-peptide in ng/mL and in nmol/L), and so are two specimens."""
    rows = adlb(
        [
            result(0.5, "2022-02-01", LBTESTCD="CPEPTIDE", LBTEST="C-peptide", LBSTRESU="nmol/L"),
            result(1.0, "2022-04-01", LBTESTCD="CPEPTIDE", LBTEST="C-peptide", LBSTRESU="ng/mL"),
            result(90, "2022-02-01", LBTESTCD="GLUC", LBTEST="Glucose", LBSTRESU="mg/dL", LBSPEC="BLOOD"),
            result(10, "2022-02-01", LBTESTCD="GLUC", LBTEST="Glucose", LBSTRESU="mg/dL", LBSPEC="URINE"),
            result(7.4, "2022-02-01", LBTESTCD="PH", LBTEST="pH", LBSTRESU=None, LBSPEC="BLOOD"),
        ]
    )
    assert {row["PARAM"]: row["CHG"] for row in rows} == {
        "C-peptide (nmol/L)": None,
        "C-peptide (ng/mL)": None,
        "Glucose, BLOOD (mg/dL)": None,
        "Glucose, URINE (mg/dL)": None,
        "pH": None,
    }


def test_where_a_result_stands_in_its_range(adlb: Callable[..., list[Row]]) -> None:
    cases: list[tuple[Row, str | None, float | None]] = [
        (result(4, "2022-04-01"), "LOW", 0.1),
        (result(5, "2022-04-02"), "NORMAL", 0.125),
        (result(40, "2022-04-03"), "NORMAL", 1.0),
        (result(41, "2022-04-04"), "HIGH", 1.025),
        # as the laboratory reports it, whatever the limits
        (result(41, "2022-04-05", LBNRIND="NORMAL"), "NORMAL", 1.025),
        # one limit; none; exchanged
        (result(41, "2022-04-06", LBSTNRLO=None), "HIGH", 1.025),
        (result(41, "2022-04-07", LBSTNRLO=None, LBSTNRHI=None), None, None),
        (result(41, "2022-04-08", LBSTNRLO=50.0), None, 1.025),
    ]
    rows = adlb([record for record, _, _ in cases])
    assert [(row["ANRIND"], row["R2ANRHI"]) for row in rows] == [(indicator, ratio) for _, indicator, ratio in cases]


def test_the_worst_results_after_the_first_dose(adlb: Callable[..., list[Row]]) -> None:
    """None before the dose; by range first, then by value; of equal ones the first; unscheduled ones too."""
    rows = adlb(
        [
            result(1, "2022-02-01"),
            result(45, "2022-03-05", LBSTNRHI=50.0),
            result(42, "2022-03-06", "UNSCHEDULED 1.1", 1.1),
            result(42, "2022-03-07"),
            result(3, "2022-03-08"),
        ]
    )
    flagged = {
        flag: [row["ADT"].day for row in rows if row[flag] == "Y"] for flag in ("WORS01FL", "WORS02FL", "WORS03FL")
    }
    assert flagged == {"WORS01FL": [8], "WORS02FL": [6], "WORS03FL": [6]}


def test_visits_that_are_analysed(adlb: Callable[..., list[Row]]) -> None:
    """By default the planned ones; of several results at one visit the last; the last value is of analysed visits."""
    records = [
        result(1, "2022-03-08", "WEEK 1", 5.0),
        result(2, "2022-03-09", "WEEK 1", 5.0),
        result(3, "2022-03-10", "UNSCHEDULED 5.1", 5.1),
        result(4, "2022-03-15", "WEEK 2", 6.0),
        result(5, "2022-03-20", "EXTRA", 6.5),
    ]
    rows = adlb(records)
    assert column(rows, "AVISIT") == ["WEEK 1", "WEEK 1", None, "WEEK 2", None]
    assert column(rows, "ANL01FL") == [None, "Y", None, "Y", None]
    assert column(rows, "AENTMTFL") == [None, None, None, "Y", None]
    named = adlb(records, visits={"analysed": ["EXTRA", "WEEK 1"], "several": "highest", "last_of": ["WEEK 1"]})
    assert column(named, "ANL01FL") == [None, "Y", None, None, "Y"]
    assert column(named, "AENTMTFL") == [None, "Y", None, None, None]
    first = adlb(records, visits={"several": "first"})
    assert column(first, "ANL01FL") == ["Y", None, None, "Y", None]


def test_what_is_known_at_the_cut_off(derived: Callable[..., AnalysisDatasets]) -> None:
    """A result taken after it is not there; nobody else's results are."""
    from datetime import date

    records = [result(1, "2022-04-01"), result(2, "2023-01-01"), result(3, "2022-04-01", USUBJID="NOBODY")]
    assert derived(cutoff=date(2022, 12, 31), LB=records).adlb["AVAL"].to_list() == [1]


def test_data_without_the_domain_has_no_results(derived: Callable[..., AnalysisDatasets]) -> None:
    datasets = derived()
    assert (datasets.adlb.height, datasets.advs.height) == (0, 0)
    assert {"PARAM", "AVAL", "ABLFL", "AVISIT", "SAFFL", "TRT01A"} <= set(datasets.dataset("ADLB").columns)
    with pytest.raises(KeyError):
        datasets.dataset("ADXX")


def creatinine(value: float, day: str, unit: str = "mg/dL", **more: Any) -> Row:
    """A result of creatinine."""
    return result(value, day, LBTESTCD="CREAT", LBTEST="Creatinine", LBSTRESU=unit, **more)


def test_egfr_is_computed_where_the_laboratory_reports_none(adlb: Callable[..., list[Row]]) -> None:
    """The man of 45 of spec C.4: 0.8 → 111.2, 1.4 → 63.2, a fall of 43.2 %; in micromoles the same."""
    man = {"AGE": 45.0, "SEX": "M"}
    rows = adlb([creatinine(0.8, "2022-02-28"), creatinine(1.4, "2022-06-01")], man)
    egfr = [row for row in rows if row["PARAMCD"] == "EGFR"]
    assert [round(row["AVAL"], 1) for row in egfr] == [111.2, 63.2]
    assert round(egfr[1]["PCHG"], 1) == -43.2
    assert column(egfr, "DTYPE") == ["COMPUTED", "COMPUTED"]
    converted = adlb([creatinine(0.8 * 88.4, "2022-02-28", "umol/L")], man)
    assert [round(row["AVAL"], 1) for row in converted if row["PARAMCD"] == "EGFR"] == [111.2]


@pytest.mark.parametrize(
    ("record", "person"),
    [
        (creatinine(0.8, "2022-02-28"), {"AGE": 45.0, "SEX": None}),
        (creatinine(0.8, "2022-02-28"), {"AGE": 17.0, "SEX": "M"}),
        (creatinine(0.8, "2022-02-28"), {"AGE": None, "SEX": "M"}),
        (creatinine(0.8, "2022-02-28", "g/L"), {"AGE": 45.0, "SEX": "M"}),
        (creatinine(80, "2022-02-28", LBSPEC="URINE"), {"AGE": 45.0, "SEX": "M"}),
    ],
)
def test_where_egfr_cannot_be_computed(adlb: Callable[..., list[Row]], record: Row, person: Row) -> None:
    assert column(adlb([record], person), "PARAMCD") == ["CREAT"]


def test_the_laboratorys_own_egfr_is_the_only_one(adlb: Callable[..., list[Row]]) -> None:
    own = result(70, "2022-02-28", LBTESTCD="EGFR", LBTEST="eGFR", LBSTRESU="mL/min/1.73m2")
    rows = adlb([creatinine(0.8, "2022-02-28"), own], {"AGE": 45.0, "SEX": "M"})
    assert [row["AVAL"] for row in rows if row["PARAMCD"] == "EGFR"] == [70]


GRADES = [
    # neutrophils, 10^9/L, lower limit 1.8 (CTCAE 5.0: <LLN, <1.5, <1.0, <0.5)
    ("NEUT", "10^9/L", 1.8, None, [1.8, 1.79, 1.5, 1.49, 0.99, 0.5, 0.49], ["0", "1", "1", "2", "3", "3", "4"]),
    ("NEUT", "/uL", 1800.0, None, [1799.0, 999.0], ["1", "3"]),
    ("NEUT", "per bottle", 1.8, None, [1.0], [None]),
    # ALT by multiples of ULN (1, 3, 5, 20)
    ("ALT", "U/L", 5.0, 40.0, [40.0, 40.1, 120.0, 120.1, 200.1, 800.1], ["0", "1", "1", "2", "3", "4"]),
    ("ALT", "U/L", 5.0, None, [100.0], [None]),
    ("SODIUM", "mmol/L", 135.0, 145.0, [120.0], [None]),
]  # fmt: skip


@pytest.mark.parametrize(("test", "unit", "low", "high", "values", "grades"), GRADES)
def test_grades_by_number(
    adlb: Callable[..., list[Row]],
    test: str,
    unit: str,
    low: float | None,
    high: float | None,
    values: list[float],
    grades: list[str | None],
) -> None:
    """A limit itself belongs to the lower grade."""
    of = {"LBTESTCD": test, "LBSTRESU": unit, "LBSTNRLO": low, "LBSTNRHI": high}
    records = [result(value, f"2022-04-{day:02d}", **of) for day, value in enumerate(values, start=1)]
    assert column(adlb(records), "ATOXGR") == grades


def test_an_abnormal_baseline_is_what_grades_are_counted_from(adlb: Callable[..., list[Row]]) -> None:
    """ALT twice the upper limit at baseline: 1.5, 3, 5 times that; the baseline itself by the limit."""
    values = {"02": 80, "04": 110, "05": 241, "06": 401}
    rows = adlb([result(value, f"2022-{month}-01") for month, value in values.items()])
    assert column(rows, "ATOXGR") == ["1", "0", "2", "3"]
    assert set(column(rows, "BTOXGR")) == {"1"}


def test_grades_that_the_data_has_are_kept(adlb: Callable[..., list[Row]]) -> None:
    """Without the sign that says the direction; a test that is graded anywhere is not graded again."""
    rows = adlb(
        [result(10, "2022-04-01", LBTOXGR="-3"), result(900, "2022-04-02"), result(5, "2022-04-03", LBTOXGR="x")]
    )
    assert column(rows, "ATOXGR") == ["3", None, None]


@pytest.mark.parametrize(("version", "grade"), [("", "2"), ("5.0", "2"), ("5", "2"), ("4.03", None), ("6.0", None)])
def test_grades_of_two_versions_are_never_mixed(
    adlb: Callable[..., list[Row]], version: str, grade: str | None
) -> None:
    """A study graded by another version of CTCAE gets no grades by the numbers of 5.0."""
    rows = adlb([result(130, "2022-04-01")], dictionaries={"ctcae": version})
    assert column(rows, "ATOXGR") == [grade]


def test_what_follow_up_looks_at_is_what_adlb_has(
    make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """EGFR computed from creatinine, and the tests of criteria, derived without the others: the same records. The
    sponsor's flag (LBLOBXFL) is on another test alone: the domain has it, and LBBLFL does not count for NEUT."""

    def of(seq: int, test: str, day: str, value: float, **more: str) -> Row:
        return {"USUBJID": "S1", "LBSEQ": float(seq), "LBTESTCD": test, "LBSTRESN": value, "LBSTRESU": "mg/dL",
                "LBDTC": day, "LBLOBXFL": None, "LBBLFL": None, **more}  # fmt: skip

    study = make_study(aesi=[{"name": "N", "laboratory": [
        {"analyte": "NEUT", "comparison": "below", "value": 1, "unit": "mg/dL"}]}])  # fmt: skip
    data = make_data(
        DM=[{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "AGE": 45.0, "SEX": "M"}],
        EX=[{"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}],
        AE=[{"USUBJID": "S1", "AEDECOD": "X", "AEBODSYS": "Y", "AESTDTC": "2022-04-01"}],
        LB=[
            of(1, "CREAT", "2022-02-01", 0.8), of(2, "CREAT", "2022-05-01", 1.4),
            of(3, "NEUT", "2022-02-01", 2.0, LBBLFL="Y"), of(4, "NEUT", "2022-02-10", 3.0),
            of(5, "NEUT", "2022-05-01", 0.5), of(6, "ALT", "2022-02-01", 9.0, LBLOBXFL="Y"),
        ],
    )  # fmt: skip
    whole, alone = (derive(data, study, date(2023, 12, 31)) for _ in range(2))
    chosen = select_tests(whole.adlb, {"EGFR", "NEUT"})
    assert as_rows(alone.followed_results) == as_rows(chosen)
    assert set(chosen["PARAMCD"].cast(str)) == {"EGFR", "NEUT"}
    assert whole.followed_results.height == 5


def as_rows(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)).rows()
