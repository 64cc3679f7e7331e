"""Descriptive statistics and baseline tests, against NIST, the pilot study's CSR, NumPy, SciPy and statsmodels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.weightstats import DescrStatsW

from longwatch.stats.association import compute_anova, compute_chi_square, compute_kruskal_wallis, compute_wilcoxon
from longwatch.stats.descriptive import (
    compute_mean,
    compute_median,
    compute_quantile,
    compute_slope,
    compute_summary,
    find_outliers,
)
from longwatch.stats.rounding import round_half_away

SIRSTV = (
    [196.3052, 196.1240, 196.1890, 196.2569, 196.3403], [196.3042, 196.3825, 196.1669, 196.3257, 196.0422],
    [196.1303, 196.2005, 196.2889, 196.0343, 196.1811], [196.2795, 196.1748, 196.1494, 196.1485, 195.9885],
    [196.2119, 196.1051, 196.1850, 196.0052, 196.2090],
)  # fmt: skip
"""Resistivity of silicon wafers, NIST Statistical Reference Datasets, analysis of variance."""


def test_anova_against_nist() -> None:
    """Certified F of SiRstv: 1.18046237440255, 4 and 20 degrees."""
    found = compute_anova(SIRSTV)
    assert (found.statistic, found.degrees) == (pytest.approx(1.18046237440255, rel=1e-10), (4, 20))


def test_age_groups_of_the_pilot_study() -> None:
    """CSR table 14-2.01: chi-square p 0.1439 of the age groups under 65, 65 to 80, over 80."""
    p = compute_chi_square([[14, 42, 30], [8, 47, 29], [11, 55, 18]]).p
    assert str(round_half_away(p or 0, 4)) == "0.1439"


@pytest.mark.parametrize(
    ("values", "quartiles"),
    [
        ([1, 2, 3, 4], (1.5, 2.5, 3.5)),  # n·p whole: the mean of two values
        ([1, 2, 3, 4, 5], (2, 3, 4)),
        ([5, 1, 4, 2, 3, np.nan], (2, 3, 4)),  # missing values are left out; order does not matter
        ([1, 2, 3, 4, 5, 6], (2, 3.5, 5)),
        ([7], (7, 7, 7)),
    ],
)
def test_quartiles_as_sas(values: list[float], quartiles: tuple[float, float, float]) -> None:
    """Definition 5, SAS's default."""
    found = compute_summary(values)
    assert (found.first_quartile, found.median, found.third_quartile) == quartiles


def test_quantiles_against_numpy() -> None:
    """1,000 random samples: NumPy's averaged_inverted_cdf is the same definition."""
    draw = np.random.default_rng(71)
    for _ in range(1000):
        values = draw.normal(size=int(draw.integers(1, 60))).round(1)
        for p in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)):
            other = np.quantile(values, float(p), method="averaged_inverted_cdf")
            assert compute_quantile(values, p) == pytest.approx(other, abs=1e-12)


def test_outliers_against_numpy_and_scipy() -> None:
    """1,000 random samples of whole numbers, so that values stand on fences: 1.5 times SciPy's distance."""
    draw = np.random.default_rng(78)
    on_a_fence = 0
    for _ in range(1000):
        values = np.rint(draw.standard_t(2, size=int(draw.integers(0, 40))) * 4)
        expected = np.zeros(len(values), dtype=np.bool_)
        if len(values):
            first, third = np.quantile(values, [0.25, 0.75], method="averaged_inverted_cdf")
            reach = stats.iqr(values, interpolation="averaged_inverted_cdf") * 1.5
            expected = np.maximum(first - values, values - third) > reach
            on_a_fence += bool((np.maximum(first - values, values - third) == reach).any() and reach)
        assert find_outliers(values).tolist() == expected.tolist()
    assert on_a_fence > 50


def test_mean_and_interval_against_statsmodels() -> None:
    """1,000 random samples, offsets of a million among them."""
    draw = np.random.default_rng(72)
    for _ in range(1000):
        values = draw.normal(draw.choice([0, 1e6]), 3, size=int(draw.integers(2, 60)))
        found, other = compute_mean(values), DescrStatsW(values)
        low, high = other.tconfint_mean()
        assert found.value == pytest.approx(other.mean, rel=1e-12)
        assert (found.lower, found.upper) == (pytest.approx(low, rel=1e-10), pytest.approx(high, rel=1e-10))
        assert compute_summary(values).sd == pytest.approx(np.std(values, ddof=1), rel=1e-9)


def test_interval_of_the_median_against_scipy() -> None:
    """1,000 random samples: coverage by SciPy's binomial is at least 95 %, and would not be one place further in."""
    draw = np.random.default_rng(73)
    for _ in range(1000):
        values = draw.normal(size=int(draw.integers(6, 80)))
        found = compute_median(values)
        n, ordered = len(values), np.sort(values)
        k = int(np.flatnonzero(ordered == found.lower)[0]) + 1
        assert ordered[n - k] == found.upper
        assert 1 - 2 * stats.binom.cdf(k - 1, n, 0.5) >= 0.95 > 1 - 2 * stats.binom.cdf(k, n, 0.5)
    assert compute_median([1, 2, 3, 4, 5]).lower is None


def test_slope_against_scipy() -> None:
    """1,000 random lines."""
    draw = np.random.default_rng(74)
    for _ in range(1000):
        t = draw.uniform(0, 5, int(draw.integers(3, 20)))
        y = 80 - 3 * t + draw.normal(size=len(t))
        found, other = compute_slope(t.tolist(), y.tolist()), stats.linregress(t, y)
        half = stats.t.ppf(0.975, len(t) - 2) * other.stderr
        assert found.value == pytest.approx(other.slope, rel=1e-8)
        assert (found.lower, found.upper) == (
            pytest.approx(other.slope - half, rel=1e-7), pytest.approx(other.slope + half, rel=1e-7),
        )  # fmt: skip


def test_what_too_few_values_cannot_say() -> None:
    """No value, one value, no spread: a reason each."""
    empty = compute_summary([np.nan])
    assert (empty.n, empty.missing, empty.mean, empty.sd) == (0, 1, None, None)
    assert compute_summary([3.0]).sd is None
    assert compute_mean([]).reason == "no value"
    assert compute_mean([3.0]).reason == "one value has no spread"
    assert compute_median([]).reason == "no value"
    assert compute_slope([1, 1], [2, 3]).value is None
    assert (compute_slope([1, 2], [2, 3]).value, compute_slope([1, 2], [2, 3]).lower) == (1.0, None)
    assert compute_anova([[1.0, 2.0], []]).reason == "fewer than two groups with a value"
    assert compute_anova([[1.0], [2.0]]).reason == "one value per group"
    assert compute_anova([[1.0, 1.0], [1.0]]).reason == "all values are equal"
    assert compute_anova([[1.0, 1.0], [2.0, 2.0]]).p == 0.0
    assert compute_chi_square([[3, 4], [0, 0]]).p is None
    assert compute_kruskal_wallis([[1, 1], [1]]).reason == "all values are equal"
    assert compute_wilcoxon([1], []).reason == "fewer than two groups with a value"
    with pytest.raises(ValueError):
        compute_summary([np.inf])
    with pytest.raises(ValueError):
        compute_chi_square([[-1, 2], [1, 1]])


def test_tests_against_scipy_and_statsmodels() -> None:
    """1,000 random baselines: chi-square, analysis of variance; ranks by the formulas of the books."""
    draw = np.random.default_rng(75)
    for _ in range(1000):
        table = draw.integers(1, 40, (int(draw.integers(2, 5)), int(draw.integers(2, 5))))
        other = stats.chi2_contingency(table, correction=False)
        found = compute_chi_square(table)
        assert (found.statistic, found.p) == (
            pytest.approx(other.statistic, rel=1e-8), pytest.approx(other.pvalue, rel=1e-8),
        )  # fmt: skip
        groups = [draw.normal(5, 2, int(draw.integers(2, 20))).round(1) for _ in range(3)]
        f = anova_oneway(groups, use_var="equal")
        found = compute_anova(groups)
        assert (found.statistic, found.p) == (pytest.approx(f.statistic, rel=1e-8), pytest.approx(f.pvalue, rel=1e-7))
        values = np.concatenate(groups)
        ranks, n = stats.rankdata(values), len(values)
        _, tied = np.unique(values, return_counts=True)
        correction = 1 - (tied**3 - tied).sum() / (n**3 - n)
        parts = np.split(ranks, np.cumsum([len(group) for group in groups])[:-1])
        h = (12 / (n * (n + 1)) * sum(part.sum() ** 2 / len(part) for part in parts) - 3 * (n + 1)) / correction
        assert compute_kruskal_wallis(groups).statistic == pytest.approx(h, rel=1e-8)
        first, second = groups[:2]
        u = sum((a > b) + 0.5 * (a == b) for a in first for b in second)
        m, k = len(first), len(second)
        _, tied = np.unique(np.concatenate((first, second)), return_counts=True)
        spread = np.sqrt(m * k / 12 * (m + k + 1 - (tied**3 - tied).sum() / ((m + k) * (m + k - 1))))
        z = (abs(u - m * k / 2) - 0.5) / spread
        found = compute_wilcoxon(first, second)
        assert (found.statistic, found.p) == (u, pytest.approx(min(1.0, 2 * stats.norm.sf(z)), rel=1e-8))
