"""KMG01: Kaplan–Meier curve of a time to an event (FDA guide v2.0, figures 1, 4 and 13).

The share of each arm without the event over time, with its interval, censored times, and the numbers at risk under the
axis. Which rows and what is drawn: `curves`. Intervals on the study file's scale (`time_to_event: interval:`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.stats.estimate import Estimate
from longwatch.stats.survival import compute_kaplan_meier
from longwatch.study import EventKind, Study
from longwatch.tables.curves import CurveKind, Happening, make_curve_output
from longwatch.tables.result import TableResult
from longwatch.tables.times import ColumnTimes, read_times, scale_of

TITLE = "Kaplan–Meier curve"
NUMBERS = {EventKind.DISCONTINUATION: "Fig 1", EventKind.ADVERSE_EVENT: "Fig 4", EventKind.LAST_FOLLOW_UP: "Fig 13"}
NUMBER = "Fig 1, 4, 13"
EVENTS = (Happening("events", "Events", 1, "CNSR = 0"),)


def make_kmg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameters: `parameter`, a PARAMCD (`times.read_times`); `every`, the distance of the numbers under
    the axis. Nobody has a time → no rows, and a note. Raises StudyError LW-TAB-007."""
    timed = read_times(datasets, study, parameters)
    scale = scale_of(study)

    def estimate(each: ColumnTimes) -> Callable[[float], Estimate]:
        return compute_kaplan_meier(each.time, each.event, scale=scale).at

    event = timed.declared.event if timed.declared else None
    kind = CurveKind(
        code="KMG01",
        title=TITLE,
        number=NUMBERS.get(event, "") if event else NUMBER,
        words="Kaplan–Meier curves of the share without the event over time",
        statistic="survival_pct",
        heading="Without the event",
        happenings=EVENTS,
        estimate=estimate,
        method=compute_kaplan_meier([], [], scale=scale).method,
        falls=True,
    )
    return make_curve_output(datasets, study, timed, kind, parameters)
