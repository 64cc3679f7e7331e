"""Intervals of proportions and of their differences, against published numbers and independent programs (spec C.4)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

from longwatch.stats.differences import (
    compare_ratios,
    compare_risks,
    compute_miettinen_nurminen,
    compute_newcombe,
    compute_odds_ratio,
    compute_relative_risk,
    compute_risk_difference,
    compute_wald,
)
from longwatch.stats.fisher import compute_fisher
from longwatch.stats.methods import Method
from longwatch.stats.proportions import (
    compute_clopper_pearson,
    compute_proportion,
    compute_upper_bound_of_none,
    compute_wilson,
    normal_quantile,
)
from longwatch.stats.rounding import points_text, round_half_away


def as_points(*values: object) -> tuple[str, ...]:
    """Proportions in percent, one decimal, as the spec prints them."""
    return tuple(points_text(100 * float(value)) for value in values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "total", "expected"),
    [
        (3, 12, ("5.5", "57.2")),
        (3, 14, ("4.7", "50.8")),
        (10, 12, ("51.6", "97.9")),
        (0, 12, ("0.0", "26.5")),
        (0, 14, ("0.0", "23.2")),
        (2, 14, ("1.8", "42.8")),
    ],
)
def test_clopper_pearson_oracles(events: int, total: int, expected: tuple[str, str]) -> None:
    """The spec's table. No event still has an upper limit (trap J.7)."""
    assert as_points(*compute_clopper_pearson(events, total)) == expected


def test_upper_bound_when_none_had_the_event() -> None:
    """None of 14: at most 19.3 %, one-sided; the rule of three, 3/n, says 21.4 % and is always above it."""
    assert as_points(compute_upper_bound_of_none(14)) == ("19.3",)
    assert as_points(3 / 14) == ("21.4",)
    assert all(compute_upper_bound_of_none(n) < 3 / n for n in range(1, 500))
    assert compute_upper_bound_of_none(0) == 1.0


@pytest.mark.parametrize(
    ("table", "difference", "wald", "newcombe", "score", "fisher"),
    [
        ((8, 20, 3, 20), "25.0", ("-1.6", "51.6"), ("-2.8", "48.5"), ("-3.2", "50.2"), "0.155"),
        ((3, 20, 0, 20), "15.0", ("-0.6", "30.6"), ("-3.8", "36.0"), ("-2.7", "36.3"), "0.231"),
        ((56, 70, 48, 80), "20.0", ("5.8", "34.2"), ("5.2", "33.4"), ("5.3", "33.8"), "0.0125"),
    ],
)
def test_two_arm_oracles(
    table: tuple[int, int, int, int],
    difference: str,
    wald: tuple[str, str],
    newcombe: tuple[str, str],
    score: tuple[str, str],
    fisher: str,
) -> None:
    """The spec's three tables, by every method, to the digit."""
    assert as_points(compute_risk_difference(*table)) == (difference,)
    assert as_points(*compute_wald(*table)) == wald
    assert as_points(*compute_newcombe(*table)) == newcombe
    assert as_points(*compute_miettinen_nurminen(*table)) == score
    p = compute_fisher(np.array([table[0]]), table[1], np.array([table[2]]), table[3])[0]
    assert str(round_half_away(p, len(fisher) - 2)) == fisher


def test_ratio_oracles() -> None:
    """8/20 against 3/20: relative risk 2.67 (0.82, 8.62), odds ratio 3.78 (0.83, 17.25); a zero cell has none."""
    ratio = [str(round_half_away(float(value), 2)) for value in compute_relative_risk(8, 20, 3, 20)]
    odds = [str(round_half_away(float(value), 2)) for value in compute_odds_ratio(8, 20, 3, 20)]
    assert ratio == ["2.67", "0.82", "8.62"]
    assert odds == ["3.78", "0.83", "17.25"]
    assert np.isnan(compute_relative_risk(3, 20, 0, 20)).all()
    assert np.isnan(compute_odds_ratio(20, 20, 3, 20)).all()


def test_an_arm_without_subjects_gives_no_number() -> None:
    """Not zero, not one: NaN, which prints NE."""
    for method in (compute_wald, compute_newcombe, compute_miettinen_nurminen):
        assert np.isnan(method(0, 0, 3, 20)).all()
    assert np.isnan(compute_clopper_pearson(0, 0)).all()
    assert np.isnan(compute_wilson(0, 0)).all()
    assert np.isnan(compute_fisher(np.array([0]), 0, np.array([3]), 20)).all()


def test_extreme_tables() -> None:
    """All against none: the limits stay within −100 to 100 %; no events in both arms still have a score interval."""
    assert as_points(*compute_miettinen_nurminen(10, 10, 0, 10)) == ("66.4", "100.0")
    assert as_points(*compute_miettinen_nurminen(0, 10, 10, 10)) == ("-100.0", "-66.4")
    low, high = compute_miettinen_nurminen(0, 10, 0, 10)
    assert low == pytest.approx(-high)
    assert high > 0.2


def random_tables(count: int, largest: int = 120) -> list[tuple[int, int, int, int]]:
    """Two-arm tables, small ones and zeros included."""
    draw = np.random.default_rng(20260101)
    tables = []
    for _ in range(count):
        n1, n2 = draw.integers(1, largest, 2)
        tables.append((int(draw.integers(0, n1 + 1)), int(n1), int(draw.integers(0, n2 + 1)), int(n2)))
    return tables


def score_statistic(x1: int, n1: int, x2: int, n2: int, delta: float) -> float:
    """The Miettinen–Nurminen score, with the constrained proportions found by search, not by the closed form."""

    def minus_log_likelihood(p2: float) -> float:
        p1 = p2 + delta
        value = 0.0
        for x, p in ((x1, p1), (n1 - x1, 1 - p1), (x2, p2), (n2 - x2, 1 - p2)):
            if x:
                value -= x * np.log(max(p, 1e-300))
        return value

    low, high = max(0.0, -delta), min(1.0, 1.0 - delta)
    found = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-13}
    )
    p2 = min((found.x, low, high), key=minus_log_likelihood)
    p1 = p2 + delta
    variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
    distance = x1 / n1 - x2 / n2 - delta
    return float(distance / np.sqrt(variance)) if variance > 0 else float(np.sign(distance) * np.inf)


def test_miettinen_nurminen_against_an_independent_search() -> None:
    """1,000 random tables: each limit is where a score with searched, not solved, proportions crosses z."""
    tables = random_tables(1000)
    lower, upper = compute_miettinen_nurminen(*np.array(tables).T)
    z = normal_quantile(0.95)
    step = 1e-6
    for table, low, high in zip(tables, lower, upper, strict=True):
        if low > -1 + step:
            assert abs(score_statistic(*table, low + step)) <= z
            assert abs(score_statistic(*table, low - step)) >= z
        if high < 1 - step:
            assert abs(score_statistic(*table, high - step)) <= z
            assert abs(score_statistic(*table, high + step)) >= z


def test_wilson_and_clopper_pearson_against_scipy() -> None:
    """1,000 random proportions."""
    for x, n, _, _ in random_tables(1000):
        test = stats.binomtest(x, n)
        assert np.allclose(compute_wilson(x, n), test.proportion_ci(method="wilson"), atol=1e-12)
        assert np.allclose(compute_clopper_pearson(x, n), test.proportion_ci(method="exact"), atol=1e-9)


def test_wald_against_statsmodels() -> None:
    """1,000 random tables: the difference and its limits, none of which are cut at 100 %."""
    tables = random_tables(1000)
    lower, upper = compute_wald(*np.array(tables).T)
    difference = compute_risk_difference(*np.array(tables).T)
    for (x1, n1, x2, n2), low, high, middle in zip(tables, lower, upper, difference, strict=True):
        other = confint_proportions_2indep(x1, n1, x2, n2, method="wald", compare="diff")
        assert (low, high) == (pytest.approx(other[0], abs=1e-8), pytest.approx(other[1], abs=1e-8))
        assert middle == pytest.approx(float(Fraction(x1, n1) - Fraction(x2, n2)), abs=1e-15)


def test_upper_bound_of_none_against_scipy() -> None:
    """Trials of 1 to 1,000: the bound at which no event has a probability of 5 %."""
    for n in range(1, 1001):
        other = stats.binomtest(0, n, alternative="less").proportion_ci(0.95, method="exact").high
        assert compute_upper_bound_of_none(n) == pytest.approx(other, abs=1e-8)


def test_newcombe_from_scipys_wilson_limits() -> None:
    """1,000 random tables, built from scipy's interval of each arm."""
    tables = random_tables(1000)
    lower, upper = compute_newcombe(*np.array(tables).T)
    for (x1, n1, x2, n2), low, high in zip(tables, lower, upper, strict=True):
        first = stats.binomtest(x1, n1).proportion_ci(method="wilson")
        second = stats.binomtest(x2, n2).proportion_ci(method="wilson")
        p, q = x1 / n1, x2 / n2
        assert low == pytest.approx(p - q - np.hypot(p - first.low, second.high - q), abs=1e-10)
        assert high == pytest.approx(p - q + np.hypot(first.high - p, q - second.low), abs=1e-10)


def test_fisher_against_scipy() -> None:
    """1,000 random tables, and large ones."""
    tables = [*random_tables(1000), (400, 8400, 480, 8600), (12, 8400, 40, 8600), (8400, 8400, 8590, 8600)]
    for x1, n1, x2, n2 in tables:
        expected = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]]).pvalue
        found = compute_fisher(np.array([x1]), n1, np.array([x2]), n2)[0]
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_fisher_computes_rows_in_their_order() -> None:
    """Equal tables share one computation and keep their places; no rows give no values."""
    rows = compute_fisher(np.array([3, 0, 3, 8]), 20, np.array([0, 0, 0, 3]), 20)
    assert [str(round_half_away(value, 3)) for value in rows] == ["0.231", "1.000", "0.231", "0.155"]
    assert len(compute_fisher(np.array([], dtype=np.int64), 20, np.array([], dtype=np.int64), 20)) == 0


def test_fisher_of_a_million_subjects() -> None:
    """Probabilities far from the mean are left out only where they are below the smallest double."""
    p = compute_fisher(np.array([500_100]), 1_000_000, np.array([499_900]), 1_000_000)[0]
    assert p == pytest.approx(2 * stats.norm.sf(199 / np.sqrt(500_000)), rel=1e-4)


def test_miettinen_nurminen_against_a_sas_macro() -> None:
    """46 of 116 against 70 of 119, as metalite.ae tests against the macro, to its tolerance."""
    found = compare_risks(46, 116, 70, 119)[0]
    swapped = compare_risks(70, 119, 46, 116)[0]
    assert (found.value, found.lower, found.upper) == (
        pytest.approx(-0.19168357, abs=1e-8), pytest.approx(-0.3133431, abs=1e-6), pytest.approx(-0.0638213, abs=1e-6),
    )  # fmt: skip
    assert swapped.lower == pytest.approx(-(found.upper or 0), abs=1e-12)


def test_ratios_against_statsmodels() -> None:
    """1,000 random tables: relative risk and odds ratio with their limits, where no cell is zero."""
    compared = 0
    for x1, n1, x2, n2 in random_tables(1000):
        if 0 in (x1, x2, n1 - x1, n2 - x2):
            continue
        other = Table2x2(np.array([[x1, n1 - x1], [x2, n2 - x2]]))
        for method, value, limits in (
            (Method.RELATIVE_RISK, other.riskratio, other.riskratio_confint()),
            (Method.ODDS_RATIO, other.oddsratio, other.oddsratio_confint()),
        ):
            found = compare_ratios(x1, n1, x2, n2, method=method)[0]
            assert (found.value, found.lower, found.upper) == (
                pytest.approx(value, rel=1e-8), pytest.approx(limits[0], rel=1e-8), pytest.approx(limits[1], rel=1e-8),
            )  # fmt: skip
        compared += 1
    assert compared > 800


def test_every_number_that_is_missing_has_its_reason() -> None:
    """Lines of a table at once: an estimate, no event in either arm, an empty arm, a zero cell."""
    risks = compare_risks([8, 0, 0], [20, 20, 0], [3, 0, 3], [20, 20, 20])
    assert [risks[line].reason for line in range(len(risks))] == [
        "", "no event in either arm", "an arm without subjects",
    ]  # fmt: skip
    assert [risks[line].value for line in range(3)] == [0.25, 0.0, None]
    ratios = compare_ratios([8, 0, 20], [20, 20, 20], [3, 3, 3], [20, 20, 20], method=Method.ODDS_RATIO)
    assert [ratios[line].reason for line in range(3)] == ["", "no event in an arm", "all subjects of an arm had it"]
    assert compare_ratios(20, 20, 3, 20)[0].value == pytest.approx(20 / 3)
    shares = compute_proportion([3, 0], [12, 0])
    assert (shares[0].value, shares[0].events, shares[0].totals) == (0.25, (3.0,), (12.0,))
    assert (shares[1].value, shares[1].reason) == (None, "no subject")


def test_ten_million_subjects() -> None:
    """Score, Newcombe and Wald limits meet where the normal approximation is exact to eight digits."""
    table = (1_000_500, 10_000_000, 1_000_000, 10_000_000)
    wald = compute_wald(*table)
    for method in (compute_newcombe, compute_miettinen_nurminen):
        assert np.allclose(method(*table), wald, rtol=0, atol=1e-9)
    low, high = compute_clopper_pearson(1_000_000, 10_000_000)
    assert stats.binom.sf(999_999, 10_000_000, low) == pytest.approx(0.025, rel=1e-6)
    assert stats.binom.cdf(1_000_000, 10_000_000, high) == pytest.approx(0.025, rel=1e-6)
