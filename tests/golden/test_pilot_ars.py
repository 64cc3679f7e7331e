"""CDISC's two example reporting events of CDISCPILOT01, result by result: which we reproduce, which not, and why.

What is expected stands in `ars_compared.csv`, one line per analysis; docs/ars.md says it in words.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult
from tests.pilot import PILOT

Key = tuple[str, str, str, str]
Json = dict[str, Any]

ARMS = ("Placebo", "Xanomeline Low Dose", "Xanomeline High Dose")
OF_ANALYSIS = {
    "An03_01_Age": "AGE", "An03_02_AgeGrp": "AGEGR1", "An03_03_Sex": "SEX", "An03_04_Ethnic": "ETHNIC",
    "An03_05_Race": "RACE", "An03_06_Height": "HEIGHTBL", "A_SAF_SUM_AGE": "AGE", "A_SAF_SUM_USUBJID_TRT_SEX": "SEX",
    "A_SAF_SUM_USUBJID_TRT_AGEGRP": "AGEGR1/75", "A_SAF_SUM_USUBJID_TRT_RACE": "RACE",
    "A_SAF_SUM_USUBJID_TRT_ETHNIC": "ETHNIC",
}  # fmt: skip
OVERVIEW = {
    "An07_01": ("TEAE", ""), "An07_02": ("Related TEAE", ""), "An07_03": ("Serious TEAE", ""),
    "An07_04": ("Related serious TEAE", ""), "An07_05": ("TEAE leading to death", ""),
    "An07_06": ("Related TEAE leading to death", ""),
}  # fmt: skip
VISITS = """
visits:
  analysed: [WEEK 2, WEEK 4, WEEK 6, WEEK 8, WEEK 12, WEEK 16, WEEK 20, WEEK 24, WEEK 26]
  last_of: [WEEK 4, WEEK 6, WEEK 8, WEEK 12, WEEK 16, WEEK 20, WEEK 24, WEEK 26]
"""
VITAL_SIGNS = {"An08_01": "", "An08_02": "change_"}
ROWS = {"End of Treatment": "Last value", "Baseline": "Baseline"}
AGES = {"AGEGR1": {"<65": "18-64", "65-80": ">=65"}, "AGEGR1/75": {"<65": "18-64", "65-74": "65-74", ">=75": ">=75"}}
LEVELS = {"A_SAF_SUM_USUBJID_TRT_AGEGRP": {"1": "18-64", "2": "65-74", "3": ">=75"}}
STATISTICS = {
    "n": "n", "pct": "pct", "Mean": "mean", "SD": "sd", "Median": "median", "Q1": "q1", "Q3": "q3", "Min": "min",
    "Max": "max", "N": "n", "PCT": "pct", "MEAN": "mean", "MEDIAN": "median", "MIN": "min", "MAX": "max",
}  # fmt: skip


@pytest.fixture(scope="module")
def numbers(
    pilot: AnalysisDatasets,
    pilot_study: Study,
    pilot_data: SourceData,
    pilot_adam: AnalysisDatasets,
    pilot_adam_study: Study,
) -> dict[Key, Any]:
    """Our numbers: demographics (height from the sponsor's ADSL, age in FDA's groups too), overview, SOC and PT, vital
    signs of the visits that theirs analyses."""

    def values(table: TableResult) -> dict[Key, Any]:
        return {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}

    with_p: dict[str, object] = {"p_values": True}
    height = {**with_p, "variables": ("HEIGHTBL",)}
    fda = parse_study(f"{PILOT}age_groups: [18, 65, 75]\n", "pilot")
    by_visit = parse_study(f"{PILOT}{VISITS}", "pilot")
    vital: dict[str, object] = {"together": True, "last_value": True}
    ages = make_table("DMT01", derive(pilot_data, fda, date(2015, 12, 31)), fda, {"variables": ("AGEGR1",)})
    return {
        **values(make_table("AET02", pilot, pilot_study)),
        **values(make_table("AET01", pilot, pilot_study)),
        **values(make_table("VST01", derive(pilot_data, by_visit, date(2015, 12, 31)), by_visit, vital)),
        **values(make_table("DMT01", pilot_adam, pilot_adam_study, height)),
        **values(make_table("DMT01", pilot, pilot_study, with_p)),
        **{("AGEGR1/75", *key[1:]): value for key, value in values(ages).items() if key[0] == "AGEGR1"},
    }


def key_of(event: Json, analysis: Json, result: Json) -> Key:
    """Where our numbers have what a result of theirs is."""
    name = analysis["id"]
    groups = result.get("resultGroups", [])
    place = (groups[0].get("groupId") or "")[-1:]
    column = ARMS[int(place) - 1] if place else "All arms"
    if "Plac" in name:
        column = f"{ARMS[1 if name.endswith('Low') else 2]} vs Placebo"
    statistic = STATISTICS.get(result["operationId"].rsplit("_", 1)[-1], "")
    if "Comp" in name:
        statistic = {"FishEx": "p_fisher", "PChiSq": "p_chi_square", "Anova": "p_anova"}[name_of_test(analysis)]
    if name in ("An01_05_SAF_Summ_ByTrt", "A_SAF_SUM_USUBJID_TRT"):
        return ("", "", column, "N")
    overview = OVERVIEW.get(name[:7])
    if overview:
        return (*overview, column, statistic)
    if name[:7] in ("An07_09", "An07_10"):
        soc, pt = [*(group["groupValue"] for group in groups[1:]), ""][:2]
        return (soc, pt, column, statistic)
    if name[:7] in VITAL_SIGNS:
        parameter, visit = (words_of(event, group) for group in groups[1:])
        statistic = {"n": "records"}.get(statistic, statistic)
        return (parameter, ROWS.get(visit, visit.upper()), column, VITAL_SIGNS[name[:7]] + statistic)
    variable = next((value for start, value in OF_ANALYSIS.items() if name.startswith(start)), name)
    return (variable, "" if "Comp" in name else level_of(event, analysis, groups, variable), column, statistic)


def words_of(event: Json, group: Json) -> str:
    """What a group is called."""
    every = {item["id"]: item for grouping in event["analysisGroupings"] for item in grouping.get("groups", [])}
    return str(every[group["groupId"]]["name"])


def name_of_test(analysis: Json) -> str:
    """`FishEx`."""
    return str(analysis["methodId"]).rsplit("_", 1)[-1]


def level_of(event: Json, analysis: Json, groups: list[Json], variable: str) -> str:
    """The value that a result's second group stands for, as our row names it."""
    if len(groups) < 2:
        return ""
    named = LEVELS.get(analysis["id"])
    if named:
        return named[groups[-1]["groupId"][-1]]
    every = {group["id"]: group for grouping in event["analysisGroupings"] for group in grouping.get("groups", [])}
    value = str(every[groups[-1]["groupId"]]["condition"]["value"][0])
    return AGES.get(variable, {}).get(value, value)


def judge(ours: dict[Key, Any], key: Key, theirs: str) -> str:
    """`equal`, `differs`, or `absent`: we print no such number. No value on both sides is equal."""
    if key not in ours or (ours[key] is None and theirs):
        return "absent"
    if ours[key] is None or not theirs:
        return "equal" if ours[key] is None and not theirs else "differs"
    return "equal" if float(theirs) == pytest.approx(ours[key], rel=1e-6, abs=6e-5) else "differs"


def expected(file: str) -> list[dict[str, str]]:
    """The lines of a file's analyses."""
    with (Path(__file__).parent / "ars_compared.csv").open(newline="") as lines:
        return [line for line in csv.DictReader(lines) if line["file"] == file]


@pytest.mark.parametrize("file", ["Common_Safety_Displays", "FDA_Standard_Safety_Table_2"])
def test_each_result_is_equal_or_explained(shared_data: Path, numbers: dict[Key, Any], file: str) -> None:
    """Equal to the digits they print; what differs or is not there has its reason beside it."""
    event = json.loads((shared_data / "ars" / f"{file}.json").read_text(encoding="utf-8"))
    lines = expected(file)
    assert [line["analysis"] for line in lines] == [analysis["id"] for analysis in event["analyses"]]
    for line, analysis in zip(lines, event["analyses"], strict=True):
        found = Counter(
            judge(numbers, key_of(event, analysis, result), result.get("rawValue", ""))
            for result in analysis.get("results", [])
        )
        said = {name: int(line[name]) for name in ("equal", "differs", "absent")}
        assert {name: found[name] for name in said} == said, line["analysis"]
        assert bool(line["why"]) is (said["differs"] + said["absent"] > 0), line["analysis"]
