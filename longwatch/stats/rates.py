"""Events per person-time: rates with exact intervals, and their difference (spec C.4).

Time is in person-years, results are per 100 person-years unless `per` says otherwise. Two rates are told apart by
their label, never by the arithmetic: the exposure-adjusted incidence rate (EAIR) counts subjects with an event over
the time to the first event or the end; the event rate (EAER) counts all events over the whole time
(`longwatch.stats.person_time` gives both times).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from longwatch.stats.estimate import Estimates, Floats, NotEstimable, assemble_estimates
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile

PER = 100.0
"""Person-years that a printed rate is for."""


def compute_poisson_limits(events: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact limits of the mean of a Poisson count x.

    Lower = χ²⁻¹(α/2; 2x)/2, 0 where x = 0; upper = χ²⁻¹(1−α/2; 2x+2)/2. Expects x ≥ 0; raises ValueError below.
    Source: Garwood 1936; spec C.4.
    """
    from scipy.special import gammaincinv

    x = np.asarray(events, dtype=np.float64)
    if np.any(x < 0):
        raise ValueError("a number of events is not negative")
    tail = (1 - confidence) / 2
    # χ²⁻¹(p; 2a)/2 is the quantile of the gamma distribution with shape a.
    lower = np.where(x == 0, 0.0, gammaincinv(np.maximum(x, 1), tail))
    return lower, np.asarray(gammaincinv(x + 1, 1 - tail), dtype=np.float64)


def compute_rate(
    events: ArrayLike, years: ArrayLike, confidence: float = 0.95, *, per: float = PER, least_years: float = 0.0
) -> Estimates:
    """Events per `per` person-years, with exact Poisson limits.

    Cases, in order: no person-time → not estimable; less than `least_years` (0.5 in tables by interval) → not
    estimable; else x/T with the limits of x over T. Raises ValueError for negative counts or times, and where events
    happened in no time at all.
    """
    x, t = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (events, years)))
    _check_times(x, t)
    lower, upper = compute_poisson_limits(x, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        numbers = (per * x / t, per * lower / t, per * upper / t)
    cases = (
        NotEstimable(t == 0, "no person-time"),
        NotEstimable(t < least_years, f"less than {least_years:g} person-years"),
    )
    return assemble_estimates((x,), (t,), numbers, Method.POISSON, cases)


def compute_rate_difference(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95, *, per: float = PER
) -> Estimates:
    """Difference of two rates per `per` person-years, first minus second: x1/T1 − x2/T2 ± z√(x1/T1² + x2/T2²).

    Cases, in order: no person-time in an arm → not estimable; no event in either → difference 0 without an interval
    (Wald's would have no width). Source: spec C.4.
    """
    a, s, b, t = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (x1, t1, x2, t2)))
    _check_times(a, s)
    _check_times(b, t)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = a / s - b / t
        half = normal_quantile(confidence) * np.sqrt(a / s**2 + b / t**2)
    cases = (
        NotEstimable((s == 0) | (t == 0), "no person-time in an arm"),
        NotEstimable((a == 0) & (b == 0), "no event in either arm", keeps_value=True),
    )
    numbers = (per * difference, per * (difference - half), per * (difference + half))
    return assemble_estimates((a, b), (s, t), numbers, Method.RATE_DIFFERENCE, cases)


def _check_times(events: Floats, years: Floats) -> None:
    if np.any(events < 0) or np.any(years < 0):
        raise ValueError("events and person-time are not negative")
    if np.any((events > 0) & (years == 0)):
        raise ValueError("events without person-time")
