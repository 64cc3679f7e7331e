"""AEFG01: forest plot of adverse events by system organ class (FDA guide v2.0, figure 2). AEFG_OCMQ: by OCMQ, narrow
terms (figure 3).

What is drawn: the risk difference of each arm against the control with its interval, a line per SOC or list, in the
order of the table. The table of its numbers is that of AET02 (SOC lines alone) or AET02_OCMQ (narrow lists alone).
Where there are more lines than a page has room for, the first are drawn, and the footnote says how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from longwatch.derive import AnalysisDatasets
from longwatch.standards.event_groups import Scope
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.aet02 import make_aet02
from longwatch.tables.aet02_lists import SHELLS as SHELLS_OF_LISTS
from longwatch.tables.aet02_lists import make_lists, say_kind
from longwatch.tables.arms import make_arms
from longwatch.tables.chart import Axis, Chart, Mark, Point, Reference, Series, category_axis
from longwatch.tables.comparisons import METHODS
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import Statistic, TableColumn, TableResult, TableRow

MOST_LINES, MOST_MARKS = 30, 40
"""What a page has room for: lines, and marks of all comparisons together."""
STEPS, MOST_STEPS = (1, 2, 5, 10, 20, 25, 50), 8
VALUES = ("risk_difference", "rd_lower", "rd_upper")


@dataclass(frozen=True)
class Shell:
    """One figure of this shape. `stub`: what a line is."""

    code: str
    title: str
    number: str
    stub: str


SHELLS: Mapping[str, Shell] = {
    shell.code: shell
    for shell in (
        Shell("AEFG01", "Adverse events by system organ class: risk difference", "Fig 2", "System organ class"),
        Shell("AEFG_OCMQ", "Adverse events by OCMQ (narrow): risk difference", "Fig 3", "OCMQ"),
    )
}
NARROW_LISTS = replace(SHELLS_OF_LISTS["AET02_OCMQ"], scopes=(Scope.NARROW,))
BY_SOC = "Events are counted by primary SOC; events not coded appear as UNCODED."
BY_LIST = "Events are in a list by their PT."
NO_COMPARISON = "Nothing is compared: the study file names no control arm (comparison)"


def make_aefg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `shell` (fixed by the code).

    The study compares nothing, or has one arm → no rows, no picture, and a note; no event, or no list → those of AET02
    and AET02_OCMQ. A difference that cannot be estimated is in the table and not in the picture.
    """
    shell = SHELLS[str(parameters["shell"])]
    comparison = study.comparison
    if comparison is not None:
        compared = comparison.model_copy(update={"statistics": ("risk_difference",)})
        study = study.model_copy(update={"comparison": compared})
    if shell.code == "AEFG01":
        table = make_aet02(datasets, study, {"events": False})
        rows = [row for row in table.rows if row.row_group and not row.row]
    else:
        table = make_lists(datasets, study, NARROW_LISTS, with_events=False)
        rows = [row for row in table.rows if row.row.endswith(f"({Scope.NARROW})")]
    pairs = [column.group for column in table.columns if column.key.endswith(":rd")]
    kept = {(row.row_group, row.row) for row in rows}
    shown = rows if pairs else []
    most = min(MOST_LINES, MOST_MARKS // max(len(pairs), 1))
    notes = (f"Drawn are the first {most} of {len(rows)} lines.",) if len(shown) > most else ()
    return replace(
        table,
        code=shell.code,
        title=shell.title,
        number=shell.number,
        stub=shell.stub,
        rows=tuple(replace(row, level=0) for row in shown),
        statistics=tuple(
            item for item in table.statistics if item.statistic == "N" or ((item.row_group, item.row) in kept and shown)
        ),
        footnotes=(*notes, *_say(shell, datasets, study, table.columns, shown)),
        empty_note=table.empty_note if pairs else NO_COMPARISON,
        parameters={"shell": shell.code},
        chart=_draw(shell, shown[:most], table.statistics, pairs, METHODS[comparison.method]) if comparison else None,
    )


def _say(
    shell: Shell, datasets: AnalysisDatasets, study: Study, columns: Sequence[TableColumn], rows: Sequence[TableRow]
) -> Iterator[str]:
    """The footnotes of the table, of lines without PTs."""
    arms = make_arms(datasets, study)
    by_soc = shell.code == "AEFG01"
    yield footnotes.say_population(datasets, study, arms)
    yield footnotes.say_counts(with_events=False)
    if not by_soc:
        yield from say_kind(NARROW_LISTS, datasets.groups.of_kind(NARROW_LISTS.kind), study)
    yield footnotes.say_treatment_emergence(study)
    yield footnotes.say_dictionary(study, BY_SOC if by_soc else BY_LIST)
    what = "SOCs" if by_soc else "OCMQs within their organ system"
    ties = "ties" if by_soc else "organ systems and ties"
    yield f"{what} by {Ranking(arms).words}; {ties} by name."
    yield footnotes.say_observation(datasets)
    yield from footnotes.say_statistics(study, arms)
    yield from footnotes.say_abbreviations(columns, rows, *(("SOC",) if by_soc else ("OCMQ", "PT")), "TEAE")


def _draw(
    shell: Shell, rows: Sequence[TableRow], statistics: Sequence[Statistic], pairs: Sequence[str], method: str
) -> Chart:
    values = {(item.row_group, item.row, item.column, item.statistic): item.value for item in statistics}
    series = []
    for pair in pairs:
        points = []
        for place, row in enumerate(rows, start=1):
            middle, low, high = (values.get((row.row_group, row.row, pair, name)) for name in VALUES)
            if middle is not None:
                points.append(Point(float(place), float(middle), low, high))
        series.append(Series(pair, Mark.POINT, tuple(points)))
    points = [point for each in series for point in each.points]
    ends = [end for point in points for end in (point.low, point.high, point.y) if end is not None]
    return Chart(
        f"{shell.title}: a line per {shell.stub.lower()}, the difference with its 95 % interval ({method})",
        category_axis(shell.stub, tuple(row.label for row in rows)),
        _axis(min([*ends, 0.0]), max([*ends, 0.0])),
        tuple(series),
        references=(Reference("y", 0.0, ""),),
        note="No difference can be estimated",
        is_sideways=True,
    )


def _axis(low: float, high: float) -> Axis:
    """From a whole step not above `low` to one not below `high`: zero is one of its values."""
    step = next(step for step in STEPS if (high - low) / step <= MOST_STEPS)
    ticks = range(floor(low / step) * step, max(ceil(high / step), floor(low / step) + 1) * step + 1, step)
    title = "Risk difference, arm minus control (% points)"
    return Axis(title, float(ticks[0]), float(ticks[-1]), tuple((float(tick), str(tick)) for tick in ticks))
