"""KMG01: Kaplan–Meier curve of a time to an event (FDA guide v2.0, figures 1, 4 and 13).

The share of each arm without the event over time, with its interval, censored times, and the numbers at risk under the
axis. Which rows and what is drawn: `curves`. Intervals on the study file's scale (`time_to_event: interval:`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.stats.estimate import Estimate
from longwatch.stats.survival import compute_kaplan_meier
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.curves import CurveKind, Happening, make_curves
from longwatch.tables.result import TableResult
from longwatch.tables.time_notes import say_at_risk, say_death, say_events, say_time
from longwatch.tables.times import FIGURES, ColumnTimes, read_times, scale_of

TITLE = "Kaplan–Meier curve of a time to an event"
NUMBERS = "Fig 1, 4, 13"
EVENTS = (Happening("events", "Events", 1, "CNSR = 0"),)


def make_kmg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameters: `parameter`, a PARAMCD (`times.read_times`); `every`, the distance of the numbers under
    the axis. Nobody has a time → no rows, and a note. Raises StudyError LW-TAB-007."""
    timed = read_times(datasets, study, parameters)
    scale = scale_of(study)

    def estimate(each: ColumnTimes) -> Callable[[float], Estimate]:
        return compute_kaplan_meier(each.time, each.event, scale=scale).at

    every = parameters.get("every")
    assert every is None or isinstance(every, float)
    kind = CurveKind("survival_pct", "Without the event", "Without the event, %", EVENTS, estimate, ticks=True)
    name = f"{timed.times.name} ({timed.times.code})"
    description = f"Kaplan–Meier curves of the share without the event over time, by arm, numbers at risk below: {name}"
    curves = make_curves(timed, kind, description, every)
    known = not timed.times.records.is_empty()
    kind_of_event = timed.declared.event if timed.declared else None
    method = compute_kaplan_meier([], [], scale=scale).method
    return TableResult(
        code="KMG01",
        title=TITLE,
        population="Safety population",
        stub="Time",
        columns=curves.columns,
        rows=curves.rows if known else (),
        statistics=(*timed.layout().sizes(), *(curves.statistics if known else ())),
        footnotes=(
            footnotes.say_population(datasets, study, timed.arms),
            *say_time(datasets, study, timed),
            say_at_risk(method),
            *(curves.notes if known else ()),
            *say_death(timed, incidence=False),
            *say_events(study, timed),
            footnotes.say_observation(datasets),
            *footnotes.say_abbreviations((), (), "CI", "NE"),
        ),
        number=FIGURES.get(kind_of_event, NUMBERS) if kind_of_event else NUMBERS,
        subtitle=name,
        empty_note=f"Not available: {timed.times.reason}" if timed.times.reason else "Nobody has a known time",
        parameters={"parameter": timed.times.code, "every": "" if every is None else f"{every:g}"},
        chart=curves.chart if known else None,
    )
