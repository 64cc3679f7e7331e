"""Questions on results of laboratory tests and vital signs, answered by SQL on `measured_LB` and `measured_VS`."""

from __future__ import annotations

from crosscheck.measured import measure
from crosscheck.questions import Asked, Counted, numbers_by_arm, start
from longwatch.tables.by_visit import OUTPUTS
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

_NAMES = ("mean", "sd", "median", "min", "max")


def by_visit(asked: Asked, table: TableResult) -> Answer:
    """VST01, LBT01, KIDT01: values and changes described by parameter, time point, visit and arm."""
    counted = start(asked, table, "safety")
    domain = measure(asked, OUTPUTS[table.code].dataset)
    together = table.parameters["together"] == "true"
    tests = table.parameters["tests"].split()
    wanted = f"code IN ({', '.join(repr(test) for test in tests)})" if tests else "true"
    heading = "param" if together else "param || coalesce(', ' || tpt, '')"
    sources = [
        ("'Baseline'", f"measured_{domain}", "is_base"),
        ("avisit", f"analysed_{domain}", "anl AND ontrtfl = 'Y'"),
    ]
    if table.parameters["last_value"] == "true":
        sources.append(("'Last value'", f"last_{domain}", "true"))
    for row, source, condition in sources:
        chosen = (
            f"SELECT {heading} AS heading, {row} AS line, counted_arm AS arm, aval, chg"
            f" FROM {source} JOIN subject USING (USUBJID)"
            f" WHERE safety AND aval IS NOT NULL AND {condition} AND {wanted}"
        )
        for variable, prefix in (("aval", ""), ("chg", "change_")):
            if variable == "aval" or row != "'Baseline'":
                _describe(asked, counted, chosen, variable, prefix, "records" if together else "n")
    return Answer(counted.values)


def _describe(asked: Asked, counted: Counted, chosen: str, variable: str, prefix: str, size: str) -> None:
    functions = ("count", "avg", "stddev_samp", "median", "min", "max")
    numbers = ", ".join(f"{function}({variable})" for function in functions)
    rows = asked.rows(
        f"SELECT heading, line, CASE WHEN grouping(arm) = 1 THEN 'Total' ELSE arm END, {numbers} FROM ({chosen})"
        " GROUP BY GROUPING SETS ((heading, line, arm), (heading, line))"
    )
    columns = [*counted.sizes, *(["Total"] if counted.total else [])]
    found = {(str(heading), str(line), str(arm)): values for heading, line, arm, *values in rows}
    for heading, line in {key[:2] for key in found}:
        for column in columns:
            values = found.get((heading, line, column), [0, *[None] * len(_NAMES)])
            for name, value in zip((size, *_NAMES), values, strict=True):
                counted.values[heading, line, column, prefix + name] = value  # type: ignore[assignment]


def shares(asked: Asked, table: TableResult) -> Answer:
    """LBG_SHARE: who is followed until the median day of a visit's results, and who has one there."""
    counted = start(asked, table, "safety")
    measure(asked, "ADLB")
    tests = table.parameters["tests"].split()
    wanted = f"code IN ({', '.join(repr(test) for test in tests)})" if tests else "true"
    taken = (
        "SELECT USUBJID, counted_arm AS arm, avisit, date_diff('day', TRTSDT, day) + (day >= TRTSDT)::INT AS study_day"
        " FROM measured_LB JOIN subject USING (USUBJID) WHERE safety AND ontrtfl = 'Y' AND avisit IS NOT NULL"
        f" AND day IS NOT NULL AND TRTSDT IS NOT NULL AND {wanted}"
    )
    sizes = Counted(counted.sizes, total=False)
    days = asked.rows(f"SELECT avisit, quantile_disc(study_day, 0.5) FROM ({taken}) GROUP BY 1")
    for visit, day in days:
        followed = numbers_by_arm(
            asked, f"SELECT counted_arm, count(*) FROM subject WHERE safety AND FUPDUR >= {day} GROUP BY 1"
        )
        sizes.count(str(visit), "In the trial", followed)
        name = str(visit).replace("'", "''")
        found = numbers_by_arm(
            asked, f"SELECT arm, count(DISTINCT USUBJID) FROM ({taken}) WHERE avisit = '{name}' GROUP BY 1"
        )
        sizes.count(str(visit), "With a result", found)
    return Answer({**counted.values, **sizes.values})


def mean_change(asked: Asked, table: TableResult) -> Answer:
    """LBG01, VSG01: n and mean of the change at each visit, of the parameter and time point that are drawn."""
    counted = start(asked, table, "safety")
    domain = measure(asked, "ADLB" if table.code == "LBG01" else "ADVS")
    headings = sorted({item.row_group for item in table.statistics if item.row_group})
    drawn = Counted(counted.sizes, total=False)
    for heading in headings:
        name = heading.replace("'", "''")
        chosen = (
            "SELECT param || coalesce(', ' || tpt, '') AS heading, avisit AS line, counted_arm AS arm,"
            " chg"
            f" FROM analysed_{domain} JOIN subject USING (USUBJID) WHERE safety AND anl AND ontrtfl = 'Y'"
            f" AND chg IS NOT NULL AND param || coalesce(', ' || tpt, '') = '{name}'"
        )
        _describe(asked, drawn, chosen, "chg", "change_", "n")
    printed = {cell: value for cell, value in drawn.values.items() if cell[3] in ("change_n", "change_mean")}
    return Answer({**counted.values, **printed})
