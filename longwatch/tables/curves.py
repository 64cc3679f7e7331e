"""A curve over time by arm as an output: the table of its steps, and the chart (spec C.4).

Rows, arm by arm: the start, every time at which something happened, and every time at which the axis has a number; per
row the subjects at risk, what happened, the estimate with its interval. The chart draws of that, in order: no arm of
fewer than 8 subjects with a time (their steps are in the table); of the others each curve up to the last time at which
at least 3 subjects and a tenth of the arm are at risk. No arm left → no chart, and the table stands for it. The axis
goes to the end of the longest curve; where the distance of its numbers is asked for, to the longest time.
Source: FDA guide v2.0, 2.2.5.2; spec C.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.stats.estimate import Estimate
from longwatch.stats.methods import Method
from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, Strip, linear_axis
from longwatch.tables.filters import both
from longwatch.tables.result import Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.time_notes import say_at_risk, say_death, say_events, say_time
from longwatch.tables.times import (
    ColumnTimes,
    Floats,
    Timed,
    in_percent,
    literal,
    put_share,
    time_names,
    time_text,
    titled,
)

LEAST_SUBJECTS, LEAST_AT_RISK, LEAST_SHARE = 8, 3, 0.1
MOST_STEPS, MOST_NUMBERS = 8, 100
LEAST_REACH = 10.0
"""What the axis of an incidence reaches at least, in per cent: a flat line at 0 is drawn on no scale of hundredths."""
STEPS = (1, 2, 3, 5, 6, 10, 12, 20, 24, 30, 50, 60, 90, 100, 120, 180, 200, 365, 500, 730, 1000, 1825)
"""Distances of the numbers under the axis, in any unit: round, or as visits are spaced."""


@dataclass(frozen=True)
class Happening:
    """What is counted at a time: its statistic, its heading, the value of CEVENT, and the condition that says so."""

    statistic: str
    heading: str
    ended: int
    condition: str


@dataclass(frozen=True)
class CurveKind:
    """`code`, `title`, `number`: of the output. `words`: what the figure shows. `statistic`: of the estimate, in
    percent; `heading`: of its column and over the plot. `estimate`: of a column's times, the function of time; `method`
    its name. `falls`: from 100, with censored times marked on it; else it rises from 0."""

    code: str
    title: str
    number: str
    words: str
    statistic: str
    heading: str
    happenings: tuple[Happening, ...]
    estimate: Callable[[ColumnTimes], Callable[[float], Estimate]]
    method: Method
    falls: bool


@dataclass(frozen=True)
class _Step:
    time: float
    at_risk: int
    counts: tuple[int, ...]
    values: tuple[float | None, float | None, float | None]


def make_curve_output(
    datasets: AnalysisDatasets, study: Study, timed: Timed, kind: CurveKind, parameters: Mapping[str, object]
) -> TableResult:
    """The output: curves of all arms. Parameter `every`: the distance of the numbers under the axis, in the unit; by
    default round steps. Nobody has a time → no rows and no chart, and a note. Raises StudyError LW-TAB-008 for a
    distance that is 0, or too small."""
    times = timed.times
    every = parameters.get("every")
    assert every is None or isinstance(every, float)
    name = f"{times.name} ({times.code})"
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    notes: tuple[str, ...] = ()
    chart = None
    if not times.records.is_empty():
        arms = [timed.of(column) for column in timed.layout().counted_columns() if column.index is not None]
        drawn = [place for place, each in enumerate(arms) if len(each.time) >= LEAST_SUBJECTS]
        longest = max(each.longest for each in arms)
        reach = max((last_drawn(arms[place].time) for place in drawn), default=longest)
        axis = make_axis(f"Time, {times.unit}", reach if every is None else longest, every)
        steps = [_steps(each, kind, [tick for tick, _ in axis.ticks]) for each in arms]
        names = time_names((step.time for found in steps for step in found), times.unit)
        for each, found in zip(arms, steps, strict=True):
            rows.append(TableRow(f"{each.column.name} (N={each.column.size})", ("",) * (len(kind.happenings) + 2)))
            rows += [_row(step, names[step.time], each, timed, kind, statistics) for step in found]
        chart = _chart(kind, f"{kind.words}, by arm, numbers at risk below: {name}", axis, arms, steps, drawn)
        notes = say_drawn([each.column.name for each in arms], drawn)
    return TableResult(
        code=kind.code,
        title=titled(kind.title, timed),
        population="Safety population",
        stub="Time",
        columns=(
            TableColumn("at_risk", "At risk"),
            *(TableColumn(item.statistic, item.heading) for item in kind.happenings),
            TableColumn(kind.statistic, f"{kind.heading}, % (95% CI)"),
        ),
        rows=tuple(rows),
        statistics=(*timed.layout().sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, timed.arms),
            *say_time(datasets, study, timed),
            say_at_risk(kind.method),
            *notes,
            *say_death(timed, incidence=not kind.falls),
            *say_events(study, timed),
            footnotes.say_observation(datasets),
            *footnotes.say_abbreviations((), (), "CI", "NE"),
        ),
        number=kind.number,
        subtitle=times.code,
        empty_note=f"Not available: {times.reason}" if times.reason else "Nobody has a known time",
        parameters={"parameter": times.code, "every": "" if every is None else f"{every:g}"},
        chart=chart,
    )


def make_axis(title: str, longest: float, every: float | None) -> Axis:
    """From 0 to a number not below the longest time, numbered every so often; by default in round steps. Raises
    StudyError LW-TAB-008 for a distance that is 0, or too small."""
    if every is None:
        every = next((step for step in STEPS if longest <= MOST_STEPS * step), STEPS[-1])
    if not every * MOST_NUMBERS >= longest or every <= 0:
        raise StudyError(
            "LW-TAB-008",
            "the numbers under the axis cannot stand so close",
            where="parameter every",
            expected=f"{longest / MOST_NUMBERS:g} or more, above 0",
            found=f"{every:g}",
            next_step="name a greater distance, in the unit of the time",
        )
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


def last_drawn(time: Floats) -> float:
    """The last time at which enough subjects are at risk, from how long each was."""
    enough = max(LEAST_AT_RISK, ceil(LEAST_SHARE * len(time) - 1e-9))
    return float(np.sort(time)[-enough])


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
        each, last = arms[place], last_drawn(arms[place].time)
        points = tuple(_point(step) for step in steps[place] if step.values[0] is not None and step.time <= last)
        at = kind.estimate(each)
        censored = np.unique(each.time[each.ended == 0]) if kind.falls else np.zeros(0)
        ticks = tuple(
            (float(time), value)
            for time in censored[censored <= last]
            if (value := in_percent(at(float(time)))[0]) is not None
        )
        series.append(Series(each.column.name, Mark.STEP, points, last, ticks, rank=place))
    highest = max(
        value for one in series for point in one.points for value in (point.y, point.high) if value is not None
    )
    y = linear_axis(f"{kind.heading}, %", 100 if kind.falls else min(max(highest, LEAST_REACH), 100.0))
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
    keys = ("|: censored", "band: 95% CI") if kind.falls else ("band: 95% CI",)
    return Chart(description, axis, y, tuple(series), strip=strip, keys=keys)


def _point(step: _Step) -> Point:
    value, lower, upper = step.values
    assert value is not None, "a point has an estimate"
    return Point(step.time, value) if lower is None or upper is None else Point(step.time, value, lower, upper)


def say_drawn(names: Sequence[str], drawn: Sequence[int]) -> tuple[str, ...]:
    """Where curves end, and which arms have none. `drawn`: the places of those that have."""
    notes = []
    if drawn:
        notes.append(
            f"A curve ends where fewer than {LEAST_AT_RISK} subjects, or fewer than a tenth of the arm, are at risk; "
            "the table of its numbers goes on."
        )
    small = [name for place, name in enumerate(names) if place not in drawn]
    if small:
        notes.append(
            f"Not drawn, with fewer than {LEAST_SUBJECTS} subjects: {', '.join(small)}; the table of numbers has them."
        )
    return tuple(notes)
