"""Questions on exposure: times, doses, and how many subjects reached how many months."""

from __future__ import annotations

from collections.abc import Iterator

from crosscheck.questions import YEAR, Asked, Counted, quote, start
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

MONTHS = (1, 3, 6, 12, 24, 36, 60)
DESCRIBED = ("n", "mean", "sd", "median", "min", "max")


def exposure(asked: Asked, table: TableResult) -> Answer:
    """EXT01: each block is a query that gives a value by subject."""
    counted = start(asked, table, "safety")
    for label, kind, query in _blocks(asked):
        asked.rows(f"CREATE OR REPLACE TABLE exposed AS SELECT arm, v::DOUBLE AS v FROM ({query}) WHERE v IS NOT NULL")
        if kind != "number":
            _describe(asked, counted, label)
        if kind == "time":
            _sum(asked, counted, label, "person_years", f"sum(v) / {YEAR}", 0.0)
            _count(asked, counted, label, ">= 1 day", "v >= 1")
            for months in MONTHS:
                row = f">= {months} month{'s' if months > 1 else ''}"
                _count(asked, counted, label, row, f"v >= floor({months} * {YEAR} / 12)")
        if kind == "number":
            _sum(asked, counted, label, "total", "sum(v)::BIGINT", 0)
            for (value,) in asked.rows("SELECT DISTINCT v::INT FROM exposed"):
                _count(asked, counted, label, f"{value} infusion{'s' if value != 1 else ''}", f"v = {value}")
    return Answer(counted.values)


def _blocks(asked: Asked) -> Iterator[tuple[str, str, str]]:
    """Label, kind, and the query of arm and value."""
    plan, has_ex = asked.study.exposure, "EX" in asked.data
    dose = "dose of study product" if plan.product == "continuing" else "infusion"
    yield f"Time since first {dose} (days)", "time", "SELECT arm, FUPDUR AS v FROM watched"
    if plan.product == "continuing" and has_ex:
        treated = "FROM watched JOIN days_of(['product']) USING (USUBJID)"
        yield "Duration of treatment (days)", "time", f"SELECT arm, whole AS v {treated}"
        yield "Time on treatment, gaps left out (days)", "time", f"SELECT arm, days AS v {treated}"
    elif has_ex:
        product = "FROM given JOIN watched USING (USUBJID) WHERE product"
        days = "count(DISTINCT coalesce(earliest(s), DATE '0001-01-01'))"
        yield "Number of infusions", "number", f"SELECT arm, {days} AS v {product} GROUP BY USUBJID, arm"
        for (unit,) in asked.rows(f"SELECT DISTINCT unit {product} AND EXDOSE IS NOT NULL"):
            text = str(unit)
            whole = f"SELECT USUBJID, arm, sum(EXDOSE) AS v {product} AND unit = {quote(text)} GROUP BY ALL"
            yield f"Total dose ({text})" if text else "Total dose", "amount", whole
            if asked.has("(SELECT count(*) FROM weight) > 0"):
                by_weight = f"SELECT arm, v / kg AS v FROM ({whole}) JOIN weight USING (USUBJID)"
                if asked.has(f"(SELECT count(v) FROM ({by_weight})) > 0"):
                    yield f"Total dose by body weight ({f'{text}/kg' if text else 'per kg'})", "amount", by_weight
    names_drugs = "CM" in asked.data and {"CMDECOD", "CMTRT"} & set(asked.data.datasets["CM"].columns)
    for item in plan.classes:
        drugs = ", ".join(quote(drug.upper()) for drug in item.drugs)
        query = f"SELECT arm, days AS v FROM watched JOIN days_of([{drugs}]) USING (USUBJID)"
        if names_drugs or asked.has(f"(SELECT count(*) FROM ({query})) > 0"):
            yield f"{item.name} (days)", "time", query


def _columns(counted: Counted) -> list[str]:
    return [*counted.sizes, *(["Total"] if counted.total else [])]


def _by_column(asked: Asked, expression: str) -> dict[str, tuple[object, ...]]:
    found = {
        str(arm): tuple(values) for arm, *values in asked.rows(f"SELECT arm, {expression} FROM exposed GROUP BY 1")
    }
    found["Total"] = asked.rows(f"SELECT {expression} FROM exposed")[0]
    return found


def _describe(asked: Asked, counted: Counted, label: str) -> None:
    found = _by_column(asked, "count(v), avg(v), stddev_samp(v), median(v), min(v), max(v)")
    for column in _columns(counted):
        for name, value in zip(DESCRIBED, found.get(column, (0, *[None] * 5)), strict=True):
            counted.values[label, "", column, name] = value  # type: ignore[assignment]


def _sum(asked: Asked, counted: Counted, label: str, name: str, expression: str, nothing: float) -> None:
    found = _by_column(asked, expression)
    for column in _columns(counted):
        counted.values[label, "", column, name] = found.get(column, (nothing,))[0] or nothing  # type: ignore[assignment]


def _count(asked: Asked, counted: Counted, label: str, row: str, condition: str) -> None:
    by_arm = asked.rows(f"SELECT arm, count(*) FROM exposed WHERE {condition} GROUP BY 1")
    counted.count(label, row, {str(arm): int(str(number)) for arm, number in by_arm})
