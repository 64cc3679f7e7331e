"""Questions on laboratory results beyond something: levels, ranges, grades, shifts, liver screening.

The limits are read from the same data files as the tables'; how they are applied is written here again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from crosscheck.measured import measure
from crosscheck.questions import Asked, Counted, by_row, quote, start
from crosscheck.restrictions import look_through
from longwatch.standards.laboratory.reading import BLOOD_PRESSURE, CRITERIA, LEVELS, read_rows, read_units
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

SQL = Path(__file__).with_name("sql")
MEASURES = {
    "R2BASE": "r2base",
    "PCHG": "pchg",
    "R2ANRHI": "times_uln",
    "AVAL": "aval",
    "CHG": "chg",
}
FASTING = {"": "true", "fasting": "fast = 'Y'", "not fasting": "coalesce(fast <> 'Y', true)"}
RANKS = {"LOW LOW": 0, "LOW": 1, "NORMAL": 2, "HIGH": 3, "HIGH HIGH": 4}
SIDES = {"Low": "('LOW', 'LOW LOW')", "High": "('HIGH', 'HIGH HIGH')"}
_TIME = "first_day NULLS FIRST, second, seq NULLS FIRST, _row"


def prepare_results(asked: Asked) -> None:
    """The tables `later_LB`, `liver` and those of `measure`."""
    measure(asked, "ADLB")
    if "graded" not in asked.measured:
        asked.measured.add("graded")
        text = (SQL / "graded.sql").read_text(encoding="utf-8")
        supplied = asked.supplied and "ADLB" in asked.data and "BTOXGR" in asked.data.datasets["ADLB"].columns
        base_grade = "g.btoxgr" if supplied else "b.grade"
        from_day = asked.study.laboratory.liver_from_day
        version = asked.study.dictionaries.ctcae
        grade = _grade() if not version or version.startswith("5.") or version == "5" else "NULL"
        asked.engine.execute(text.format(grade=grade, from_day=from_day, base_grade=base_grade))
        look_through(asked.engine)


def _grade() -> str:
    """The grade of a result by the criteria of CTCAE, as SQL: the highest that is met."""
    rows = read_rows(CRITERIA)
    cases = []
    for code in dict.fromkeys(row["test"] for row in rows):
        parts = ", ".join(_criterion(row) for row in rows if row["test"] == code)
        cases.append(f"WHEN m.code = '{code}' THEN greatest({parts}, NULL)")
    return f"CASE {' '.join(cases)} END"


def _criterion(row: dict[str, str]) -> str:
    abnormal = "(coalesce(m.bnrind = 'HIGH', false) AND NOT m.is_base)"
    against_base = "round(m.aval / CASE WHEN m.base > 0 THEN m.base END, 9)"
    converted = _converted(row["test"], "m.aval", "m.unit")
    value = {
        "uln": f"CASE WHEN NOT {abnormal} THEN m.times_uln END",
        "abnormal_baseline": f"CASE WHEN {abnormal} THEN {against_base} END",
        "baseline": against_base,
        "lln": f"CASE WHEN m.low IS NOT NULL THEN {converted} END",
        "uln_value": f"CASE WHEN m.high IS NOT NULL THEN {converted} END",
    }[row["basis"]]
    sign = "<" if row["direction"] == "low" else ">"
    first = {"lln": "m.aval < m.low", "uln_value": "m.aval > m.high"}.get(row["basis"])
    met = [f"{grade} * ({value} {sign} {row[f'grade{grade}']})::INT" for grade in (1, 2, 3, 4) if row[f"grade{grade}"]]
    met += [f"({first})::INT"] if first else []
    return f"CASE WHEN {value} IS NOT NULL THEN greatest(0, {', '.join(met)}) END"


def _converted(test: str, value: str, unit: str) -> str:
    factors = read_units().get(test, {})
    if not factors:
        return "NULL::DOUBLE"
    cases = " ".join(f"WHEN '{name}' THEN {factor!r}" for name, factor in factors.items())
    return f"round(({value}) * CASE {unit} {cases} END, 9)"


def _fractions(asked: Asked, counted: Counted, source: str, of: str, lines: dict[tuple[str, str], str]) -> None:
    """Subjects with a record of a condition, of those with a record that can be used, by arm."""
    parts = ", ".join(f"count(DISTINCT USUBJID) FILTER (({condition}) IS TRUE)" for condition in lines.values())
    rows = asked.rows(
        f"SELECT 1, arm, count(DISTINCT USUBJID), {parts} FROM {source} WHERE ({of}) IS TRUE GROUP BY arm"
    )
    whole, *found = by_row(rows, 1).get(("1",), [{} for _ in range(len(lines) + 1)])
    for (group, row), n in zip(lines, found, strict=True):
        _fraction(counted, group, row, n, whole)


def _fraction(counted: Counted, group: str, row: str, n: Mapping[str, int], of: Mapping[str, int]) -> None:
    for (column, count, _), (_, size, _) in zip(counted.columns(n), counted.columns(of), strict=True):
        counted.values[group, row, column, "Ns"] = size
        counted.values[group, row, column, "n"] = count
        counted.values[group, row, column, "pct_ns"] = 100 * count / size if size else None


def _analytes(asked: Asked) -> Iterator[tuple[dict[str, str], dict[int, float], str]]:
    """Each line of the guide's levels with its limits, and the condition of a usable result."""
    for row in read_rows(LEVELS):
        own = asked.study.laboratory.levels.get(row["name"])
        guide = [float(row[f"level{level}"]) if row[f"level{level}"] else None for level in (1, 2, 3)]
        limits = {level: limit for level, limit in enumerate(own or guide, start=1) if limit is not None}
        value = _value(row)
        blood = f"code = '{row['test']}' AND coalesce(spec <> 'URINE', true)"
        yield row, limits, f"{blood} AND {FASTING[row['condition']]} AND {value} IS NOT NULL"


def _value(row: dict[str, str]) -> str:
    value = MEASURES[row["measure"]]
    return _converted(row["test"], value, "unit") if row["measure"] in ("AVAL", "CHG") else f"({value})"


def levels(asked: Asked, table: TableResult) -> Answer:
    """LBT_LEVELS, LBT_LAST: each level of each analyte that has a result."""
    prepare_results(asked)
    counted = start(asked, table, "safety")
    last = table.code == "LBT_LAST"
    blocks = table.parameters["blocks"].split()
    source = (
        "(SELECT * FROM later_LB WHERE (_row, param) IN (SELECT (_row, param) FROM last_LB))" if last else "later_LB"
    )
    for row, limits, usable in _analytes(asked):
        wanted = (row["block"] in blocks or not blocks) and any(level > 1 or not last for level in limits)
        if wanted and asked.has(f"(SELECT count(*) FROM {source} WHERE ({usable}) IS TRUE) > 0"):
            lines = {
                (row["block"], f"{row['name']}: Level {level}"): f"{_value(row)} {row['sign']} {limit!r}"
                for level, limit in limits.items()
                if level > 1 or not last
            }
            _fractions(asked, counted, source, usable, lines)
    return Answer(counted.values)


def listed_levels(asked: Asked, table: TableResult) -> Answer:
    """LBL02: subjects and results beyond the level asked."""
    prepare_results(asked)
    counted = start(asked, table, "safety")
    asked_level = int(table.parameters["level"])
    for row, limits, usable in _analytes(asked):
        tested = asked.has(f"(SELECT count(*) FROM later_LB WHERE code = '{row['test']}') > 0")
        if tested and asked_level in limits:
            condition = f"{usable} AND {_value(row)} {row['sign']} {limits[asked_level]!r}"
            found = by_row(
                asked.rows(
                    "SELECT 1, arm, count(DISTINCT USUBJID), count(*) FROM later_LB"
                    f" WHERE ({condition}) IS TRUE GROUP BY arm"
                ),
                1,
            )
            for name, numbers in zip(("n", "records"), found.get(("1",), [{}, {}]), strict=True):
                for column, number, _ in counted.columns(numbers):
                    counted.values["Results beyond the level", row["name"], column, name] = number
    return Answer(counted.values)


def listed_results(asked: Asked, table: TableResult) -> Answer:
    """LBL01: how many results of a test each subject has; subjects and results of each arm."""
    domain = measure(asked, "ADLB")
    counted = start(asked, table, "safety")
    listed = (
        f"FROM measured_{domain} JOIN (SELECT USUBJID, counted_arm AS arm, safety FROM subject) USING (USUBJID)"
        f" WHERE safety AND arm IS NOT NULL AND {_tests(table)} GROUP BY ALL"
    )
    for subject, param, arm, records in asked.rows(f"SELECT USUBJID, param, arm, count(*) {listed}"):
        counted.values[str(subject), str(param), str(arm), "records"] = int(str(records))
    per_arm = by_row(asked.rows(f"SELECT 1, arm, count(DISTINCT USUBJID), count(*) {listed}"), 1)
    for name, numbers in zip(("n", "records"), per_arm.get(("1",), [{}, {}]), strict=True):
        for column, number, _ in counted.columns(numbers):
            counted.values["Results listed", "", column, name] = number
    return Answer(counted.values)


def abnormal(asked: Asked, table: TableResult) -> Answer:
    """LBT04: low and high, of those who were not so at baseline; LBT07: the highest grade of each subject."""
    prepare_results(asked)
    counted = start(asked, table, "safety")
    wanted = _tests(table)
    if table.code == "LBT07":
        highest = f"SELECT USUBJID, param, arm, max(grade) AS grade FROM later_LB WHERE {wanted} GROUP BY ALL"
        counts = ", ".join(f"count(*) FILTER (grade = {grade})" for grade in (1, 2, 3, 4))
        rows = asked.rows(
            f"SELECT param, arm, count(*), count(*) FILTER (grade BETWEEN 1 AND 4), {counts} FROM ({highest})"
            " WHERE grade IS NOT NULL GROUP BY ALL"
        )
        for (param,), (of, *found) in by_row(rows, 1).items():
            for row, n in zip(("Any grade", "Grade 1", "Grade 2", "Grade 3", "Grade 4"), found, strict=True):
                _fraction(counted, param, row, n, of)
        return Answer(counted.values)
    for side, values in SIDES.items():
        usable = f"coalesce(bnrind NOT IN {values}, true)"
        rows = asked.rows(
            f"SELECT param, arm, count(DISTINCT USUBJID) FILTER ({usable}),"
            f" count(DISTINCT USUBJID) FILTER ({usable} AND anrind IN {values})"
            f" FROM later_LB WHERE anrind IS NOT NULL AND {wanted} GROUP BY ALL"
        )
        for (param,), (of, n) in by_row(rows, 1).items():
            _fraction(counted, param, side, n, of)
    return Answer(counted.values)


def shifts(asked: Asked, table: TableResult) -> Answer:
    """LBT_SHIFT, LBT14: the category at baseline against that of the worst result."""
    prepare_results(asked)
    counted = start(asked, table, "safety")
    if table.code == "LBT14":
        grades = {str(grade): (str(grade),) for grade in range(5)}
        _shift(
            asked, counted, table, ("grade::VARCHAR", "base_grade::VARCHAR"), {"highest grade": "grade DESC"}, grades
        )
        return Answer(counted.values)
    places = " ".join(f"WHEN '{name}' THEN {place}" for name, place in RANKS.items())
    rank = f"CASE anrind {places} END"
    orders = {"lowest": f"{rank}, aval NULLS LAST", "highest": f"{rank} DESC, aval DESC NULLS LAST"}
    ranges = {"LOW": ("LOW", "LOW LOW"), "NORMAL": ("NORMAL",), "HIGH": ("HIGH", "HIGH HIGH")}
    _shift(asked, counted, table, ("anrind", "bnrind"), orders, ranges)
    return Answer(counted.values)


def _shift(
    asked: Asked,
    counted: Counted,
    table: TableResult,
    variables: tuple[str, str],
    orders: Mapping[str, str],
    categories: Mapping[str, tuple[str, ...]],
) -> None:
    cases = " ".join(f"WHEN {quote(v)} THEN {quote(c)}" for c, values in categories.items() for v in values)
    after, base = (f"CASE {variable} {cases} END" for variable in variables)
    for word, order in orders.items():
        rows = asked.rows(
            f"SELECT param, coalesce({base}, 'Missing'), {after}, arm, count(*) FROM (SELECT * FROM later_LB"
            f" WHERE {after} IS NOT NULL AND {_tests(table)}"
            f" QUALIFY row_number() OVER (PARTITION BY USUBJID, param ORDER BY {order}, {_TIME}) = 1) GROUP BY ALL"
        )
        found = {key: n for key, (n,) in by_row(rows, 3).items()}
        for param in {key[0] for key in found}:
            group, of = f"{param}, {word}", Counter[str]()
            for key, n in found.items():
                of.update(n if key[0] == param and key[1] != "Missing" else {})
            for name in categories:
                for start_at in categories:
                    _fraction(counted, group, f"{start_at} to {name}", found.get((param, start_at, name), {}), of)
                for column, number, _ in counted.columns(found.get((param, "Missing", name), {})):
                    counted.values[group, f"Missing to {name}", column, "n"] = number


PRESSURES = {"SYSBP": "Systolic blood pressure", "DIABP": "Diastolic blood pressure"}
PRESSURE_TABLES = {"VST_SBP": "36", "VST_DBP": "37", "VST_HYPO": "38"}


def blood_pressure(asked: Asked, table: TableResult) -> Answer:
    """VST_SBP, VST_DBP, VST_HYPO: the extremes of each subject's pressures after the first dose against the limits."""
    measure(asked, "ADVS")
    counted = start(asked, table, "safety")
    extremes = (
        "(SELECT USUBJID, coalesce(counted_arm, 'Not assigned') AS arm, code, max(aval) AS highest, min(aval) AS lowest"
        " FROM measured_VS JOIN subject USING (USUBJID) WHERE safety AND ontrtfl = 'Y' AND aval IS NOT NULL"
        " AND upper(unit) = 'MMHG' GROUP BY ALL)"
    )
    limits = [row for row in read_rows(BLOOD_PRESSURE) if row["table"] == PRESSURE_TABLES[table.code]]
    for test in dict.fromkeys(row["test"] for row in limits):
        if asked.has(f"(SELECT count(*) FROM {extremes} WHERE code = '{test}') > 0"):
            lines = {
                (PRESSURES[test], f"{row['sign']} {row['limit']}"): (
                    f"{'lowest' if table.code == 'VST_HYPO' else 'highest'} {row['sign']} {row['limit']}"
                )
                for row in limits
                if row["test"] == test
            }
            _fractions(asked, counted, extremes, f"code = '{test}'", lines)
    return Answer(counted.values)


def _tests(table: TableResult) -> str:
    tests = table.parameters["tests"].split()
    return f"code IN ({', '.join(map(quote, tests))})" if tests else "true"


def screening_of_liver(across: str, limit: int) -> Callable[[Asked, TableResult], Answer]:
    """LBT_HEP, LBT_CHOL: quadrants by peaks; of transaminases also the cases, by the order of the two."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        prepare_results(asked)
        counted = start(asked, table, "safety")
        known = f"{across} IS NOT NULL AND bilirubin IS NOT NULL"
        if not asked.has(f"(SELECT count(*) FROM liver WHERE {known}) > 0"):
            return Answer(counted.values)
        group, case = "Quadrant by highest values", "Potential Hy's law case"
        lines = {
            (group, f"{'Upper' if up else 'Lower'} {'right' if right else 'left'}"): (
                f"({across} >= {limit}) = {right} AND (bilirubin >= 2) = {up}"
            )
            for up in (True, False)
            for right in (True, False)
        }
        if table.code == "LBT_HEP":
            within = asked.study.laboratory.liver_within_days
            lines |= {
                (case, ""): "gap IS NOT NULL",
                (case, "Within the window"): f"gap <= {within}",
                (case, "ALP below"): "gap IS NOT NULL AND at_onset < 2",
                (case, "ALP at least"): "gap IS NOT NULL AND at_onset >= 2",
                (case, "ALP not known"): "gap IS NOT NULL AND at_onset IS NULL",
            }
        _fractions(asked, counted, "liver", known, lines)
        return Answer(counted.values)

    return answer


def peaks_of_liver(across: str, name: str) -> Callable[[Asked, TableResult], Answer]:
    """LBG_HEP, LBG_CHOL: both peaks of each subject who has both."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        prepare_results(asked)
        counted = start(asked, table, "safety")
        query = f"SELECT USUBJID, arm, {across}, bilirubin FROM liver WHERE {across} + bilirubin IS NOT NULL"
        for subject, arm, first, second in asked.rows(query):
            for statistic, value in ((name, first), ("bilimax", second)):
                counted.values["", str(subject), str(arm), statistic] = float(str(value))
        return Answer(counted.values)

    return answer


def cases_of_liver(asked: Asked, table: TableResult) -> Answer:
    """LBL_HYSLAW: the cases of each arm."""
    prepare_results(asked)
    counted = start(asked, table, "safety")
    rows = asked.rows("SELECT 1, arm, count(*) FROM liver WHERE gap IS NOT NULL GROUP BY arm")
    for column, n, _ in counted.columns(by_row(rows, 1).get(("1",), [{}])[0]):
        counted.values["Potential Hy's law case", "", column, "n"] = n
    return Answer(counted.values)
