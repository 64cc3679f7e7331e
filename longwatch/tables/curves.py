"""A curve over time by arm as an output: the table of its steps, and the chart (spec C.4).

Rows, arm by arm: the start, every time at which something happened, and every time at which the axis has a number; per
row the subjects at risk, what happened, the estimate with its interval. The chart draws of that, in order: no arm of
fewer than 8 subjects with a time (their steps are in the table); of the others each curve up to the last time at which
at least 3 subjects and a tenth of the arm are at risk. No arm left → no chart, and the table stands for it.
Source: FDA guide v2.0, 2.2.5.2; spec C.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from longwatch.stats.estimate import Estimate
from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, Strip, linear_axis
from longwatch.tables.filters import both
from longwatch.tables.result import Statistic, TableColumn, TableRow
from longwatch.tables.times import (
    ColumnTimes,
    Floats,
    Timed,
    in_percent,
    literal,
    put_share,
    time_names,
    time_text,
)

LEAST_SUBJECTS, LEAST_AT_RISK, LEAST_SHARE = 8, 3, 0.1
NOTHING = "No arm has enough subjects for a curve"


@dataclass(frozen=True)
class Happening:
    """What is counted at a time: its statistic, its heading, the value of CEVENT, and the condition that says so."""

    statistic: str
    heading: str
    ended: int
    condition: str


@dataclass(frozen=True)
class CurveKind:
    """`statistic`: of the estimate, in percent. `heading`: of its column, `axis`: over the plot. `estimate`: of a
    column's times, the function of time. `ticks`: whether censored times are marked on the curve."""

    statistic: str
    heading: str
    axis: str
    happenings: tuple[Happening, ...]
    estimate: Callable[[ColumnTimes], Callable[[float], Estimate]]
    ticks: bool


@dataclass(frozen=True)
class CurveOutput:
    """Columns, rows and statistics of a curve, its chart, and notes on what is not drawn."""

    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    statistics: tuple[Statistic, ...]
    chart: Chart | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Step:
    time: float
    at_risk: int
    counts: tuple[int, ...]
    values: tuple[float | None, float | None, float | None]


def make_curves(timed: Timed, kind: CurveKind, description: str, every: float | None) -> CurveOutput:
    """The curves of all arms. `every`: the distance of the numbers under the axis, in the unit; None: round steps."""
    unit = timed.times.unit
    arms = [timed.of(column) for column in timed.layout().counted_columns() if column.index is not None]
    longest = max((each.longest for each in arms), default=0.0)
    axis = _axis(f"Time, {unit}", longest, every)
    statistics: list[Statistic] = []
    rows: list[TableRow] = []
    steps = [_steps(each, kind, [tick for tick, _ in axis.ticks]) for each in arms]
    names = time_names((step.time for found in steps for step in found), unit)
    for each, found in zip(arms, steps, strict=True):
        rows.append(TableRow(f"{each.column.name} (N={each.column.size})", ("",) * (len(kind.happenings) + 2)))
        rows += [_row(step, names[step.time], each, timed, kind, statistics) for step in found]
    columns = (
        TableColumn("at_risk", "At risk"),
        *(TableColumn(item.statistic, item.heading) for item in kind.happenings),
        TableColumn(kind.statistic, f"{kind.heading}, % (95% CI)"),
    )
    drawn = [place for place, each in enumerate(arms) if len(each.time) >= LEAST_SUBJECTS]
    chart = _chart(kind, description, axis, arms, steps, drawn)
    return CurveOutput(columns, tuple(rows), tuple(statistics), chart, _notes(arms, drawn, kind))


def _axis(title: str, longest: float, every: float | None) -> Axis:
    if every is None:
        return linear_axis(title, longest)
    count = max(1, ceil(longest / every - 1e-9))
    ticks = tuple((place * every, time_text(place * every)) for place in range(count + 1))
    return Axis(title, 0.0, count * every, ticks)


def _steps(each: ColumnTimes, kind: CurveKind, ticks: Sequence[float]) -> list[_Step]:
    happened = np.isin(each.ended, [item.ended for item in kind.happenings])
    times: Floats = np.union1d(each.time[happened], np.asarray(ticks, dtype=np.float64))
    at = kind.estimate(each)
    risks = compute_numbers_at_risk(each.time, times)
    counted = []
    for item in kind.happenings:
        mine = np.sort(each.time[each.ended == item.ended])
        counted.append(np.searchsorted(mine, times, side="right") - np.searchsorted(mine, times, side="left"))
    counts = np.stack(counted, axis=1)
    return [
        _Step(float(time), int(at_risk), tuple(map(int, happened)), in_percent(at(float(time))))
        for time, at_risk, happened in zip(times, risks, counts, strict=True)
    ]


def _row(
    step: _Step, row: str, each: ColumnTimes, timed: Timed, kind: CurveKind, statistics: list[Statistic]
) -> TableRow:
    unit = timed.times.unit
    key = ("", row, each.column.name)
    risk = timed.source(each.column, f"AVAL >= {literal(step.time)}")
    name = "time" if unit == "days" else f"time_{unit}"
    statistics.append(Statistic(*key, name, step.time, time_text(step.time), risk))
    statistics.append(Statistic(*key, "at_risk", step.at_risk, str(step.at_risk), risk))
    cells = [str(step.at_risk)]
    for item, count in zip(kind.happenings, step.counts, strict=True):
        source = timed.source(each.column, both(f"AVAL = {literal(step.time)}", item.condition))
        statistics.append(Statistic(*key, item.statistic, count, str(count), source))
        cells.append(str(count))
    cells.append(
        put_share(statistics, key, step.values, timed.source(each.column, "", "AVAL", "CEVENT"), kind.statistic)
    )
    return TableRow(row, tuple(cells), 1, "", row)


def _last_drawn(each: ColumnTimes) -> float:
    """The last time at which enough subjects are at risk."""
    enough = max(LEAST_AT_RISK, ceil(LEAST_SHARE * len(each.time) - 1e-9))
    return float(np.sort(each.time)[-enough])


def _chart(
    kind: CurveKind,
    description: str,
    axis: Axis,
    arms: Sequence[ColumnTimes],
    steps: Sequence[Sequence[_Step]],
    drawn: Sequence[int],
) -> Chart | None:
    if not drawn:
        return None
    series = []
    for place in drawn:
        each, last = arms[place], _last_drawn(arms[place])
        points = tuple(_point(step) for step in steps[place] if step.values[0] is not None and step.time <= last)
        at = kind.estimate(each)
        censored = np.unique(each.time[each.ended == 0]) if kind.ticks else np.zeros(0)
        ticks = tuple(
            (float(time), value)
            for time in censored[censored <= last]
            if (value := in_percent(at(float(time)))[0]) is not None
        )
        series.append(Series(each.column.name, Mark.STEP, points, last, ticks, rank=place))
    highest = max(
        value for one in series for point in one.points for value in (point.y, point.high) if value is not None
    )
    y = linear_axis(kind.axis, 100 if kind.ticks else min(highest, 100.0))
    strip = Strip(
        "Number at risk",
        tuple(tick for tick, _ in axis.ticks),
        tuple(
            (
                each.column.name,
                tuple(str(int(n)) for n in compute_numbers_at_risk(each.time, [t for t, _ in axis.ticks])),
            )
            for each in (arms[place] for place in drawn)
        ),
    )
    keys = ("|: censored", "band: 95% CI") if kind.ticks else ("band: 95% CI",)
    return Chart(description, axis, y, tuple(series), strip=strip, keys=keys)


def _point(step: _Step) -> Point:
    value, lower, upper = step.values
    assert value is not None, "a point has an estimate"
    return Point(step.time, value) if lower is None or upper is None else Point(step.time, value, lower, upper)


def _notes(arms: Sequence[ColumnTimes], drawn: Sequence[int], kind: CurveKind) -> tuple[str, ...]:
    notes = []
    if drawn:
        notes.append(
            f"A curve ends where fewer than {LEAST_AT_RISK} subjects, or fewer than a tenth of the arm, are at risk; "
            "the table of its numbers goes on."
        )
    small = [each.column.name for place, each in enumerate(arms) if place not in drawn]
    if small:
        notes.append(
            f"Not drawn, with fewer than {LEAST_SUBJECTS} subjects: {', '.join(small)}; the table of numbers has them."
        )
    return tuple(notes)
