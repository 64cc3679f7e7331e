"""Two arms within strata (spec C.4), against SAS and R results that were published, and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from statsmodels.stats.contingency_tables import StratifiedTable

from longwatch.stats.differences import compare_risks, compute_constrained_variance
from longwatch.stats.methods import Method
from longwatch.stats.proportions import normal_quantile
from longwatch.stats.stratified import (
    compare_stratified_risks,
    compute_cochran_mantel_haenszel,
    compute_common_odds_ratio,
)

from .cases import SLOW_CASES

BERKELEY = ([512, 353, 120, 138, 53, 22], [825, 560, 325, 417, 191, 373],
            [89, 17, 202, 131, 94, 24], [108, 25, 593, 375, 393, 341])  # fmt: skip
"""Admissions to Berkeley in 1973 by department: men admitted of men, women of women (Bickel and others 1975)."""

THREE_STRATA = ([24, 23, 23], [39, 39, 38], [16, 16, 17], [40, 39, 40])


def test_stratified_score_interval_against_a_sas_macro() -> None:
    """Sample-size weights; the SAS macro's result as metalite.ae tests against it, to the macro's own tolerance."""
    found = compare_stratified_risks(*THREE_STRATA, method=Method.STRATIFIED_MIETTINEN_NURMINEN_BY_SIZE)[0]
    assert found.value == pytest.approx(0.19181238694, abs=1e-10)
    assert found.lower == pytest.approx(0.063398653094, abs=1e-6)
    assert found.upper == pytest.approx(0.31395972269, abs=1e-6)


def test_berkeley_against_r() -> None:
    """R's mantelhaen.test: common odds ratio 0.9046968 (0.7719074, 1.0603298)."""
    found = compute_common_odds_ratio(*BERKELEY)[0]
    assert [round(value or 0, 7) for value in (found.value, found.lower, found.upper)] == [
        0.9046968, 0.7719074, 1.0603298,
    ]  # fmt: skip


def random_strata(count: int) -> list[tuple[list[int], ...]]:
    """1 to 6 strata; empty arms and zero cells among them."""
    draw = np.random.default_rng(20260202)
    found = []
    for _ in range(count):
        strata = int(draw.integers(1, 7))
        n1, n2 = draw.integers(0, 40, (2, strata))
        x1, x2 = (draw.binomial(n, draw.uniform(0, 1)) for n in (n1, n2))
        found.append(tuple(part.tolist() for part in (x1, n1, x2, n2)))
    return found


def test_odds_ratio_and_test_against_statsmodels() -> None:
    """1,000 random analyses; statsmodels gets only the strata with both arms, as the rule leaves the others out."""
    compared = 0
    for x1, n1, x2, n2 in random_strata(1000):
        tables = [
            np.array([[a, m - a], [b, n - b]]) for a, m, b, n in zip(x1, n1, x2, n2, strict=True) if m > 0 and n > 0
        ]
        if not tables:
            assert compute_common_odds_ratio(x1, n1, x2, n2)[0].value is None
            continue
        other = StratifiedTable(tables)
        odds = compute_common_odds_ratio(x1, n1, x2, n2)[0]
        test = compute_cochran_mantel_haenszel(x1, n1, x2, n2)
        if odds.value is not None and odds.lower is not None:
            low, high = other.oddsratio_pooled_confint()
            assert odds.value == pytest.approx(other.oddsratio_pooled, rel=1e-8)
            assert (odds.lower, odds.upper) == (pytest.approx(low, rel=1e-8), pytest.approx(high, rel=1e-8))
            compared += 1
        if test.p is not None:
            expected = other.test_null_odds(correction=False)
            assert test.statistic == pytest.approx(expected.statistic, rel=1e-8, abs=1e-12)
            assert test.p == pytest.approx(expected.pvalue, rel=1e-8, abs=1e-14)
    assert compared > 700


@pytest.mark.parametrize("method", [Method.STRATIFIED_MIETTINEN_NURMINEN, Method.STRATIFIED_MIETTINEN_NURMINEN_BY_SIZE])
def test_score_limits_against_a_root_finder(method: Method) -> None:
    """The limits are the roots of the score, found by Brent's method from the other side."""
    z = normal_quantile(0.95)
    compared = 0
    for table in random_strata(SLOW_CASES):
        x1, n1, x2, n2 = (np.array(part, dtype=np.float64) for part in table)
        found = compare_stratified_risks(*table, method=method)[0]
        if found.value is None or found.lower is None or found.upper is None:
            continue
        use = (n1 > 0) & (n2 > 0)
        a, m, b, n = x1[use], n1[use], x2[use], n2[use]
        weight = m + n if method is Method.STRATIFIED_MIETTINEN_NURMINEN_BY_SIZE else m * n / (m + n)
        weight = weight / weight.sum()

        def score(delta: float, a=a, m=m, b=b, n=n, weight=weight) -> float:  # type: ignore[no-untyped-def]
            variance = compute_constrained_variance(a, m, b, n, np.full(len(a), delta))
            return float((weight * (a / m - b / n - delta)).sum() ** 2 - z * z * (weight**2 * variance).sum())

        # At the estimate itself the variance may be 0 (all had the event), and so a root that is no limit.
        just = 1e-9
        if score(-1.0) > 0:
            assert found.lower == pytest.approx(optimize.brentq(score, -1.0, found.value - just, xtol=1e-12), abs=1e-6)
            compared += 1
        if score(1.0) > 0:
            assert found.upper == pytest.approx(optimize.brentq(score, found.value + just, 1.0, xtol=1e-12), abs=1e-6)
    assert compared > 0.7 * SLOW_CASES


def test_at_no_difference_the_score_is_the_cmh_test() -> None:
    """With Mantel–Haenszel weights the interval at confidence 1 − p of the test ends at 0."""
    p = compute_cochran_mantel_haenszel(*THREE_STRATA).p
    assert p is not None
    assert compare_stratified_risks(*THREE_STRATA, confidence=1 - p)[0].lower == pytest.approx(0, abs=1e-9)


def test_one_stratum_is_the_unstratified_interval() -> None:
    """And a stratum with one arm only changes nothing."""
    plain = compare_risks(8, 20, 3, 20)[0]
    for table in (([8], [20], [3], [20]), ([8, 2], [20, 5], [3, 0], [20, 0])):
        found = compare_stratified_risks(*table)[0]
        assert (found.value, found.lower, found.upper) == (plain.value, plain.lower, plain.upper)


def test_many_lines_at_once() -> None:
    """Lines before the strata are compared one by one."""
    lines = np.array([[[8, 2], [20, 10], [3, 1], [20, 12]], [[0, 0], [20, 10], [0, 0], [20, 12]]]).swapaxes(0, 1)
    found = compare_stratified_risks(*lines)
    assert found[0] == compare_stratified_risks([8, 2], [20, 10], [3, 1], [20, 12])[0]
    assert (found[1].value, found[1].reason) == (0.0, "no event in either arm")


def test_where_nothing_can_be_compared() -> None:
    """No stratum with both arms; no event; nothing but zero cells."""
    nobody = ([1, 0], [5, 0], [0, 1], [0, 4])
    assert compare_stratified_risks(*nobody)[0].reason == "no stratum with subjects in both arms"
    assert compute_common_odds_ratio(*nobody)[0].reason == "no stratum with subjects in both arms"
    assert compute_cochran_mantel_haenszel(*nobody).reason == "no stratum with subjects in both arms"
    assert compute_cochran_mantel_haenszel([0], [5], [0], [5]).p is None
    assert compute_common_odds_ratio([3], [5], [0], [5])[0].reason == "a zero cell in every stratum"
    with pytest.raises(ValueError):
        compare_stratified_risks([6], [5], [0], [5])
