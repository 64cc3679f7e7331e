"""What is learned late changes the next report, which says why; the report of the older snapshot stays as it was
(spec D.2, D.6; traps J.6, J.15, J.17).

Each story has two snapshots of one trial: what was known then, and what is known now.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.export import results_csv
from longwatch.tables.result import TableResult
from tests.spec.follow_up_example import EXAMPLE, Records

THEN, NOW = date(2024, 6, 30), date(2025, 6, 30)
Report = Callable[[str, dict[str, Records]], TableResult]


@pytest.fixture
def report(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> Callable[..., TableResult]:
    """An output of a snapshot at a cut-off: `report("LTF01", then, THEN)`."""

    def make(code: str, data: dict[str, Records], cutoff: date) -> TableResult:
        study = make_study(follow_up={"template": "GT-15Y"})
        return make_table(code, derive(make_data(**data), study, cutoff), study)

    return make


def texts(table: TableResult, group: str, row: str, *statistics: str) -> tuple[str, ...]:
    found = {item.statistic: item.text for item in table.statistics
             if (item.row_group, item.row, item.column) == (group, row, "Total")}  # fmt: skip
    return tuple(found[name] for name in statistics)


def notes(table: TableResult) -> str:
    return " ".join(table.footnotes)


def test_a_subject_found_again_is_followed_in_the_year_that_was_over(report: Callable[..., TableResult]) -> None:
    """S2 was declared lost on 10 April 2023, before its first year ended, and year 1 counted it as lost. In 2025 its
    site enters a visit that it had held in May 2024. At the same cut-off year 1 now counts it as overdue, no more as
    lost, and the table names it and the day of the sign. From the old snapshot the old table comes out again, to the
    last digit."""
    then = EXAMPLE
    now: dict[str, Any] = {
        **EXAMPLE, "SV": [*EXAMPLE["SV"], {"USUBJID": "S2", "VISIT": "UNSCHEDULED", "SVSTDTC": "2024-05-20"}]
    }  # fmt: skip
    before = report("LTF01", then, THEN)
    assert texts(before, "Year 1", "Lost to follow-up", "n") == ("1",)
    assert "Found again" not in notes(before)
    after = report("LTF01", now, THEN)
    assert texts(after, "Year 1", "Lost to follow-up", "n") == ("0",)
    assert texts(after, "Year 1", "Overdue, nothing known", "n") == ("1",)
    assert "S2 (declared lost 2023-04-10, sign 2024-05-20)" in notes(after)
    assert results_csv([report("LTF01", then, THEN)]) == results_csv([before])


def test_a_lost_subject_found_between_two_cuts_completes_its_year(report: Callable[..., TableResult]) -> None:
    """Trap J.15. Cut in June 2024, two of three had their visit of year 1, for S2 was lost. Then its site enters that
    visit, held on 20 June 2023, and a visit of 2025: cut in June 2025 it is three of three, and S2 is lost no more at
    the end of any year. The same old cut-off gives the new figure from the new data, so only its snapshot keeps the old
    report: from that it comes out again to the last digit, and so does each table that rests on who is lost."""
    late = [("MONTH 12", "2023-06-20"), ("UNSCHEDULED", "2025-06-20")]
    found = [{"USUBJID": "S2", "VISIT": visit, "SVSTDTC": day} for visit, day in late]
    then, now = EXAMPLE, {**EXAMPLE, "SV": [*EXAMPLE["SV"], *found]}
    codes = ("LTF01", "LTF02", "LTF06", "LTF07")
    archived = results_csv([report(code, then, THEN) for code in codes])

    def completeness(data: dict[str, Records], cutoff: date) -> tuple[str, ...]:
        return texts(report("LTF01", data, cutoff), "Year 1", "Visit held", "n", "base", "share")

    assert completeness(then, THEN) == ("2", "3", "66.7")
    assert completeness(now, NOW) == completeness(now, THEN) == ("3", "3", "100")
    assert texts(report("LTF07", then, THEN), "Year 1", "Lost to follow-up", "n") == ("1",)
    lost = {item.row_group: item.text for item in report("LTF07", now, NOW).statistics
            if (item.row, item.statistic, item.column) == ("Lost to follow-up", "n", "Total")}  # fmt: skip
    assert set(lost.values()) == {"0"}, lost
    assert "S2 (declared lost 2023-04-10" in notes(report("LTF01", now, NOW))
    assert results_csv([report(code, now, THEN) for code in codes]) != archived
    assert results_csv([report(code, then, THEN) for code in codes]) == archived


def test_a_death_learned_of_late_counts_and_says_that_it_was_late(report: Callable[..., TableResult]) -> None:
    """S2, lost in 2023, turns out to have died on 5 March 2024: a registry says so in 2025. The death counts once, from
    its own day, though its participation ended as lost; the table says that it was learned of afterwards. A report
    of the old snapshot has no such death."""
    then = EXAMPLE
    now: dict[str, Any] = {
        **EXAMPLE,
        "DM": [{**row, **({"DTHFL": "Y", "DTHDTC": "2024-03-05"} if row["USUBJID"] == "S2" else {})}
               for row in EXAMPLE["DM"]],
    }  # fmt: skip
    before, after = report("LTF06", then, NOW), report("LTF06", now, NOW)
    assert texts(before, "Deaths", "", "n") == ("1",)
    assert texts(after, "Deaths", "", "n") == ("2",)
    assert texts(after, "Time of death", "Year 2", "n") == ("1",)
    assert "S2 (lost to follow-up 2023-04-10, died 2024-03-05)" in notes(after)
    assert "Learned of" not in notes(before)
    assert texts(report("LTF07", then, NOW), "Year 2", "Died", "n") == ("0",)
    assert texts(report("LTF07", now, NOW), "Year 2", "Died", "n") == ("1",)
    assert results_csv([report("LTF06", then, NOW)]) == results_csv([before])


def test_a_lot_recalled_after_it_was_given_is_recalled_in_the_next_report(report: Callable[..., TableResult]) -> None:
    """Lot A was given in 2022 and 2023, and recalled on 1 February 2025. The report cut in June 2024 calls it released
    even when it is made today, for the recall was not known then; the one cut in June 2025 says that it was recalled,
    and when, beside each of its subjects."""
    lots = [{"LOTID": "A", "CELLBANK": "MCB-1", "STATUS": "RECALLED", "RECALLDT": "2025-02-01"}]
    doses = [{**row, "EXLOT": "A" if row["USUBJID"] != "S2" else "B"} for row in EXAMPLE["EX"]]
    known = {**EXAMPLE, "EX": doses, "LOT": [{**lots[0], "STATUS": "RELEASED", "RECALLDT": None}]}
    recalled = {**EXAMPLE, "EX": doses, "LOT": lots}

    def status(data: dict[str, Records], cutoff: date) -> dict[str, str]:
        return {row.label: row.cells[-1] for row in report("LTF14", data, cutoff).rows}

    assert status(known, NOW) == {"A": "RELEASED", "B": "not in LOT"}
    assert status(recalled, THEN)["A"] == "RELEASED"
    assert status(recalled, NOW)["A"] == "RECALLED 2025-02-01"
    forward = {(row.label, row.cells[1]): row.cells[0] for row in report("LOTL01", recalled, NOW).rows}
    assert forward["A", "S1"] == forward["A", "S3"] == "MCB-1 / RECALLED 2025-02-01"
    assert forward["B", "S2"] == "Not known / not in LOT"
