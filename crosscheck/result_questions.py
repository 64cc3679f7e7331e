"""Questions on results of laboratory tests and vital signs, answered by SQL on `measured_LB` and `measured_VS`."""

from __future__ import annotations

from crosscheck.measured import measure
from crosscheck.questions import Asked, Counted, numbers_by_arm, start
from longwatch.tables.box_figure import OUTPUTS as BOXES
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


def boxes(asked: Asked, table: TableResult) -> Answer:
    """LBG02, LBG03, VSG02, VSG03: values, or the greatest changes, of the parameter and time point that are drawn."""
    counted = start(asked, table, "safety")
    output = BOXES[table.code]
    domain = measure(asked, output.dataset)
    of_safety = "JOIN subject USING (USUBJID) WHERE safety AND aval IS NOT NULL"
    drawn = Counted(counted.sizes, total=False)
    for heading in sorted({item.row_group for item in table.statistics if item.row_group}):
        name = heading.replace("'", "''")
        of_drawn = f"param || coalesce(', ' || tpt, '') = '{name}'"
        if output.of_changes:
            chosen = " UNION ALL ".join(
                f"SELECT '{name}' AS heading, '{line}' AS line, counted_arm AS arm, {greatest}(chg) AS v"
                f" FROM measured_{domain} {of_safety} AND ontrtfl = 'Y' AND chg IS NOT NULL AND {of_drawn}"
                " GROUP BY USUBJID, counted_arm"
                for line, greatest in (("Highest change", "max"), ("Lowest change", "min"))
            )
        else:
            chosen = " UNION ALL ".join(
                f"SELECT '{name}' AS heading, {line} AS line, counted_arm AS arm, aval AS v"
                f" FROM {source} {of_safety} AND {condition} AND {of_drawn}"
                for line, source, condition in (
                    ("'Baseline'", f"measured_{domain}", "is_base"),
                    ("avisit", f"analysed_{domain}", "anl AND ontrtfl = 'Y'"),
                )
            )
        prefix = "change_" if output.of_changes else ""
        _describe(asked, drawn, chosen, "v", prefix, "n")
        _whiskers(asked, drawn, chosen, prefix)
    return Answer({**counted.values, **drawn.values})


def _whiskers(asked: Asked, counted: Counted, chosen: str, prefix: str) -> None:
    """Whiskers and outliers by decimals: `q1` and `q3` are twice the quartiles, so that no half is ever rounded."""
    rows = asked.rows(
        f"""
        WITH ranked AS (
            SELECT heading, line, arm, v::DECIMAL(24, 9) AS v,
                   row_number() OVER (PARTITION BY line, arm ORDER BY v) AS place,
                   count(*) OVER (PARTITION BY line, arm) AS n
            FROM ({chosen})),
        quartiles AS (
            SELECT line, arm,
                   (sum(v) FILTER (place = ceil(n / 4)) + sum(v) FILTER (place = floor(n / 4) + 1))
                       ::DECIMAL(24, 9) AS q1,
                   (sum(v) FILTER (place = ceil(3 * n / 4)) + sum(v) FILTER (place = floor(3 * n / 4) + 1))
                       ::DECIMAL(24, 9) AS q3
            FROM ranked GROUP BY line, arm),
        judged AS (
            SELECT ranked.*, 4 * v BETWEEN 5 * q1 - 3 * q3 AND 5 * q3 - 3 * q1 AS inside
            FROM ranked JOIN quartiles
              ON ranked.line = quartiles.line AND ranked.arm IS NOT DISTINCT FROM quartiles.arm)
        SELECT heading, line, arm, (min(v) FILTER (inside))::DOUBLE, (max(v) FILTER (inside))::DOUBLE,
               count(*) FILTER (NOT inside)
        FROM judged GROUP BY heading, line, arm
        """
    )
    names = (f"{prefix}whisker_low", f"{prefix}whisker_high", "outliers")
    found = {(str(heading), str(line), str(arm)): numbers for heading, line, arm, *numbers in rows}
    for heading, line in {key[:2] for key in found}:
        for column in counted.sizes:
            numbers = found.get((heading, line, column), [None, None, 0])
            for name, value in zip(names, numbers, strict=True):
                counted.values[heading, line, column, name] = value  # type: ignore[assignment]
