"""Questions on periodic reports: what happened in the interval that ends at the data lock point, and until then."""

from __future__ import annotations

from collections.abc import Mapping

from crosscheck.listed_deaths import count_facts
from crosscheck.listing_questions import NAMED, is_told
from crosscheck.questions import Asked, Counted, by_row, quote, start
from longwatch.study import Study
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

IN_INTERVAL = "coalesce({} BETWEEN getvariable('interval_start') AND getvariable('cutoff'), {})"


def interval_start(study: Study) -> str:
    """The first day of the interval as SQL: the last anniversary of the birth date, else a year before the next day."""
    birth = study.development_birth_date
    if birth is None:
        return "(getvariable('cutoff') + 1 - INTERVAL 1 YEAR)::DATE"
    return (
        f"(SELECT max(day) FROM (SELECT (DATE '{birth.isoformat()}' + to_years(n::INT))::DATE AS day"
        " FROM range(0, 400) t(n)) WHERE day <= getvariable('cutoff'))"
    )


def _both(
    counted: Counted, group: str, row: str, name: str, found: tuple[Mapping[str, int], Mapping[str, int]]
) -> None:
    for statistic, by_arm in zip((f"{name}_in_interval", name), found, strict=True):
        for column, number, _ in counted.columns(by_arm):
            counted.values[group, row, column, statistic] = number


def exposure(asked: Asked, table: TableResult) -> Answer:
    """DSUR61: subjects with a dose, and those whose first one lies in the interval."""
    counted = start(asked, table, "safety")
    inside = IN_INTERVAL.format("TRTSDT", "false")
    known = {str(name) for name, *_ in asked.rows("DESCRIBE subject")}
    groups: dict[tuple[str, str], str] = {("Subjects exposed", ""): "true"}
    for variable in asked.study.demographics:
        if variable not in known or not asked.has(f'(SELECT count("{variable}") FROM every_subject) > 0'):
            continue
        for value, kind in asked.rows(f'SELECT DISTINCT "{variable}", typeof("{variable}") FROM subject WHERE safety'):
            if kind != "VARCHAR" and not str(kind).startswith("ENUM"):
                continue
            condition = f'"{variable}" IS NULL' if value is None else f'"{variable}" = ' + quote(str(value))
            groups[variable, "Missing" if value is None else str(value)] = condition
    for (group, row), condition in groups.items():
        rows = asked.rows(
            f"SELECT 1, counted_arm, count(*) FILTER ({inside}), count(*) FROM subject"
            f" WHERE safety AND {condition} GROUP BY ALL"
        )
        found = by_row(rows, 1).get(("1",), [{}, {}])
        _both(counted, group, row, "n", (found[0], found[1]))
    return Answer(counted.values)


def serious_events(asked: Asked, table: TableResult) -> Answer:
    """DSUR73: all serious events, by SOC, by PT."""
    counted = start(asked, table, "safety")
    asked.rows(NAMED)
    if not is_told(asked, "AESER"):
        return Answer(counted.values)
    rows = asked.rows(
        "SELECT CASE WHEN grouping(soc) = 1 THEN '' ELSE soc END, CASE WHEN grouping(pt) = 1 THEN '' ELSE pt END, arm,"
        f" count(*) FILTER ({IN_INTERVAL.format('start_day', 'true')}), count(*) FROM record"
        " WHERE safety AND AESER = 'Y' GROUP BY GROUPING SETS ((arm), (soc, arm), (soc, pt, arm))"
    )
    found = by_row(rows, 2)
    found.setdefault(("", ""), [{}, {}])
    for (soc, pt), (inside, all_of_them) in found.items():
        _both(counted, soc, pt, "events", (inside, all_of_them))
    return Answer(counted.values)


def reactions(asked: Asked, table: TableResult) -> Answer:
    """DSUR72: each serious reaction that started in the interval."""
    counted = start(asked, table, "safety")
    asked.rows(NAMED)
    if not (is_told(asked, "AESER") and asked.has("(SELECT count(related) > 0 OR count(*) = 0 FROM every_started)")):
        return Answer(counted.values)
    inside = IN_INTERVAL.format("start_day", "true")
    for subject, name, arm in asked.rows(
        f"SELECT USUBJID, name, arm FROM record WHERE safety AND AESER = 'Y' AND related AND {inside}"
    ):
        counted.values[str(subject), str(name), str(arm), "events"] = 1
    return Answer(counted.values)


def deaths(asked: Asked, table: TableResult) -> Answer:
    """DSURDTHL: deaths in the interval, those of a day not known included."""
    counted = start(asked, table, "safety")
    condition = f"died AND {IN_INTERVAL.format('DTHDT', 'true')}"
    _count(asked, counted, "Deaths in the interval", condition)
    count_facts(asked, counted, condition)
    return Answer(counted.values)


def dropouts(asked: Asked, table: TableResult) -> Answer:
    """DSURWDL: whose participation or treatment ended by an adverse event in the interval."""
    counted = start(asked, table, "safety")
    ended = " OR ".join(
        f"({last} = 'ADVERSE EVENT' AND {IN_INTERVAL.format(f'{last}_day', 'true')})"
        for last in ("last", "last_treatment")
    )
    _count(asked, counted, "Dropouts", ended)
    return Answer(counted.values)


def _count(asked: Asked, counted: Counted, group: str, condition: str) -> None:
    rows = asked.rows(
        f"SELECT 1, counted_arm, count(*) FROM subject WHERE safety AND ({condition}) IS TRUE GROUP BY ALL"
    )
    counted.count(group, "", by_row(rows, 1).get(("1",), [{}])[0])
