"""Kaplan–Meier (spec C.4), against published curves, lifelines and statsmodels."""

from __future__ import annotations

import lifelines
import numpy as np
import pytest
from lifelines import datasets
from statsmodels.duration.survfunc import SurvfuncRight

from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.stats.rounding import round_half_away
from longwatch.stats.survival import Scale, compute_kaplan_meier

from .cases import SLOW_CASES

SIX = ([3, 6, 9, 12, 15, 18], [1, 1, 0, 1, 0, 0])
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT_MAINTAINED = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
"""Remission of acute myelogenous leukaemia in weeks, with and without maintenance (Embury and others 1977)."""


@pytest.mark.parametrize(
    ("time", "expected"),
    [(3, ["0.833", "0.273", "0.975"]), (6, ["0.667", "0.195", "0.904"]), (12, ["0.444", "0.066", "0.785"])],
)
def test_log_log_oracles(time: float, expected: list[str]) -> None:
    """The spec's six subjects, months 3, 6, 9+, 12, 15+, 18+."""
    found = compute_kaplan_meier(*SIX).at(time)
    assert [str(round_half_away(value or 0, 3)) for value in (found.value, found.lower, found.upper)] == expected


def test_the_linear_interval_leaves_the_range_and_is_cut_off() -> None:
    """At 3 months it would be (0.535, 1.132): why it is not the default."""
    curve = compute_kaplan_meier(*SIX, scale=Scale.LINEAR)
    half = 1.959964 * curve.variance[0] ** 0.5
    assert [round(curve.survival[0] + sign * half, 3) for sign in (-1, 1)] == [0.535, 1.132]
    assert (round(curve.lower[0], 3), curve.upper[0]) == (0.535, 1.0)


def test_medians_against_r() -> None:
    """R's survfit of `aml` (log intervals): 31 (18, NA) and 23 (8, NA)."""
    for sample, expected in ((MAINTAINED, (31, 18, None)), (NOT_MAINTAINED, (23, 8, None))):
        found = compute_kaplan_meier(*sample, scale=Scale.LOG).quantile()
        assert (found.value, found.lower, found.upper) == expected
        assert found.reason == "upper limit not reached"


def test_a_quantile_on_a_level_stretch_is_its_middle() -> None:
    """Four subjects, all with the event: survival is exactly ½ from 2 to 3, so the median is 2.5 (as SAS and R)."""
    assert compute_kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).quantile().value == 2.5


def test_where_there_is_no_number() -> None:
    """Before the first event, after the last observation, when nobody is left, and without subjects."""
    curve = compute_kaplan_meier(*SIX)
    assert (curve.at(2).value, curve.at(2).lower) == (1.0, None)
    assert curve.at(18.5).reason == "beyond the last observation"
    gone = compute_kaplan_meier([1, 2], [1, 1])
    assert (gone.at(5).value, gone.at(5).upper) == (0.0, None)
    assert compute_kaplan_meier([], []).at(1).reason == "no subject"
    censored = compute_kaplan_meier([4, 5], [0, 0])
    assert (censored.at(5).value, censored.quantile().value) == (1.0, None)
    assert censored.quantile().reason == "estimate, lower limit, upper limit not reached"
    one = compute_kaplan_meier([7], [1])
    assert (one.quantile().value, one.quantile().lower) == (7.0, None)


def test_censored_at_a_time_of_an_event_is_at_risk_in_it() -> None:
    """One of two: ½ after it, though the other is censored on that day."""
    assert compute_kaplan_meier([5, 5], [1, 0]).at(5).value == 0.5


@pytest.mark.parametrize(("time", "event"), [([np.nan], [1]), ([-1], [1]), ([np.inf], [0]), ([1, 2], [1]), ([1], [2])])
def test_unusable_times_are_refused(time: list[float], event: list[int]) -> None:
    """Missing, negative or infinite times, and unknown causes, are the caller's to decide on."""
    with pytest.raises(ValueError):
        compute_kaplan_meier(time, event)


def random_sample(draw: np.random.Generator) -> tuple[list[float], list[int]]:
    """2 to 80 subjects, ties frequent; sometimes all or none with the event."""
    n = int(draw.integers(2, 80))
    time = draw.integers(1, int(draw.integers(3, 60)), n).astype(float)
    return time.tolist(), (draw.uniform(size=n) < draw.uniform()).astype(int).tolist()


def test_survival_and_variance_against_statsmodels() -> None:
    """1,000 random samples: times, numbers at risk, survival, Greenwood's standard error."""
    draw = np.random.default_rng(41)
    for _ in range(1000):
        time, event = random_sample(draw)
        if not any(event):
            continue
        curve, other = compute_kaplan_meier(time, event), SurvfuncRight(np.array(time), np.array(event))
        assert curve.table.times.tolist() == other.surv_times.tolist()
        assert curve.table.at_risk.tolist() == other.n_risk.tolist()
        assert np.allclose(curve.survival, other.surv_prob, rtol=0, atol=1e-12)
        partial = curve.survival > 0
        assert np.allclose(np.sqrt(curve.variance[partial]), other.surv_prob_se[partial], rtol=1e-8)


def test_log_log_limits_and_medians_against_lifelines() -> None:
    """Random samples; its median is the first time at or below ½, so level stretches differ."""
    draw = np.random.default_rng(42)
    for _ in range(SLOW_CASES):
        time, event = random_sample(draw)
        if not any(event):
            continue
        curve = compute_kaplan_meier(time, event)
        other = lifelines.KaplanMeierFitter().fit(time, event)
        limits = other.confidence_interval_.loc[curve.table.times].to_numpy()
        partial = (curve.survival > 0) & (curve.survival < 1)
        assert np.allclose(curve.lower[partial], limits[partial, 0], rtol=1e-8)
        assert np.allclose(curve.upper[partial], limits[partial, 1], rtol=1e-8)
        median = curve.quantile().value
        if median is not None and not np.isclose(curve.survival, 0.5).any():
            assert median == other.median_survival_time_


def test_limits_of_the_median_by_the_test_that_they_invert() -> None:
    """Random samples: Brookmeyer–Crowley limits are the first times at which the limits of the curve, as lifelines has
    them, reach the level; where a limit stays at it for a while it is taken as the median is."""
    draw = np.random.default_rng(44)
    compared = 0
    for _ in range(SLOW_CASES):
        time, event = random_sample(draw)
        if not any(event):
            continue
        found = compute_kaplan_meier(time, event).quantile()
        other = lifelines.KaplanMeierFitter().fit(time, event)
        limits = other.confidence_interval_
        for value, column in ((found.lower, 0), (found.upper, 1)):
            reached = limits.iloc[1:, column].dropna()
            reached = reached[reached <= 0.5]
            if value is None or np.isclose(limits.iloc[:, column].dropna(), 0.5).any():
                continue
            assert value == reached.index[0]
            compared += 1
    assert compared > SLOW_CASES


def test_numbers_at_risk_by_counting() -> None:
    """1,000 random samples."""
    draw = np.random.default_rng(45)
    for _ in range(1000):
        time, _ = random_sample(draw)
        at = draw.integers(0, 60, 5)
        assert compute_numbers_at_risk(time, at).tolist() == [sum(own >= t for own in time) for t in at]


def test_linear_and_log_limits_by_hand() -> None:
    """1,000 random samples: the formulas written out, one time at a time."""
    draw = np.random.default_rng(43)
    z = 1.959963984540054
    for _ in range(1000):
        time, event = random_sample(draw)
        survival, total = 1.0, 0.0
        linear, log = (compute_kaplan_meier(time, event, scale=scale) for scale in (Scale.LINEAR, Scale.LOG))
        for t in sorted({t for t, e in zip(time, event, strict=True) if e}):
            n = sum(other >= t for other in time)
            d = sum(other == t and e for other, e in zip(time, event, strict=True))
            survival *= 1 - d / n
            if d == n:
                break
            total += d / (n * (n - d))
            half = z * survival * total**0.5
            found = linear.at(t)
            assert (found.lower, found.upper) == (
                pytest.approx(max(survival - half, 0), abs=1e-8), pytest.approx(min(survival + half, 1), abs=1e-8),
            )  # fmt: skip
            found = log.at(t)
            factor = np.exp(z * total**0.5)
            assert (found.lower, found.upper) == (
                pytest.approx(survival / factor, abs=1e-8), pytest.approx(min(survival * factor, 1), abs=1e-8),
            )  # fmt: skip


@pytest.mark.parametrize(
    ("load", "time", "event"),
    [("load_kidney_transplant", "time", "death"), ("load_stanford_heart_transplants", "", "")],
)
def test_public_long_follow_up(load: str, time: str, event: str) -> None:
    """Kidney transplants over nine years; heart transplants at Stanford (last record of each patient)."""
    frame = getattr(datasets, load)()
    if not time:
        frame = frame.groupby("id").last()
        time, event = "stop", "event"
    curve = compute_kaplan_meier(frame[time], frame[event])
    other = SurvfuncRight(frame[time].to_numpy(), frame[event].to_numpy())
    assert len(frame) > 100
    assert np.allclose(curve.survival, other.surv_prob, rtol=0, atol=1e-8)
    assert np.allclose(np.sqrt(curve.variance), other.surv_prob_se, rtol=1e-8, atol=1e-12)


def test_numbers_at_risk() -> None:
    """Those observed until then or longer."""
    assert compute_numbers_at_risk(SIX[0], [0, 3, 4, 18, 19]).tolist() == [6, 6, 5, 1, 0]
