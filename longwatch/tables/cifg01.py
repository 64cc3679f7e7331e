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
from longwatch.tables.curves import CurveKind, Happening, make_curve_output
from longwatch.tables.result import TableResult
from longwatch.tables.times import ColumnTimes, read_times

TITLE = "Cumulative incidence, death competing"
NUMBER = "Fig 11"
HAPPENINGS = (Happening("events", "Events", 1, "CEVENT = 1"), Happening("deaths", "Deaths before", 2, "CEVENT = 2"))


def make_cifg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameters as of KMG01."""
    kind = CurveKind(
        code="CIFG01",
        title=TITLE,
        number=NUMBER,
        words="Cumulative incidence of the event over time, death competing",
        statistic="incidence_pct",
        heading="With the event",
        happenings=HAPPENINGS,
        estimate=_estimate,
        method=Method.AALEN_JOHANSEN,
        falls=False,
    )
    return make_curve_output(datasets, study, read_times(datasets, study, parameters), kind, parameters)


def _estimate(each: ColumnTimes) -> Callable[[float], Estimate]:
    return compute_cumulative_incidence(each.time, each.ended).at
