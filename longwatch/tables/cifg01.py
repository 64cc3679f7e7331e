"""CIFG01: cumulative incidence of an event, death competing (FDA guide v2.0, figure 11).

The share of each arm that has had the event, by Aalen–Johansen: a subject who dies before it can no longer have it.
Kaplan–Meier, which takes that death for censored, overstates (spec C.4, trap J.9). Which rows and what is drawn:
`curves`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.stats.competing import compute_cumulative_incidence
from longwatch.stats.estimate import Estimate
from longwatch.stats.methods import Method
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.curves import CurveKind, Happening, make_curves
from longwatch.tables.result import TableResult
from longwatch.tables.time_notes import say_at_risk, say_death, say_events, say_time
from longwatch.tables.times import ColumnTimes, read_times

TITLE = "Cumulative incidence of an event with death competing"
NUMBER = "Fig 11"
HAPPENINGS = (Happening("events", "Events", 1, "CEVENT = 1"), Happening("deaths", "Deaths before", 2, "CEVENT = 2"))


def make_cifg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameters as of KMG01."""
    timed = read_times(datasets, study, parameters)

    def estimate(each: ColumnTimes) -> Callable[[float], Estimate]:
        return compute_cumulative_incidence(each.time, each.ended).at

    every = parameters.get("every")
    assert every is None or isinstance(every, float)
    kind = CurveKind("incidence_pct", "With the event", "With the event, %", HAPPENINGS, estimate, ticks=False)
    name = f"{timed.times.name} ({timed.times.code})"
    description = f"Cumulative incidence of the event over time, by arm, numbers at risk below: {name}"
    curves = make_curves(timed, kind, description, every)
    known = not timed.times.records.is_empty()
    return TableResult(
        code="CIFG01",
        title=TITLE,
        population="Safety population",
        stub="Time",
        columns=curves.columns,
        rows=curves.rows if known else (),
        statistics=(*timed.layout().sizes(), *(curves.statistics if known else ())),
        footnotes=(
            footnotes.say_population(datasets, study, timed.arms),
            *say_time(datasets, study, timed),
            say_at_risk(Method.AALEN_JOHANSEN),
            *(curves.notes if known else ()),
            *say_death(timed, incidence=True),
            *say_events(study, timed),
            footnotes.say_observation(datasets),
            *footnotes.say_abbreviations((), (), "CI", "NE"),
        ),
        number=NUMBER,
        subtitle=name,
        empty_note=f"Not available: {timed.times.reason}" if timed.times.reason else "Nobody has a known time",
        parameters={"parameter": timed.times.code, "every": "" if every is None else f"{every:g}"},
        chart=curves.chart if known else None,
    )
