"""Questions on listings: each record that one must hold, by its subject and its name there."""

from __future__ import annotations

from collections.abc import Callable

from crosscheck.questions import Asked, by_row, start
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

LISTED = {
    "AEL02": ("true", ""),
    "AEL03": ("AESER = 'Y'", "AESER"),
    "AEL02_WD": ("AEACN = 'DRUG WITHDRAWN'", "AEACN"),
}
NAMED = """
CREATE OR REPLACE TABLE record AS
SELECT * EXCLUDE (counted_arm), counted_arm AS arm,
       text || CASE WHEN again > 1 THEN ' (' || again || ')' ELSE '' END AS name
FROM (SELECT *, row_number() OVER (PARTITION BY USUBJID, text ORDER BY _row) AS again FROM every_started)
WHERE _row IN (SELECT _row FROM started)
"""
"""Every event under the name that a listing gives it: AESEQ, and where a subject has it again, how often it came."""


def event_listing(code: str) -> Callable[[Asked, TableResult], Answer]:
    """AEL02, AEL03, AEL02_WD: the records of the safety population, and how many there are of each arm."""
    condition, variable = LISTED[code]

    def answer(asked: Asked, table: TableResult) -> Answer:
        counted = start(asked, table, "safety")
        asked.rows(NAMED)
        if variable and not is_told(asked, variable):
            return Answer(counted.values)
        rows = asked.rows(f"SELECT USUBJID, name, arm FROM record WHERE safety AND ({condition}) IS TRUE")
        for subject, name, arm in rows:
            counted.values[str(subject), str(name), str(arm), "events"] = 1
        per_arm = by_row(
            asked.rows(
                "SELECT 1, arm, count(DISTINCT USUBJID), count(*) FROM record"
                f" WHERE safety AND ({condition}) IS TRUE GROUP BY ALL"
            ),
            1,
        )
        subjects, events = per_arm.get(("1",), [{}, {}])
        counted.count("Events listed", "", subjects, events)
        return Answer(counted.values)

    return answer


def is_told(asked: Asked, variable: str) -> bool:
    """Whether the data has a variable of events, with a value in any of them, or there is no event."""
    told = f"(SELECT count({variable}) > 0 OR count(*) = 0 FROM every_started)"
    return variable in asked.source() and asked.has(told)
