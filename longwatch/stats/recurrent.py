"""Recurrent events: the mean cumulative count, with death as a competing event (spec C.4).

MCC(t) = Σ S(tⱼ₋₁)·eⱼ/nⱼ: eⱼ all events at tⱼ, nⱼ subjects at risk, S the survival from death alone, just before tⱼ.
Events on the day of death or censoring count: they come before it. Without deaths it is the Nelson–Aalen mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Estimate, Floats
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile
from longwatch.stats.risk_table import check_times
from longwatch.stats.survival import BEYOND, NO_EVENT_YET, NO_SUBJECT

ALIKE = "no spread between subjects"
_NO_SPREAD = 1e-9
"""A standard error below this share of the estimate is what rounding leaves of none."""


@dataclass(frozen=True, eq=False)
class MeanCumulativeCount:
    """The curve at every time of an event or death: at risk, events, deaths, MCC; and what its variance needs.

    `end`, `died`: per subject; `event_subject`, `event_time`: per event.
    """

    times: Floats
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    deaths: NDArray[np.int64]
    mean_count: Floats
    survival_before: Floats
    end: Floats
    died: NDArray[np.bool_]
    event_subject: NDArray[np.int64]
    event_time: Floats

    def at(self, time: float, confidence: float = 0.95) -> Estimate:
        """Events per subject by a time, with limits on the log scale: MCC·exp(±z·SE/MCC).

        Cases, in order: no subject → not estimable; after the last observation, unless it was a death → not estimable;
        no event yet → 0 without an interval; no spread between subjects (one subject alone, or all alike) → the
        estimate without an interval, since its limits would have no width; else estimate and limits.
        """
        place = int(np.searchsorted(self.times, time, side="right"))
        events, total = float(self.events[:place].sum()), float(len(self.end))
        counted = (events,), (total,)
        if total == 0:
            return Estimate(*counted, None, None, None, Method.MEAN_CUMULATIVE_COUNT, NO_SUBJECT)
        all_died = place > 0 and self.deaths[place - 1] == self.at_risk[place - 1]
        if time > self.end.max() and not all_died:
            return Estimate(*counted, None, None, None, Method.MEAN_CUMULATIVE_COUNT, BEYOND)
        if events == 0:
            return Estimate(*counted, 0.0, None, None, Method.MEAN_CUMULATIVE_COUNT, NO_EVENT_YET)
        value, error = float(self.mean_count[place - 1]), sqrt(self.variance_at(time))
        if error < _NO_SPREAD * value:
            return Estimate(*counted, value, None, None, Method.MEAN_CUMULATIVE_COUNT, ALIKE)
        z = normal_quantile(confidence)
        limits = value * exp(-z * error / value), value * exp(z * error / value)
        return Estimate(*counted, value, *limits, method=Method.MEAN_CUMULATIVE_COUNT)

    def variance_at(self, time: float) -> float:
        """Σ Ψᵢ² over subjects, Ψᵢ the change of MCC(t) by the subject's weight (infinitesimal jackknife).

        Robust: the events of a subject may depend on one another. Source: Ghosh and Lin 2000, with the discrete factor
        1/(1 − ΔΛ) of tied deaths; without deaths Lawless and Nadeau 1995.
        """
        place = int(np.searchsorted(self.times, time, side="right"))
        if place == 0:
            return 0.0
        n, mean = self.at_risk[:place].astype(np.float64), self.mean_count[:place]
        weight = self.survival_before[:place] / n
        deaths = self.deaths[:place].astype(np.float64)
        # After a time at which all at risk die nothing is added: the factor's infinity is multiplied by zero.
        still = np.where(n > deaths, (mean[-1] - mean) / np.maximum(n - deaths, 1), 0.0)
        compensator = np.concatenate(([0.0], np.cumsum((weight * self.events[:place] - still * deaths) / n)))
        seen = np.minimum(np.searchsorted(self.times, self.end, side="right"), place)
        change = -compensator[seen]
        counted = self.event_time <= time
        places = np.searchsorted(self.times, self.event_time[counted])
        np.add.at(change, self.event_subject[counted], weight[places])
        gone = self.died & (self.end <= time)
        change[gone] -= still[np.searchsorted(self.times, self.end[gone])]
        return float((change**2).sum())


def compute_mean_cumulative_count(
    end: ArrayLike, died: ArrayLike, event_subject: ArrayLike, event_time: ArrayLike
) -> MeanCumulativeCount:
    """The curve of one group. `end` and `died` per subject; per event its subject (place in `end`) and its time.

    Raises ValueError for missing or negative times, and for an event after the end of its subject's observation.
    Source: Dong and Yasui 2015 (spec C.4, S30).
    """
    observed, kind = check_times(end, died)
    gone = kind > 0
    subject = np.asarray(event_subject, dtype=np.int64).reshape(-1)
    event, _ = check_times(event_time, np.zeros(len(subject)))
    if np.any(event > observed[subject]):
        raise ValueError("an event lies after the end of its subject's observation")
    times = np.unique(np.concatenate((event, observed[gone])))
    ordered = np.sort(observed)
    at_risk = (len(ordered) - np.searchsorted(ordered, times, side="left")).astype(np.int64)
    events = np.bincount(np.searchsorted(times, event), minlength=len(times)).astype(np.int64)
    deaths = np.bincount(np.searchsorted(times, observed[gone]), minlength=len(times)).astype(np.int64)
    survival: Floats = np.cumprod((at_risk - deaths) / at_risk).astype(np.float64)
    before = np.concatenate(([1.0], survival[:-1])) if len(times) else survival
    mean = np.cumsum(before * events / at_risk)
    return MeanCumulativeCount(times, at_risk, events, deaths, mean, before, observed, gone, subject, event)
