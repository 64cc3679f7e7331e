"""Kaplan–Meier: survival with Greenwood's variance, intervals on three scales, quantiles (spec C.4).

S(t) = Π(1 − dᵢ/nᵢ) over event times at or before t; Var = S²·Σ dᵢ/(nᵢ(nᵢ − dᵢ)). The default interval is log(−log),
as in SAS, which never leaves 0 to 1; R's survfit defaults to log. Use it for events that no other event precludes
(all-cause death, discontinuation); with competing events use `longwatch.stats.competing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from longwatch.stats.estimate import Estimate, Floats, number_or_none
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile
from longwatch.stats.risk_table import RiskTable, compute_risk_table

BEYOND = "beyond the last observation"
NO_EVENT_YET = "no event yet: the estimate has no variance"
NONE_LEFT = "no one is left without the event: the estimate has no variance"
NO_SUBJECT = "no subject"
NOT_REACHED = "not reached"
_SAME = 1e-12
"""Survival this close to a quantile's level counts as equal to it."""


class Scale(StrEnum):
    """On which scale an interval of survival is symmetric."""

    LINEAR = "linear"
    LOG = "log"
    LOG_LOG = "log-log"


_METHOD = {
    Scale.LINEAR: Method.KAPLAN_MEIER_LINEAR,
    Scale.LOG: Method.KAPLAN_MEIER_LOG,
    Scale.LOG_LOG: Method.KAPLAN_MEIER_LOG_LOG,
}


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """A curve at its event times: risk table, survival, variance, limits (NaN where not estimable)."""

    table: RiskTable
    survival: Floats
    variance: Floats
    lower: Floats
    upper: Floats
    scale: Scale

    @property
    def method(self) -> Method:
        """The name for the footnote."""
        return _METHOD[self.scale]

    def at(self, time: float) -> Estimate:
        """Survival at a time, with events by then and subjects at the start.

        Cases, in order: no subject → not estimable; after the last observation, unless all had the event → not
        estimable; before the first event → 1 without an interval; nobody left → 0 without an interval.
        """
        place = self.table.place(time)
        events, total = float(self.table.all_events[:place].sum()), float(self.table.subjects)
        survival = float(self.survival[place - 1]) if place else 1.0
        if total == 0:
            return self._estimate(events, total, None, NO_SUBJECT)
        if time > self.table.last and survival > 0:
            return self._estimate(events, total, None, BEYOND)
        if place == 0:
            return self._estimate(events, total, 1.0, NO_EVENT_YET)
        if survival == 0:
            return self._estimate(events, total, 0.0, NONE_LEFT)
        limits = float(self.lower[place - 1]), float(self.upper[place - 1])
        return Estimate((events,), (total,), survival, *limits, method=self.method)

    def quantile(self, p: float = 0.5) -> Estimate:
        """The time by which a share p had the event (0.5: the median), with Brookmeyer and Crowley's limits.

        The first event time at which survival is below 1 − p; where survival equals 1 − p over a stretch, its middle.
        The limits are the same quantile of the curve's lower and upper limits, so they depend on the scale. What is not
        reached is not estimable, each limit by itself. Source: Brookmeyer and Crowley 1982; as SAS PROC LIFETEST and R.
        """
        if not 0 < p < 1:
            raise ValueError(f"a quantile lies between 0 and 1, not {p}")
        level = 1 - p
        curves = (self.survival, self.lower, self.upper)
        value, lower, upper = (number_or_none(_first_below(self.table.times, curve, level)) for curve in curves)
        named = {"estimate": value, "lower limit": lower, "upper limit": upper}
        missing = [name for name, number in named.items() if number is None]
        reason = f"{', '.join(missing)} {NOT_REACHED}" if missing else ""
        events, total = (float(self.table.all_events.sum()),), (float(self.table.subjects),)
        return Estimate(events, total, value, lower, upper, Method.KAPLAN_MEIER_QUANTILE, reason)

    def _estimate(self, events: float, total: float, value: float | None, reason: str) -> Estimate:
        return Estimate((events,), (total,), value, None, None, self.method, reason)


def compute_kaplan_meier(
    time: ArrayLike, event: ArrayLike, confidence: float = 0.95, scale: Scale = Scale.LOG_LOG
) -> KaplanMeier:
    """The curve of one group. `event`: true or 1 where the time ends with the event, else the subject is censored.

    Intervals, with σ² = Σ d/(n(n − d)): linear S ± zSσ, log S·exp(±zσ), each cut off at 0 and 1; log(−log)
    S^exp(±zσ/log S). None where S is 1 or 0. Source: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice
    1980, section 1.4.
    """
    table = compute_risk_table(time, event)
    n, d = table.at_risk.astype(np.float64), table.all_events.astype(np.float64)
    survival: Floats = np.cumprod((n - d) / n).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = np.cumsum(np.where(n > d, d / (n * (n - d)), 0.0))
        lower, upper = _limits(survival, np.sqrt(relative), normal_quantile(confidence), scale)
    no_variance = survival == 0
    lower, upper = (np.where(no_variance, np.nan, limit) for limit in (lower, upper))
    return KaplanMeier(table, survival, survival**2 * relative, lower, upper, scale)


def _limits(survival: Floats, deviation: Floats, z: float, scale: Scale) -> tuple[Floats, Floats]:
    if scale is Scale.LINEAR:
        half = z * survival * deviation
        return np.maximum(survival - half, 0.0), np.minimum(survival + half, 1.0)
    if scale is Scale.LOG:
        return survival * np.exp(-z * deviation), np.minimum(survival * np.exp(z * deviation), 1.0)
    # log S < 0: the plus sign belongs to the upper limit.
    exponent = z * deviation / np.log(survival)
    return survival ** np.exp(-exponent), survival ** np.exp(exponent)


def _first_below(times: Floats, curve: Floats, level: float) -> float:
    """The first time at which a falling step curve is below a level; the middle of a stretch on which it equals it."""
    reached = np.flatnonzero(curve <= level + _SAME)
    if not len(reached):
        return float("nan")
    below = np.flatnonzero(curve < level - _SAME)
    if not len(below):
        return float(times[reached[0]])
    return float((times[reached[0]] + times[below[0]]) / 2)
