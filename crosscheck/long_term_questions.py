"""Questions on what happened over the years: first events, recurrent events, immunosuppressants."""

from __future__ import annotations

from collections.abc import Iterator

from crosscheck.follow_up_questions import FOLLOWED, add_range, add_rate, add_share
from crosscheck.graft_questions import tells_level_3
from crosscheck.interest_questions import times_of_interest
from crosscheck.questions import TOTAL, YEAR, Asked, Counted, by_row, numbers_by_arm, quote, start
from crosscheck.time_questions import UNITS, add_curve, find_times
from longwatch.study import Parameter
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

YEARS = (1, 3, 5)
SINCE = "Days to the first, median (range)"
DAY = f"least(greatest(coalesce(date_diff('day', REFDT, start_day), 0) + 1, 1), {FOLLOWED})"
"""The day of an adverse event on the clock of follow-up."""


def first_events(asked: Asked, table: TableResult) -> Answer:
    """LTF05, LTF08, LTF12: the groups of adverse events. What is measured (antibodies, C-peptide, eGFR, drugs) and the
    slopes are not computed again."""
    counted = start(asked, table, "safety")
    if not sum(counted.sizes.values()):
        return Answer(counted.values)
    printed = {item.row_group for item in table.statistics if item.row_group}
    declared = {item.name: item for item in (*times_of_interest(asked).values(), *asked.study.time_parameters)}
    for name in sorted(printed & set(declared)):
        _first(asked, counted, table, declared[name])
    return Answer(counted.values, frozenset(printed - set(declared)))


def _first(asked: Asked, counted: Counted, table: TableResult, parameter: Parameter) -> None:
    query, unit, _ = find_times(asked, parameter.code)
    if not query:
        return
    name = parameter.name
    asked.engine.execute(
        "CREATE OR REPLACE TEMP TABLE tte AS"
        f" SELECT USUBJID, arm, days / {UNITS[unit]} AS aval, days, ended, why FROM ({query})"
    )
    n = numbers_by_arm(asked, "SELECT arm, count(*) FROM tte WHERE ended = 1 GROUP BY arm")
    counted.count(name, "", n)
    add_range(asked, counted, name, SINCE, "FROM (SELECT arm, days AS day FROM tte WHERE ended = 1)")
    printed = [item for item in table.statistics if item.row_group == name]
    if any(item.statistic == "rate" for item in printed):
        days = numbers_by_arm(asked, "SELECT arm, sum(days)::BIGINT FROM tte GROUP BY arm")
        add_rate(counted, name, "", n, days)
    if any(item.row == "Year 1" for item in printed):
        days_per_unit = float(UNITS[unit].split("::")[0])
        places = {year * float(YEAR) / days_per_unit: f"Year {year}" for year in YEARS}
        add_curve(asked, counted, name, places, "incidence_pct")


def recurrent_events(asked: Asked, table: TableResult) -> Answer:
    """LTF09: subjects, events, and mean cumulative counts by 1, 3 and 5 years."""
    counted = start(asked, table, "safety")
    if not sum(counted.sizes.values()):
        return Answer(counted.values)
    asked.engine.execute(
        "CREATE OR REPLACE TEMP TABLE watched_for AS SELECT USUBJID, coalesce(counted_arm, 'Not assigned') AS arm,"
        f" {FOLLOWED} AS f, died IS TRUE AS died FROM subject"
        " WHERE safety AND TRTSDT IS NOT NULL AND FUPDUR IS NOT NULL"
    )
    for name, events in _recurring(asked):
        asked.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE recurring AS SELECT r.USUBJID, w.arm, r.day FROM ({events}) r"
            " JOIN watched_for w USING (USUBJID)"
        )
        found = by_row(asked.rows("SELECT 1, arm, count(DISTINCT USUBJID), count(*) FROM recurring GROUP BY arm"), 1)
        n, events_by_arm = found.get(("1",), [{}, {}])
        counted.count(name, "", n)
        for column, number, _ in counted.columns(events_by_arm):
            counted.values[name, "Events", column, "events"] = number
        for column in [*counted.sizes, *([TOTAL] if counted.total else [])]:
            for year in YEARS:
                mean, at_risk = _mean_count(asked, column, year * float(YEAR))
                counted.values[name, f"Year {year}", column, "mean_count"] = mean
                counted.values[name, f"Year {year}", column, "at_risk"] = at_risk
    return Answer(counted.values)


def _recurring(asked: Asked) -> Iterator[tuple[str, str]]:
    """Name, and the query of USUBJID and day."""
    for group in asked.study.follow_up.recurrent:
        pt, soc = (", ".join(map(quote, names)) or "NULL" for names in (group.terms, group.socs))
        chosen = f"coalesce(pt IN ({pt}), false) OR coalesce(soc IN ({soc}), false)"
        yield group.name, f"SELECT USUBJID, {DAY} AS day FROM emergent WHERE ({chosen}) AND {FOLLOWED} > 0"
    if tells_level_3(asked.data):
        day = "greatest(coalesce(earliest(CESTDTC), TRTSDT), TRTSDT)"
        yield (
            "Hypoglycaemia, level 3",
            (
                f"SELECT USUBJID, greatest(date_diff('day', REFDT, {day}) + 1, 1) AS day"
                " FROM level_3 JOIN subject USING (USUBJID) WHERE coalesce(latest(CESTDTC) >= TRTSDT, true)"
                f" AND {day} <= TRTSDT + (FUPDUR - 1)::INT"
            ),
        )


def _mean_count(asked: Asked, column: str, time: float) -> tuple[float | None, int]:
    inside = "true" if column == TOTAL else f"arm = {quote(column)}"
    ((mean, longest, left, at_risk),) = asked.rows(f"""
        WITH w AS (SELECT * FROM watched_for WHERE {inside}), e AS (SELECT * FROM recurring WHERE {inside}),
        moment AS (SELECT day AS t FROM e UNION SELECT f FROM w WHERE died),
        step AS (SELECT t, (SELECT count(*) FROM w WHERE f >= t) AS n, (SELECT count(*) FROM e WHERE day = t) AS e,
                        (SELECT count(*) FROM w WHERE died AND f = t) AS d FROM moment WHERE t <= {time}),
        alive AS (SELECT *, product(1 - d / n) OVER (ORDER BY t) AS s FROM step),
        before AS (SELECT *, coalesce(lag(s) OVER (ORDER BY t), 1) AS b FROM alive)
        SELECT coalesce((SELECT sum(b * e / n) FROM before), 0), (SELECT max(f) FROM w),
               coalesce((SELECT min(s) FROM alive), 1), (SELECT count(*) FROM w WHERE f >= {time})""")
    if longest is None or (time > float(str(longest)) and float(str(left)) > 0):
        return None, int(str(at_risk))
    return float(str(mean)), int(str(at_risk))


def immunosuppressants(asked: Asked, table: TableResult) -> Answer:
    """LTF13: who took each drug, on how many days; who stopped it; trough levels."""
    counted = start(asked, table, "safety")
    asked.engine.execute(courses_of_drugs(asked))
    troughs = {drug.upper(): test.upper() for drug, test in asked.study.exposure.troughs.items()}
    for (name,) in asked.rows("SELECT DISTINCT drug FROM drug_course"):
        drug = str(name)
        asked.engine.execute(f"""CREATE OR REPLACE TEMP TABLE drug_days AS
            SELECT USUBJID, any_value(arm) AS arm, count(DISTINCT d) AS day FROM (
                SELECT USUBJID, arm, unnest(range(greatest(coalesce(a, TRTSDT), TRTSDT)::TIMESTAMP,
                       (least(coalesce(b, high), high) + 1)::TIMESTAMP, INTERVAL 1 DAY)) AS d
                FROM drug_course WHERE drug = {quote(drug)}) GROUP BY USUBJID""")
        taken = numbers_by_arm(asked, "SELECT arm, count(*) FROM drug_days GROUP BY arm")
        counted.count(drug, "", taken)
        add_range(asked, counted, drug, "Days with it", "FROM drug_days")
        stopped = numbers_by_arm(
            asked,
            "SELECT arm, count(*) FROM (SELECT USUBJID, any_value(arm) AS arm FROM drug_course"
            f" WHERE drug = {quote(drug)} GROUP BY USUBJID HAVING count(b) = count(*) AND max(b) < any_value(high))"
            " SEMI JOIN drug_days USING (USUBJID) GROUP BY arm",
        )
        add_share(counted, drug, "Stopped before the end of follow-up", stopped, taken)
        if drug in troughs:
            _troughs(asked, counted, drug, troughs[drug])
    reasons = {item.row_group for item in table.statistics if ": " in item.row and item.row.startswith("Stopped")}
    return Answer(counted.values, frozenset(reasons))


def courses_of_drugs(asked: Asked) -> str:
    """The statement that makes `drug_course`: who took which drug of the study file's classes (CM), from a to b."""
    drugs = ", ".join(quote(name) for name in asked.study.exposure.drugs) or "NULL"
    return (
        "CREATE OR REPLACE TEMP TABLE drug_course AS SELECT c.USUBJID, s.counted_arm AS arm, s.TRTSDT,"
        " s.TRTSDT + (FUPDUR - 1)::INT AS high, upper(coalesce(CMDECOD, CMTRT)) AS drug, earliest(CMSTDTC) AS a,"
        " CASE WHEN earliest(CMENDTC) > getvariable('cutoff') IS NOT TRUE THEN latest(CMENDTC) END AS b"
        " FROM CM c JOIN subject s USING (USUBJID) WHERE s.safety AND FUPDUR IS NOT NULL AND by_cutoff(CMSTDTC)"
        f" AND CMOCCUR IS DISTINCT FROM 'N' AND upper(coalesce(CMDECOD, CMTRT)) IN ({drugs})"
    )


def _troughs(asked: Asked, counted: Counted, drug: str, test: str) -> None:
    """Described over the means of subjects, of the unit that most results have."""
    results = (
        "SELECT LB.USUBJID, s.counted_arm AS arm, coalesce(LBSTRESU, '') AS unit, LBSTRESN AS v FROM LB"
        f" JOIN subject s USING (USUBJID) WHERE s.safety AND LBTESTCD = {quote(test)} AND LBSTRESN IS NOT NULL"
        " AND complete(LBDTC) > TRTSDT AND complete(LBDTC) <= TRTSDT + (FUPDUR - 1)::INT"
        " AND complete(LBDTC) <= getvariable('cutoff')"
    )
    units = asked.rows(f"SELECT unit, count(*) AS n FROM ({results}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1")
    if not units:
        return
    means = f"SELECT arm, avg(v) AS v FROM ({results}) WHERE unit = {quote(str(units[0][0]))} GROUP BY USUBJID, arm"
    values = "count(*), avg(v), stddev_samp(v), median(v)"
    found = {str(arm): numbers for arm, *numbers in asked.rows(f"SELECT arm, {values} FROM ({means}) GROUP BY arm")}
    found[TOTAL] = list(asked.rows(f"SELECT {values} FROM ({means})")[0])
    for column, _, _ in counted.columns({}):
        for name, value in zip(("n", "mean", "sd", "median"), found.get(column, [0, None, None, None]), strict=True):
            counted.values[drug, "Trough level", column, name] = value  # type: ignore[assignment]
