"""Hazard ratio of an arm against the control: Cox's proportional hazards model (spec C.4).

One covariate, the arm, and the strata of the analysis; so the partial likelihood needs only how many of each arm are
at risk and have the event at each time, and whether it has a maximum can be told exactly, before any iteration.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Estimate, Floats
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile
from longwatch.stats.risk_table import check_times

_STEPS = 200
_CONVERGED = 1e-12


class Ties(StrEnum):
    """How events at one time share the likelihood: Efron (R's default) or Breslow (SAS's default)."""

    EFRON = "efron"
    BRESLOW = "breslow"


@dataclass(frozen=True)
class HazardRatio:
    """The ratio with its Wald interval; the log ratio, its standard error, and Wald's two-sided p."""

    estimate: Estimate
    log_ratio: float | None
    standard_error: float | None
    p: float | None


@dataclass(frozen=True, eq=False)
class _Terms:
    """One term of the score per event: events of the arm, and weighted subjects at risk in arm and control."""

    arm_events: float
    arm_at_risk: Floats
    control_at_risk: Floats

    def score(self, log_ratio: float) -> tuple[float, float]:
        """The derivative of the log likelihood, and the information."""
        arm = exp(log_ratio) * self.arm_at_risk
        expected = arm / (arm + self.control_at_risk)
        return self.arm_events - float(expected.sum()), float((expected * (1 - expected)).sum())


def compute_hazard_ratio(
    time: ArrayLike,
    event: ArrayLike,
    in_arm: ArrayLike,
    strata: ArrayLike | None = None,
    confidence: float = 0.95,
    ties: Ties = Ties.EFRON,
) -> HazardRatio:
    """Hazard of the arm (`in_arm` true) over that of the control, with Wald limits exp(β ± z·SE).

    Cases, in order:
    1. no subject in an arm → not estimable;
    2. no event → not estimable;
    3. no event in the control while a subject of the arm is at risk (the likelihood grows with the ratio for ever), or
       none in the arm while a control is at risk → not estimable, with which of the two;
    4. else the maximum of the partial likelihood, found by Newton steps kept between two bounds of opposite score.

    Other programs print a huge or tiny number in case 3. Source: Cox 1972; Efron 1977; Breslow 1974.
    """
    observed, kind = check_times(time, event)
    arm = np.asarray(in_arm).astype(np.bool_).reshape(-1)
    stratum = np.zeros(len(observed)) if strata is None else np.asarray(strata).reshape(-1)
    if not len(observed) == len(arm) == len(stratum):
        raise ValueError(f"{len(observed)} times, {len(arm)} arms and {len(stratum)} strata")
    method = Method.COX_EFRON if ties is Ties.EFRON else Method.COX_BRESLOW
    events = (float((kind[arm] > 0).sum()), float((kind[~arm] > 0).sum()))
    totals = (float(arm.sum()), float((~arm).sum()))
    counts = [
        _of_stratum(observed[stratum == s], kind[stratum == s] > 0, arm[stratum == s]) for s in np.unique(stratum)
    ]
    table = np.concatenate(counts, axis=1) if counts else np.empty((4, 0))
    if reason := _why_not(events, totals, table):
        return HazardRatio(Estimate(events, totals, None, None, None, method, reason), None, None, None)
    found = _maximise(_expand(table, ties))
    if found is None:
        reason = "the iteration did not converge"
        return HazardRatio(Estimate(events, totals, None, None, None, method, reason), None, None, None)
    log_ratio, error = found
    z = normal_quantile(confidence)
    ratio, lower, upper = (exp(log_ratio + sign * z * error) for sign in (0, -1, 1))
    from scipy.special import ndtr

    p = 2 * float(ndtr(-abs(log_ratio) / error))
    return HazardRatio(Estimate(events, totals, ratio, lower, upper, method), log_ratio, error, p)


def _of_stratum(observed: Floats, event: NDArray[np.bool_], arm: NDArray[np.bool_]) -> Floats:
    """At each event time: at risk and events in the arm, at risk and events in the control (4 rows)."""
    times = np.unique(observed[event])
    rows = []
    for mine in (arm, ~arm):
        ordered = np.sort(observed[mine])
        rows.append(len(ordered) - np.searchsorted(ordered, times, side="left"))
        rows.append(np.bincount(np.searchsorted(times, observed[mine & event]), minlength=len(times)))
    return np.array(rows, dtype=np.float64)


def _why_not(events: tuple[float, float], totals: tuple[float, float], table: Floats) -> str:
    if 0 in totals:
        return "an arm without subjects"
    if sum(events) == 0:
        return "no event"
    arm_at_risk, arm_events, control_at_risk, control_events = table
    bounded_above = bool(((arm_at_risk > 0) & (control_events > 0)).any())
    bounded_below = bool(((control_at_risk > 0) & (arm_events > 0)).any())
    if bounded_above and bounded_below:
        return ""
    if not (bounded_above or bounded_below):
        return "no event while both arms are at risk"
    where = "control while the arm is" if bounded_below else "arm while the control is"
    return f"no event in the {where} at risk: the likelihood has no maximum"


def _expand(table: Floats, ties: Ties) -> _Terms:
    """A term per event. Efron: of d tied events the l-th (from 0) finds a share l/d of them no longer at risk."""
    arm_at_risk, arm_events, control_at_risk, control_events = table
    tied = (arm_events + control_events).astype(np.int64)
    row = np.repeat(np.arange(len(tied)), tied)
    gone = np.zeros(len(row))
    if ties is Ties.EFRON:
        first = np.repeat(np.cumsum(tied) - tied, tied)
        gone = (np.arange(len(row)) - first) / tied[row]
    return _Terms(
        float(arm_events.sum()),
        arm_at_risk[row] - gone * arm_events[row],
        control_at_risk[row] - gone * control_events[row],
    )


def _maximise(terms: _Terms) -> tuple[float, float] | None:
    """The log ratio at which the score is 0, and its standard error. The score falls with the log ratio."""
    low, high = -1.0, 1.0
    while terms.score(low)[0] < 0 and low > -_STEPS:
        low *= 2
    while terms.score(high)[0] > 0 and high < _STEPS:
        high *= 2
    value = 0.0
    for _ in range(_STEPS):
        score, information = terms.score(value)
        if score > 0:
            low = value
        else:
            high = value
        step = value + score / information if information > 0 else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - value) <= _CONVERGED * max(1.0, abs(value)):
            return following, 1 / sqrt(terms.score(following)[1])
        value = following
    return None
