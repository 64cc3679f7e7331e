"""Questions on lots: who was treated with which, and what followed."""

from __future__ import annotations

from crosscheck.interest_questions import is_given
from crosscheck.questions import YEAR, Asked, start
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

ALL = "All subjects"


def events_by_lot(asked: Asked, table: TableResult) -> Answer:
    """LTF14: by lot, from the records of EX, AE and LOTTEST."""
    counted = start(asked, table, "safety")
    n = sum(counted.sizes.values())
    counted.values.clear()
    counted.values["", "", ALL, "N"] = n
    asked.rows(
        "CREATE OR REPLACE TABLE lot_given AS SELECT USUBJID, trim(EXLOT) AS lot, min(earliest(EXSTDTC)) AS day,"
        " any_value(s.TRTSDT + (s.FUPDUR - 1)::INT) AS end_day FROM EX JOIN subject s USING (USUBJID)"
        f" WHERE s.safety AND EXLOT IS NOT NULL AND {is_given(asked)} GROUP BY ALL"
    )
    serious = "SELECT lot, g.USUBJID FROM lot_given g JOIN emergent e USING (USUBJID) WHERE AESER = 'Y'"
    serious += " AND coalesce(e.start_day >= g.day, true)"
    collected = "AESER" in asked.source()
    rows = asked.rows(
        "SELECT lot, count(DISTINCT USUBJID), coalesce(sum(greatest(end_day - day + 1, 0)), 0)::BIGINT,"
        f" (SELECT count(DISTINCT USUBJID) FROM ({serious}) s WHERE s.lot = g.lot),"
        f" (SELECT count(*) FROM ({serious}) s WHERE s.lot = g.lot),"
        " (SELECT count(*) FROM LOTTEST t WHERE trim(t.LOTID) = g.lot),"
        " (SELECT count(*) FROM LOTTEST t WHERE trim(t.LOTID) = g.lot AND PASS IS DISTINCT FROM 'Y')"
        " FROM lot_given g GROUP BY lot"
    )
    told = "LOTTEST" in asked.data and {"LOTID", "PASS"} <= set(asked.data.datasets["LOTTEST"].columns)
    for lot, *numbers in rows:
        base, days, n, events, tests, failed = (int(str(number)) for number in numbers)
        years = days / float(YEAR)
        found: dict[str, float | int | None] = {
            "base": base, "tests": tests if told else 0, "tests_not_passed": failed if told else 0
        }  # fmt: skip
        if collected:
            found |= {"n": n, "share": 100 * n / base if base else None, "events": events, "person_years": years,
                      "rate": 100 * events / years if years >= 0.5 else None}  # fmt: skip
        counted.values.update({("", str(lot), ALL, name): value for name, value in found.items()})
    return Answer(counted.values)
