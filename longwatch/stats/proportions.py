"""One proportion and its interval: x of n (spec C.4)."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from longwatch.stats.estimate import Estimates, Floats, NotEstimable, assemble_estimates
from longwatch.stats.methods import Method


def normal_quantile(confidence: float) -> float:
    """The two-sided normal quantile of a confidence level: 0.95 → 1.959964. Raises ValueError outside (0, 1)."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def compute_clopper_pearson(events: ArrayLike, total: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact (Clopper–Pearson) limits of x/n, as proportions.

    Lower = Beta⁻¹(α/2; x, n−x+1), 0 where x = 0; upper = Beta⁻¹(1−α/2; x+1, n−x), 1 where x = n. n = 0 → NaN (nothing
    is known). Expects 0 ≤ x ≤ n, arrays of one shape or scalars. Source: Clopper and Pearson 1934; spec C.4.
    """
    from scipy.special import betaincinv

    x, n = _counts(events, total)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(x == 0, 0.0, betaincinv(np.maximum(x, 1), n - x + 1, tail))
        upper = np.where(x == n, 1.0, betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail))
    unknown = n == 0
    return np.where(unknown, np.nan, lower), np.where(unknown, np.nan, upper)


def compute_wilson(events: ArrayLike, total: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Score (Wilson) limits of x/n without continuity correction, as proportions.

    (2x + z² ∓ z√(z² + 4x(n−x)/n)) / 2(n + z²), with limits exactly 0 and 1 where x = 0 and x = n. n = 0 → NaN.
    Source: Wilson 1927; the form used by Newcombe 1998.
    """
    x, n = _counts(events, total)
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = z * np.sqrt(z * z + 4 * x * (n - x) / n)
        lower = np.where(x == 0, 0.0, (2 * x + z * z - half) / (2 * (n + z * z)))
        upper = np.where(x == n, 1.0, (2 * x + z * z + half) / (2 * (n + z * z)))
    unknown = n == 0
    return np.where(unknown, np.nan, lower), np.where(unknown, np.nan, upper)


def compute_proportion(
    events: ArrayLike, total: ArrayLike, confidence: float = 0.95, method: Method = Method.CLOPPER_PEARSON
) -> Estimates:
    """x/n with its interval, exact by default. No subject → not estimable. Raises KeyError for another method."""
    x, n = np.broadcast_arrays(*_counts(events, total))
    limits = {Method.CLOPPER_PEARSON: compute_clopper_pearson, Method.WILSON: compute_wilson}[method]
    with np.errstate(invalid="ignore", divide="ignore"):
        numbers = (x / n, *limits(x, n, confidence))
    return assemble_estimates((x,), (n,), numbers, method, (NotEstimable(n == 0, "no subject"),))


def compute_upper_bound_of_none(total: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of the proportion when none of n had the event: 1 − (1−confidence)^(1/n); n = 14 → 0.193.

    n = 0 → 1.0 (nothing is known). Source: spec C.4 ("zero observed").
    """
    return 1.0 if total == 0 else 1 - (1 - confidence) ** (1 / total)


def _counts(events: ArrayLike, total: ArrayLike) -> tuple[Floats, Floats]:
    x = np.asarray(events, dtype=np.float64)
    n = np.asarray(total, dtype=np.float64)
    if np.any(x < 0) or np.any(x > n):
        raise ValueError("events must lie between 0 and the total")
    return x, n
