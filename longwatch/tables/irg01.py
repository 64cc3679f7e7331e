"""IRG01: rate of adverse events over time since the first dose (FDA guide v2.0, figure 12).

A point per interval and arm: events per 100 person-years with its exact Poisson interval, and under the axis the
subjects at risk; the intervals are those of AET05_INT_ALL. Its numbers are the table under the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longwatch.derive import AnalysisDatasets
from longwatch.derive.periods import INTERVAL
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.aet05_int import ANY, AT_RISK, RATE, SERIOUS, PartCounter, part_columns, say_parts
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.chart import Chart, Mark, Point, Series, Strip, category_axis, linear_axis
from longwatch.tables.layout import Layout
from longwatch.tables.result import Statistic, TableResult

TITLE = "Rate of adverse events over time since first dose"
NUMBER = "Fig 12"
ROOM = 1.5
"""How far above the highest rate the axis reaches; an interval that goes on is cut there."""


def make_irg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `serious` (serious events only, default no). No event → no points, and a note; an interval
    of less than 0.5 person-years has no point. Where seriousness is not collected, serious events cannot be drawn."""
    serious = bool(parameters.get("serious", False))
    wanted = SERIOUS if serious else ANY
    arms = make_arms(datasets, study)
    layout = Layout(arms, None)
    counter = PartCounter(datasets, arms, INTERVAL, every=True)
    lines = [line for line in counter.lines(None) if line.row == wanted]
    rows, statistics = counter.table(lines)
    columns = tuple(part_columns(layout, every=True))
    has_any = counter.has_events and bool(lines)
    return TableResult(
        code="IRG01",
        title=TITLE,
        population=arms.population.name,
        stub="Interval",
        columns=columns,
        rows=rows if has_any else (),
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *say_parts(datasets, study, INTERVAL, every=True),
            "A confidence interval that leaves the figure is cut at its edge; the table has its limits.",
            footnotes.say_treatment_emergence(study),
            *((footnotes.say_seriousness(),) if serious else ()),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        number=NUMBER,
        subtitle="Serious treatment-emergent adverse events" if serious else "Treatment-emergent adverse events",
        empty_note="Serious events cannot be told apart: AESER is not in the data, or never filled"
        if counter.has_events and not lines
        else "No events met the criteria",
        parameters={"serious": str(serious).lower()},
        chart=_draw(arms, counter.intervals.names, wanted, statistics, has_any),
    )


def _draw(arms: Arms, intervals: tuple[str, ...], row: str, statistics: Sequence[Statistic], has_any: bool) -> Chart:
    found = {(item.row_group, item.column, item.statistic): item.value for item in statistics if item.row == row}
    series = []
    for name in arms.names if has_any else ():
        points = []
        for place, interval in enumerate(intervals, start=1):
            rate, low, high = (found.get((interval, name, statistic)) for statistic in RATE)
            if rate is not None:
                points.append(Point(float(place), rate, low, high))
        series.append(Series(name, Mark.POINT, tuple(points)))
    at_risk = {
        (item.row_group, item.column): item.text for item in statistics if item.row == AT_RISK and item.statistic == "n"
    }
    strip = Strip(
        "Subjects at risk",
        tuple(float(place) for place in range(1, len(intervals) + 1)),
        tuple((each.name, tuple(at_risk[interval, each.name] for interval in intervals)) for each in series),
    )
    drawn = [point for each in series for point in each.points]
    highest = max((point.y for point in drawn), default=1.0) * ROOM or 1.0
    limit = max((point.high for point in drawn if point.high is not None), default=highest)
    return Chart(
        description=f"Events per 100 person-years by interval since first dose, with 95% intervals: {row}",
        x=category_axis("Time since first dose", intervals),
        y=linear_axis("Events per 100 person-years", min(highest, limit) if highest > 1 else limit),
        series=tuple(series),
        strip=strip if series else None,
        note="No events met the criteria",
    )
