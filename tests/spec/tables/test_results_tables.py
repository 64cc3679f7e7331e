"""Tables of laboratory results and vital signs: by visit, beyond levels, shifts, grades, liver screening."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.stats.differences import compute_miettinen_nurminen
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import choose_widest, explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Row = dict[str, Any]
Data = dict[str, list[Row]]
CODES = (
    "VST01", "LBT01", "KIDT01", "LBT04", "LBT07", "LBT14", "LBT_SHIFT", "LBT_LEVELS", "LBT_LAST", "LBL01", "LBL02",
    "LBT_HEP", "LBT_CHOL", "LBL_HYSLAW", "LBG_HEP", "LBG_CHOL", "LBG01", "VSG01", "LBG02", "VSG02", "LBG03", "VSG03",
    "LBG_SHARE", "VST_SBP", "VST_DBP", "VST_HYPO",
)  # fmt: skip
TESTS = {
    "ALT": ("ALT", "U/L", 5.0, 40.0), "AST": ("AST", "U/L", 5.0, 40.0), "ALP": ("ALP", "U/L", 40.0, 100.0),
    "BILI": ("Bilirubin", "mg/dL", 0.1, 1.0), "NEUT": ("Neutrophils", "10^9/L", 1.8, 7.5),
    "CREAT": ("Creatinine", "mg/dL", 0.5, 1.2), "HGB": ("Hemoglobin", "g/dL", 12.0, 17.0),
    "GLUC": ("Glucose", "mg/dL", 70.0, 100.0),
}  # fmt: skip
DOSED = "2022-03-01"
MAN = {"AGE": 45.0, "SEX": "M"}
NUMBER = {"SCREENING": 1.0, "WEEK 4": 5.0, "WEEK 12": 6.0}


def lab(subject: str, test: str, value: float | None, day: int, visit: str = "WEEK 4", **more: Any) -> Row:
    """A result so many days after the first dose (before it, where negative)."""
    name, unit, low, high = TESTS[test]
    when = (pl.Series([DOSED]).str.to_date().dt.offset_by(f"{day}d"))[0].isoformat()
    return {
        "USUBJID": subject, "LBTESTCD": test, "LBTEST": name, "LBCAT": "LAB", "LBSTRESN": value,
        "LBSTRESC": None if value is None else f"{value:g}", "LBSTRESU": unit, "LBSTNRLO": low, "LBSTNRHI": high,
        "LBDTC": when, "VISIT": visit, "VISITNUM": NUMBER.get(visit, 5.1), **more,
    }  # fmt: skip


def sign(subject: str, value: float, day: int, visit: str, point: str) -> Row:
    """A systolic pressure."""
    when = (pl.Series([DOSED]).str.to_date().dt.offset_by(f"{day}d"))[0].isoformat()
    return {
        "USUBJID": subject, "VSTESTCD": "SYSBP", "VSTEST": "Systolic Blood Pressure", "VSSTRESN": value,
        "VSSTRESC": f"{value:g}", "VSSTRESU": "mmHg", "VSDTC": when, "VISIT": visit, "VISITNUM": NUMBER[visit],
        "VSTPT": point, "VSTPTNUM": 1.0 if point == "SUPINE" else 2.0,
    }  # fmt: skip


def trial(subjects: dict[str, str], lb: list[Row], vs: list[Row] = []) -> Data:  # noqa: B006 - never changed
    """Subjects by arm, each dosed on DOSED."""
    return {
        "DM": [{"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm, **MAN} for name, arm in subjects.items()],
        "EX": [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": DOSED} for name in subjects],
        "LB": [{**record, "LBSEQ": float(place)} for place, record in enumerate(lb, start=1)],
        "VS": [{**record, "VSSEQ": float(place)} for place, record in enumerate(vs, start=1)],
    }  # fmt: skip


@pytest.fixture
def made(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., TableResult]:
    """A table of a trial; every count of it is counted again from its source."""

    def make(code: str, data: Data, parameters: dict[str, object] | None = None, **study: Any) -> TableResult:
        changed = make_study(**study)
        datasets = derived(study=changed, **{name: rows for name, rows in data.items() if rows})
        table = make_table(code, datasets, changed, parameters)
        for item in table.statistics:
            explain(datasets, item)
        return table

    return make


def cell(table: TableResult, group: str, row: str, column: str, *names: str) -> tuple[Any, ...]:
    """Values of a cell, by name of the statistic."""
    found = {item.statistic: item.value for item in find_cell(table, group, row, column)}
    return tuple(found[name] for name in names)


ARMS = {"S1": "CELL", "S2": "CELL", "S3": "CELL", "S4": "CELL", "S5": "CELL", "S6": "SOC"}
NEUTROPHILS = {  # baseline → worst grade, spec C.3: 0→0, 0→2, 0→3, 1→3, missing→1
    "S1": (4.0, 3.0), "S2": (4.0, 1.2), "S3": (4.0, 0.7), "S4": (1.6, 0.6), "S5": (None, 1.7),
}  # fmt: skip


def test_shift_of_grades_of_the_specification(made: Callable[..., TableResult]) -> None:
    """Base 0: [1, 0, 1, 1], base 1: [0, 0, 0, 1], missing: [0, 1, 0, 0]; Ns 4, so that 0→3 is 25.0 % (spec C.3)."""
    records = [
        record
        for subject, (before, after) in NEUTROPHILS.items()
        for record in (
            *([lab(subject, "NEUT", before, -5, "SCREENING")] if before else []),
            lab(subject, "NEUT", 5.0, 10),
            lab(subject, "NEUT", after, 40, "UNSCHEDULED 5.1"),
        )
    ]
    table = made("LBT14", trial(ARMS, records))
    group = "Neutrophils (10^9/L), highest grade"
    counts = {
        base: [cell(table, group, f"{base} to {grade}", "Islet cells", "n")[0] for grade in range(4)]
        for base in ("0", "1", "Missing")
    }
    assert counts == {"0": [1, 0, 1, 1], "1": [0, 0, 0, 1], "Missing": [0, 1, 0, 0]}
    assert cell(table, group, "0 to 3", "Islet cells", "Ns", "pct_ns") == (4, 25.0)
    printed = [row.cells for row in table.rows if row.row == "0 to"]
    assert printed[0] == ("0", "1 (25.0)", "0", "1 (25.0)", "1 (25.0)", "0")


def test_shift_by_range_is_counted_by_the_lowest_and_by_the_highest(made: Callable[..., TableResult]) -> None:
    records = [lab("S1", "ALT", 20, -5, "SCREENING"), lab("S1", "ALT", 3, 10), lab("S1", "ALT", 90, 20)]
    table = made("LBT_SHIFT", trial(ARMS, records))
    found = {
        (item.row_group, item.row)
        for item in table.statistics
        if item.statistic == "n" and item.value and item.column == "Total"
    }
    assert found == {("ALT (U/L), lowest", "NORMAL to LOW"), ("ALT (U/L), highest", "NORMAL to HIGH")}


LIVER = [
    # A: ALT 4.1 × ULN on day 10, bilirubin 2.3 on day 25: a case within 30 days
    lab("S1", "ALT", 164, 9), lab("S1", "BILI", 2.3, 24), lab("S1", "ALP", 90, 9),
    # B: ALT 3.5 on day 12, bilirubin 2.1 on day 60: a case, 48 days apart
    lab("S2", "ALT", 140, 11), lab("S2", "BILI", 2.1, 59), lab("S2", "ALP", 250, 5),
    # C: bilirubin 2.5 on day 5, ALT 3.2 on day 20, no bilirubin after it: by maxima alone
    lab("S3", "BILI", 2.5, 4), lab("S3", "ALT", 128, 19), lab("S3", "BILI", 1.0, 30),
    # cholestasis; Temple's corollary by AST; no bilirubin
    lab("S4", "ALT", 20, 9), lab("S4", "BILI", 3.0, 9), lab("S4", "ALP", 300, 9),
    lab("S5", "AST", 120, 9), lab("S5", "BILI", 0.5, 9),
    lab("S6", "ALT", 400, 9),
]  # fmt: skip


def test_potential_hys_law_cases_need_the_order_of_the_two(made: Callable[..., TableResult]) -> None:
    """A, B and C of spec C.3, trap J.10: all three in the quadrant, A and B cases, A alone within 30 days."""
    table = made("LBT_HEP", trial(ARMS, LIVER))
    quadrant, case = "Quadrant by highest values", "Potential Hy's law case"
    assert cell(table, quadrant, "Upper right", "Islet cells", "n", "Ns") == (3, 5)
    assert cell(table, case, "", "Islet cells", "n") == (2,)
    assert cell(table, case, "Within the window", "Islet cells", "n") == (1,)
    assert cell(table, quadrant, "Upper left", "Islet cells", "n") == (1,)
    assert cell(table, quadrant, "Lower right", "Islet cells", "n") == (1,)
    assert cell(table, quadrant, "Upper right", "Standard of care", "n", "Ns") == (0, 0)
    assert cell(table, case, "ALP below", "Islet cells", "n") == (1,)
    assert cell(table, case, "ALP at least", "Islet cells", "n") == (1,)


def test_cases_are_listed_with_the_days_between(made: Callable[..., TableResult]) -> None:
    rows = made("LBL_HYSLAW", trial(ARMS, LIVER)).rows
    assert [(row.label, *row.cells[1:]) for row in rows] == [
        ("S1", "4.1", "Not known", "2.3", "2022-03-10", "2022-03-25", "15", "Y", "0.9", "N"),
        ("S2", "3.5", "Not known", "2.1", "2022-03-12", "2022-04-29", "48", "N", "2.5", "Y"),
    ]


def test_the_first_days_after_an_infusion_may_be_left_out(made: Callable[..., TableResult]) -> None:
    """An infusion into the portal vein lifts transaminases; the window is the study's."""
    table = made("LBT_HEP", trial(ARMS, LIVER), laboratory={"liver_from_day": 11, "liver_within_days": 50})
    case = "Potential Hy's law case"
    assert cell(table, case, "", "Islet cells", "n") == (1,)
    assert cell(table, case, "Within the window", "Islet cells", "n") == (1,)


def test_levels_are_cumulative(made: Callable[..., TableResult]) -> None:
    """ALT 11 × ULN is in levels 1, 2 and 3; exactly 3 × ULN in none; eGFR 111.2 → 63.2 in level 1 alone (spec J.12)."""
    records = [
        lab("S1", "ALT", 440, 10), lab("S1", "ALT", 20, 20), lab("S2", "ALT", 120, 10), lab("S3", "ALT", 20, 10),
        lab("S1", "CREAT", 0.8, -1, "SCREENING"), lab("S1", "CREAT", 1.4, 90), lab("S2", "CREAT", 1.4, 90),
        lab("S4", "ALT", 500, -5, "SCREENING"),
    ]  # fmt: skip
    table = made("LBT_LEVELS", trial(ARMS, records))
    alt = [cell(table, "Liver", f"ALT: Level {level}", "Islet cells", "n", "Ns") for level in (1, 2, 3)]
    assert alt == [(1, 3), (1, 3), (1, 3)]
    egfr = [cell(table, "Kidney", f"eGFR: Level {level}", "Islet cells", "n", "Ns") for level in (1, 2, 3)]
    assert egfr == [(1, 1), (0, 1), (0, 1)]
    creatinine = [cell(table, "Kidney", f"Creatinine: Level {level}", "Total", "n") for level in (1, 2, 3)]
    assert creatinine == [(1,), (0,), (0,)]
    assert any("Without a result that can be compared: AST; ALP; Total bilirubin;" in note for note in table.footnotes)


def test_a_result_exactly_at_a_limit_is_at_it(made: Callable[..., TableResult]) -> None:
    """Decimal arithmetic: 1.2 is 1.5 times 0.8, which is in level 1 (>= 1.5), and 7.3 is 1.5 less than 8.8, which is
    not in level 2 (< -1.5). In binary numbers the one is 1.4999999999999998, and the other -1.5000000000000009."""
    assert (1.2 / 0.8 < 1.5, 7.3 - 8.8 < -1.5) == (True, True)
    records = [
        lab("S1", "CREAT", 0.8, -1, "SCREENING"), lab("S1", "CREAT", 1.2, 10),
        lab("S1", "HGB", 8.8, -5, "SCREENING"), lab("S1", "HGB", 7.3, 10),
        lab("S2", "HGB", 8.8, -5, "SCREENING"), lab("S2", "HGB", 7.2, 10),
    ]  # fmt: skip
    table = made("LBT_LEVELS", trial(ARMS, records))
    assert cell(table, "Kidney", "Creatinine: Level 1", "Islet cells", "n", "Ns") == (1, 1)
    assert cell(table, "Haematology", "Haemoglobin, decrease: Level 2", "Islet cells", "n", "Ns") == (1, 2)


def test_behind_a_level_are_the_results_beyond_it(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """And not all that could have been: those are behind Ns."""
    data = trial(ARMS, [lab("S1", "ALT", 440, 10), lab("S2", "ALT", 20, 10), lab("S2", "ALT", 30, 20)])
    datasets = derived(study=make_study(), **{name: rows for name, rows in data.items() if rows})
    table = make_table("LBT_LEVELS", datasets, make_study())
    found = [explain(datasets, item) for item in find_cell(table, "Liver", "ALT: Level 1", "Islet cells")]
    assert {item.statistic.statistic: item.records.height for item in found} == {"Ns": 3, "n": 1, "pct_ns": 1}
    assert choose_widest(found).records["AVAL"].to_list() == [440]


def test_limits_hold_in_every_known_unit(made: Callable[..., TableResult]) -> None:
    """Neutrophils per microlitre and in 10^9/L; in a unit that nobody knows they are named, and not compared."""
    records = [
        lab("S1", "NEUT", 900.0, 10, LBSTRESU="/uL"), lab("S2", "NEUT", 0.9, 10),
        lab("S3", "NEUT", 0.1, 10, LBSTRESU="?"),
        lab("S4", "HGB", 15.0, -5, "SCREENING"), lab("S4", "HGB", 12.9, 10),
    ]  # fmt: skip
    table = made("LBT_LEVELS", trial(ARMS, records))
    assert cell(table, "Haematology", "Neutrophils: Level 2", "Islet cells", "n", "Ns") == (2, 2)
    assert cell(table, "Haematology", "Haemoglobin, decrease: Level 3", "Islet cells", "n", "Ns") == (1, 1)
    assert any("Not compared, the unit being unknown: NEUT in ?." in note for note in table.footnotes)


def test_the_study_may_set_its_own_levels(made: Callable[..., TableResult]) -> None:
    table = made("LBT_LEVELS", trial(ARMS, [lab("S1", "ALT", 90, 10)]), laboratory={"levels": {"ALT": [2.0]}})
    assert cell(table, "Liver", "ALT: Level 1", "Islet cells", "n") == (1,)
    assert [row.label for row in table.rows if row.level == 2] == ["Level 1: > 2 x ULN"]
    assert any("The study's own limits: ALT." in note for note in table.footnotes)


def test_fasting_glucose_has_limits_of_its_own(made: Callable[..., TableResult]) -> None:
    records = [lab("S1", "GLUC", 130, 10, LBFAST="Y"), lab("S2", "GLUC", 130, 10, LBFAST=None)]
    table = made("LBT_LEVELS", trial(ARMS, records), {"blocks": ("Chemistry",)})
    assert cell(table, "Chemistry", "Glucose, high, fasting: Level 2", "Total", "n", "Ns") == (1, 1)
    assert cell(table, "Chemistry", "Glucose, high, random: Level 2", "Total", "n", "Ns") == (0, 1)


def test_the_last_value_alone(made: Callable[..., TableResult]) -> None:
    records = [lab("S1", "ALT", 440, 10), lab("S1", "ALT", 20, 80, "WEEK 12"), lab("S2", "ALT", 440, 80, "WEEK 12")]
    table = made("LBT_LAST", trial(ARMS, records))
    assert cell(table, "Liver", "ALT: Level 2", "Islet cells", "n", "Ns") == (1, 2)


def test_every_result_is_listed_with_what_it_is_compared_with(made: Callable[..., TableResult]) -> None:
    """ICH E3 16.2.8: text and partial dates as collected, not done is no result, by test and time; a number is the
    decimal one that was meant; of nobody who was not dosed; a code that is not asked for is left out."""
    records = [
        lab("S6", "ALT", 440, 10, LBSTNRHI=5.3999999999999995), lab("S6", "ALT", 20, -5, "SCREENING"),
        lab("S6", "NEUT", None, 10, LBSTAT="NOT DONE"), lab("S6", "BILI", None, 10, LBSTRESC="<0.2", LBTPT="FASTING"),
        lab("S1", "ALT", 30, 10, "UNSCHEDULED 5.1", LBDTC="2022-03"), lab("X1", "ALT", 30, 10),
    ]  # fmt: skip
    undosed = {"USUBJID": "X1", "ARMCD": "CELL", "ACTARMCD": "CELL"}
    data = trial(ARMS, records)
    table = made("LBL01", {**data, "DM": [*data["DM"], undosed]})
    nothing = ("",) * 6
    assert [(row.label, *row.cells) for row in table.rows] == [
        ("S1, Islet cells", *nothing), ("ALT (U/L)", *nothing),
        ("2022-03", "UNSCHEDULED 5.1", "30", "5 to 40", "NORMAL", "0", ""),
        ("S6, Standard of care", *nothing), ("ALT (U/L)", *nothing),
        ("2022-02-24 (-5)", "SCREENING", "20", "5 to 40", "NORMAL", "0", "Y"),
        ("2022-03-11 (11)", "WEEK 4", "440", "5 to 5.4", "HIGH", "4", ""),
        ("Bilirubin (mg/dL)", *nothing),
        ("2022-03-11 (11)", "WEEK 4 / FASTING", "<0.2", "0.1 to 1", "–", "–", ""),
    ]  # fmt: skip
    assert cell(table, "S6", "ALT (U/L)", "Standard of care", "records", "records") == (2, 2)
    assert cell(table, "Results listed", "", "Total", "n", "records") == (2, 4)
    assert {row.row for row in made("LBL01", data, {"tests": ("BILI",)}).rows} == {"", "Bilirubin (mg/dL)"}


def test_results_beyond_level_2_are_listed(made: Callable[..., TableResult]) -> None:
    records = [
        lab("S1", "ALT", 20, -5, "SCREENING"), lab("S1", "ALT", 440, 10), lab("S1", "ALT", 150, 20),
        lab("S6", "NEUT", 0.9, 10, "UNSCHEDULED 5.1"),
    ]  # fmt: skip
    table = made("LBL02", trial(ARMS, records))
    assert [(row.label, *row.cells) for row in table.rows] == [
        ("S1", "Islet cells", "ALT", "11", "WEEK 4", "440 U/L", "20", "11", "3"),
        ("S6", "Standard of care", "Neutrophils", "11", "UNSCHEDULED 5.1", "0.9 10^9/L", "Not known", "0.9", "2"),
    ]
    assert len(made("LBL02", trial(ARMS, records), {"level": 1}).rows) == 3


def test_abnormalities_that_baseline_did_not_have(made: Callable[..., TableResult]) -> None:
    """High at baseline is not at risk of becoming high; no baseline is."""
    records = [
        lab("S1", "ALT", 90, -5, "SCREENING"), lab("S1", "ALT", 95, 10),
        lab("S2", "ALT", 20, -5, "SCREENING"), lab("S2", "ALT", 95, 10), lab("S3", "ALT", 95, 10),
    ]  # fmt: skip
    table = made("LBT04", trial(ARMS, records))
    assert cell(table, "ALT (U/L)", "High", "Islet cells", "n", "Ns") == (2, 2)
    assert cell(table, "ALT (U/L)", "Low", "Islet cells", "n", "Ns") == (0, 3)


def test_a_point_per_subject_and_a_ring_within_the_window(made: Callable[..., TableResult]) -> None:
    """A is ringed, B and C are not; every point is a number of the table; a value of 0 has no logarithm."""
    table = made("LBG_HEP", trial(ARMS, LIVER))
    assert table.chart is not None
    points = {(round(point.x, 1), point.y): point.ring for series in table.chart.series for point in series.points}
    assert points == {(4.1, 2.3): True, (3.5, 2.1): False, (3.2, 2.5): False, (0.5, 3.0): False, (3.0, 0.5): False}
    values = {item.value for item in table.statistics}
    assert {value for point in table.chart.series[0].points for value in (point.x, point.y)} <= values
    assert [reference.at for reference in table.chart.references] == [3.0, 2.0]
    nothing = made("LBG_HEP", trial(ARMS, [lab("S1", "ALT", 20, 9), lab("S1", "BILI", 0.0, 9)]))
    assert nothing.chart is not None
    assert nothing.chart.is_empty
    assert len(nothing.rows) == 1
    assert "Not drawn, a highest value being 0: 1 subjects." in nothing.footnotes


def test_mean_change_with_its_interval(made: Callable[..., TableResult]) -> None:
    """Supine and standing are not mixed; what is not drawn is named."""
    table = made("VSG01", trial(ARMS, [], SIGNS))
    assert table.chart is not None
    [cells] = [row.cells for row in table.rows]
    assert cells == ("n=2: 2.0 (-99.6, 103.6)", "n=1: 1.0 (NE, NE)")
    plotted = {value for _, value in table.chart.plotted()}
    assert plotted <= {item.value for item in table.statistics}
    assert "Not drawn: Systolic Blood Pressure (mmHg), SUPINE." in table.footnotes
    assert made("VSG01", trial(ARMS, [], SIGNS), {"test": "PULSE"}).chart.is_empty  # type: ignore[union-attr]


OF_THE_ARM = {f"S{place}": "CELL" for place in range(1, 9)}
BOXED = [  # SAS's quartiles of the eight: 11 and 17, fences 2 and 26; 26 stands on one, 26.5 is beyond it
    lab(subject, "ALT", value, 28)
    for subject, value in zip(OF_THE_ARM, (10.0, 10.0, 12.0, 13.0, 14.0, 15.0, 19.0, 26.5), strict=True)
]


def test_a_box_ends_at_quartiles_and_its_whiskers_at_values(made: Callable[..., TableResult]) -> None:
    """Worked by hand: Q1 (10 + 12) / 2 = 11, Q3 (15 + 19) / 2 = 17, so the fences are 2 and 26."""
    table = made("LBG02", trial(OF_THE_ARM, BOXED))
    group, names = "ALT (U/L)", ("n", "q1", "median", "q3", "whisker_low", "whisker_high", "outliers")
    assert cell(table, group, "WEEK 4", "Islet cells", *names) == (8, 11, 13.5, 17, 10, 19, 1)
    assert cell(table, group, "WEEK 4, S8", "Islet cells", "outlier") == (26.5,)
    assert table.chart is not None
    [point] = table.chart.series[0].points
    assert point.box is not None
    assert (point.low, point.box.first_quartile, point.y, point.box.third_quartile, point.high) == (
        10,
        11,
        13.5,
        17,
        19,
    )
    assert point.box.outliers == (26.5,)
    assert {value for _, value in table.chart.plotted()} <= {item.value for item in table.statistics}
    on_the_fence = made("LBG02", trial(OF_THE_ARM, [*BOXED[:-1], lab("S8", "ALT", 26.0, 28)]))
    assert cell(on_the_fence, group, "WEEK 4", "Islet cells", "whisker_high", "outliers") == (26, 0)


def test_a_fence_is_met_exactly_by_decimals(made: Callable[..., TableResult]) -> None:
    """A tenth of the numbers above: 2.6 stands on the fence, though 1.7 + 1.5 * (1.7 - 1.1) is a bit less in binary."""
    tenths = [{**record, "LBSTRESN": record["LBSTRESN"] / 10} for record in BOXED[:-1]]
    table = made("LBG02", trial(OF_THE_ARM, [*tenths, lab("S8", "ALT", 2.6, 28)]))
    assert cell(table, "ALT (U/L)", "WEEK 4", "Islet cells", "whisker_high", "outliers") == (2.6, 0)


def test_behind_an_outlier_stands_its_subject(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """Behind their number all outliers, behind the one its record."""
    datasets = derived(study=make_study(), **{name: rows for name, rows in trial(OF_THE_ARM, BOXED).items() if rows})
    table = make_table("LBG02", datasets, make_study())
    number = next(item for item in table.statistics if item.statistic == "outliers" and item.value)
    alone = next(item for item in table.statistics if item.statistic == "outlier")
    assert explain(datasets, number).counted == 1
    for item in (number, alone):
        assert explain(datasets, item).records["AVAL"].to_list() == [26.5]


def test_the_greatest_changes_are_of_all_results(made: Callable[..., TableResult]) -> None:
    """Unscheduled visits count, results before the dose and subjects without a baseline do not."""
    records = [
        lab("S1", "ALT", 20, -5, "SCREENING"), lab("S1", "ALT", 90, 10, "UNSCHEDULED 5.1"), lab("S1", "ALT", 15, 28),
        lab("S2", "ALT", 30, -5, "SCREENING"), lab("S2", "ALT", 36, 28), lab("S2", "ALT", 40, 84, "WEEK 12"),
        lab("S3", "ALT", 99, 28),
    ]  # fmt: skip
    table = made("LBG03", trial(ARMS, records))
    names = ("change_n", "change_min", "change_max")
    assert cell(table, "ALT (U/L)", "Highest change", "Islet cells", *names) == (2, 10, 70)
    assert cell(table, "ALT (U/L)", "Lowest change", "Islet cells", *names) == (2, -5, 6)
    assert table.chart is not None
    assert [reference.at for reference in table.chart.references] == [0.0]


def test_who_is_there_and_who_has_a_result(made: Callable[..., TableResult]) -> None:
    """S1 and S2 are followed to week 12, S2 has no result there; S3 leaves before."""
    data = trial({"S1": "CELL", "S2": "CELL", "S3": "CELL"}, [
        lab("S1", "ALT", 20, 28), lab("S2", "ALT", 20, 28), lab("S3", "ALT", 20, 28),
        lab("S1", "ALT", 20, 84, "WEEK 12"),
    ])  # fmt: skip
    seen = {"S1": "2022-12-01", "S2": "2022-12-01", "S3": "2022-04-01"}
    data["SV"] = [{"USUBJID": name, "SVSTDTC": day} for name, day in seen.items()]
    table = made("LBG_SHARE", data)
    found = {
        (visit, row): cell(table, visit, row, "Islet cells", "n")[0]
        for visit in ("WEEK 4", "WEEK 12")
        for row in ("In the trial", "With a result")
    }
    assert found == {
        ("WEEK 4", "In the trial"): 3,
        ("WEEK 4", "With a result"): 3,
        ("WEEK 12", "In the trial"): 2,
        ("WEEK 12", "With a result"): 1,
    }
    assert table.chart is not None
    assert {value for _, value in table.chart.plotted()} <= {item.value for item in table.statistics}


SIGNS = [
    sign(subject, value, day, visit, point)
    for subject, values in {"S1": (120, 130), "S2": (140, 134), "S6": (110, 111)}.items()
    for value, day, visit in zip(values, (-3, 28), ("SCREENING", "WEEK 4"), strict=True)
    for point in ("SUPINE", "STANDING")
]


def test_values_and_changes_by_visit(made: Callable[..., TableResult]) -> None:
    """Each subject once per time point; taken together, results are described."""
    table = made("VST01", trial(ARMS, [], SIGNS))
    group = "Systolic Blood Pressure (mmHg), SUPINE"
    found = cell(table, group, "WEEK 4", "Islet cells", "n", "mean", "median", "change_n", "change_mean", "change_sd")
    assert found == (2, 132, 132, 2, 2, pytest.approx(11.313708498984761))
    assert cell(table, group, "Baseline", "Islet cells", "n", "mean") == (2, 130)
    together = made("VST01", trial(ARMS, [], SIGNS), {"together": True, "last_value": True})
    group = "Systolic Blood Pressure (mmHg)"
    assert cell(together, group, "WEEK 4", "Total", "records", "change_records") == (6, 6)
    assert cell(together, group, "Last value", "Total", "records", "mean") == (6, 125)


PRESSURES = [
    {**sign(subject, value, day, visit, "SUPINE"), "VSTESTCD": test, "VSTEST": test, **more}
    for subject, test, value, day, visit, more in (
        ("S1", "SYSBP", 200.0, -3, "SCREENING", {}),  # before the dose
        ("S1", "SYSBP", 85.0, 28, "WEEK 4", {}),
        ("S1", "SYSBP", 160.0, 84, "WEEK 12", {}),
        ("S2", "SYSBP", 89.5, 28, "WEEK 4", {}),
        ("S3", "SYSBP", 90.0, 28, "WEEK 4", {}),
        ("S4", "SYSBP", 250.0, 28, "WEEK 4", {"VSSTRESU": "kPa"}),
        ("S1", "DIABP", 60.0, 28, "WEEK 4", {}),
        ("S2", "DIABP", 59.0, 28, "WEEK 4", {}),
        ("S6", "DIABP", 120.0, 28, "WEEK 4", {}),
    )
]


def test_blood_pressure_by_its_highest_and_its_lowest(made: Callable[..., TableResult]) -> None:
    """One subject is low once and high once: in both tables, and in every category up to 160. Another unit is not
    compared, a pressure before the dose does not count."""
    name, data = "Systolic blood pressure", trial(ARMS, [], PRESSURES)
    systolic = made("VST_SBP", data)
    counts = {row.row: cell(systolic, name, row.row, "Islet cells", "n", "Ns") for row in systolic.rows if row.row}
    assert counts == {"< 90": (1, 3), ">= 90": (2, 3), ">= 120": (1, 3), ">= 140": (1, 3), ">= 160": (1, 3),
                      ">= 180": (0, 3)}  # fmt: skip
    assert "Not compared, the unit not being mmHg: SYSBP in kPa." in systolic.footnotes
    diastolic = made("VST_DBP", data)
    found = {row.row: cell(diastolic, "Diastolic blood pressure", row.row, "Total", "n")[0] for row in diastolic.rows
             if row.row}  # fmt: skip
    assert found == {"< 60": 1, "> 60": 1, "> 90": 1, "> 110": 1, ">= 120": 1}
    low = made("VST_HYPO", data)
    assert cell(low, name, "< 90", "Islet cells", "n", "Ns") == (2, 3)
    assert cell(low, "Diastolic blood pressure", "< 60", "Islet cells", "n", "Ns") == (1, 2)


LAB = [
    lab(subject, test, value * factor, day, visit)
    for test, value in (("ALT", 20.0), ("BILI", 0.5), ("ALP", 70.0), ("NEUT", 4.0), ("CREAT", 0.9))
    for subject, rise in (("S1", 1.1), ("S2", 4.5), ("S6", 0.4))
    for factor, day, visit in ((1.0, -3, "SCREENING"), (rise, 28, "WEEK 4"), (1.0, 84, "WEEK 12"))
]
FULL = trial(ARMS, LAB, SIGNS)
EARLY = trial(ARMS, [record for record in LAB if record["VISIT"] == "SCREENING"], SIGNS[::4])
BARE = {
    **FULL,
    "DM": [{name: person[name] for name in ("USUBJID", "ARMCD", "ACTARMCD")} for person in FULL["DM"]],
    "LB": [{name: record[name] for name in ("USUBJID", "LBTESTCD", "LBSTRESC", "LBDTC")} for record in FULL["LB"]],
    "VS": [{name: record[name] for name in ("USUBJID", "VSTESTCD", "VSSTRESN", "VSDTC")} for record in FULL["VS"]],
}
NOTHING: Data = {**FULL, "LB": [], "VS": []}


COMPARED = {"comparison": {"control": "SOC", "statistics": ["risk_difference", "fisher"]}}


def test_levels_are_compared_among_those_with_a_result(made: Callable[..., TableResult]) -> None:
    """FDA table 20: 2 of 3 against 0 of 1, not of N; the interval is Miettinen and Nurminen's of these four numbers."""
    arms = {**ARMS, "S7": "SOC"}
    records = [
        *(lab(subject, "ALT", value, 10) for subject, value in (("S1", 130.0), ("S2", 210.0), ("S3", 30.0))),
        lab("S6", "ALT", 20.0, 10),
    ]
    table = made("LBT_LEVELS", trial(arms, records), None, **COMPARED)
    pair = "Islet cells vs Standard of care"
    found = cell(table, "Liver", "ALT: Level 1", pair, "risk_difference", "rd_lower", "rd_upper", "p_fisher")
    low, high = compute_miettinen_nurminen(2, 3, 0, 1)
    assert found == pytest.approx((200 / 3, 100 * float(low), 100 * float(high), 1.0))
    assert cell(table, "Liver", "ALT: Level 2", pair, "risk_difference") == pytest.approx((100 / 3,))
    assert cell(table, "Liver", "ALT: Level 3", pair, "risk_difference", "rd_lower") == (0, None)  # no event: NE
    shown = [column.heading for column in table.columns[-2:]]
    assert shown == ["RD (95% CI)", "p-value"]
    none = made("VST_SBP", trial(arms, [], PRESSURES), None, **COMPARED)
    assert cell(none, "Systolic blood pressure", ">= 90", pair, "risk_difference") == (None,)  # nobody of the control


def test_compared_levels_as_text(made: Callable[..., TableResult], golden: Callable[[str, str], None]) -> None:
    golden("lbt_levels_compared", as_text(made("LBT_LEVELS", FULL, None, **COMPARED)))
    golden("vst_dbp_compared", as_text(made("VST_DBP", trial(ARMS, [], PRESSURES), None, **COMPARED)))


@pytest.mark.parametrize("code", ["LBG02", "LBG03"])
def test_outliers_as_text(made: Callable[..., TableResult], golden: Callable[[str, str], None], code: str) -> None:
    before = [lab(subject, "ALT", 10.0, -5, "SCREENING") for subject in OF_THE_ARM]
    golden(f"{code.lower()}_outliers", as_text(made(code, trial(OF_THE_ARM, [*before, *BOXED]))))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("name", "data"),
    [("trial", FULL), ("missing_variables", BARE), ("only_baseline", EARLY), ("no_result", NOTHING)],
)
def test_tables_as_text(
    made: Callable[..., TableResult], golden: Callable[[str, str], None], name: str, code: str, data: Data
) -> None:
    """Title, header with N, rows, footnotes: to the letter. Every count is counted again."""
    golden(f"{code.lower()}_{name}", as_text(made(code, data)))
