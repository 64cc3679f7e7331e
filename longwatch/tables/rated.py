"""Lines with subjects, their percent of N, and their rate per 100 person-years (spec C.4, D.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.derive.at_risk import Clock
from longwatch.stats.descriptive import compute_summary
from longwatch.stats.estimate import Estimate, Estimates
from longwatch.stats.person_time import DAYS_PER_YEAR, LEAST_YEARS
from longwatch.stats.rates import compute_rate
from longwatch.stats.rounding import NOT_ESTIMABLE, count_percent_text, percent_text, round_half_away
from longwatch.tables.arms import Arms
from longwatch.tables.filters import both
from longwatch.tables.layout import Column, Layout
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableRow

Counts = NDArray[np.int64]
RATE = ("rate", "rate_lower", "rate_upper")
RANGE = ("median", "min", "max")


@dataclass(frozen=True)
class RatedLine:
    """`condition`: which records the line counts the subjects of. `subjects`, `days`: per arm; without days there is no
    rate, without both the line is a heading. `when`: by subject counted, its arm and the days until then, of a line
    that describes those days."""

    label: str
    row_group: str
    row: str
    condition: str = ""
    subjects: Counts | None = None
    days: Counts | None = None
    level: int = 0
    when: tuple[NDArray[np.int16], Counts] | None = None


def rated_columns(layout: Layout) -> tuple[TableColumn, ...]:
    """Per arm: n (%), person-years, rate."""
    found: list[TableColumn] = []
    for column in layout.counted_columns():
        found.append(TableColumn(f"{column.name}:n", "n (%)", f"N={column.size}", column.name))
        found.append(TableColumn(f"{column.name}:py", "PY", "", column.name))
        found.append(TableColumn(f"{column.name}:rate", "Rate (95% CI)", "per 100 PY", column.name))
    return tuple(found)


def sum_by_arm(days: Counts, arms: Arms) -> Counts:
    """Days of the subjects of each arm, from days by row of ADSL."""
    inside = arms.arm_of_subject >= 0
    sums: Counts = np.bincount(arms.arm_of_subject[inside], weights=days[inside], minlength=len(arms.names)).astype(
        np.int64
    )
    return sums


def rated_rows(
    layout: Layout, dataset: str, population: str, time: tuple[str, ...], variable: str, lines: Iterable[RatedLine]
) -> tuple[tuple[TableRow, ...], tuple[Statistic, ...]]:
    """Rows, and statistics line by line. `dataset`, `population`: whose records are counted. `time`: the variables of
    ADSL that person-time comes from; `variable`: the one that says how many days until then."""
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    for line in lines:
        cells: list[str] = []
        for column in layout.counted_columns():
            where = both(population, column.condition, line.condition)
            cells += _cell(layout.arms, dataset, where, time, variable, line, column, statistics)
        rows.append(TableRow(line.label, tuple(cells), line.level, line.row_group, line.row))
    return tuple(rows), tuple(statistics)


def _cell(
    arms: Arms,
    dataset: str,
    where: str,
    time: tuple[str, ...],
    variable: str,
    line: RatedLine,
    column: Column,
    statistics: list[Statistic],
) -> list[str]:
    key = (line.row_group, line.row, column.name)
    if line.when is not None:
        arm, days = line.when
        mine = days if column.index is None else days[arm == column.index]
        summary = compute_summary(mine.astype(np.float64))
        source = Provenance(dataset, where, ("USUBJID", variable))
        texts = []
        for name, value in zip(RANGE, (summary.median, summary.minimum, summary.maximum), strict=True):
            digits = 1 if name == "median" else 0
            texts.append(NOT_ESTIMABLE if value is None else str(round_half_away(value, digits)))
            statistics.append(Statistic(*key, name, value, texts[-1], source))
        return ["" if summary.median is None else f"{texts[0]} ({texts[1]} to {texts[2]})", "", ""]
    if line.subjects is None:
        return ["", "", ""]
    population = both(arms.population.condition, column.condition)
    n = column.count(line.subjects)
    source = Provenance(dataset, where, ("USUBJID",), f"{column.size} subjects of ADSL with {population}")
    statistics.append(Statistic(*key, "n", n, str(n), Provenance(dataset, where, ("USUBJID",))))
    share = 100 * n / column.size if column.size else None
    statistics.append(Statistic(*key, "pct", share, percent_text(n, column.size), source))
    if line.days is None:
        return [count_percent_text(n, column.size), "", ""]
    years = column.count(line.days) / DAYS_PER_YEAR
    rate = estimate_rate(n, years)
    written = str(round_half_away(years, 1))
    statistics.append(Statistic(*key, "person_years", years, written, Provenance("ADSL", population, time)))
    over = Provenance(dataset, where, ("USUBJID",), f"{years:.3f} person-years of {column.size} subjects of ADSL")
    values = (rate.value, rate.lower, rate.upper)
    texts = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 1)) for value in values]
    for statistic, value, text in zip(RATE, values, texts, strict=True):
        statistics.append(Statistic(*key, statistic, value, text, over))
    interval = NOT_ESTIMABLE if rate.value is None else f"{texts[0]} ({texts[1]}, {texts[2]})"
    return [count_percent_text(n, column.size), written, interval]


def estimate_rate(events: int, years: float) -> Estimate:
    """A rate per 100 person-years; none with less than 0.5 person-years, or where nobody's time is known."""
    return estimate_rates(np.array([events]), np.array([years]))[0]


def estimate_rates(events: Counts, years: NDArray[np.float64]) -> Estimates:
    """Several rates at once, as `estimate_rate`."""
    return compute_rate(np.where(years > 0, events, 0), years, least_years=LEAST_YEARS)


def say_rate(clock: Clock, of: str) -> str:
    """What a rate is of, and over which time."""
    text = (
        f"Rate: {of}, per 100 person-years (PY, of 365.25 days) of follow-up, with exact Poisson 95% CI; NE: less than "
        f"{LEAST_YEARS:g} person-years."
    )
    if clock.unknown:
        text += f" {clock.unknown} treated subjects whose follow-up is not known add no time."
    return text
