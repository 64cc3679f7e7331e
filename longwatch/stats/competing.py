"""Cumulative incidence with competing events: Aalen–Johansen (spec C.4).

F_k(t) = Σ S(tᵢ₋₁)·d_kᵢ/nᵢ over event times at or before t, S the survival free of any event. Taking the competing event
for censoring (1 − Kaplan–Meier) overstates; so graft loss, malignancy and infections are shown with this, not with
that. Gray's test is not here: no table of the specification compares incidence curves by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from longwatch.stats.estimate import Estimate, Floats
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile
from longwatch.stats.risk_table import RiskTable, compute_risk_table
from longwatch.stats.survival import BEYOND, NO_EVENT_YET, NO_SUBJECT

ALL_HAD_IT = "all had the event: the estimate has no variance"


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """One cause at all event times: risk table (all causes), incidence, variance, limits (NaN: not estimable); and
    the survival free of any event. The incidences of all causes and that survival add up to 1."""

    table: RiskTable
    cause: int
    incidence: Floats
    variance: Floats
    lower: Floats
    upper: Floats
    event_free: Floats

    def at(self, time: float) -> Estimate:
        """Incidence by a time, with events of the cause by then and subjects at the start.

        Cases, in order: no subject → not estimable; after the last observation, unless nobody is left at risk then →
        not estimable; no such event yet → 0 without an interval; all had it → 1 without an interval.
        """
        place = self.table.place(time)
        events = float(self.table.events[self.cause - 1, :place].sum())
        counted = (events,), (float(self.table.subjects),)
        left = float(self.event_free[place - 1]) if place else 1.0
        value = float(self.incidence[place - 1]) if place else 0.0
        if self.table.subjects == 0:
            return Estimate(*counted, None, None, None, Method.AALEN_JOHANSEN, NO_SUBJECT)
        if time > self.table.last and left > 0:
            return Estimate(*counted, None, None, None, Method.AALEN_JOHANSEN, BEYOND)
        if events == 0:
            return Estimate(*counted, 0.0, None, None, Method.AALEN_JOHANSEN, NO_EVENT_YET)
        if np.isnan(self.lower[place - 1]):
            return Estimate(*counted, value, None, None, Method.AALEN_JOHANSEN, ALL_HAD_IT)
        limits = float(self.lower[place - 1]), float(self.upper[place - 1])
        return Estimate(*counted, value, *limits, method=Method.AALEN_JOHANSEN)


def compute_cumulative_incidence(
    time: ArrayLike, cause: ArrayLike, of: int = 1, causes: int = 2, confidence: float = 0.95
) -> CumulativeIncidence:
    """Incidence of cause `of`. `cause` per subject: 0 censored, 1 … `causes` the event that ended the time.

    Variance by the delta method: Σ(F(t) − Fᵢ)²·dᵢ/(nᵢ(nᵢ − dᵢ)) + Σ S²ᵢ₋₁·d_kᵢ(nᵢ − d_kᵢ)/nᵢ³
    − 2Σ(F(t) − Fᵢ)·Sᵢ₋₁·d_kᵢ/nᵢ². Limits on the log(−log) scale: F^exp(±zσ/(F·log F)), σ² the variance. With one
    cause only, it is 1 − Kaplan–Meier with Greenwood's variance. Source: Aalen and Johansen 1978;
    Marubini and Valsecchi 1995, section 10.2; the default of SAS PROC LIFETEST (ERROR=DELTA).
    """
    if not 1 <= of <= causes:
        raise ValueError(f"cause {of} of {causes}")
    table = compute_risk_table(time, cause, causes)
    n, d = table.at_risk.astype(np.float64), table.all_events.astype(np.float64)
    mine = table.events[of - 1].astype(np.float64)
    event_free: Floats = np.cumprod((n - d) / n).astype(np.float64)
    before = np.concatenate(([1.0], event_free[:-1])) if len(n) else event_free
    only = np.cumsum(d) == np.cumsum(mine)  # of this cause alone, F is 1 − S, and 1, not nearly 1, where all had it
    incidence = np.where(only, 1.0 - event_free, np.cumsum(before * mine / n))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where all at risk have an event, F stays as it is: the term is multiplied by zero.
        hazard = np.where(n > d, d / (n * (n - d)), 0.0)
    own = before * mine / n**2
    f = incidence
    variance = (
        f**2 * np.cumsum(hazard) - 2 * f * np.cumsum(f * hazard) + np.cumsum(f**2 * hazard)
        + np.cumsum(before**2 * mine * (n - mine) / n**3)
        - 2 * (f * np.cumsum(own) - np.cumsum(f * own))
    )  # fmt: skip
    variance = np.maximum(variance, 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exponent = normal_quantile(confidence) * np.sqrt(variance) / (f * np.log(f))
        lower, upper = f ** np.exp(-exponent), f ** np.exp(exponent)
    none = (f <= 0) | (f >= 1)
    lower, upper = (np.where(none, np.nan, limit) for limit in (lower, upper))
    return CumulativeIncidence(table, of, incidence, variance, lower, upper, event_free)
