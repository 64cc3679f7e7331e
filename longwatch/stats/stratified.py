"""Two arms compared within strata: common risk difference, common odds ratio, Cochran–Mantel–Haenszel test (spec C.4).

The last axis of every array is the strata; what stands before it are the lines of a table, compared at once. A stratum
in which an arm has no subjects has weight 0: it tells nothing of the comparison, and is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.differences import bisect, compute_constrained_variance
from longwatch.stats.estimate import Estimates, Floats, HypothesisTest, NotEstimable, assemble_estimates
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile

NO_STRATUM = "no stratum with subjects in both arms"


def compare_stratified_risks(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    confidence: float = 0.95,
    method: Method = Method.STRATIFIED_MIETTINEN_NURMINEN,
) -> Estimates:
    """Common risk difference Σw·d/Σw with stratified Miettinen–Nurminen limits.

    The limits are the δ at which |Σw(d − δ)| = z√(Σw²Ṽ(δ)), Ṽ the constrained variance of each stratum with its factor
    N/(N − 1). Weights: Mantel–Haenszel n1·n2/N (default; at δ = 0 the score is the Cochran–Mantel–Haenszel test), or
    N, the sample size. Miettinen and Nurminen's own weights depend on the estimate and are not used.
    Cases, in order: no stratum with both arms → not estimable; no event in any → 0 without an interval.
    Raises KeyError for another method. Source: Miettinen and Nurminen 1985, section 4, with fixed weights.
    """
    a, m, b, n = _strata(x1, n1, x2, n2)
    both = (m > 0) & (n > 0)
    first, second = np.where(both, m, 1.0), np.where(both, n, 1.0)
    by_method = {
        Method.STRATIFIED_MIETTINEN_NURMINEN: first * second / (first + second),
        Method.STRATIFIED_MIETTINEN_NURMINEN_BY_SIZE: first + second,
    }
    weight = np.where(both, by_method[method], 0.0)
    events1, events2 = np.where(both, a, 0.0), np.where(both, b, 0.0)
    total = weight.sum(axis=-1)
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = weight / total[..., np.newaxis]
        common = (weight * (events1 / first - events2 / second)).sum(axis=-1)

        def is_inside(delta: Floats) -> NDArray[np.bool_]:
            variance = compute_constrained_variance(events1, first, events2, second, delta[..., np.newaxis])
            within: NDArray[np.bool_] = (common - delta) ** 2 <= z * z * (weight**2 * variance).sum(axis=-1)
            return within

        lower = bisect(common, np.full_like(common, -1.0), is_inside)
        upper = bisect(common, np.full_like(common, 1.0), is_inside)
    cases = (
        NotEstimable(total == 0, NO_STRATUM),
        NotEstimable((events1 + events2).sum(axis=-1) == 0, "no event in either arm", keeps_value=True),
    )
    events, totals = (events1.sum(axis=-1), events2.sum(axis=-1)), _subjects(m, n, both)
    return assemble_estimates(events, totals, (common, lower, upper), method, cases)


def compute_common_odds_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Estimates:
    """Mantel–Haenszel odds ratio ΣR/ΣS, R = x1(n2 − x2)/N, S = x2(n1 − x1)/N, with Robins, Breslow and Greenland's
    variance of its logarithm.

    Cases, in order: no stratum with both arms → not estimable; ΣR = 0 or ΣS = 0 → not estimable, never corrected
    unasked. Source: Mantel and Haenszel 1959; Robins, Breslow and Greenland 1986.
    """
    a, m, b, n = _strata(x1, n1, x2, n2)
    both = (m > 0) & (n > 0)
    total = np.where(both, m + n, 1.0)
    r, s = (np.where(both, cell / total, 0.0) for cell in (a * (n - b), b * (m - a)))
    p, q = (np.where(both, cells / total, 0.0) for cells in (a + n - b, b + m - a))
    r_sum, s_sum = r.sum(axis=-1), s.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = r_sum / s_sum
        error = np.sqrt(
            (p * r).sum(axis=-1) / (2 * r_sum**2)
            + (p * s + q * r).sum(axis=-1) / (2 * r_sum * s_sum)
            + (q * s).sum(axis=-1) / (2 * s_sum**2)
        )
        half = np.exp(normal_quantile(confidence) * error)
        numbers = (ratio, ratio / half, ratio * half)
    cases = (
        NotEstimable(both.sum(axis=-1) == 0, NO_STRATUM),
        NotEstimable((r_sum == 0) | (s_sum == 0), "a zero cell in every stratum"),
    )
    events = tuple(np.where(both, cell, 0.0).sum(axis=-1) for cell in (a, b))
    return assemble_estimates(events, _subjects(m, n, both), numbers, Method.COMMON_ODDS_RATIO, cases)


def compute_cochran_mantel_haenszel(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> HypothesisTest:
    """(Σ(x1 − E))²/ΣV with E = n1·events/N and V the hypergeometric variance; 1 degree; no continuity correction.

    One comparison: arrays over strata. Cases: no stratum with both arms, or no variance (no event in any, or all had
    it) → cannot be tested. SAS prints this; R's mantelhaen.test subtracts ½ first unless told not to.
    Source: Cochran 1954; Mantel and Haenszel 1959.
    """
    from scipy.special import chdtrc

    a, m, b, n = _strata(x1, n1, x2, n2)
    method = Method.COCHRAN_MANTEL_HAENSZEL
    both = (m > 0) & (n > 0)
    if not both.any():
        return HypothesisTest(None, (), None, method, NO_STRATUM)
    a, m, b, n = a[both], m[both], b[both], n[both]
    total, events = m + n, a + b
    variance = float((m * n * events * (total - events) / (total**2 * (total - 1))).sum())
    if variance == 0:
        return HypothesisTest(None, (), None, method, "no event, or nothing but events, in every stratum")
    statistic = float((a - m * events / total).sum()) ** 2 / variance
    return HypothesisTest(statistic, (1,), float(chdtrc(1, statistic)), method)


def _strata(*values: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    a, m, b, n = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in values))
    if np.any(a < 0) or np.any(b < 0) or np.any(a > m) or np.any(b > n):
        raise ValueError("events must lie between 0 and the subjects of the stratum")
    return a, m, b, n


def _subjects(m: Floats, n: Floats, both: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    return np.where(both, m, 0.0).sum(axis=-1), np.where(both, n, 0.0).sum(axis=-1)
