"""What is behind a cell: its records, and each number counted again (every number opens the records behind it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import columns_to_show, explain, find_cell
from longwatch.tables.result import TableResult

DATA: dict[str, list[dict[str, Any]]] = {
    "DM": [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL"} for name in ("S1", "S2")],
    "EX": [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in ("S1", "S2")],
    "AE": [
        {"USUBJID": "S1", "AESEQ": 1.0, "AEBODSYS": "Blood", "AEDECOD": "Bleeding", "AESTDTC": "2022-04-01"},
        {"USUBJID": "S1", "AESEQ": 2.0, "AEBODSYS": "Blood", "AEDECOD": "Bleeding", "AESTDTC": "2022-05-01"},
        {"USUBJID": "S1", "AESEQ": 3.0, "AEBODSYS": "Gut", "AEDECOD": "Bleeding", "AESTDTC": "2022-05-01"},
        {"USUBJID": "S2", "AESEQ": 1.0, "AEBODSYS": "Gut", "AEDECOD": "Nausea", "AESTDTC": "2022-05-01"},
    ],
}


@pytest.fixture
def datasets(derived: Callable[..., AnalysisDatasets]) -> AnalysisDatasets:
    """Two subjects of one arm, and a PT that stands under two SOCs."""
    return derived(**DATA)


@pytest.fixture
def aet02(datasets: AnalysisDatasets, make_study: Callable[..., Study]) -> TableResult:
    return make_table("AET02", datasets, make_study())


def test_the_records_behind_a_cell(datasets: AnalysisDatasets, aet02: TableResult) -> None:
    """n, percent and events of one cell: one subject, two records, with what names and dates them."""
    found = {item.statistic: explain(datasets, item) for item in find_cell(aet02, "Blood", "Bleeding", "Islet cells")}
    assert {name: item.counted for name, item in found.items()} == {"n": 1, "pct": None, "events": 2}
    events = found["events"]
    assert events.subjects == 1
    assert events.records["AESEQ"].to_list() == [1.0, 2.0]
    shown = columns_to_show(events)
    assert shown[:2] == ["USUBJID", "AESEQ"]
    assert {"AEBODSYS", "AEDECOD", "SAFFL", "TRTEMFL", "TRT01A", "ASTDT"} <= set(shown)


def test_a_row_alone_is_enough_where_it_is_the_only_one(aet02: TableResult) -> None:
    assert {item.row_group for item in find_cell(aet02, "", "Nausea", "Total")} == {"Gut"}


def test_a_row_of_several_groups_needs_its_group(aet02: TableResult) -> None:
    with pytest.raises(StudyError) as raised:
        find_cell(aet02, "", "Bleeding", "Total")
    assert raised.value.error_id == "LW-TAB-005"
    assert "Blood, Gut" in raised.value.one_line()


def test_the_line_of_a_group_and_the_line_over_all(datasets: AnalysisDatasets, aet02: TableResult) -> None:
    counted = [
        explain(datasets, next(item for item in find_cell(aet02, group, "", "Total") if item.statistic == "n")).counted
        for group in ("", "Gut")
    ]
    assert counted == [2, 2]


@pytest.mark.parametrize(
    ("cell", "named"),
    [(("Blood", "Bleeding", "Placebo"), "Islet cells"), (("", "Headache", "Total"), "rows such as Gut, Bleeding")],
)
def test_a_cell_that_is_not_there(aet02: TableResult, cell: tuple[str, str, str], named: str) -> None:
    """The message names what is there."""
    with pytest.raises(StudyError) as raised:
        find_cell(aet02, *cell)
    assert raised.value.error_id == "LW-TAB-004"
    assert named in raised.value.one_line()


def test_a_worst_grade_opens_all_records_it_was_chosen_from(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """A subject at its worst grade: every record of the line, not only the worst."""
    graded = [{**record, "AETOXGR": str(int(record["AESEQ"]))} for record in DATA["AE"]]
    datasets = derived(**{**DATA, "AE": graded})
    table = make_table("AET04", datasets, make_study())
    cell = find_cell(table, "Blood", "Bleeding: Grade 2", "Islet cells")
    explanation = explain(datasets, next(item for item in cell if item.statistic == "n"))
    assert explanation.counted == 1
    assert explanation.records["AETOXGR"].cast(pl.String).to_list() == ["1", "2"]
