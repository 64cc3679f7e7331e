"""Log-rank test and Cox hazard ratio (spec C.4), against R's published results and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines.statistics import multivariate_logrank_test
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from longwatch.stats.cox import Ties, compute_hazard_ratio
from longwatch.stats.log_rank import compute_log_rank
from longwatch.stats.methods import Method

from .cases import SLOW_CASES, SLOWEST_CASES
from .test_survival import MAINTAINED, NOT_MAINTAINED

AML = (MAINTAINED[0] + NOT_MAINTAINED[0], MAINTAINED[1] + NOT_MAINTAINED[1], [0] * 11 + [1] * 12)
SIX_MP = ([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
          [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])  # fmt: skip
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
FREIREICH = (SIX_MP[0] + PLACEBO, SIX_MP[1] + [1] * 21, [0] * 21 + [1] * 21)
"""Weeks of remission with 6-mercaptopurine and with placebo (Freireich and others 1963; Gehan 1965)."""


def test_aml_against_r() -> None:
    """survdiff: χ² 3.4, p 0.0653; coxph (Efron): β 0.9155, SE 0.5119."""
    test, ratio = compute_log_rank(*AML), compute_hazard_ratio(*AML)
    assert (round(test.statistic or 0, 1), round(test.p or 0, 4), test.degrees) == (3.4, 0.0653, (1,))
    assert (round(ratio.log_ratio or 0, 4), round(ratio.standard_error or 0, 4)) == (0.9155, 0.5119)


def test_freireich_by_both_ways_with_ties() -> None:
    """Log-rank χ² 16.79; hazard ratio of placebo: β 1.509 (Breslow), 1.572 (Efron)."""
    assert round(compute_log_rank(*FREIREICH).statistic or 0, 2) == 16.79
    for ties, expected, method in ((Ties.BRESLOW, 1.509, Method.COX_BRESLOW), (Ties.EFRON, 1.572, Method.COX_EFRON)):
        found = compute_hazard_ratio(*FREIREICH, ties=ties)
        assert (round(found.log_ratio or 0, 3), found.estimate.method) == (expected, method)


@pytest.mark.parametrize(
    ("time", "event", "arm", "reason"),
    [
        ([1, 2, 3], [1, 1, 0], [1, 1, 1], "an arm without subjects"),
        ([1, 2, 3], [0, 0, 0], [1, 0, 1], "no event"),
        ([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0], "no event in the control while the arm is at risk"),
        ([1, 2, 3, 4], [1, 1, 0, 0], [0, 0, 1, 1], "no event in the arm while the control is at risk"),
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 0, 0], "no event in the control while the arm is at risk"),
        ([1, 1, 5], [0, 0, 1], [1, 0, 1], "no event while both arms are at risk"),
    ],
)
def test_where_the_likelihood_has_no_maximum(time: list[int], event: list[int], arm: list[int], reason: str) -> None:
    """Told exactly, where other programs print a huge number with a huge interval."""
    found = compute_hazard_ratio(time, event, arm)
    assert found.estimate.value is None
    assert found.log_ratio is None
    assert found.estimate.reason.startswith(reason)


def test_where_there_is_no_log_rank_test() -> None:
    """One group; no event; no event while both are at risk."""
    assert compute_log_rank([1, 2], [1, 1], [0, 0]).reason == "fewer than two groups with a subject"
    assert compute_log_rank([1, 2], [0, 0], [0, 1]).reason == "no event while two groups are at risk"
    assert compute_log_rank([1, 2], [0, 1], [0, 1]).reason == "no event while two groups are at risk"


def random_trial(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """8 to 90 subjects, ties frequent; two arms; up to three strata."""
    n = int(draw.integers(8, 90))
    arm = draw.integers(0, 2, n)
    time = np.ceil(draw.exponential(10 * np.exp(draw.normal() * arm)) + 1e-9)
    event = (draw.uniform(size=n) < draw.uniform(0.2, 1)).astype(int)
    return time, event, arm, draw.integers(0, 3, n)


@pytest.mark.parametrize("ties", [Ties.EFRON, Ties.BRESLOW])
@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ModelWarning")
def test_cox_against_statsmodels(ties: Ties) -> None:
    """Random trials, every second one stratified: log ratio and standard error, where the maximum exists."""
    draw = np.random.default_rng(51)
    compared = 0
    for number in range(SLOW_CASES):
        time, event, arm, strata = random_trial(draw)
        found = compute_hazard_ratio(time, event, arm, strata if number % 2 else None, ties=ties)
        if found.log_ratio is None:
            assert found.estimate.reason
            continue
        model = PHReg(time, arm[:, None].astype(float), event, strata=strata if number % 2 else None, ties=ties.value)
        other = model.fit(disp=0)
        assert found.log_ratio == pytest.approx(other.params[0], abs=1e-6)
        assert found.standard_error == pytest.approx(other.bse[0], abs=1e-6)
        assert found.estimate.lower == pytest.approx(np.exp(other.conf_int()[0, 0]), rel=1e-5)
        assert found.p == pytest.approx(other.pvalues[0], abs=1e-6)
        compared += 1
    assert compared > 0.9 * SLOW_CASES


def test_log_rank_against_statsmodels() -> None:
    """1,000 random trials, every second one stratified."""
    draw = np.random.default_rng(52)
    compared = 0
    for number in range(1000):
        time, event, arm, strata = random_trial(draw)
        stratified = number % 2 == 1
        found = compute_log_rank(time, event, arm, strata if stratified else None)
        if found.statistic is None or len(set(arm)) < 2:
            continue
        statistic, p = survdiff(time, event, arm, strata=strata if stratified else None)
        assert found.statistic == pytest.approx(statistic, rel=1e-8, abs=1e-10)
        assert found.p == pytest.approx(p, rel=1e-7, abs=1e-10)
        compared += 1
    assert compared > 900


def test_log_rank_of_three_groups_against_lifelines() -> None:
    """Random trials with three arms: two degrees."""
    draw = np.random.default_rng(53)
    for _ in range(SLOWEST_CASES):
        time, event, _, group = random_trial(draw)
        found = compute_log_rank(time, event, group)
        if found.degrees != (2,):
            continue
        other = multivariate_logrank_test(time, group, event)
        assert found.statistic == pytest.approx(other.test_statistic, rel=1e-8)


def test_swapping_the_arms_inverts_the_ratio() -> None:
    """And the interval; ten million subjects give a number, too."""
    time, event, arm = FREIREICH
    there = compute_hazard_ratio(time, event, arm).estimate
    back = compute_hazard_ratio(time, event, [1 - a for a in arm]).estimate
    assert (there.value or 0) * (back.value or 0) == pytest.approx(1)
    assert (there.lower or 0) * (back.upper or 0) == pytest.approx(1)
