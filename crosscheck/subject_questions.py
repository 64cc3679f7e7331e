"""Questions on subjects: who was screened, who is in which population, how participation stands, what they are like."""

from __future__ import annotations

from crosscheck.questions import Asked, Counted, by_row, quote, start
from longwatch.tables.opinion import Answer, Cell
from longwatch.tables.result import TableResult

POPULATIONS = {"SAFFL": "safety", "ITTFL": "itt", "RANDFL": "randomised", "GRAFTFL": "GRAFTFL = 'Y'"}
BY_ACTUAL = ("SAFFL", "GRAFTFL")
"""Populations counted by the arm of the study's basis."""
BLOCKS = (
    ("Study participation", "last", "(safety OR planned_arm IS NOT NULL)"),
    ("Study treatment", "last_treatment", "safety"),
)
NEVER = "('SCREEN FAILURE', 'SCREENING NOT COMPLETED', 'FAILURE TO MEET RANDOMIZATION CRITERIA')"


def _count(asked: Asked, counted: Counted, group: str, row: str, condition: str, arm: str) -> None:
    query = f"SELECT 1, coalesce({arm}, 'Not assigned'), count(*) FROM subject WHERE ({condition}) IS TRUE GROUP BY ALL"
    found = by_row(asked.rows(query), 1)
    counted.count(group, row, found.get(("1",), [{}])[0])


def demographics(asked: Asked, table: TableResult) -> Answer:
    """DMT01: numbers described and categories counted of variables that the data itself has, and age groups."""
    flag = table.parameters["population"]
    population, arm = POPULATIONS[flag], "counted_arm" if flag in BY_ACTUAL else "planned_arm"
    counted = start(asked, table, population, planned=flag not in BY_ACTUAL)
    known = {str(name) for name, *_ in asked.rows("DESCRIBE subject")}
    not_computed = set()
    for variable in dict.fromkeys(item.row_group for item in table.statistics if item.row_group):
        if variable not in known:
            absent = all(item.text == "NA" for item in table.statistics if item.row_group == variable)
            not_computed |= set() if absent else {variable}
            continue
        if not asked.has(f'(SELECT count("{variable}") FROM every_subject) > 0'):
            continue
        where = f"({population}) IS TRUE"
        if any(item.row_group == variable and item.statistic == "mean" for item in table.statistics):
            _describe(asked, counted, variable, where, arm)
        else:
            for (value,) in asked.rows(f'SELECT DISTINCT "{variable}" FROM subject WHERE {where}'):
                condition = f'"{variable}" IS NULL' if value is None else f'"{variable}" = ' + quote(str(value))
                row = "Missing" if value is None else str(value)
                _count(asked, counted, variable, row, f"{where} AND {condition}", arm)
    return Answer(counted.values, frozenset(not_computed))


def _describe(asked: Asked, counted: Counted, variable: str, where: str, arm: str) -> None:
    numbers = "count(v), avg(v), stddev_samp(v), median(v), min(v), max(v)"
    names = ("n", "mean", "sd", "median", "min", "max")
    query = f'SELECT {arm} AS a, "{variable}"::DOUBLE AS v FROM subject WHERE {where}'
    rows = asked.rows(f"SELECT a, {numbers} FROM ({query}) GROUP BY a")
    found = {str(arm_name): values for arm_name, *values in rows}
    found["Total"] = list(asked.rows(f"SELECT {numbers} FROM ({query})")[0])
    for column in (*counted.sizes, *(["Total"] if counted.total else [])):
        for name, value in zip(names, found.get(column, [0, *[None] * 5]), strict=True):
            counted.values[variable, "", column, name] = value  # type: ignore[assignment]


def screening(asked: Asked, table: TableResult) -> Answer:
    """ENT01: every subject in one column."""
    size = int(str(asked.rows("SELECT count(*) FROM subject")[0][0]))
    counted = Counted({"All subjects": size}, total=False)
    counted.values["", "", "All subjects", "N"] = size
    lines = {
        ("Screened", ""): "true",
        ("On no arm", ""): "planned_arm IS NULL",
        ("Assigned to an arm", ""): "planned_arm IS NOT NULL",
        ("Treated", ""): "safety",
        ("Assigned and not treated", ""): "planned_arm IS NOT NULL AND NOT safety",
    }
    if asked.has("(SELECT count(randomised) FROM every_subject) > 0"):
        lines["Randomised", ""] = "randomised"
    for (value,) in asked.rows("SELECT DISTINCT last FROM subject WHERE planned_arm IS NULL AND last IS NOT NULL"):
        lines["On no arm", str(value)] = f"planned_arm IS NULL AND last = {quote(str(value))}"
    for (group, row), condition in lines.items():
        n = int(str(asked.rows(f"SELECT count(*) FROM subject WHERE ({condition}) IS TRUE")[0][0]))
        counted.count(group, row, {"All subjects": n})
    return Answer(counted.values)


def populations(asked: Asked, table: TableResult) -> Answer:
    """POPT01: by planned arm, of the subjects assigned to it."""
    counted = start(asked, table, "planned_arm IS NOT NULL", planned=True)
    known = {str(name) for name, *_ in asked.rows("DESCRIBE subject")}
    told = asked.study.graft.engraftment is not None or (asked.supplied and not asked.parts)
    absent = () if told and "GRAFTFL" in known else ("GRAFTFL",)
    conditions = {flag: condition for flag, condition in POPULATIONS.items() if flag not in absent}
    for item in asked.study.populations:
        if item.flag not in conditions and item.flag in known:
            conditions[item.flag] = f"\"{item.flag}\" = 'Y'"
    for flag, condition in conditions.items():
        if asked.has(f"(SELECT count({condition}) FROM every_subject) > 0"):
            _count(asked, counted, flag, "", f"planned_arm IS NOT NULL AND {condition}", "planned_arm")
    return Answer(counted.values)


def disposition(asked: Asked, table: TableResult) -> Answer:
    """DST01: the last disposition event of each subject, of participation and of treatment."""
    flag = table.parameters["population"]
    population, arm = POPULATIONS[flag], "counted_arm" if flag in BY_ACTUAL else "planned_arm"
    counted = start(asked, table, population, planned=flag not in BY_ACTUAL)
    blocks = (
        ("Study participation", "last", "(safety OR planned_arm IS NOT NULL)"),
        ("Study treatment", "last_treatment", "safety"),
    )
    for group, last, began in blocks:
        told = f"(SELECT bool_or({last}_told) FROM every_subject)"
        inside = f"({population}) IS TRUE"
        left = f"{last} IS NOT NULL AND {last} <> 'COMPLETED' AND {last} NOT IN {NEVER}"
        lines = {
            "COMPLETED": f"{last} = 'COMPLETED'",
            "ONGOING": f"{last} IS NULL AND {began} AND {told}",
            "DISCONTINUED": left,
        }
        if not asked.has(f"(SELECT count(*) FROM subject WHERE {inside} AND (({') OR ('.join(lines.values())}))) > 0"):
            continue
        for (value,) in asked.rows(f"SELECT DISTINCT {last} FROM subject WHERE {inside} AND {left}"):
            lines[str(value)] = f"{last} = {quote(str(value))}"
        for row, condition in lines.items():
            _count(asked, counted, group, row, f"{inside} AND {condition}", arm)
    return Answer(counted.values)


def trials(asked: Asked, table: TableResult) -> Answer:
    """TRLT01: subjects assigned and treated, by arm; of a pool, of each study."""
    counted: dict[Cell, float | int | None] = {}
    ids = [part.study.id for part in asked.parts] or [asked.study.id]
    for study in ids:
        inside = f"STUDYID = {quote(study)}" if asked.parts else "true"
        for row, arm, condition in (
            ("Assigned", "planned_arm", "planned_arm IS NOT NULL"),
            ("Treated", "counted_arm", "safety"),
        ):
            arms = [] if asked.parts else [item.name for item in asked.study.treatment.arms]
            counted |= dict.fromkeys(((study, row, name, "n") for name in arms), 0)
            query = f"SELECT coalesce({arm}, 'Not assigned'), count(*) FROM subject WHERE {condition} AND {inside}"
            for name, n in asked.rows(f"{query} GROUP BY 1"):
                counted[study, row, str(name), "n"] = int(str(n))
    return Answer(counted)
