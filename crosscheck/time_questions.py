"""Questions on times to an event: how long each subject was watched for it, who is at risk when, which share has it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from crosscheck.interest_questions import first_of_interest, is_told, times_of_interest
from crosscheck.questions import TOTAL, Asked, Counted, by_row, quote, start
from crosscheck.subject_questions import NEVER
from longwatch.study import EventKind, Parameter
from longwatch.tables.opinion import Answer, Cell
from longwatch.tables.result import Statistic, TableResult

FOLLOWED = "coalesce(greatest(FUPDUR + date_diff('day', REFDT, TRTSDT), 0), 0)"
"""Days to the end of follow-up; 0 where it is not known."""
UNITS = {"days": "1::DOUBLE", "weeks": "7::DOUBLE", "months": "30.4375::DOUBLE", "years": "365.25::DOUBLE"}
NO_DAY = "DAY NOT KNOWN: LAST DAY OF FOLLOW-UP"


def _day(expression: str) -> str:
    """A date as a day of the clock, not before the first."""
    return f"greatest(date_diff('day', REFDT, {expression}) + 1, 1)"


def _end_of_follow_up(day: str = "followed") -> str:
    """Why a time ends without the event: at the cut-off, or on the last day known alive."""
    is_cutoff = f"REFDT + ({day} - 1)::INT = getvariable('cutoff')"
    return f"CASE WHEN {is_cutoff} THEN 'DATA CUT-OFF' ELSE 'LAST DAY KNOWN ALIVE' END"


def _participation(asked: Asked) -> tuple[str, str, str, str]:
    """Left, completed, on which day; and whether that is told of anybody."""
    if asked.supplied:
        known = {str(name): str(kind) for name, kind, *_ in asked.rows("DESCRIBE subject")}
        status = "EOSSTT" if "EOSSTT" in known else "NULL::VARCHAR"
        day = "EOSDT" if known.get("EOSDT") == "DATE" else "NULL::DATE"
        nobody = "EOSSTT" in known and asked.has("(SELECT count(*) FROM every_subject WHERE safety) = 0")
        told = "true" if nobody else f"(SELECT count({status}) FROM every_subject WHERE safety) > 0"
        return f"({status} = 'DISCONTINUED')", f"({status} = 'COMPLETED')", f"({day})", told
    stated = f"last IS NULL OR last NOT IN {NEVER}"
    nobody = asked.has("(SELECT count(*) FROM every_subject WHERE safety) = 0")
    told = "true" if nobody else f"(SELECT bool_or(last_told AND ({stated})) FROM every_subject WHERE safety)"
    left = f"(last IS NOT NULL AND last <> 'COMPLETED' AND last NOT IN {NEVER})"
    return left, "(last = 'COMPLETED')", f"(CASE WHEN last NOT IN {NEVER} THEN last_day END)", told


def _derived(asked: Asked, parameter: Parameter, first: str = "") -> str | None:
    """USUBJID, arm, days, ended (1 the event, 2 death, 0 neither) and why it is censored; None where not collected.
    `first`: the query for the first event of each subject, where it is not by the parameter's terms."""
    died = f"CASE WHEN DTHDT IS NULL THEN followed ELSE {_day('DTHDT')} END"
    died_why = f"CASE WHEN DTHDT IS NULL THEN 'DEATH, {NO_DAY}' ELSE 'DEATH' END"
    at_end = f"(followed, 0, {_end_of_follow_up()})"
    left, completed, day, told = _participation(asked)
    on_day = f"CASE WHEN {day} IS NULL THEN followed ELSE {_day(day)} END"
    whole_why = f"CASE WHEN {day} IS NULL THEN 'STUDY COMPLETED, {NO_DAY}' ELSE 'STUDY COMPLETED' END"
    event = "NULL::BIGINT"
    join = ""
    if parameter.event is EventKind.ADVERSE_EVENT:
        if parameter.serious and "AESER" not in asked.source():
            return None
        join = f"LEFT JOIN ({first or _first_events(parameter)}) f USING (USUBJID)"
        event = "CASE WHEN f.first IS NOT NULL THEN least(f.first, followed) END"
        cases = [("first IS NOT NULL", "(first, 1, NULL)"), ("died", f"({died}, 2, {died_why})")]
    elif parameter.event is EventKind.CLINICAL_EVENT:
        if "CE" not in asked.data or not {"CEDECOD", "CETERM"} & set(asked.data.datasets["CE"].columns):
            return None
        join = f"LEFT JOIN ({_first_clinical_events(parameter)}) f USING (USUBJID)"
        event = "CASE WHEN f.first IS NOT NULL THEN least(f.first, followed) END"
        cases = [("first IS NOT NULL", "(first, 1, NULL)"), ("died", f"({died}, 2, {died_why})")]
    elif parameter.event is EventKind.DEATH:
        cases = [("died", f"({died}, 1, NULL)")]
    elif not asked.has(f"coalesce({told}, false)"):
        return None
    elif parameter.event is EventKind.DISCONTINUATION:
        cases = [
            (left, f"({on_day}, 1, NULL)"),
            (completed, f"({on_day}, 0, {whole_why})"),
            ("died", f"({died}, 1, NULL)"),
        ]
    else:
        cases = [("died", f"({died}, 1, NULL)"), (f"({left} OR {completed})", "(followed, 1, NULL)")]
    chain = " ".join(f"WHEN {when} IS TRUE THEN {then}" for when, then in cases)
    subjects = f"SELECT *, {FOLLOWED} AS followed FROM subject WHERE safety"
    joined = f"SELECT s.*, {event} AS first FROM ({subjects}) s {join} WHERE followed > 0"
    return (
        "SELECT USUBJID, coalesce(counted_arm, 'Not assigned') AS arm, (t[1])::DOUBLE AS days, (t[2])::INT AS ended,"
        f" t[3] AS why FROM (SELECT *, CASE {chain} ELSE {at_end} END AS t FROM ({joined}))"
    )


def _first_events(parameter: Parameter) -> str:
    """Per subject the day of the first treatment-emergent event of the kind."""
    chosen = "true"
    if parameter.terms or parameter.socs:
        pt, soc = (", ".join(map(quote, names)) or "NULL" for names in (parameter.terms, parameter.socs))
        chosen = f"coalesce(pt IN ({pt}), false) OR coalesce(soc IN ({soc}), false)"
    serious = "AESER = 'Y'" if parameter.serious else "true"
    day = "greatest(coalesce(date_diff('day', REFDT, start_day), 0) + 1, 1)"
    return f"SELECT USUBJID, min({day}) AS first FROM emergent WHERE ({chosen}) AND ({serious}) IS TRUE GROUP BY 1"


def _first_clinical_events(parameter: Parameter) -> str:
    """Per subject the day of the first record of CE of the terms that can have started on day 1 or later."""
    terms = ", ".join(quote(term.upper()) for term in parameter.terms)
    day = "greatest(coalesce(date_diff('day', s.REFDT, earliest(c.CESTDTC)), 0) + 1, 1)"
    return (
        f"SELECT c.USUBJID, min({day}) AS first FROM CE c JOIN subject s USING (USUBJID)"
        f" WHERE upper(coalesce(c.CEDECOD, c.CETERM)) IN ({terms}) AND coalesce(c.CEOCCUR <> 'N', true)"
        " AND by_cutoff(c.CESTDTC) AND coalesce(latest(c.CESTDTC) >= s.REFDT, true) GROUP BY 1"
    )


def _supplied(code: str, unit: str) -> str:
    """The sponsor's own times, cut at the cut-off."""
    late = "coalesce(e.ADT > getvariable('cutoff'), false)"
    by_cutoff = f"(date_diff('day', e.STARTDT, getvariable('cutoff')) + 1) / {UNITS[unit]}"
    died = "CASE WHEN e.CEVENT IS NOT NULL THEN e.CEVENT = 2 ELSE s.DTHDT = e.ADT END"
    return (
        "SELECT e.USUBJID, coalesce(s.counted_arm, 'Not assigned') AS arm,"
        f" CASE WHEN {late} AND e.STARTDT IS NOT NULL THEN {by_cutoff} ELSE e.AVAL END * {UNITS[unit]} AS days,"
        f" CASE WHEN {late} THEN 0 WHEN e.CNSR = 0 THEN 1 WHEN ({died}) IS TRUE THEN 2 ELSE 0 END AS ended,"
        f" CASE WHEN {late} THEN 'DATA CUT-OFF' WHEN e.CNSR <> 0 THEN e.CNSDTDSC END AS why"
        f" FROM ADTTE e JOIN subject s USING (USUBJID) WHERE s.safety AND e.PARAMCD = {quote(code)}"
        " AND e.AVAL IS NOT NULL AND e.CNSR IS NOT NULL AND coalesce(e.STARTDT <= getvariable('cutoff'), true)"
    )


def find_times(asked: Asked, code: str) -> tuple[str, str, bool]:
    """The query that gives the times of a parameter (empty: not collected), its unit, and whether it is supplied."""
    declared = {item.code: item for item in asked.study.time_parameters}.get(code)
    if asked.supplied and asked.has(f"(SELECT count(*) FROM ADTTE WHERE PARAMCD = {quote(code)}) > 0"):
        stated = asked.rows(
            f"SELECT lower(trim(any_value(AVALU))) FROM ADTTE WHERE PARAMCD = {quote(code)} AND AVALU IS NOT NULL"
        )
        words = [str(word) for (word,) in stated if word]
        known = [word for each in words for word in (each, f"{each}s") if word in UNITS]
        unit = known[0] if known else declared.unit if declared else "days"
        return _supplied(code, unit), unit, True
    if declared is None and code in times_of_interest(asked):
        if not is_told(asked, code):
            return "", "days", False
        return _derived(asked, times_of_interest(asked)[code], first_of_interest(asked, code)) or "", "days", False
    assert declared is not None, "a table shows a parameter that is declared or supplied"
    return _derived(asked, declared) or "", declared.unit, False


def _make(asked: Asked, table: TableResult) -> str | None:
    """The table `tte` of the output's parameter, its times in the unit; that unit, or None where not collected."""
    query, unit, _ = find_times(asked, table.parameters["parameter"])
    if not query:
        return None
    asked.engine.execute(
        "CREATE OR REPLACE TEMP TABLE tte AS"
        f" SELECT USUBJID, arm, days / {UNITS[unit]} AS aval, ended, why FROM ({query})"
    )
    return unit


def is_measured(asked: Asked, table: TableResult) -> bool:
    """Whether an output shows a time to something measured (an antibody, a fall of C-peptide), which is not computed
    again: neither the study file nor the sponsor's ADTTE has it."""
    code = table.parameters.get("parameter")
    if code is None or any(item.code == code for item in asked.study.time_parameters):
        return False
    if code in times_of_interest(asked):
        return False
    return not (asked.supplied and asked.has(f"(SELECT count(*) FROM ADTTE WHERE PARAMCD = {quote(code)}) > 0"))


def times(asked: Asked, table: TableResult) -> Answer:
    """TTET01: who has a time, how it ended, who is at risk at the landmarks, and which share is free of the event."""
    counted = start(asked, table, "safety")
    if _make(asked, table) is None:
        return Answer(counted.values)
    lines = {
        ("Subjects analysed", ""): "true",
        ("With the event", ""): "ended = 1",
        ("Censored", ""): "ended <> 1",
    }
    for (why,) in asked.rows("SELECT DISTINCT why FROM tte WHERE ended <> 1 AND why IS NOT NULL"):
        lines["Censored", str(why)] = f"ended <> 1 AND why = {quote(str(why))}"
    for (group, row), condition in lines.items():
        found = by_row(asked.rows(f"SELECT 1, arm, count(*) FROM tte WHERE {condition} GROUP BY arm"), 1)
        counted.count(group, row, found.get(("1",), [{}])[0])
    landmarks = {item.row for item in table.statistics if item.row_group == "Without the event"}
    if landmarks:
        add_curve(
            asked, counted, "Without the event", {float(row.split()[1]): row for row in landmarks}, "survival_pct"
        )
    return Answer(counted.values)


def curve(statistic: str) -> Callable[[Asked, TableResult], Answer]:
    """KMG01, CIFG01: every time at which something happened, and those that the axis numbers."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        counted = start(asked, table, "safety")
        if _make(asked, table) is None:
            return Answer(counted.values)
        printed: dict[str, dict[float, str]] = {}
        for column, items in groupby(sorted(_times_of(table), key=_column), key=_column):
            printed[column] = {float(item.value or 0): item.row for item in items}
        happened = "ended = 1" if statistic == "survival_pct" else "ended > 0"
        for arm in counted.sizes:
            places = printed.get(arm, {})
            for (time,) in asked.rows(f"SELECT DISTINCT aval FROM tte WHERE {happened} AND arm = {quote(arm)}"):
                places.setdefault(float(str(time)), f"at {time}")
            if asked.has("(SELECT count(*) FROM tte) > 0"):
                add_curve(asked, counted, "", places, statistic, arm)
        return Answer(counted.values)

    return answer


def _times_of(table: TableResult) -> list[Statistic]:
    return [item for item in table.statistics if item.statistic.split("_")[0] == "time"]


def _column(item: Statistic) -> str:
    return item.column


def add_curve(
    asked: Asked, counted: Counted, group: str, places: dict[float, str], statistic: str, only: str = ""
) -> None:
    """At risk, happened and the share at some times, each with the name of its row, of every column or of one arm.

    The share without the event is the product, the share with it the sum of what is lost at each time; neither is known
    after the last observation while somebody is left.
    """
    with_counts = bool(only)
    event = "ended = 1" if statistic == "survival_pct" else "ended > 0"
    share_then = "coalesce(s, 1)" if statistic == "survival_pct" else "coalesce(f, 0)"
    for column in [only] if only else [*counted.sizes, *([TOTAL] if counted.total else [])]:
        inside = "true" if column == TOTAL else f"arm = {quote(column)}"
        query = f"""
            WITH step AS (
                SELECT aval, count(*) AS c, count(*) FILTER ({event}) AS d, count(*) FILTER (ended = 1) AS e,
                       count(*) FILTER (ended = 2) AS g, sum(count(*)) OVER (ORDER BY aval DESC) AS n
                FROM tte WHERE {inside} GROUP BY aval),
            free AS (SELECT *, product(1 - d / n) OVER (ORDER BY aval) AS s FROM step),
            before AS (SELECT *, coalesce(lag(s) OVER (ORDER BY aval), 1) AS b FROM free),
            had AS (SELECT *, sum(b * e / n) OVER (ORDER BY aval) AS f FROM before)
            SELECT t, coalesce(CASE WHEN aval = t THEN n ELSE n - c END, total, 0)::BIGINT,
                   CASE WHEN aval = t THEN e ELSE 0 END, CASE WHEN aval = t THEN g ELSE 0 END,
                   CASE WHEN total > 0 AND (t <= longest OR coalesce(s, 1) = 0) THEN {share_then} END
            FROM (SELECT unnest($1::DOUBLE[]) AS t) ASOF LEFT JOIN had ON t >= aval
            CROSS JOIN (SELECT count(*) AS total, max(aval) AS longest FROM tte WHERE {inside})"""
        rows = asked.engine.execute(query, [list(places)]).fetchall()
        for time, at_risk, events, deaths, share in rows:
            key = (group, places[float(str(time))], column)
            values: dict[Cell, object] = {(*key, "at_risk"): at_risk}
            if with_counts:
                values[*key, "events"] = events
            if statistic == "incidence_pct" and with_counts:
                values[*key, "deaths"] = deaths
            values[*key, statistic] = None if share is None else 100 * float(str(share))
            counted.values.update(values)  # type: ignore[arg-type]
