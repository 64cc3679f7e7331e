"""Mean, SD, median, quartiles, range and outliers of a variable; intervals of mean and median; a slope (spec C.1, C.3,
D.4).

Quartiles are those of SAS's default definition 5 (Hyndman and Fan type 2): with n·p whole, the mean of the values in
places n·p and n·p + 1; else the value in place ⌈n·p⌉. R and NumPy interpolate by default (type 7) and differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Estimate, Floats
from longwatch.stats.methods import Method

NO_VALUE = "no value"
ONE_VALUE = "one value has no spread"


@dataclass(frozen=True)
class Summary:
    """n and missing values; mean, SD (n − 1), median, quartiles, minimum, maximum. None: no value (SD: under 2)."""

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    first_quartile: float | None
    third_quartile: float | None
    minimum: float | None
    maximum: float | None


def compute_summary(values: ArrayLike) -> Summary:
    """Describe a variable. NaN is a missing value: counted, and otherwise left out. Infinite values → ValueError."""
    known, missing = _known(values)
    n = len(known)
    if n == 0:
        return Summary(0, missing, None, None, None, None, None, None, None)
    mean, sd = _moments(known)
    first, middle, third = (compute_quantile(known, Fraction(k, 4)) for k in (1, 2, 3))
    return Summary(n, missing, mean, sd, middle, first, third, float(known[0]), float(known[-1]))


def compute_quantile(values: ArrayLike, p: Fraction) -> float | None:
    """The p-quantile by definition 5 of SAS; None without a value. `p` is exact: 1/10 of 30 is place 3."""
    known, _ = _known(values)
    if not 0 < p < 1:
        raise ValueError(f"a quantile lies between 0 and 1, not {p}")
    if not len(known):
        return None
    place = p * len(known)
    whole = int(place)
    if place == whole:
        return float((known[whole - 1] + known[whole]) / 2)
    return float(known[whole])


def find_outliers(values: Floats) -> NDArray[np.bool_]:
    """Which values lie outside the fences of a box plot: below Q1 − 1.5·(Q3 − Q1), or above Q3 + 1.5·(Q3 − Q1).

    Quartiles as everywhere here. A value on a fence is inside. Expects no missing value, and, for values with decimals
    to be told from a fence exactly, whole multiples of their last decimal. Source: Tukey 1977, section 2E.
    """
    first, third = (compute_quantile(values, Fraction(k, 4)) for k in (1, 3))
    if first is None or third is None:
        return np.zeros(len(values), dtype=np.bool_)
    step = 1.5 * (third - first)
    return (values < first - step) | (values > third + step)


def compute_mean(values: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Mean with Student's interval: x̄ ± t(1−α/2; n−1)·s/√n.

    Cases: no value → not estimable; one value → mean without an interval.
    """
    from scipy.special import stdtrit

    known, _ = _known(values)
    n = len(known)
    if n == 0:
        return Estimate((0,), (0,), None, None, None, Method.MEAN_T, NO_VALUE)
    mean, sd = _moments(known)
    if sd is None:
        return Estimate((n,), (n,), mean, None, None, Method.MEAN_T, ONE_VALUE)
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * sd / sqrt(n)
    return Estimate((n,), (n,), mean, mean - half, mean + half, Method.MEAN_T)


def compute_median(values: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Median with the distribution-free interval between two order statistics, equally far from both ends.

    The limits are the k-th smallest and k-th largest value, k the largest with P(Bin(n, ½) < k) ≤ α/2; coverage is at
    least the confidence. Cases: no value → not estimable; too few for any such k (n < 6 at 95 %) → median without an
    interval. Source: Hahn and Meeker 1991, section 5.2.
    """
    from scipy.special import bdtr

    known, _ = _known(values)
    n = len(known)
    median = compute_quantile(known, Fraction(1, 2))
    if median is None:
        return Estimate((0,), (0,), None, None, None, Method.MEDIAN_ORDER, NO_VALUE)
    below = np.asarray(bdtr(np.arange(n // 2 + 1, dtype=np.float64), n, 0.5))
    k = int(np.count_nonzero(below <= (1 - confidence) / 2))
    if k == 0:
        reason = f"{n} values are too few for a distribution-free interval"
        return Estimate((n,), (n,), median, None, None, Method.MEDIAN_ORDER, reason)
    return Estimate((n,), (n,), median, float(known[k - 1]), float(known[n - k]), Method.MEDIAN_ORDER)


def compute_slope(times: Sequence[float], values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Least-squares slope of values over times (per unit of time), with Student's interval on n − 2 degrees.

    Cases, in order: fewer than 2 points, or all at one time → not estimable; 2 points → slope without an interval.
    Expects no missing value. Source: ordinary least squares; spec D.4 (chronic eGFR slope).
    """
    from scipy.special import stdtrit

    t, y = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    n = len(t)
    if n < 2 or np.ptp(t) == 0:
        reason = "fewer than two times of measurement"
        return Estimate((n,), (n,), None, None, None, Method.SLOPE, reason)
    centred = t - t.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    if n == 2:
        return Estimate((n,), (n,), slope, None, None, Method.SLOPE, "two measurements have no residual")
    residual = y - y.mean() - slope * centred
    error = sqrt(float(residual @ residual) / (n - 2) / spread)
    half = float(stdtrit(n - 2, 0.5 + confidence / 2)) * error
    return Estimate((n,), (n,), slope, slope - half, slope + half, Method.SLOPE)


def _known(values: ArrayLike) -> tuple[Floats, int]:
    """The values that are there, ascending; how many are missing."""
    found = np.asarray(values, dtype=np.float64).reshape(-1)
    if np.isinf(found).any():
        raise ValueError("an infinite value cannot be described")
    missing = np.isnan(found)
    return np.sort(found[~missing]), int(missing.sum())


def _moments(known: Floats) -> tuple[float, float | None]:
    """Mean and SD, each sum exact to its last digit."""
    n = len(known)
    mean = fsum(known) / n
    if n == 1:
        return mean, None
    return mean, sqrt(fsum((known - mean) ** 2) / (n - 1))
