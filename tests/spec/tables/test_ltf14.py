"""LTF14: serious adverse events by product lot (spec D.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

# The example of spec D.6: lots A 2 of 5, B 0 of 4, C 1 of 3. A1 and C1 also got B later, after the event of C1.
USED = {"A": 5, "B": 2, "C": 3}
NAMES = [f"{lot}{number}" for lot, size in USED.items() for number in range(1, size + 1)]
DM = [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "RFPENDTC": "2023-03-01"} for name in NAMES]
FIRST = [(name, name[0], "2022-03-01") for name in NAMES]
EX = [
    {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXLOT": lot, "EXSTDTC": day}
    for name, lot, day in (*FIRST, ("A1", "B", "2022-09-01"), ("C1", "B", "2022-09-01"))
]
AE = [
    {"USUBJID": subject, "AESEQ": float(number), "AEDECOD": "Fever", "AEBODSYS": "General", "AESTDTC": day,
     "AESER": serious}
    for number, (subject, day, serious) in enumerate(
        (("A2", "2022-04-01", "Y"), ("A2", "2022-05-01", "Y"), ("A3", "2022-06-01", "Y"), ("C1", "2022-08-31", "Y"),
         ("B1", "2022-04-01", "N"), ("C2", "2021-04-01", "Y")))
]  # fmt: skip
LOT = [
    {"LOTID": "A", "STATUS": "RELEASED", "RECALLDT": None},
    {"LOTID": "B", "STATUS": "RECALLED", "RECALLDT": "2023-01-15"},
    {"LOTID": "C", "STATUS": "RECALLED", "RECALLDT": "2024-01-15"},
]
LOTTEST = [
    {"LOTID": lot, "TEST": test, "PASS": passed}
    for lot, test, passed in (("A", "STERILITY", "Y"), ("A", "VIABILITY", "N"), ("B", "STERILITY", None))
]
TRIAL: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "AE": AE, "LOT": LOT, "LOTTEST": LOTTEST}
BARE = {
    "DM": DM, "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in AE],
    "EX": [*EX[:-1], {**EX[-1], "USUBJID": "A2", "EXLOT": None}],
}  # fmt: skip
NO_LOT = {"DM": DM, "AE": AE, "EX": [{name: row[name] for name in ("USUBJID", "EXTRT", "EXSTDTC")} for row in EX]}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
Made = tuple[TableResult, AnalysisDatasets]


@pytest.fixture
def made(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., Made]:
    def make(data: dict[str, Any]) -> Made:
        study = make_study()
        datasets = derived(cutoff=date(2023, 3, 1), study=study, **data)
        return make_table("LTF14", datasets, study), datasets

    return make


def test_lots_have_exact_intervals_and_the_order_of_their_ids(made: Callable[..., Made]) -> None:
    """Spec D.6: 40.0 (5.3, 85.3), 0 (0, 60.2), 33.3 (0.8, 90.6). C1's event came the day before it got B."""
    table, _ = made(TRIAL)
    assert [(row.label, *row.cells[:2]) for row in table.rows] == [
        ("A", "5", "2 (40.0) [5.3, 85.3]"),
        ("B", "4", "0 [0.0, 60.2]"),
        ("C", "3", "1 (33.3) [0.8, 90.6]"),
    ]


def test_time_counts_from_the_day_of_the_lot(made: Callable[..., Made]) -> None:
    """B: 2 subjects for 366 days, 2 for 182 = 3.0 years; A: 5 for 366 = 5.0 years, 3 events."""
    table, _ = made(TRIAL)
    assert [row.cells[2:4] for row in table.rows] == [
        ("5.0", "3, 59.9 (12.3, 175.0)"),
        ("3.0", "0, 0.0 (0.0, 122.9)"),
        ("3.0", "1, 33.3 (0.8, 185.3)"),
    ]


def test_tests_that_failed_or_are_pending_and_a_recall_known_at_the_cut_off(made: Callable[..., Made]) -> None:
    table, _ = made(TRIAL)
    assert [row.cells[4:] for row in table.rows] == [
        ("1 of 2", "RELEASED"),
        ("1 of 1", "RECALLED 2023-01-15"),
        ("no test", "RELEASED"),
    ]


def test_each_count_is_counted_again_from_its_source(made: Callable[..., Made]) -> None:
    table, datasets = made(TRIAL)
    counts = [item for item in table.statistics if item.statistic in ("n", "base", "N", "events")]
    assert len(counts) == 10
    assert all(explain(datasets, item).counted == item.value for item in counts)


@pytest.mark.parametrize(
    ("name", "data"), [("trial", TRIAL), ("no_subject", NOBODY), ("missing_variables", BARE), ("no_lot", NO_LOT)]
)
def test_the_whole_table(
    made: Callable[..., Made], golden: Callable[[str, str], None], name: str, data: dict[str, Any]
) -> None:
    """As text. Without AESER there is no serious event to count; without EXLOT there is no lot."""
    golden(f"ltf14_{name}", as_text(made(data)[0]))
