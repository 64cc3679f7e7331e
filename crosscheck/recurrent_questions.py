"""The question on events that can recur: how many a subject has had on average by a time, death competing."""

from __future__ import annotations

from crosscheck.questions import Asked, quote, start
from crosscheck.time_questions import FOLLOWED, UNITS
from longwatch.study import Parameter
from longwatch.tables.opinion import Answer, Cell
from longwatch.tables.result import TableResult

DEATH_DAY = f"CASE WHEN died AND DTHDT IS NOT NULL THEN greatest(date_diff('day', REFDT, DTHDT) + 1, {FOLLOWED}) END"
EVENT_DAY = f"least(greatest(coalesce(date_diff('day', REFDT, start_day), 0) + 1, 1), {FOLLOWED})"


def mean_count(asked: Asked, table: TableResult) -> Answer:
    """MCCG01: at every time that is printed, and every one at which something happened."""
    counted = start(asked, table, "safety")
    declared = {item.code: item for item in asked.study.time_to_event.all_parameters()}[table.parameters["parameter"]]
    source = asked.data.datasets["ADAE" if asked.supplied else "AE"].columns
    if declared.serious and "AESER" not in source:
        return Answer(counted.values)
    asked.rows(
        "CREATE OR REPLACE TEMP TABLE observed AS SELECT USUBJID, coalesce(counted_arm, 'Not assigned') AS arm, died,"
        f" coalesce({DEATH_DAY}, {FOLLOWED}) AS last FROM subject WHERE safety AND {FOLLOWED} > 0"
    )
    asked.rows(
        f"CREATE OR REPLACE TEMP TABLE recurring AS SELECT coalesce(arm, 'Not assigned') AS arm, {EVENT_DAY} AS day"
        f" FROM emergent WHERE {FOLLOWED} > 0 AND ({_chosen(declared)}) IS TRUE"
    )
    if not asked.has("(SELECT count(*) FROM recurring) > 0"):
        return Answer(counted.values)
    unit = UNITS[declared.unit].split(":")[0]
    for arm in counted.sizes:
        printed = {
            float(item.value or 0) * float(unit): item.row
            for item in table.statistics
            if item.column == arm and item.statistic.split("_")[0] == "time"
        }
        rows = {round(day, 6): row for day, row in printed.items()}
        for day, at_risk, events, deaths, mean in asked.engine.execute(_curve(arm), [list(rows)]).fetchall():
            key = ("", rows.get(round(float(str(day)), 6), f"day {day}"), arm)
            values: dict[Cell, float | int | None] = {
                (*key, "at_risk"): at_risk,
                (*key, "events"): events,
                (*key, "deaths"): deaths,
                (*key, "mean_count"): mean,
            }
            counted.values.update(values)
    return Answer(counted.values)


def _chosen(declared: Parameter) -> str:
    pt, soc = (", ".join(map(quote, names)) or "NULL" for names in (declared.terms, declared.socs))
    named = f"coalesce(pt IN ({pt}), false) OR coalesce(soc IN ({soc}), false)"
    chosen = named if declared.terms or declared.socs else "true"
    return f"({chosen}) AND {'AESER = ' + quote('Y') if declared.serious else 'true'}"


def _curve(arm: str) -> str:
    """At risk, events, deaths and the mean count of an arm, at the days asked for and those of an event or a death.

    What a day adds: the share alive just before it, times its events, by the subjects at risk. Unknown after the last
    observation, unless it ended by the death of all who were left.
    """
    inside = f"arm = {quote(arm)}"
    return f"""
        WITH days AS (
            SELECT DISTINCT round(t, 6) AS t FROM (
                SELECT unnest($1::DOUBLE[]) AS t UNION ALL SELECT day FROM recurring WHERE {inside}
                UNION ALL SELECT last FROM observed WHERE died AND {inside})),
        step AS (
            SELECT t, (SELECT count(*) FROM observed WHERE {inside} AND last >= t) AS n,
                   (SELECT count(*) FROM recurring WHERE {inside} AND day = t) AS e,
                   (SELECT count(*) FROM observed WHERE {inside} AND died AND last = t) AS d
            FROM days),
        alive AS (SELECT *, product(CASE WHEN n > 0 THEN 1 - d / n ELSE 1 END) OVER (ORDER BY t) AS s FROM step),
        before AS (SELECT *, coalesce(lag(s) OVER (ORDER BY t), 1) AS b FROM alive),
        mean AS (SELECT *, sum(CASE WHEN n > 0 THEN b * e / n ELSE 0 END) OVER (ORDER BY t) AS m FROM before)
        SELECT t, n, e, d,
               CASE WHEN (SELECT count(*) FROM observed WHERE {inside}) > 0
                     AND (t <= (SELECT max(last) FROM observed WHERE {inside}) OR s = 0) THEN m END
        FROM mean ORDER BY t"""
