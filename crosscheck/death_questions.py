"""Questions on deaths: how many, of what, how long after the first dose, and events that ended so."""

from __future__ import annotations

from collections.abc import Mapping

from crosscheck.questions import SUBSETS, Asked, Counted, by_row, start
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

STATED = {
    False: "SELECT USUBJID, arg_min(coalesce(DDSTRESC, DDORRES), _row) AS stated FROM DD"
    " WHERE DDTESTCD = 'PRCDTH' AND coalesce(DDSTRESC, DDORRES) IS NOT NULL AND by_cutoff(DDDTC) GROUP BY 1",
    True: "SELECT USUBJID, DTHCAUS AS stated FROM subject",
}
FATAL_TERM = {
    False: "SELECT USUBJID, arg_min(coalesce(AEDECOD, 'UNCODED: ' || coalesce(AETERM, 'no verbatim term')), _row) AS pt"
    " FROM event WHERE NOT goes_on AND (AEOUT = 'FATAL' OR AESDTH = 'Y') GROUP BY 1",
    True: "SELECT USUBJID, arg_min(coalesce(AEDECOD, 'UNCODED: ' || coalesce(AETERM, 'no verbatim term')), _row) AS pt"
    " FROM ADAE WHERE (AEOUT = 'FATAL' OR AESDTH = 'Y') AND coalesce(ASTDT <= getvariable('cutoff'), true) GROUP BY 1",
}
"""By whether the sponsor's ADaM was supplied: the cause that is stated, and the first event with a fatal outcome."""


def _count(asked: Asked, counted: Counted, group: str, key: str) -> bool:
    """The lines of a key among the dead of the safety population; whether there is one."""
    rows = asked.rows(
        f"SELECT {key}, counted_arm, count(*) FROM subject"
        f" LEFT JOIN ({STATED[asked.supplied]}) s USING (USUBJID)"
        f" LEFT JOIN ({FATAL_TERM[asked.supplied]}) f USING (USUBJID) WHERE safety AND died GROUP BY ALL"
    )
    found: Mapping[tuple[str, ...], list[dict[str, int]]] = by_row(rows, 1)
    for (name,), (n,) in found.items():
        counted.count(group, name, n)
    return bool(found)


def deaths(asked: Asked, table: TableResult) -> Answer:
    """DTHT01: all deaths, causes, times; then subjects with a fatal event, and its terms."""
    counted = start(asked, table, "safety")
    within = table.parameters["within_days"]
    count_deaths(asked, counted)
    _count(asked, counted, "Primary cause of death", "coalesce(s.stated, f.pt, 'Not reported')")
    early, late = f"'Within {within} days'", f"'After {within} days'"
    key = (
        f"CASE WHEN death_day - 1 <= {within} THEN {early} WHEN death_day - 1 > {within} THEN {late}"
        " ELSE 'Day not known' END"
    )
    if _count(asked, counted, "Time since first dose", key):
        for row in (early.strip("'"), late.strip("'"), "Day not known"):
            if ("Time since first dose", row) not in {cell[:2] for cell in counted.values}:
                counted.count("Time since first dose", row, {})
    condition, variables = SUBSETS["fatal"]
    if asked.collected(*variables):
        rows = asked.rows(
            "SELECT CASE WHEN grouping(pt) = 1 THEN '' ELSE pt END, arm, count(DISTINCT USUBJID) FROM emergent"
            f" WHERE {condition} IS TRUE GROUP BY GROUPING SETS ((arm), (pt, arm))"
        )
        found = by_row(rows, 1)
        found.setdefault(("",), [{}])
        for (pt,), (n,) in found.items():
            counted.count("TEAE leading to death", pt, n)
    return Answer(counted.values)


def count_deaths(asked: Asked, counted: Counted) -> None:
    """The deaths of each arm."""
    found = by_row(
        asked.rows("SELECT 1, counted_arm, count(*) FROM subject WHERE safety AND died GROUP BY counted_arm"), 1
    )
    counted.count("Deaths", "", found.get(("1",), [{}])[0])
