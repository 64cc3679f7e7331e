"""Subgroups, restrictions and lists of terms on CDISCPILOT01, against counts from the sponsor's own ADaM by Polars.

The tables are derived from SDTM; the counts beside them know nothing of our derivations.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import EventGroups
from longwatch.standards.group_files import parse_group_file
from longwatch.study import Study
from longwatch.tables.catalogue import make_table, make_tables
from longwatch.tables.result import TableResult

Read = Callable[[str], pl.DataFrame]


def numbers(table: TableResult) -> dict[tuple[str, str, str, str], float | int | None]:
    return {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}


@pytest.fixture(scope="module")
def emergent(read_xpt: Read) -> pl.DataFrame:
    """The sponsor's treatment-emergent events of the safety population, by planned arm, with what ADSL says of them."""
    adsl = read_xpt("adam/adsl").filter(pl.col("SAFFL") == "Y").select("USUBJID", "TRT01P", "SEX", "AGEGR1", "AGE")
    adae = read_xpt("adam/adae").filter(pl.col("TRTEMFL") == "Y")
    return adae.select("USUBJID", "AEBODSYS", "AEDECOD", "AESER", "AEREL", "AESEV", "CQ01NAM").join(adsl, on="USUBJID")


@pytest.mark.parametrize("sex", ["F", "M"])
def test_soc_and_pt_by_sex(pilot: AnalysisDatasets, pilot_study: Study, emergent: pl.DataFrame, sex: str) -> None:
    """Every SOC and PT of every arm: subjects and events; and N from ADSL."""
    table = make_table("AET02", pilot, pilot_study, {"where": f"SEX={sex}"})
    ours = numbers(table)
    chosen = emergent.filter(pl.col("SEX") == sex)
    compared = 0
    for keys in (["AEBODSYS"], ["AEBODSYS", "AEDECOD"]):
        counted = chosen.group_by(*keys, "TRT01P").agg(n=pl.col("USUBJID").n_unique(), events=pl.len())
        for row in counted.iter_rows(named=True):
            key = (row["AEBODSYS"], row.get("AEDECOD", ""), row["TRT01P"])
            assert (ours[(*key, "n")], ours[(*key, "events")]) == (row["n"], row["events"])
            compared += 2
    assert compared > 500
    terms = {(item.row_group, item.row) for item in table.statistics if item.row}
    assert len(terms) == chosen.select("AEBODSYS", "AEDECOD").n_unique()


def test_subgroups_add_up_to_the_whole(pilot: AnalysisDatasets, pilot_study: Study) -> None:
    """N and subjects of the sexes are those of the trial; so are those of the age groups."""
    whole = numbers(make_table("AET02", pilot, pilot_study))
    for variable in ("SEX", "AGEGR1", "RACE"):
        parts = [numbers(table) for table in make_tables("AET02", pilot, pilot_study, {"by": variable})]
        for key, value in whole.items():
            if key[3] in ("N", "n", "events") and " vs " not in key[2]:
                assert sum(part.get(key) or 0 for part in parts) == value


def test_related_events_of_the_old(pilot: AnalysisDatasets, pilot_study: Study, emergent: pl.DataFrame) -> None:
    """Two restrictions at once: related, and at least 75 years."""
    ours = numbers(make_table("AET02", pilot, pilot_study, {"where": ("related", "AGE>=75")}))
    chosen = emergent.filter(pl.col("AEREL").is_in(["POSSIBLE", "PROBABLE"]), pl.col("AGE") >= 75)
    for arm, n in chosen.group_by("TRT01P").agg(pl.col("USUBJID").n_unique()).iter_rows():
        assert ours["", "", arm, "n"] == n


@pytest.fixture(scope="module")
def with_query(pilot_data: SourceData, pilot_study: Study, emergent: pl.DataFrame) -> tuple[AnalysisDatasets, Study]:
    """The pilot with the terms of the sponsor's customised query CQ01NAM as a list."""
    terms = sorted(set(emergent.filter(pl.col("CQ01NAM") != "")["AEDECOD"]))
    lines = ["QUERY_ID,QUERY_NAME,SCOPE,PT", *(f'CQ01,Dermatologic events,NARROW,"{term}"' for term in terms)]
    groups = EventGroups(parse_group_file("\n".join(lines).encode(), "CQ", "cq.csv"), "digest")
    content = pilot_study.model_dump(mode="json", exclude_unset=True)
    study = Study.model_validate({**content, "aesi": [{"name": "Skin", "groups": ["CQ01"]}]})
    return derive(pilot_data, study, date(2015, 12, 31), groups=groups), study


def test_the_sponsors_query(
    with_query: tuple[AnalysisDatasets, Study], emergent: pl.DataFrame, shared_data: Path
) -> None:
    """Subjects with a dermatologic event: as CQ01NAM flags them, and as the other tools agree."""
    datasets, study = with_query
    row = "Dermatologic events (narrow)"
    ours = numbers(make_table("AET02_CQ", datasets, study))
    interest = numbers(make_table("AESI01", datasets, study))
    flagged = emergent.filter(pl.col("CQ01NAM") != "").group_by("TRT01P").agg(pl.col("USUBJID").n_unique())
    for arm, n in flagged.iter_rows():
        assert ours["", row, arm, "n"] == interest["TEAE", "", arm, "n"] == n
    agreed = shared_data.parent / "bench" / "agreed_overview.csv"
    if agreed.is_file():
        with agreed.open(newline="") as file:
            lines = [line for line in csv.DictReader(file) if line["flag"] == "DERM"]
        assert {line["arm"]: int(line["n"]) for line in lines} == {
            line["arm"]: ours["", row, line["arm"], "n"] for line in lines
        }


def test_subgroup_rows_equal_subgroup_tables(pilot: AnalysisDatasets, pilot_study: Study) -> None:
    """A row of AET01_SG is the first line of the table of that subgroup: two ways to one number."""
    rows = numbers(make_table("AET01_SG", pilot, pilot_study))
    for variable, value in (("SEX", "F"), ("SEX", "M"), ("AGEGR1", ">=65"), ("RACE", "WHITE")):
        alone = numbers(make_table("AET02", pilot, pilot_study, {"where": f"{variable}={value}"}))
        for column in ("Placebo", "Xanomeline Low Dose", "Xanomeline High Dose", "Total"):
            key = ("TEAE", f"{variable}: {value}", column)
            assert rows[(*key, "n")] == alone["", "", column, "n"]
            assert rows[(*key, "N")] == alone["", "", column, "N"]
