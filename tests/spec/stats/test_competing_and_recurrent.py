"""Cumulative incidence and mean cumulative count (spec C.4, trap J.9), against published and other results."""

from __future__ import annotations

import lifelines
import numpy as np
import pytest
from lifelines import datasets
from statsmodels.duration.survfunc import CumIncidenceRight

from longwatch.stats.competing import compute_cumulative_incidence
from longwatch.stats.recurrent import compute_mean_cumulative_count
from longwatch.stats.survival import compute_kaplan_meier

from .cases import SLOW_CASES

SIX = ([3, 6, 9, 12, 15, 18], [1, 2, 0, 1, 0, 2])
FIVE = ([8, 1, 5, 8, 3], [0, 0, 1, 0, 1], [3, 3, 3, 4], [2, 6, 7, 3])
"""Dong and Yasui's five persons: end, died; events by person and time."""


def test_aalen_johansen_oracle() -> None:
    """F₁(12) = 0.389 (0.048, 0.745), variance 0.0478; F₂(18) = 0.611; all add up to 1. Taking the
    deaths for censoring gives 1 − KM = 0.444: too much."""
    first, second = (compute_cumulative_incidence(*SIX, of=cause) for cause in (1, 2))
    found = first.at(12)
    assert [round(value or 0, 3) for value in (found.value, found.lower, found.upper)] == [0.389, 0.048, 0.745]
    assert round(first.variance[2], 4) == 0.0478
    assert round(second.at(18).value or 0, 3) == 0.611
    assert first.incidence + second.incidence + first.event_free == pytest.approx(np.ones(4))
    as_if_censored = compute_kaplan_meier(SIX[0], [cause == 1 for cause in SIX[1]]).at(12)
    assert round(1 - (as_if_censored.value or 0), 3) == 0.444


def test_where_there_is_no_incidence() -> None:
    """No subject; no such event yet; after the last observation; all had it."""
    assert compute_cumulative_incidence([], []).at(1).reason == "no subject"
    found = compute_cumulative_incidence(*SIX, of=2)
    assert (found.at(3).value, found.at(3).upper) == (0.0, None)
    assert found.at(30).value == pytest.approx(0.611, abs=1e-3)  # nobody is left: it stays as it is
    assert compute_cumulative_incidence([1, 2], [1, 0]).at(3).reason == "beyond the last observation"
    everyone = compute_cumulative_incidence([1, 2], [1, 1]).at(2)
    assert (everyone.value, everyone.lower) == (1.0, None)
    for n in range(1, 60):  # 5/6 + 1/6 is 0.9999999999999999 in some order of binary numbers; all of them is 1
        one_by_one = compute_cumulative_incidence(range(1, n + 1), [1] * n).at(n)
        assert (one_by_one.value, one_by_one.lower) == (1.0, None)
    with pytest.raises(ValueError):
        compute_cumulative_incidence([1], [3])


def random_causes(draw: np.random.Generator, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    n = int(draw.integers(3, 80))
    time = draw.integers(1, 30, n).astype(float) if ties else draw.permutation(10 * n)[:n].astype(float) + 1
    return time, draw.choice(3, n, p=draw.dirichlet([1, 1, 1]))


def test_incidence_and_variance_against_statsmodels() -> None:
    """1,000 random samples with ties: both causes, and their standard errors while someone is left at risk."""
    draw = np.random.default_rng(61)
    for _ in range(1000):
        time, cause = random_causes(draw, ties=True)
        if not {1, 2} <= set(cause.tolist()):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            other = CumIncidenceRight(time, cause)
        for of in (1, 2):
            found = compute_cumulative_incidence(time, cause, of)
            there = np.searchsorted(other.times, found.table.times)
            assert np.allclose(found.incidence, other.cinc[of - 1][there], rtol=0, atol=1e-8)
            left = found.event_free > 0
            error = other.cinc_se[of - 1][there]
            assert np.allclose(found.variance[left], error[left] ** 2, rtol=0, atol=1e-8)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_limits_and_variance_against_lifelines() -> None:
    """Random samples without ties (lifelines moves tied times apart at random)."""
    draw = np.random.default_rng(62)
    for _ in range(SLOW_CASES):
        time, cause = random_causes(draw, ties=False)
        if 1 not in cause:
            continue
        found = compute_cumulative_incidence(time, cause)
        other = lifelines.AalenJohansenFitter(calculate_variance=True).fit(time, cause, event_of_interest=1)
        at = found.table.times
        assert np.allclose(found.incidence, other.cumulative_density_.loc[at].to_numpy()[:, 0], atol=1e-8)
        # Where all at risk have an event lifelines multiplies infinity by zero: NaN; the incidence, and ours, stay.
        left = found.event_free > 0
        variance = other.variance_.loc[at].to_numpy().ravel()
        assert np.allclose(found.variance[left], variance[left], rtol=0, atol=1e-8)
        limits = other.confidence_interval_.loc[at].to_numpy()
        partial = ~np.isnan(found.lower) & left
        assert np.allclose(found.lower[partial], limits[partial, 0], atol=1e-8)
        assert np.allclose(found.upper[partial], limits[partial, 1], atol=1e-8)


def test_one_cause_is_kaplan_meier() -> None:
    """1,000 random samples with ties: 1 − S, Greenwood's variance."""
    draw = np.random.default_rng(63)
    for _ in range(1000):
        time, cause = random_causes(draw, ties=True)
        found = compute_cumulative_incidence(time, cause > 0, causes=1)
        curve = compute_kaplan_meier(time, cause > 0)
        assert np.allclose(found.incidence, 1 - curve.survival, atol=1e-12)
        partial = curve.survival > 0
        assert np.allclose(found.variance[partial], curve.variance[partial], rtol=1e-8, atol=1e-12)


def test_public_long_follow_up() -> None:
    """Kidney transplants (death) and released prisoners (arrest): every third event is made a second cause."""
    for frame, time, event in (
        (datasets.load_kidney_transplant(), "time", "death"),
        (datasets.load_rossi(), "week", "arrest"),
    ):
        cause = frame[event].to_numpy().astype(int)
        cause[np.flatnonzero(cause)[::3]] = 2
        observed = frame[time].to_numpy().astype(float)
        other = CumIncidenceRight(observed, cause)
        for of in (1, 2):
            found = compute_cumulative_incidence(observed, cause, of)
            there = np.searchsorted(other.times, found.table.times)
            assert len(found.incidence) > 40
            assert np.allclose(found.incidence, other.cinc[of - 1][there], rtol=0, atol=1e-8)
            assert np.allclose(found.variance, other.cinc_se[of - 1][there] ** 2, rtol=0, atol=1e-8)


def test_mean_cumulative_count_oracle() -> None:
    """Dong and Yasui: 0.25, 0.50, 0.75, 1.00. The fifth person's event counts before the death on its day."""
    found = compute_mean_cumulative_count(*FIVE)
    assert [found.at(time).value for time in (2, 3, 6, 7)] == [0.25, 0.5, 0.75, 1.0]


def test_where_there_is_no_mean_count() -> None:
    """No subject; no event; after the last observation. After the last death it stays."""
    assert compute_mean_cumulative_count([], [], [], []).at(1).reason == "no subject"
    assert compute_mean_cumulative_count([5], [0], [], []).at(5).value == 0.0
    assert compute_mean_cumulative_count([5], [0], [0], [3]).at(6).reason == "beyond the last observation"
    assert compute_mean_cumulative_count([5], [1], [0], [3]).at(6).value == 1.0
    alike = compute_mean_cumulative_count([5, 5], [0, 0], [0, 1, 1], [2, 3, 4])
    assert (alike.at(2).value, alike.at(2).upper is None) == (0.5, False)
    alone = compute_mean_cumulative_count([5], [0], [0], [3]).at(4)
    assert (alone.value, alone.lower, alone.reason) == (1.0, None, "no spread between subjects")
    with pytest.raises(ValueError, match="after the end"):
        compute_mean_cumulative_count([5], [0], [0], [6])


def random_histories(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = int(draw.integers(2, 25))
    end = draw.integers(1, 20, n)
    subject = np.repeat(np.arange(n), draw.poisson(1.5, n))
    return end, draw.integers(0, 2, n), subject, draw.integers(1, end[subject] + 1)


def weighted_count(weights, end, died, subject, event, time) -> float:  # type: ignore[no-untyped-def]
    """MCC with a weight per subject, straight from the definition."""
    survival, total = 1.0, 0.0
    for t in range(1, time + 1):
        at_risk = weights[end >= t].sum()
        if at_risk <= 0:
            break
        total += survival * weights[subject[event == t]].sum() / at_risk
        survival *= 1 - weights[(end == t) & (died == 1)].sum() / at_risk
    return float(total)


def test_mean_count_and_variance_against_brute_force() -> None:
    """1,000 random samples: the definition in a loop; the variance as the squared changes by each subject's weight."""
    draw = np.random.default_rng(64)
    for number in range(1000):
        sample = random_histories(draw)
        end = sample[0]
        found, time = compute_mean_cumulative_count(*sample), int(draw.integers(1, end.max() + 1))
        ones = np.ones(len(end))
        expected = weighted_count(ones, *sample, time)
        assert (found.at(time).value or 0) == pytest.approx(expected, abs=1e-8)
        printed = found.at(time)
        if printed.lower is not None and printed.upper is not None:
            width = 1.959963984540054 * found.variance_at(time) ** 0.5 / expected
            limits = (
                pytest.approx(expected * np.exp(-width), abs=1e-8),
                pytest.approx(expected * np.exp(width), rel=1e-8),
            )
            assert (printed.lower, printed.upper) == limits
        if number >= SLOW_CASES:
            continue
        step, changes = 1e-5, []
        for i in range(len(end)):
            up, down = ones.copy(), ones.copy()
            up[i], down[i] = 1 + step, 1 - step
            changes.append((weighted_count(up, *sample, time) - weighted_count(down, *sample, time)) / (2 * step))
        assert found.variance_at(time) == pytest.approx(float((np.array(changes) ** 2).sum()), abs=1e-6)


@pytest.mark.parametrize(
    ("load", "time", "died"),
    [("load_kidney_transplant", "time", "death"), ("load_multicenter_aids_cohort_study", "D", "D")],
)
def test_mean_count_with_competing_death_on_public_follow_up(load: str, time: str, died: str) -> None:
    """Two public cohorts watched for years, each subject given some events by its row: survival from death by
    lifelines, the sum by the definition."""
    frame = getattr(datasets, load)().reset_index(drop=True)
    if load == "load_multicenter_aids_cohort_study":
        end, gone = frame["T"].to_numpy().astype(float), frame["D"].to_numpy().astype(int)
    else:
        end, gone = frame[time].to_numpy().astype(float), frame[died].to_numpy().astype(int)
    assert len(end) > 70
    assert 0.05 < gone.mean() < 1
    subject = np.repeat(np.arange(len(end)), np.arange(len(end)) % 4)
    event = np.ceil(end[subject] * (1 + np.arange(len(subject)) % 5) / 5 * 100) / 100
    event = np.minimum(event, end[subject])
    found = compute_mean_cumulative_count(end, gone, subject, event)
    survival = lifelines.KaplanMeierFitter().fit(end, gone).survival_function_.iloc[:, 0]
    expected, total = {}, 0.0
    for at in np.unique(event):
        before = survival[survival.index < at].iloc[-1] if at > 0 else 1.0
        total += before * (event == at).sum() / (end >= at).sum()
        expected[at] = total
    at = np.array(list(expected))
    mine = found.mean_count[np.searchsorted(found.times, at)]
    assert np.allclose(mine, list(expected.values()), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("load", "time", "event"), [("load_kidney_transplant", "time", "death"), ("load_rossi", "week", "arrest")]
)
def test_without_deaths_it_is_nelson_aalen(load: str, time: str, event: str) -> None:
    """Two public data sets; one event per subject at most: the Nelson–Aalen hazard of lifelines."""
    frame = getattr(datasets, load)()
    observed, had = frame[time].to_numpy(), frame[event].to_numpy() > 0
    found = compute_mean_cumulative_count(observed, np.zeros(len(observed)), np.flatnonzero(had), observed[had])
    other = lifelines.NelsonAalenFitter(nelson_aalen_smoothing=False).fit(observed, had)
    assert np.allclose(found.mean_count, other.cumulative_hazard_.loc[found.times].to_numpy()[:, 0], atol=1e-8)
