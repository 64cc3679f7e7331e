"""Tables of CDISCPILOT01 against its clinical study report, CDISC's reporting event, and the other tools' numbers."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.errors import IntegrityError
from longwatch.study import Study
from longwatch.tables.catalogue import OUTPUTS, make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult

ARMS = {"pbo": "Placebo", "low": "Xanomeline Low Dose", "high": "Xanomeline High Dose"}
Key = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def aet01(pilot: AnalysisDatasets, pilot_study: Study) -> TableResult:
    """The overview."""
    return make_table("AET01", pilot, pilot_study)


@pytest.fixture(scope="module")
def aet02(pilot: AnalysisDatasets, pilot_study: Study) -> TableResult:
    """AEs by SOC and PT."""
    return make_table("AET02", pilot, pilot_study)


@pytest.fixture(scope="module")
def aet02_ser(pilot: AnalysisDatasets, pilot_study: Study) -> TableResult:
    """Serious AEs by SOC and PT."""
    return make_table("AET02_SER", pilot, pilot_study)


def values(table: TableResult) -> dict[Key, Any]:
    """Each value by row group, row, column and statistic."""
    return {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}


def texts(table: TableResult) -> dict[Key, str]:
    """Each text by row group, row, column and statistic."""
    return {(item.row_group, item.row, item.column, item.statistic): item.text for item in table.statistics}


def read_csv(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def check_against_csr(table: TableResult, lines: list[dict[str, str]]) -> tuple[int, list[str]]:
    """Lines of the CSR's table that our numbers equal (subjects, percent as printed, events), and the p-values whose
    last digit differs by the CSR's double rounding."""
    number, text = values(table), texts(table)
    equal, differing = 0, []
    for line in lines:
        soc = "" if line["level"] == "ANY" else line["soc"]
        for short, arm in ARMS.items():
            key = (soc, line["pt"], arm)
            assert number[(*key, "n")] == int(line[f"{short}_n"])
            assert text[(*key, "pct")] == line[f"{short}_pct"]
            assert number[(*key, "events")] == int(line[f"{short}_events"])
        for short in ("low", "high"):
            printed = line[f"p_{short}_csr"].rstrip("*")
            key = (soc, line["pt"], f"{ARMS[short]} vs Placebo", "p_fisher")
            p = number[key]
            if printed == "":
                assert p is None  # no event in both arms
            elif printed in (">0.99", ">.99"):
                assert p > 0.99
            elif printed in ("<.0001", "<0.001"):
                assert p < 0.001
            else:
                assert p == pytest.approx(float(printed), abs=0.001)
                if p >= 0.001 and float(text[key]) != float(printed):
                    differing.append(f"{line['pt'] or line['soc']} {short}: {text[key]} for {printed}")
        equal += 1
    return equal, differing


def test_aet02_equals_table_14_5_01_of_the_csr(aet02: TableResult, shared_data: Path) -> None:
    """254 of 254 lines on subjects, percent and events; p-values but for four that the CSR rounded twice."""
    lines = read_csv(shared_data / "expected" / "csr_14-5.01_teae_soc_pt.csv")
    equal, differing = check_against_csr(aet02, lines)
    assert equal == 254
    assert len({(item.row_group, item.row) for item in aet02.statistics if item.statistic == "pct"}) == 254
    assert sorted(differing) == [
        "APPLICATION SITE ERYTHEMA high: 0.002 for 0.003",
        "SALIVARY HYPERSECRETION high: 0.057 for 0.058",
        "SYNCOPE low: 0.057 for 0.058",
        "VOMITING high: 0.208 for 0.209",  # 0.208498: not in the data's README, which names the other three
    ]


def test_aet02_ser_equals_table_14_5_02_of_the_csr(aet02_ser: TableResult, shared_data: Path) -> None:
    """4 of 4 lines."""
    lines = read_csv(shared_data / "expected" / "csr_14-5.02_serious_teae.csv")
    equal, differing = check_against_csr(aet02_ser, lines)
    assert (equal, differing) == (4, [])
    assert len({(item.row_group, item.row) for item in aet02_ser.statistics if item.statistic == "pct"}) == 4


def test_aet02_equals_what_other_tools_agree_on_in_their_order(aet02: TableResult, shared_data: Path) -> None:
    """1,016 numbers of subjects and events by SOC, PT, arm and in total, by falling n, ties by name."""
    agreed = shared_data.parent / "bench" / "agreed_teae_soc_pt.csv"
    if not agreed.is_file():
        pytest.skip("the benchmark's agreed numbers are not beside this checkout")
    number = values(aet02)
    ours = [
        (group, row, column, value, number[group, row, column, "events"])
        for (group, row, column, statistic), value in number.items()
        if statistic == "n"
    ]
    lines = read_csv(agreed)
    theirs = [(line["soc"], line["pt"], line["arm"], int(line["n"]), int(line["events"])) for line in lines]
    assert len(theirs) == 1016
    assert ours == theirs
    for line in lines:
        assert number[line["soc"], line["pt"], line["arm"], "pct"] == pytest.approx(float(line["pct"]), abs=1e-6)


def test_aet01_equals_what_other_tools_agree_on(aet01: TableResult, shared_data: Path) -> None:
    """Any, severe, serious, related, fatal. (The dermatologic query is no line of AET01.)"""
    agreed = shared_data.parent / "bench" / "agreed_overview.csv"
    if not agreed.is_file():
        pytest.skip("the benchmark's agreed numbers are not beside this checkout")
    place = {
        "ANY": ("TEAE", ""),
        "SEV": ("By maximum severity", "SEVERE"),
        "SER": ("Serious TEAE", ""),
        "REL": ("Related TEAE", ""),
        "DTH": ("TEAE leading to death", ""),
    }
    number = values(aet01)
    compared = 0
    for line in read_csv(agreed):
        if line["flag"] not in place:
            continue
        key = (*place[line["flag"]], line["arm"])
        assert number[(*key, "n")] == int(line["n"])
        assert number["", "", line["arm"], "N"] == int(line["N"])
        assert number[(*key, "pct")] == pytest.approx(float(line["pct"]), abs=1e-6)
        compared += 1
    assert compared == 20


OVERVIEW = {
    "An07_01_TEAE_Summ_ByTrt": ("TEAE", ""),
    "An07_02_RelTEAE_Summ_ByTrt": ("Related TEAE", ""),
    "An07_03_SerTEAE_Summ_ByTrt": ("Serious TEAE", ""),
    "An07_04_RelSerTEAE_Summ_ByTrt": ("Related serious TEAE", ""),
    "An07_05_TEAELd2Dth_Summ_ByTrt": ("TEAE leading to death", ""),
    "An07_06_RelTEAELd2Dth_Summ_ByTrt": ("Related TEAE leading to death", ""),
}
STATISTIC = {"Mth01_CatVar_Summ_ByGrp_1_n": "n", "Mth01_CatVar_Summ_ByGrp_2_pct": "pct"}


@pytest.fixture(scope="module")
def reporting_event(shared_data: Path) -> dict[str, dict[str, Any]]:
    """The analyses of CDISC's Common Safety Displays, by id."""
    content = json.loads((shared_data / "ars" / "Common_Safety_Displays.json").read_text(encoding="utf-8"))
    return {analysis["id"]: analysis for analysis in content["analyses"]}


@pytest.mark.parametrize("analysis", OVERVIEW)
def test_aet01_equals_cdiscs_reporting_event(
    aet01: TableResult, reporting_event: dict[str, dict[str, Any]], analysis: str
) -> None:
    """Subjects and percentages by arm. (Its zeros for actions taken come from a variable that is never filled: NA.)"""
    number = values(aet01)
    results = reporting_event[analysis]["results"]
    assert len(results) == 6
    for result in results:
        arm = list(ARMS.values())[int(result["resultGroups"][0]["groupId"][-1]) - 1]
        key = (*OVERVIEW[analysis], arm, STATISTIC[result["operationId"]])
        assert number[key] == pytest.approx(float(result["rawValue"]), abs=1e-4)


def test_aet02_equals_cdiscs_reporting_event(aet02: TableResult, reporting_event: dict[str, dict[str, Any]]) -> None:
    """Subjects and percentages of SOCs and PTs by arm: 138 and 1,380 results."""
    number = values(aet02)
    compared = 0
    for analysis in ("An07_09_Soc_Summ_ByTrt", "An07_10_SocPt_Summ_ByTrt"):
        for result in reporting_event[analysis]["results"]:
            arm_group, *terms = result["resultGroups"]
            arm = list(ARMS.values())[int(arm_group["groupId"][-1]) - 1]
            soc, pt = [*(term["groupValue"] for term in terms), ""][:2]
            assert number[soc, pt, arm, STATISTIC[result["operationId"]]] == pytest.approx(
                float(result["rawValue"]), abs=1e-4
            )
            compared += 1
    assert compared == 1518


@pytest.mark.parametrize("code", sorted(OUTPUTS))
def test_every_number_explains_itself(pilot: AnalysisDatasets, pilot_study: Study, code: str) -> None:
    """Each count of each output, counted again from nothing but its provenance; every cell has its records."""
    study = Study.model_validate({**pilot_study.model_dump(mode="json", exclude_unset=True), "cutoff": None})
    table = make_table(code, pilot, study)
    explained = [explain(pilot, item) for item in table.statistics]
    assert len(explained) == len(table.statistics) > 0
    assert all(item.counted == item.statistic.value for item in explained if item.counted is not None)


def test_a_wrong_number_is_told_by_its_explanation(pilot: AnalysisDatasets, aet02_ser: TableResult) -> None:
    """One subject too many is an integrity error that names the filter."""
    item = next(item for item in aet02_ser.statistics if item.statistic == "n")
    with pytest.raises(IntegrityError) as raised:
        explain(pilot, replace(item, value=item.value + 1))
    assert raised.value.error_id == "LW-TAB-006"
    assert "AESER = 'Y'" in raised.value.one_line()
