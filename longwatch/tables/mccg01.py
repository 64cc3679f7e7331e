"""MCCG01: mean cumulative count of adverse events that can recur, death competing (spec C.4; Dong and Yasui 2015).

How many such events a subject has had on average by a time: all of them count, not the first alone. A subject who dies
can have no further one. Rows, arm by arm: the start, every day of an event or a death, and every time at which the axis
has a number; per row the subjects at risk, events, deaths, the count per subject with its interval. What is drawn and
where a curve ends: `curves`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adtte import DAYS_PER_UNIT
from longwatch.derive.observed import END_DAY, derive_fuendy
from longwatch.errors import StudyError
from longwatch.stats.methods import Method
from longwatch.stats.recurrent import MeanCumulativeCount, compute_mean_cumulative_count
from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import EventKind, Parameter, Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, Strip, linear_axis
from longwatch.tables.curves import LEAST_SUBJECTS, last_drawn, make_axis, say_drawn
from longwatch.tables.events import select_emergent
from longwatch.tables.filters import EMERGENT, SAFETY, both, equals, is_one_of
from longwatch.tables.layout import Column, Layout
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.time_notes import name_kind, say_at_risk, say_chosen
from longwatch.tables.times import DEFAULT_PARAMETER, interval_text, literal, time_names, time_text

TITLE = "Mean cumulative count of adverse events, death competing"
Values = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, eq=False)
class _Arm:
    """A column's curve, in days. `end`: by subject, the last day of observation."""

    column: Column
    end: NDArray[np.float64]
    curve: MeanCumulativeCount

    def values(self, day: float) -> Values:
        found = self.curve.at(day)
        return found.value, found.lower, found.upper


@dataclass(frozen=True)
class _Step:
    day: float
    at_risk: int
    events: int
    deaths: int
    values: Values


def make_mccg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameters: `parameter`, the PARAMCD of a time to an adverse event, whose events are counted, all of
    them, in its unit (default: the study file's first of that kind, else all TEAEs); `every`, the distance of the
    numbers under the axis. No such event, or nobody's follow-up known → no rows and no chart, and a note. Raises
    StudyError LW-TAB-015 where there is no time to an adverse event of that code; LW-TAB-008."""
    declared = _read_parameter(study, parameters)
    every = parameters.get("every")
    assert every is None or isinstance(every, float)
    layout = Layout(make_arms(datasets, study), None)
    told = not declared.serious or "AESER" in datasets.adae_variables
    arms = _count(datasets, layout, declared) if told else []
    arms = arms if sum(int(each.curve.events.sum()) for each in arms) else []
    per_unit = DAYS_PER_UNIT[declared.unit]
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    notes: tuple[str, ...] = ()
    chart = None
    if arms:
        drawn = [place for place, each in enumerate(arms) if len(each.end) >= LEAST_SUBJECTS]
        longest = max(float(each.end.max()) for each in arms if len(each.end)) / per_unit
        reach = max((last_drawn(arms[place].end) / per_unit for place in drawn), default=longest)
        axis = make_axis(f"Time, {declared.unit}", reach if every is None else longest, every)
        steps = [_steps(each, [tick * per_unit for tick, _ in axis.ticks]) for each in arms]
        names = time_names((step.day / per_unit for found in steps for step in found), declared.unit)
        for each, found in zip(arms, steps, strict=True):
            rows.append(TableRow(f"{each.column.name} (N={each.column.size})", ("",) * 4))
            rows += [_row(step, names[step.day / per_unit], each.column, declared, statistics) for step in found]
        chart = _chart(declared, axis, arms, steps, drawn)
        notes = say_drawn([each.column.name for each in arms], drawn)
    columns = (
        TableColumn("at_risk", "At risk"),
        TableColumn("events", "Events"),
        TableColumn("deaths", "Deaths"),
        TableColumn("mean_count", "Events per subject (95% CI)"),
    )
    return TableResult(
        code="MCCG01",
        title=f"{TITLE}: {_words(declared)}",
        population="Safety population",
        stub="Time",
        columns=columns,
        rows=tuple(rows),
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, layout.arms),
            *_say(datasets, declared),
            say_at_risk(Method.MEAN_CUMULATIVE_COUNT),
            *notes,
            *say_chosen(study, declared),
            footnotes.say_observation(datasets),
            *footnotes.say_abbreviations((), (), "CI", "NE"),
        ),
        subtitle=declared.code,
        empty_note="No events met the criteria" if told else "Not available: seriousness is not collected (AESER)",
        parameters={"parameter": declared.code, "every": "" if every is None else f"{every:g}"},
        chart=chart,
    )


def _read_parameter(study: Study, parameters: Mapping[str, object]) -> Parameter:
    """The time to an adverse event whose kind of event is counted."""
    known = {item.code: item for item in study.time_to_event.all_parameters() if item.event is EventKind.ADVERSE_EVENT}
    own = [item.code for item in study.time_to_event.parameters if item.code in known]
    code = str(parameters.get("parameter") or next(iter(own), DEFAULT_PARAMETER))
    if code not in known:
        raise StudyError(
            "LW-TAB-015",
            f"{code} is no time to an adverse event, so it names no events to count",
            where="parameter",
            expected=", ".join(known),
            found=code,
            next_step="name one of these, or declare one in the study file under `time_to_event: parameters:`",
        )
    return known[code]


def _words(declared: Parameter) -> str:
    """`serious TEAE`, `TEAE of PT Infection`."""
    return f"all {name_kind(declared)}".replace("TEAE", "TEAEs", 1)


def _condition(declared: Parameter) -> str:
    """Which treatment-emergent events are counted, as SQL."""
    named = [is_one_of("AEDECOD", declared.terms)] * bool(declared.terms)
    named += [is_one_of("AEBODSYS", declared.socs)] * bool(declared.socs)
    which = f"({' OR '.join(named)})" if len(named) > 1 else "".join(named)
    return both(which, equals("AESER", "Y") if declared.serious else "")


def _count(datasets: AnalysisDatasets, layout: Layout, declared: Parameter) -> list[_Arm]:
    """The curve of each arm. A subject whose follow-up is not known is not in it, nor are its events."""
    events = select_emergent(datasets, "AEDECOD", "AEBODSYS", "ASTDT", "AESER")
    chosen = np.ones(events.records.height, dtype=np.bool_)
    if declared.terms or declared.socs:
        chosen = events.equal("AEDECOD", *declared.terms) | events.equal("AEBODSYS", *declared.socs)
    if declared.serious:
        chosen &= events.equal("AESER", "Y")
    subject = events.subject[chosen].astype(np.int64)
    day = datasets.clock.days_of(subject, events.records["ASTDT"].filter(chosen))
    end = derive_fuendy(datasets.adsl, datasets.clock).cast(float).fill_null(np.nan).to_numpy()
    died = (datasets.adsl["DTHFL"] == "Y").fill_null(False).to_numpy()
    arms = []
    for column in layout.counted_columns():
        if column.index is None:
            continue
        mine = (layout.arms.arm_of_subject == column.index) & ~np.isnan(end)
        place = np.cumsum(mine) - 1
        of_arm = mine[subject]
        curve = compute_mean_cumulative_count(end[mine], died[mine], place[subject[of_arm]], day[of_arm])
        arms.append(_Arm(column, end[mine], curve))
    return arms


def _steps(each: _Arm, ticks: Sequence[float]) -> list[_Step]:
    days = np.union1d(each.curve.times, np.asarray(ticks, dtype=np.float64))
    at_risk = compute_numbers_at_risk(each.end, days)
    at = {float(day): place for place, day in enumerate(each.curve.times)}
    steps = []
    for day, left in zip(days.tolist(), at_risk, strict=True):
        place = at.get(day)
        counts = (0, 0) if place is None else (int(each.curve.events[place]), int(each.curve.deaths[place]))
        steps.append(_Step(day, int(left), *counts, each.values(day)))
    return steps


def _row(step: _Step, row: str, column: Column, declared: Parameter, statistics: list[Statistic]) -> TableRow:
    key = ("", row, column.name)
    day = literal(step.day)
    subjects = both(SAFETY, column.condition)
    risk = Provenance("ADSL", both(subjects, f"{END_DAY} >= {day}"), ("USUBJID",))
    of_kind = both(EMERGENT, column.condition, _condition(declared))
    happened = Provenance("ADAE", both(of_kind, f"FUDY = {day}"), ("USUBJID", "AESEQ"))
    died = Provenance("ADSL", both(subjects, equals("DTHFL", "Y"), f"{END_DAY} = {day}"), ("USUBJID",))
    before = Provenance(
        "ADAE",
        both(of_kind, f"FUDY <= {day}"),
        ("USUBJID", "AESEQ", "FUDY"),
        f"subjects of ADSL with {both(subjects, f'{END_DAY} IS NOT NULL')}, by {END_DAY} and DTHFL",
    )
    time = step.day / DAYS_PER_UNIT[declared.unit]
    name = "time" if declared.unit == "days" else f"time_{declared.unit}"
    statistics.append(Statistic(*key, name, time, time_text(time), risk))
    cells = []
    for statistic, count, source in (
        ("at_risk", step.at_risk, risk),
        ("events", step.events, happened),
        ("deaths", step.deaths, died),
    ):
        statistics.append(Statistic(*key, statistic, count, str(count), source))
        cells.append(str(count))
    texts = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 2)) for value in step.values]
    for suffix, value, text in zip(("", "_lower", "_upper"), step.values, texts, strict=True):
        statistics.append(Statistic(*key, f"mean_count{suffix}", value, text, before))
    return TableRow(row, (*cells, interval_text(texts[0], texts[1], texts[2])), 1, "", row)


def _chart(
    declared: Parameter, axis: Axis, arms: Sequence[_Arm], steps: Sequence[Sequence[_Step]], drawn: Sequence[int]
) -> Chart | None:
    if not drawn:
        return None
    per_unit = DAYS_PER_UNIT[declared.unit]
    series = []
    for place in drawn:
        last = last_drawn(arms[place].end)
        points = tuple(
            _point(step, per_unit) for step in steps[place] if step.values[0] is not None and step.day <= last
        )
        series.append(Series(arms[place].column.name, Mark.STEP, points, last / per_unit, rank=place))
    highest = max(point.high or point.y for one in series for point in one.points)
    ticks = [tick for tick, _ in axis.ticks]
    at_risk = [compute_numbers_at_risk(arms[place].end, [tick * per_unit for tick in ticks]) for place in drawn]
    strip = Strip(
        "Number at risk",
        tuple(ticks),
        tuple(
            (arms[place].column.name, tuple(str(int(n)) for n in numbers))
            for place, numbers in zip(drawn, at_risk, strict=True)
        ),
    )
    words = f"{TITLE}, by arm, numbers at risk below: {_words(declared)}"
    return Chart(words, axis, linear_axis("Events per subject", highest), tuple(series), strip=strip,
                 keys=("band: 95% CI",))  # fmt: skip


def _point(step: _Step, per_unit: float) -> Point:
    value, lower, upper = step.values
    assert value is not None, "a point has an estimate"
    time = step.day / per_unit
    return Point(time, value) if lower is None or upper is None else Point(time, value, lower, upper)


def _say(datasets: AnalysisDatasets, declared: Parameter) -> tuple[str, ...]:
    """What is counted, from when to when, and who is not in it."""
    start = "the first study intervention" if datasets.clock.variable == "INTSDT" else "the first dose of study product"
    month = "; a month is 30.4375 days" if declared.unit == "months" else ""
    notes = [
        f"Events: {_words(declared)}, not the first alone, from {start} to the last day known alive, death or "
        "cut-off. Events on the day of death come before it. Death is a competing event, not a censored time. Who "
        f"leaves or goes on is censored. In {declared.unit}, first and last day counted{month}."
    ]
    if datasets.clock.unknown:
        notes.append(
            f"{datasets.clock.unknown} subjects of the safety population whose follow-up is not known are not "
            "analysed, nor are their events; they count in N."
        )
    return tuple(notes)
