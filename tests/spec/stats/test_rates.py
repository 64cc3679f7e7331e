"""Rates per person-time and their difference (spec C.4), against published numbers, SciPy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.rates import confint_poisson_2indep

from longwatch.stats.estimate import Estimate
from longwatch.stats.person_time import compute_days_to_first, compute_interval_days, compute_interval_rates
from longwatch.stats.rates import compute_poisson_limits, compute_rate, compute_rate_difference
from longwatch.stats.rounding import points_text

DAYS = [1097, 210, 893]
"""Three subjects; events on day 20, 100 and 800, one each."""


def printed(estimate: Estimate) -> tuple[str, str, str]:
    return points_text(estimate.value), points_text(estimate.lower), points_text(estimate.upper)


@pytest.mark.parametrize(
    ("events", "years", "expected"),
    [
        (3, 31.0, ("9.7", "2.0", "28.3")),
        (0, 24.0, ("0.0", "0.0", "15.4")),  # no event still has an upper limit (trap J.7)
        (3, 2200 / 365.25, ("49.8", "10.3", "145.6")),  # EAER: all events over all days
        (3, 920 / 365.25, ("119.1", "24.6", "348.1")),  # EAIR: days to the first event
    ],
)
def test_rate_oracles(events: int, years: float, expected: tuple[str, str, str]) -> None:
    """Exact Poisson, per 100 person-years."""
    assert printed(compute_rate(events, years)[0]) == expected


def test_rate_difference_oracle() -> None:
    """8 in 38.5 against 3 in 40.2 person-years."""
    assert printed(compute_rate_difference(8, 38.5, 3, 40.2)[0]) == ("13.3", "-3.4", "30.0")


def test_years_of_follow_up() -> None:
    """Days are cut at ⌊365.25·k⌋; the fourth year has 2 days and so no rate."""
    found = compute_interval_rates(DAYS, [0, 1, 2], [20, 100, 800], 4)
    assert [(year.days, year.at_risk, year.events, f"{year.person_years:.3f}") for year in found] == [
        (940, 3, 2, "2.574"),
        (730, 2, 0, "1.999"),
        (528, 2, 1, "1.446"),
        (2, 1, 0, "0.005"),
    ]
    assert [printed(year.rate) for year in found] == [
        ("77.7", "9.4", "280.7"),
        ("0.0", "0.0", "184.6"),
        ("69.2", "1.8", "385.4"),
        ("NE", "NE", "NE"),
    ]
    assert found[3].rate.reason == "less than 0.5 person-years"


def test_a_day_belongs_to_one_year() -> None:
    """Day 365 is the last of year 1, day 366 the first of year 2; year 3 ends on day 1095, year 4 on day 1461."""
    found = compute_interval_rates([1500] * 6, range(6), [365, 366, 1095, 1096, 1461, 1462], 5, least_years=0)
    assert [year.events for year in found] == [1, 1, 1, 2, 1]


def test_days_by_year_against_counting_each_day() -> None:
    """1,000 random subjects, day by day."""
    days = np.random.default_rng(3).integers(0, 2000, 1000)
    at_risk, found = compute_interval_days(days, 5)
    ends = [0, 365, 730, 1095, 1461, 1826]
    for k in range(5):
        span = range(ends[k] + 1, ends[k + 1] + 1)
        assert found[k] == sum(sum(day <= own for day in span) for own in days.tolist())
        assert at_risk[k] == sum(own > ends[k] for own in days.tolist())


def test_time_to_the_first_event() -> None:
    """EAIR counts days to the first event; subjects without one (0) to the end."""
    assert compute_days_to_first(DAYS, [20, 100, 800]).sum() == 920
    assert compute_days_to_first(DAYS, [0, 100, 0]).tolist() == [1097, 100, 893]


def test_years_and_first_events_against_a_loop() -> None:
    """1,000 random trials: events of each year over its days, and days to the first event, subject by subject."""
    draw = np.random.default_rng(13)
    ends = [0, 365, 730, 1095, 1461]
    for _ in range(1000):
        days = draw.integers(1, 1461, int(draw.integers(1, 12)))
        subject = np.repeat(np.arange(len(days)), draw.poisson(1, len(days)))
        day = draw.integers(1, days[subject] + 1)
        for k, year in enumerate(compute_interval_rates(days, subject, day, 4)):
            own = sum(max(0, min(int(d), ends[k + 1]) - ends[k]) for d in days)
            had = sum(ends[k] < d <= ends[k + 1] for d in day.tolist())
            assert (year.days, year.events) == (own, had)
            if year.rate.value is not None:
                assert year.rate.value == pytest.approx(100 * had / (own / 365.25), rel=1e-8)
        first = [min((d for s, d in zip(subject, day, strict=True) if s == i), default=0) for i in range(len(days))]
        to_first = [f or d for f, d in zip(first, days.tolist(), strict=True)]
        assert compute_days_to_first(days, first).tolist() == to_first


def test_where_there_is_no_rate() -> None:
    """A reason stands where a number cannot."""
    assert compute_rate(0, 0.0)[0].reason == "no person-time"
    assert compute_rate_difference(0, 10, 0, 10)[0] == compute_rate_difference([0], [10], [0], [10])[0]
    none = compute_rate_difference(0, 10, 0, 10)[0]
    assert (none.value, none.lower, none.reason) == (0.0, None, "no event in either arm")
    assert compute_rate_difference(0, 0, 1, 10)[0].reason == "no person-time in an arm"


@pytest.mark.parametrize(
    ("days", "subject", "day"), [([10], [0], [11]), ([10], [0], [0]), ([-1], [], []), ([1.5], [], [])]
)
def test_impossible_times_are_refused(days: list[float], subject: list[int], day: list[int]) -> None:
    """An event outside its subject's follow-up has no time to be counted in."""
    with pytest.raises(ValueError, match="day"):
        compute_interval_rates(days, subject, day, 1)


def test_events_in_no_time_are_refused() -> None:
    """So are negative counts, and a first event after the end."""
    for wrong in (lambda: compute_rate(1, 0.0), lambda: compute_rate(-1, 1.0), lambda: compute_days_to_first([5], [6])):
        with pytest.raises(ValueError):
            wrong()


def test_poisson_limits_against_scipy() -> None:
    """1,000 random counts up to 10 million, by chi-square quantiles of another library routine."""
    draw = np.random.default_rng(11)
    x = np.concatenate((np.arange(500), (10 ** draw.uniform(0, 7, 500)).astype(int)))
    lower, upper = compute_poisson_limits(x)
    assert np.allclose(lower[1:], stats.chi2.ppf(0.025, 2 * x[1:]) / 2, rtol=1e-9, atol=0)
    assert np.allclose(upper, stats.chi2.ppf(0.975, 2 * x + 2) / 2, rtol=1e-9, atol=0)
    assert lower[0] == 0


def test_rate_difference_against_statsmodels() -> None:
    """1,000 random pairs."""
    draw = np.random.default_rng(12)
    x1, x2 = draw.integers(1, 60, (2, 1000))
    t1, t2 = draw.uniform(0.5, 90, (2, 1000))
    found = compute_rate_difference(x1, t1, x2, t2, per=1)
    low, high = confint_poisson_2indep(x1, t1, x2, t2, method="wald", compare="diff")
    assert np.allclose(found.lower, low, rtol=1e-8, atol=1e-12)
    assert np.allclose(found.upper, high, rtol=1e-8, atol=1e-12)
