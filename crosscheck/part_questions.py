"""Questions on parts of follow-up: intervals since the first dose, and the study file's periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from crosscheck.questions import YEAR, Asked, Counted, by_row, quote, reaches, start
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

FOLLOWED = "coalesce(greatest(FUPDUR + date_diff('day', REFDT, TRTSDT), 0), 0)"
AT = f"least(greatest(coalesce(date_diff('day', REFDT, start_day), 0) + 1, 1), {FOLLOWED})"
WHOLE = "Whole follow-up"
LEAST_YEARS = 0.5


def events_by_part(part: str, every: bool) -> Callable[[Asked, TableResult], Answer]:
    """AET05_INT, AET05_PER, and those of all occurrences: at risk, any event, serious ones, common PTs, by part."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        counted = start(asked, table, "safety")
        parts = _cut(asked, part)
        if not parts:
            return Answer(counted.values)
        found = by_row(asked.rows("SELECT pt, arm, count(DISTINCT USUBJID) FROM placed GROUP BY ALL"), 1)
        common = [pt for (pt,), (n,) in found.items() if reaches(table, counted, n)]
        lines = {"Any TEAE": "true", **_serious(asked), **{pt: f"pt = {quote(pt)}" for pt in common}}
        _count_lines(asked, counted, parts, lines, every)
        return Answer(counted.values)

    return answer


def rate_over_time(asked: Asked, table: TableResult) -> Answer:
    """IRG01: all events, or serious ones, of each interval."""
    counted = start(asked, table, "safety")
    lines = {"Any TEAE": "true"}
    parts = _cut(asked, "interval")
    if table.parameters["serious"] == "true":
        lines = _serious(asked)
    _count_lines(asked, counted, parts, lines, True)
    return Answer(counted.values)


def _serious(asked: Asked) -> dict[str, str]:
    return {"Serious TEAE": "AESER = 'Y'"} if asked.collected("AESER") else {}


def _cut(asked: Asked, part: str) -> list[str]:
    """Makes `piece`, a row per subject and part with a day in it, and `placed`, events with their day.

    Returns the names of the parts, and of all of them; none where there is no part."""
    asked.rows(
        "CREATE OR REPLACE TABLE placed AS SELECT USUBJID, arm, pt, AESER, "
        f"{AT} AS day FROM emergent WHERE {FOLLOWED} > 0"
    )
    asked.rows(
        "CREATE OR REPLACE TABLE watch AS "
        f"SELECT USUBJID, counted_arm AS arm, safety, REFDT, {FOLLOWED} AS followed FROM subject"
    )
    names, starts = _intervals(asked) if part == "interval" else _periods(asked)
    pieces = []
    for number, name in enumerate(names, start=1):
        # A part starts where it does, unless a later one has started already or follow-up has ended.
        low, high = (
            f"greatest(0, least(followed, {', '.join(starts[place:]) or 'followed'}))" for place in (number - 1, number)
        )
        text = name.replace("'", "''")
        pieces.append(
            f"SELECT {number} AS number, '{text}' AS name, USUBJID, arm, safety, {low} AS a, {high} AS b FROM watch"
        )
    if not pieces:
        return []
    asked.rows(f"CREATE OR REPLACE TABLE piece AS SELECT * FROM ({' UNION ALL '.join(pieces)}) WHERE b > a AND safety")
    return [*names, WHOLE]


def _intervals(asked: Asked) -> tuple[list[str], list[str]]:
    months = asked.study.interval_months
    if months:
        starts = [f"floor({month} * {YEAR} / 12)::BIGINT" for month in (0, *months)]
        return [
            *(f"Months {a} to {b}" for a, b in zip((0, *months), months, strict=False)),
            f"After month {months[-1]}",
        ], starts
    longest = int(str(asked.rows(f"SELECT coalesce(max({FOLLOWED}), 1) FROM every_subject")[0][0]))
    years = 1
    while int(years * float(YEAR)) < longest:
        years += 1
    return [f"Year {year + 1}" for year in range(years)], [f"floor({year} * {YEAR})::BIGINT" for year in range(years)]


def _periods(asked: Asked) -> tuple[list[str], list[str]]:
    starts = ["0"]
    for period in asked.study.periods[1:]:
        if period.from_day is not None:
            starts.append(str(period.from_day - 1))
            continue
        variable, value = ("EPOCH", period.from_epoch) if period.from_epoch else ("ETCD", period.from_element)
        source = asked.data.datasets["SE"].columns if "SE" in asked.data else ()
        if variable not in source or "SESTDTC" not in source:
            return [], []
        text = value.replace("'", "''")
        starts.append(
            f"(SELECT date_diff('day', watch.REFDT, min(earliest(SESTDTC))) FROM SE WHERE SE.USUBJID = watch.USUBJID"
            f" AND {variable} = '{text}' AND by_cutoff(SESTDTC))"
        )
    return [period.name for period in asked.study.periods], starts


def _count_lines(asked: Asked, counted: Counted, parts: Sequence[str], lines: Mapping[str, str], every: bool) -> None:
    """Every line in every part: subjects at risk and their days, events, and what of the days lies after the first."""
    picked = " UNION ALL ".join(
        f"SELECT {quote(row)} AS line, USUBJID, arm, {'day' if every else 'min(day) AS day'} FROM placed"
        f" WHERE ({condition}) IS TRUE{'' if every else ' GROUP BY ALL'}"
        for row, condition in lines.items()
    )
    pieces = f"(SELECT * FROM piece UNION ALL BY NAME SELECT * REPLACE ('{WHOLE}' AS name) FROM piece)"
    at_risk = by_row(
        asked.rows(f"SELECT name, arm, count(DISTINCT USUBJID), sum(b - a)::BIGINT FROM {pieces} GROUP BY ALL"), 1
    )
    found = by_row(
        asked.rows(
            "SELECT name, line, arm, count(*) FILTER (day > a AND day <= b),"
            f" sum(b - least(b, greatest(a, day)))::BIGINT FROM ({picked})"
            f" JOIN {pieces} USING (USUBJID, arm) GROUP BY ALL"
        )
        if lines
        else [],
        2,
    )
    for name in parts:
        n, days = at_risk.get((name,), [{}, {}])
        for column, number, _ in counted.columns(n):
            counted.values[name, "At risk", column, "n"] = number
        for column, number, _ in counted.columns(days):
            counted.values[name, "At risk", column, "person_years"] = number / float(YEAR)
        for row in lines:
            events, lost = found.get((name, row), [{}, {}])
            left = days if every else {arm: number - lost.get(arm, 0) for arm, number in days.items()}
            _rate(counted, name, row, events, left, "events" if every else "n")


def _rate(counted: Counted, group: str, row: str, n: Mapping[str, int], days: Mapping[str, int], name: str) -> None:
    time = {column: number / float(YEAR) for column, number, _ in counted.columns(days)}
    for column, number, _ in counted.columns(n):
        years = time[column]
        counted.values[group, row, column, name] = number
        counted.values[group, row, column, "person_years"] = years
        counted.values[group, row, column, "rate"] = 100 * number / years if years >= LEAST_YEARS else None
