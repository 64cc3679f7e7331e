"""Two proportions compared: x1 of n1 against x2 of n2 (spec C.4).

Every function takes arrays of one shape (or scalars); the sign is first minus second (drug − control). Nothing is
corrected for multiplicity. The functions of one method return arrays of proportions, NaN where n1 = 0 or n2 = 0;
`compare_risks` and `compare_ratios` return estimates, each with the reason where there is none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Estimates, Floats, NotEstimable, assemble_estimates
from longwatch.stats.methods import Method
from longwatch.stats.proportions import compute_wilson, normal_quantile

Interval = tuple[Floats, Floats]

_HALVINGS = 64
"""Bisections of an interval of length 2: far below the last digit of a double."""


def compare_risks(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    confidence: float = 0.95,
    method: Method = Method.MIETTINEN_NURMINEN,
) -> Estimates:
    """Risk difference with its interval: Miettinen–Nurminen (default), Newcombe or Wald.

    Cases, in order: an arm without subjects → not estimable; no event in both arms → difference 0, interval not
    estimable (spec C.2 rule 4; footnoted); else estimate and limits. Raises KeyError for another method.
    """
    a, m, b, n = np.broadcast_arrays(*_floats(x1, n1, x2, n2))
    limits = {
        Method.MIETTINEN_NURMINEN: compute_miettinen_nurminen,
        Method.NEWCOMBE: compute_newcombe,
        Method.WALD: compute_wald,
    }[method]
    cases = (
        NotEstimable((m == 0) | (n == 0), "an arm without subjects"),
        NotEstimable((a == 0) & (b == 0), "no event in either arm", keeps_value=True),
    )
    numbers = (compute_risk_difference(a, m, b, n), *limits(a, m, b, n, confidence))
    return assemble_estimates((a, b), (m, n), numbers, method, cases)


def compare_ratios(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    confidence: float = 0.95,
    method: Method = Method.RELATIVE_RISK,
) -> Estimates:
    """Relative risk or odds ratio with log-Wald limits. Raises KeyError for another method.

    Cases, in order: an arm without subjects → not estimable; a zero cell → not estimable, and never a number corrected
    by 0.5 unasked (spec C.4). For the relative risk a zero cell is an arm without an event; for the odds ratio also one
    in which all had it.
    """
    a, m, b, n = np.broadcast_arrays(*_floats(x1, n1, x2, n2))
    numbers = {Method.RELATIVE_RISK: compute_relative_risk, Method.ODDS_RATIO: compute_odds_ratio}[method]
    cases = (
        NotEstimable((m == 0) | (n == 0), "an arm without subjects"),
        NotEstimable((a == 0) | (b == 0), "no event in an arm"),
        NotEstimable(((a == m) | (b == n)) & np.bool_(method is Method.ODDS_RATIO), "all subjects of an arm had it"),
    )
    return assemble_estimates((a, b), (m, n), numbers(a, m, b, n, confidence), method, cases)


def compute_risk_difference(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Floats:
    """x1/n1 − x2/n2."""
    a, m, b, n = _floats(x1, n1, x2, n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return a / m - b / n


def compute_wald(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95) -> Interval:
    """Wald limits: d ± z√(p1q1/n1 + p2q2/n2). They have no width at 0 and 100 %: not the default."""
    a, m, b, n = _floats(x1, n1, x2, n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = a / m, b / n
        half = normal_quantile(confidence) * np.sqrt(p * (1 - p) / m + q * (1 - q) / n)
    return p - q - half, p - q + half


def compute_newcombe(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95) -> Interval:
    """Newcombe's hybrid score limits, from the Wilson limits (l, u) of each arm.

    Lower = d − √((p1−l1)² + (u2−p2)²); upper = d + √((u1−p1)² + (p2−l2)²). Source: Newcombe 1998, method 10; spec C.4.
    """
    a, m, b, n = _floats(x1, n1, x2, n2)
    low1, high1 = compute_wilson(a, m, confidence)
    low2, high2 = compute_wilson(b, n, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = a / m, b / n
    return p - q - np.hypot(p - low1, high2 - q), p - q + np.hypot(high1 - p, q - low2)


def compute_miettinen_nurminen(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Miettinen–Nurminen score limits: the δ at which |d − δ| / √Ṽ(δ) = z.

    Ṽ(δ) = [p̃1q̃1/n1 + p̃2q̃2/n2]·N/(N−1), with p̃1 = p̃2 + δ the maximum-likelihood proportions under a difference of δ
    (the root of a cubic that has a closed form). The lower limit is sought below d, the upper above it; the limits
    are within [−1, 1], and have a width where both arms have no event, or all have it.
    Source: Miettinen and Nurminen 1985; spec C.4 (the default method).
    """
    a, m, b, n = np.broadcast_arrays(*_floats(x1, n1, x2, n2))
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = a / m - b / n

        def is_inside(delta: Floats) -> NDArray[np.bool_]:
            variance = compute_constrained_variance(a, m, b, n, delta)
            within: NDArray[np.bool_] = (difference - delta) ** 2 <= z * z * variance
            return within

        ends = np.stack([np.full_like(difference, end) for end in (-1.0, 1.0)])
        lower, upper = bisect(np.broadcast_to(difference, ends.shape), ends, is_inside)
    unknown = np.isnan(difference)
    return np.where(unknown, np.nan, lower), np.where(unknown, np.nan, upper)


def bisect(inside: Floats, outside: Floats, is_inside: Callable[[Floats], NDArray[np.bool_]]) -> Floats:
    """Where the interval ends between a point in it and one at its far end; that end itself where it is in it."""
    near, far = inside.copy(), outside.copy()
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        within = is_inside(middle)
        near = np.where(within, middle, near)
        far = np.where(within, far, middle)
    return np.where(is_inside(outside), outside, near)


def compute_constrained_variance(a: Floats, m: Floats, b: Floats, n: Floats, delta: Floats) -> Floats:
    """Ṽ(δ) of Miettinen and Nurminen for a of m against b of n, with the factor N/(N − 1)."""
    total, events = m + n, a + b
    # The likelihood equation in p̃2: l3·p³ + l2·p² + l1·p + l0 = 0.
    l3 = total
    l2 = (m + 2 * n) * delta - total - events
    l1 = (n * delta - total - 2 * b) * delta + events
    l0 = b * delta * (1 - delta)
    third = l2 / (3 * l3)
    q = third**3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    radius = np.sqrt(np.maximum(third**2 - l1 / (3 * l3), 0.0))
    p = np.where(q >= 0, radius, -radius)
    cosine = np.where(p == 0, 0.0, q / np.where(p == 0, 1.0, p) ** 3)
    angle = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3
    second = np.clip(2 * p * np.cos(angle) - third, np.maximum(0.0, -delta), np.minimum(1.0, 1.0 - delta))
    first = np.clip(second + delta, 0.0, 1.0)
    variance: Floats = (first * (1 - first) / m + second * (1 - second) / n) * total / (total - 1)
    return variance


def compute_relative_risk(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Relative risk with log-Wald limits: (ratio, lower, upper). A zero cell (x1 = 0 or x2 = 0) → NaN: printed NE, and
    never a number corrected by 0.5 unasked (spec C.4)."""
    a, m, b, n = _floats(x1, n1, x2, n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (a / m) / (b / n)
        error = np.sqrt(1 / a - 1 / m + 1 / b - 1 / n)
    return _log_wald(ratio, error, (a == 0) | (b == 0), confidence)


def compute_odds_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Odds ratio with log-Wald limits: (ratio, lower, upper). Any zero cell → NaN (printed NE)."""
    a, m, b, n = _floats(x1, n1, x2, n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = a * (n - b) / (b * (m - a))
        error = np.sqrt(1 / a + 1 / (m - a) + 1 / b + 1 / (n - b))
    return _log_wald(ratio, error, (a == 0) | (b == 0) | (a == m) | (b == n), confidence)


def _log_wald(
    ratio: Floats, error: Floats, zero_cell: NDArray[np.bool_], confidence: float
) -> tuple[Floats, Floats, Floats]:
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", over="ignore"):
        limits = ratio, ratio * np.exp(-z * error), ratio * np.exp(z * error)
    estimate, lower, upper = (np.where(zero_cell, np.nan, value) for value in limits)
    return estimate, lower, upper


def _floats(*values: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    a, m, b, n = (np.asarray(value, dtype=np.float64) for value in values)
    return a, m, b, n
