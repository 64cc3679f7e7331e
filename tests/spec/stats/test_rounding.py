"""Percentages, differences and p-values as printed (spec C.2 rule 3, trap J.8)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from longwatch.stats.rounding import (
    count_percent_text,
    p_value_text,
    percent_text,
    points_text,
    round_half_away,
)

PERCENTAGES = [
    # n, N, percent as printed, n (percent) as printed
    (1, 16, "6.3", "1 (6.3)"),  # 6.25: half away from zero, where a binary float prints 6.2
    (3, 80, "3.8", "3 (3.8)"),  # 3.75
    (29, 68, "42.6", "29 (42.6)"),  # 42.647
    (853, 2000, "42.7", "853 (42.7)"),  # 42.65
    (65, 86, "75.6", "65 (75.6)"),
    (0, 12, "", "0"),
    (12, 12, "100", "12 (100)"),
    (1, 2500, "<0.1", "1 (<0.1)"),  # 0.04
    (1, 2001, "<0.1", "1 (<0.1)"),
    (1, 2000, "0.1", "1 (0.1)"),  # 0.05 exactly
    (2499, 2500, ">99.9", "2499 (>99.9)"),  # 99.96
    (1999, 2000, ">99.9", "1999 (>99.9)"),  # 99.95 exactly would print 100.0
    (9994, 10000, "99.9", "9994 (99.9)"),
    (0, 0, "", "0"),  # an arm without subjects
]


@pytest.mark.parametrize(("count", "total", "percent", "cell"), PERCENTAGES)
def test_a_percentage_is_rounded_from_the_integers(count: int, total: int, percent: str, cell: str) -> None:
    """One decimal, exactly; `0`, `N (100)`, `<0.1`, `>99.9` as the rule has them."""
    assert percent_text(count, total) == percent
    assert count_percent_text(count, total) == cell


def test_every_percentage_of_small_trials_against_decimal_arithmetic() -> None:
    """All n of N up to 200, against Python's decimal module."""
    for total in range(1, 201):
        for count in range(1, total):
            exact = round_half_away(Fraction(100 * count, total), 1)
            expected = "<0.1" if exact == 0 else str(exact)
            assert percent_text(count, total) == expected


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (Fraction(5, 100), 1, "0.1"),
        (Fraction(-5, 100), 1, "-0.1"),
        (Fraction(-4, 100), 1, "0.0"),  # never minus zero
        (Fraction(0), 1, "0.0"),
        (-0.0, 1, "0.0"),
        (-8.333333, 1, "-8.3"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(-5, 2), 0, "-3"),
        (12345, 1, "12345.0"),
    ],
)
def test_halves_round_away_from_zero(value: Fraction | float, digits: int, expected: str) -> None:
    """Both signs alike; minus zero prints as zero."""
    assert str(round_half_away(value, digits)) == expected


def test_a_count_above_its_total_is_refused() -> None:
    """Such a proportion is a fault, not a number."""
    with pytest.raises(ValueError, match="13 of 12"):
        percent_text(13, 12)


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.05573, "0.056"), (0.0125, "0.013"), (0.0009, "<0.001"), (0.001, "0.001"), (1.0, ">0.999"), (0.9991, ">0.999"),
     (0.999, "0.999"), (None, "NE")],
)  # fmt: skip
def test_p_values(p: float | None, text: str) -> None:
    """Three decimals; `<0.001`, `>0.999`; not estimable prints NE."""
    assert p_value_text(p) == text


def test_points() -> None:
    """A difference in percentage points has one decimal; one that cannot be estimated prints NE."""
    assert [points_text(value) for value in (Fraction(100, 3), Fraction(-25, 3), None)] == ["33.3", "-8.3", "NE"]
    assert isinstance(round_half_away(1, 1), Decimal)
