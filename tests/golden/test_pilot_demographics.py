"""DMT01 of CDISCPILOT01 against table 14-2.01 of its clinical study report."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult

VARIABLES = {
    "Age (y)": ("AGE", "AGEGR1"),
    "Sex": ("SEX", "SEX"),
    "MMSE": ("MMSETOT", ""),
    "Duration of disease": ("DURDIS", "DURDSGR1"),
    "Years of education": ("EDUCLVL", ""),
    "Baseline weight(kg)": ("WEIGHTBL", ""),
    "Baseline height(cm)": ("HEIGHTBL", ""),
    "Baseline BMI": ("BMIBL", "BMIBLGR1"),
}
"""The CSR's characteristics: the variable of its numbers, and of its groups."""
STATISTICS = {"n": "n", "Mean": "mean", "SD": "sd", "Median": "median", "Min": "min", "Max": "max"}
LEVELS = {
    "<65 yrs": "<65", "65-80 yrs": "65-80", ">80 yrs": ">80", "Male": "M", "Female": "F",
    "<12 months": "<12", ">=12 months": ">=12",
}  # fmt: skip
COLUMNS = {
    "pbo": "Placebo",
    "low": "Xanomeline Low Dose",
    "high": "Xanomeline High Dose",
    "total": "Total",
}


@pytest.fixture(scope="module")
def dmt01(pilot_adam: AnalysisDatasets, pilot_adam_study: Study) -> TableResult:
    """Every variable of the CSR's table, with tests. Education, MMSE, duration are only in the sponsor's ADSL."""
    variables = tuple(dict.fromkeys(name for pair in VARIABLES.values() for name in pair if name))
    return make_table("DMT01", pilot_adam, pilot_adam_study, {"p_values": True, "variables": variables})


@pytest.fixture(scope="module")
def published(shared_data: Path) -> list[dict[str, str]]:
    """The lines of the CSR's table, without race, which the CSR recodes from race and ethnicity."""
    with (shared_data / "expected" / "csr_14-2.01_demographics.csv").open(newline="") as file:
        return [line for line in csv.DictReader(file) if line["characteristic"] in VARIABLES]


def by_key(table: TableResult) -> dict[tuple[str, str, str, str], Any]:
    return {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}


def test_168_statistics_of_numbers_equal_the_csr(dmt01: TableResult, published: list[dict[str, str]]) -> None:
    """n, mean, SD, median, minimum, maximum of seven variables, in three arms and together: each as printed there, our
    value rounded once to its digits."""
    values = by_key(dmt01)
    compared, differing = 0, []
    for line in published:
        variable, statistic = VARIABLES[line["characteristic"]][0], STATISTICS.get(line["stat_or_level"])
        if statistic is None or variable == "SEX":
            continue
        for short, column in COLUMNS.items():
            printed = line[f"{short}_value"]
            digits = len(printed.partition(".")[2])
            ours = values[variable, "", column, statistic]
            # Means and medians are ratios of numbers with one decimal: rounded as such, not as binary fractions.
            ours = Fraction(ours).limit_denominator(100_000) if statistic in ("mean", "median") else ours
            compared += 1
            if round_half_away(ours, digits) != round_half_away(Fraction(printed), digits):
                differing.append((variable, statistic, column, ours, printed))
    assert compared == 168
    assert differing == []


def test_groups_equal_the_csr(dmt01: TableResult, published: list[dict[str, str]]) -> None:
    """Subjects in groups of age, sex, duration of disease and BMI."""
    values = by_key(dmt01)
    compared = 0
    for line in published:
        variable, level = VARIABLES[line["characteristic"]][1], line["stat_or_level"]
        if not variable or level in STATISTICS:
            continue
        for short, column in COLUMNS.items():
            compared += 1
            assert values[variable, LEVELS.get(level, level), column, "n"] == int(line[f"{short}_value"])
    assert compared == 40


def test_p_values_equal_the_csr(dmt01: TableResult, published: list[dict[str, str]]) -> None:
    """Analysis of variance for numbers, chi-square for groups, to the four digits printed."""
    values = by_key(dmt01)
    compared = 0
    for line in published:
        if not line["p_value"]:
            continue
        number, group = VARIABLES[line["characteristic"]]
        is_number = line["stat_or_level"] == "n" and number != "SEX"
        key = (number, "", "All arms", "p_anova") if is_number else (group, "", "All arms", "p_chi_square")
        compared += 1
        assert values[key] == pytest.approx(float(line["p_value"]), abs=0.00005)
    assert compared == 11


def test_derived_and_supplied_demographics_agree(
    pilot: AnalysisDatasets, pilot_study: Study, pilot_adam: AnalysisDatasets, pilot_adam_study: Study
) -> None:
    """Age, sex, race and ethnicity, from DM and from the sponsor's ADSL."""
    named = {"variables": ("AGE", "SEX", "RACE", "ETHNIC")}
    ours = by_key(make_table("DMT01", pilot, pilot_study, named))
    theirs = by_key(make_table("DMT01", pilot_adam, pilot_adam_study, named))
    assert ours == theirs


def test_populations_equal_table_14_1_01(
    pilot: AnalysisDatasets,
    pilot_study: Study,
    pilot_adam: AnalysisDatasets,
    pilot_adam_study: Study,
    shared_data: Path,
) -> None:
    """Intention to treat, safety, efficacy and week 24 from the sponsor's ADSL; completion from DS."""
    named = [{"flag": "EFFFL", "name": "Efficacy"}, {"flag": "COMP24FL", "name": "Complete Week 24"}]
    study = Study.model_validate({**pilot_adam_study.model_dump(mode="json", exclude_unset=True), "populations": named})
    supplied = by_key(make_table("POPT01", pilot_adam, study))
    derived = by_key(make_table("DST01", pilot, pilot_study, {"population": "ITTFL"}))
    rows = {
        "Intent-To-Treat (ITT)": (supplied, "ITTFL", ""),
        "Safety": (supplied, "SAFFL", ""),
        "Efficacy": (supplied, "EFFFL", ""),
        "Complete Week 24": (supplied, "COMP24FL", ""),
        "Complete Study": (derived, "Study participation", "COMPLETED"),
    }
    with (shared_data / "expected" / "csr_14-1.01_populations.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["row"] for line in lines} == set(rows)
    for line in lines:
        values, group, row = rows[line["row"]]
        for short, column in COLUMNS.items():
            assert values[group, row, column, "n"] == int(line[f"{short}_n"])
            assert round_half_away(values[group, row, column, "pct"], 0) == int(line[f"{short}_pct"])
