"""LTF10 and LTF11: graft function by the Igls criteria, and insulin independence (spec D.3, D.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Records = list[dict[str, Any]]
NAMES = ("A", "B", "C", "D", "F")
"""Named for the oracles of spec D.4; of F nothing but HbA1c and C-peptide is known. G misses its visit."""
DM = [
    {"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "RFICDTC": "2021-03-01", "RFPENDTC": "2023-06-01"}
    for name in (*NAMES, "G")
]
EX = [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in (*NAMES, "G")]
AE = [dict.fromkeys(("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC"))]
SV = [{"USUBJID": name, "VISIT": "MONTH 12", "SVSTDTC": "2023-03-01"} for name in NAMES]
AT_VISIT = {"A": (6.2, 1.1), "B": (6.8, 0.9), "C": (7.4, 0.4), "D": (8.4, 0.1), "F": (8.2, 0.1)}
SENSOR = {"A": (86.0, 0.0), "B": (74.0, 0.4), "C": (65.0, 1.5), "D": (47.0, 4.0)}
UNITS = {"A": None, "B": 8.0, "C": 24.0, "D": 36.0, "F": 30.0}
SEVERE_BEFORE, SEVERE_AFTER = 5, {"A": 0, "B": 0, "C": 1, "D": 5, "F": 0}


def lab(name: str, day: str, test: str, value: float, unit: str, minute: float | None = None) -> dict[str, Any]:
    return {"USUBJID": name, "LBTESTCD": test, "LBSTRESN": value, "LBSTRESU": unit, "LBTPTNUM": minute, "LBDTC": day}


LB = [
    *(lab(name, "2023-03-02", "HBA1C", hba1c, "%") for name, (hba1c, _) in AT_VISIT.items()),
    # The meal test of A is reported in pmol/L, that of B in nmol/L.
    lab("A", "2023-03-01", "CPEPTIDE", 364.1, "pmol/L", 90.0),
    lab("A", "2023-03-01", "CPEPTIDE", 300.0, "pmol/L", 60.0),
    lab("A", "2023-03-01", "CPEPTIDE", 100.0, "pmol/L", 0.0),
    lab("B", "2023-03-01", "CPEPTIDE", 0.2979, "nmol/L", 90.0),
    *(lab(name, "2023-03-01", "CPEPTIDE", AT_VISIT[name][1], "ng/mL", 90.0) for name in "CDF"),
    *(lab(name, "2022-02-01", "HBA1C", 8.3, "%") for name in "ABCD"),
    *(lab(name, "2022-02-01", "CPEPTIDE", 0.1, "ng/mL", 90.0) for name in "ABCD"),
    # outside the window of the visit, and after the infusion
    lab("F", "2023-05-01", "HBA1C", 5.0, "%"), lab("F", "2022-06-01", "CPEPTIDE", 0.0, "ng/mL", 90.0),
]  # fmt: skip
CE = [
    {"USUBJID": name, "CESCAT": "LEVEL 3", "CEOCCUR": "Y", "CESTDTC": day}
    for name in NAMES
    for day in (
        *(f"2021-{month:02}-01" for month in range(4, 4 + SEVERE_BEFORE)),
        *(f"2022-{month:02}-01" for month in range(5, 5 + SEVERE_AFTER[name])),
    )
] + [
    {"USUBJID": "A", "CESCAT": "LEVEL 2", "CEOCCUR": "Y", "CESTDTC": "2022-06-01"},
    {"USUBJID": "A", "CESCAT": "LEVEL 3", "CEOCCUR": "N", "CESTDTC": "2022-06-01"},
]


def insulin(name: str, units: float, first: str, last: str | None, **more: Any) -> dict[str, Any]:
    return {"USUBJID": name, "CMTRT": "Insulin glargine", "CMDOSE": units, "CMDOSU": "U", "CMDOSFRQ": "QD",
            "CMSTDTC": first, "CMENDTC": last, **more}  # fmt: skip


CM = [
    *(insulin(name, 35.0, "2015", "2022-06-30") for name in NAMES),
    *(insulin(name, units, "2022-07-01", None) for name, units in UNITS.items() if units),
    # A was free of insulin for 13 days, took some for two, and has been free since; twice a day; another drug
    insulin("A", 1.0, "2022-07-14", "2022-07-15", CMDOSFRQ="BID"),
    insulin("A", 9.0, "2023-01-01", None, CMTRT="METFORMIN"),
]  # fmt: skip
VS = [
    {"USUBJID": name, "VSTESTCD": "WEIGHT", "VSSTRESN": 70.0, "VSSTRESU": "kg", "VSDTC": "2022-02-01"} for name in NAMES
]
CGM = [
    {"USUBJID": name, "DTC": day, "TIR": in_range, "BELOW54": below}
    for name, at_visit in SENSOR.items()
    for day, (in_range, below) in (("2022-02-01", (48.0, 4.0)), ("2023-02-20", at_visit))
]
TRIAL: dict[str, Records] = {
    "DM": DM, "EX": EX, "AE": AE, "SV": SV, "LB": LB, "CE": CE, "CM": CM, "VS": VS, "CGM": CGM,
}  # fmt: skip
BARE = {name: TRIAL[name] for name in ("DM", "EX", "AE", "SV")}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
NUMBERS = {"LBSTRESN", "LBTPTNUM", "CMDOSE", "VSSTRESN", "TIR", "BELOW54", "GLUC"}
CUT = date(2023, 6, 1)
Derived = Callable[..., AnalysisDatasets]


@pytest.fixture
def datasets(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> Derived:
    """Analysis datasets of records; what is a number is one."""
    from longwatch.derive import derive

    def make(data: dict[str, Records], **graft: Any) -> AnalysisDatasets:
        made = make_data(**data)
        typed = {
            dataset.name: dataset.frame.collect().with_columns(
                pl.col(name).cast(pl.Float64) for name in dataset.columns if name in NUMBERS
            )
            for dataset in made
        }
        study = make_study(follow_up={"template": "GT-15Y"}, graft=graft)
        return derive(SourceData.of(**typed), study, CUT)

    return make


def table(code: str, made: AnalysisDatasets) -> TableResult:
    return make_table(code, made, made.study)


def categories(made: AnalysisDatasets) -> dict[str, tuple[str, str, str]]:
    rows = made.adgf.filter(pl.col("AVISIT") == "MONTH 12")
    return {str(name): found for name, *found in rows.select("USUBJID", "IGLS17", "IGLS2T", "IGLS2G").iter_rows()}  # type: ignore[misc]


def test_the_oracles_from_the_records_themselves(datasets: Derived) -> None:
    """Spec D.4, (a) to (d) and (f): each component read from its dataset, converted, and put beside its baseline."""
    assert categories(datasets(TRIAL)) == {
        "A": ["OPTIMAL", "OPTIMAL", "OPTIMAL"],
        "B": ["GOOD", "GOOD", "GOOD"],
        "C": ["MARGINAL", "MARGINAL", "MARGINAL"],
        "D": ["FAILURE", "FAILURE", "FAILURE"],
        "F": ["NE", "NE", "NE"],
        "G": [None, None, None],
    }


def test_components(datasets: Derived) -> None:
    """The highest C-peptide after the meal in ng/mL; insulin per day; level 3 alone, per year of 365.25 days."""
    row = datasets(TRIAL).adgf.filter(pl.col("AVISIT") == "MONTH 12").row(0, named=True)
    assert row["STIMULATED"] == pytest.approx(1.1)
    assert row["FASTING"] == pytest.approx(0.302, abs=0.001)
    assert (row["INSULIN"], row["B_INSULIN"], row["WEIGHT"], row["SEVERE"]) == (0.0, 35.0, 70.0, 0.0)
    assert row["B_SEVERE"] == pytest.approx(5 * 365.25 / 365)


def test_episodes_of_insulin_independence(datasets: Derived) -> None:
    """At least 14 days: the 13 days before 14 July are none; with 10 days they are one."""
    columns = ("USUBJID", "ASTDT", "AENDT", "AVAL")
    whole = ("A", date(2022, 7, 16), date(2023, 6, 1), 321.0)
    for days, expected in ((14, [whole]), (10, [("A", date(2022, 7, 1), date(2022, 7, 13), 13.0), whole])):
        found = datasets(TRIAL, free_days=days).adii.filter(
            pl.col("PARAMCD") == "EPISODE", pl.col("USUBJID").cast(pl.String) == "A"
        )
        assert found.with_columns(pl.col("USUBJID").cast(pl.String)).select(columns).rows() == expected


def test_insulin_by_the_study_file_s_names(datasets: Derived) -> None:
    """Where the study file names metformin alone, only that is insulin."""
    row = datasets(TRIAL, insulins=["Metformin"]).adgf.filter(pl.col("AVISIT") == "MONTH 12").row(0, named=True)
    assert row["INSULIN"] == 9.0


@pytest.mark.parametrize("dataset", ["CE", "CM", "LB"])
def test_without_a_dataset_its_component_is_not_guessed(datasets: Derived, dataset: str) -> None:
    without = datasets({name: records for name, records in TRIAL.items() if name != dataset})
    assert categories(without)["A"][0] == "NE"


def test_years_after_the_first_infusion(datasets: Derived) -> None:
    """LTF11: A alone is free of insulin; G took none that is recorded, so it is free, too."""
    found = {
        (item.row_group, item.row, item.statistic): item.text
        for item in table("LTF11", datasets(TRIAL)).statistics
        if item.column == "Total"
    }
    assert [found["Ever", "", name] for name in ("n", "base", "share")] == ["2", "6", "33.3"]
    assert [found["Year 1", "Free of insulin", name] for name in ("n", "base")] == ["2", "6"]


@pytest.mark.parametrize("code", ["LTF10", "LTF11"])
def test_each_count_is_counted_again_from_its_source(datasets: Derived, code: str) -> None:
    made = datasets(TRIAL)
    counts = [item for item in table(code, made).statistics if item.statistic in ("n", "base", "N")]
    assert counts
    assert all(explain(made, item).counted == item.value for item in counts)


@pytest.mark.parametrize("code", ["LTF10", "LTF11"])
@pytest.mark.parametrize(("name", "data"), [("trial", TRIAL), ("no_subject", NOBODY), ("missing_variables", BARE)])
def test_the_whole_table(
    datasets: Derived, golden: Callable[[str, str], None], code: str, name: str, data: dict[str, Records]
) -> None:
    golden(f"{code.lower()}_{name}", as_text(table(code, datasets(data))))


def readings(name: str, last: date, values: list[float], hours: int = 2) -> Records:
    """Readings every so many hours in the 14 days before a day, in turn these values (mg/dL)."""
    start = datetime.combine(last, time()) - timedelta(days=14)
    return [
        {"USUBJID": name, "GLUC": values[place % len(values)], "GLUCU": "mg/dL",
         "DTC": (start + timedelta(hours=hours * place)).isoformat(timespec="minutes")}
        for place in range(14 * 24 // hours)
    ]  # fmt: skip


def test_readings_of_the_sensor_feed_igls(datasets: Derived) -> None:
    """Spec D.4: time in range and time below 54 are those of the readings before the visit, and before the infusion.
    A: every reading in range is optimal; one of eight below 54 (12.5 %, at baseline none) fails. B's readings, of less
    than 70 % of the days, leave it not evaluable, whatever the summary says. C and D keep their summaries."""
    visit, infusion = date(2023, 3, 1), date(2022, 3, 1)
    best = [*readings("A", visit, [120.0]), *readings("A", infusion, [200.0, 100.0])]
    few = readings("B", visit, [120.0])[:100]
    made = datasets({**TRIAL, "CGM": [*CGM, *best, *few]})
    assert [*categories(made)["A"][1:]] == ["OPTIMAL", "OPTIMAL"]
    assert [*categories(made)["B"][1:]] == ["NE", "NE"]
    assert (categories(made)["C"][1], categories(made)["D"][1]) == ("MARGINAL", "FAILURE")
    row = made.adgf.filter(pl.col("AVISIT") == "MONTH 12", pl.col("USUBJID").cast(pl.String) == "A").row(0, named=True)
    assert [row[name] for name in ("TIR", "BELOW54", "B_TIR", "B_BELOW54")] == [100.0, 0.0, 50.0, 0.0]
    worse = datasets({**TRIAL, "CGM": [*CGM, *readings("A", visit, [120.0] * 7 + [53.0]), *best[-168:]]})
    assert [*categories(worse)["A"][1:]] == ["FAILURE", "GOOD"]
    for each in (made, worse):
        (opinion,) = ask_second_opinion([table("LTF10", each)], each.data, each.study, CUT)
        assert (opinion.differences, opinion.compared > 10) == ((), True)


def test_gmi_stands_in_where_red_cells_live_too_short(datasets: Derived) -> None:
    """Spec D.4: HbA1c, or GMI if the life of red cells is abnormal: of A, 6.18 % (mean 120 mg/dL) in place of 6.2 %; of
    B, without readings, nothing. C's anaemia began after its visit."""
    visit = date(2023, 3, 1)
    disease = [
        {"USUBJID": "A", "MHDECOD": "Haemolytic anaemia", "MHSTDTC": "2022-06"},
        {"USUBJID": "B", "MHDECOD": "HAEMOLYTIC ANAEMIA", "MHSTDTC": None},
        {"USUBJID": "C", "MHDECOD": "Haemolytic anaemia", "MHSTDTC": "2023-03-02"},
        {"USUBJID": "D", "MHDECOD": "Asthma", "MHSTDTC": "2000"},
    ]
    data = {**TRIAL, "MH": disease, "CGM": [*CGM, *readings("A", visit, [120.0])]}
    made = datasets(data, red_cell_terms=["haemolytic anaemia"])
    found = made.adgf.filter(pl.col("AVISIT") == "MONTH 12", pl.col("ADT").is_not_null())
    values = {str(name): (now, before) for name, now, before in found.select(
        pl.col("USUBJID").cast(pl.String), pl.col("HBA1C").round(2), "B_HBA1C").iter_rows()}  # fmt: skip
    assert values == {"A": (6.18, 8.3), "B": (None, None), "C": (7.4, 8.3), "D": (8.4, 8.3), "F": (8.2, None)}
    (opinion,) = ask_second_opinion([table("LTF10", made)], made.data, made.study, CUT)
    assert (opinion.differences, opinion.compared > 10) == ((), True)
