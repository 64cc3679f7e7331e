"""Tests of baseline variables between arms: chi-square, analysis of variance, rank tests (spec C.2, C.4).

They describe baseline tables that print p-values (off by default); nothing is corrected for multiplicity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from longwatch.stats.estimate import Floats, HypothesisTest
from longwatch.stats.methods import Method

ONE_GROUP = "fewer than two groups with a value"
ONE_CATEGORY = "fewer than two categories, or fewer than two groups, with a subject"
NO_SPREAD = "all values are equal"


def compute_chi_square(table: ArrayLike) -> HypothesisTest:
    """Pearson's chi-square of a table of counts, any number of rows and columns, without continuity correction.

    Rows and columns without a subject are left out first. Fewer than two of either → cannot be tested. Raises
    ValueError for negative counts. Source: Pearson 1900; as the CSR of CDISCPILOT01 table 14-2.01.
    """
    from scipy.special import chdtrc

    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or np.any(counts < 0):
        raise ValueError("a table of counts has rows and columns, and no negative count")
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    if rows < 2 or columns < 2:
        return HypothesisTest(None, (), None, Method.CHI_SQUARE, ONE_CATEGORY)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    degrees = (rows - 1) * (columns - 1)
    return HypothesisTest(statistic, (degrees,), float(chdtrc(degrees, statistic)), Method.CHI_SQUARE)


def compute_anova(groups: Sequence[ArrayLike]) -> HypothesisTest:
    """One-way analysis of variance: F of the means of groups with k − 1 and n − k degrees. NaN is missing: left out.

    Cases, in order: fewer than two groups with a value, or no group with two → cannot be tested; all values equal →
    cannot be tested; no spread within groups that differ → F infinite, p = 0. Source: Fisher 1925.
    """
    from scipy.special import fdtrc

    known = _known(groups)
    n, k = sum(len(group) for group in known), len(known)
    if k < 2 or n == k:
        return HypothesisTest(None, (), None, Method.ANOVA, ONE_GROUP if k < 2 else "one value per group")
    centre = np.concatenate(known).mean()
    # Centred first: the sums of squares of large values would lose their last digits.
    centred = [group - centre for group in known]
    grand = np.concatenate(centred).mean()
    between = sum(len(group) * float(group.mean() - grand) ** 2 for group in centred)
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in centred)
    if within == 0:
        if between == 0:
            return HypothesisTest(None, (), None, Method.ANOVA, NO_SPREAD)
        return HypothesisTest(float("inf"), (k - 1, n - k), 0.0, Method.ANOVA)
    statistic = between / (k - 1) / (within / (n - k))
    return HypothesisTest(statistic, (k - 1, n - k), float(fdtrc(k - 1, n - k, statistic)), Method.ANOVA)


def compute_kruskal_wallis(groups: Sequence[ArrayLike]) -> HypothesisTest:
    """Kruskal–Wallis H, corrected for ties, with k − 1 degrees (χ² approximation). NaN is missing: left out.

    Cases: fewer than two groups with a value → cannot be tested; all values equal → cannot be tested.
    Source: Kruskal and Wallis 1952; computed by SciPy.
    """
    from scipy.stats import kruskal

    known = _known(groups)
    if reason := _untestable(known):
        return HypothesisTest(None, (), None, Method.KRUSKAL_WALLIS, reason)
    found = kruskal(*known)
    return HypothesisTest(float(found.statistic), (len(known) - 1,), float(found.pvalue), Method.KRUSKAL_WALLIS)


def compute_wilcoxon(first: ArrayLike, second: ArrayLike) -> HypothesisTest:
    """Wilcoxon rank-sum (Mann–Whitney U of the first group), two-sided, normal approximation with ties and continuity.

    Cases as for Kruskal–Wallis. Source: Mann and Whitney 1947; computed by SciPy.
    """
    from scipy.stats import mannwhitneyu

    known = _known((first, second))
    if reason := _untestable(known):
        return HypothesisTest(None, (), None, Method.WILCOXON, reason)
    found = mannwhitneyu(known[0], known[1], use_continuity=True, method="asymptotic")
    return HypothesisTest(float(found.statistic), (), float(found.pvalue), Method.WILCOXON)


def _known(groups: Sequence[ArrayLike]) -> list[Floats]:
    """The values of each group that has any."""
    found = [np.asarray(group, dtype=np.float64).reshape(-1) for group in groups]
    known = [group[~np.isnan(group)] for group in found]
    return [group for group in known if len(group)]


def _untestable(known: list[Floats]) -> str:
    if len(known) < 2:
        return ONE_GROUP
    return NO_SPREAD if np.ptp(np.concatenate(known)) == 0 else ""
