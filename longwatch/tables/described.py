"""Numbers described as a table prints them: n, mean, SD, median, quartiles, range, each rounded once (spec C.2)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from longwatch.stats.descriptive import compute_quantile, compute_summary, find_outliers
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away

MOST_DECIMALS = 3

Numbers = NDArray[np.float64]


def compute_decimals(values: Numbers, otherwise: int = MOST_DECIMALS) -> int:
    """How many decimals the values are collected with; `otherwise` where they have more than two (computed ones)."""
    known = values[~np.isnan(values)]
    for decimals in range(MOST_DECIMALS):
        if _fits(known, decimals):
            return decimals
    return otherwise


def describe_values(values: Numbers, decimals: int) -> dict[str, tuple[float | int | None, str]]:
    """Each statistic with its text: mean, median and quartiles with one decimal more than collected, SD with two more.

    Of values collected with so many decimals, what is a ratio of whole numbers is rounded from that ratio, exactly
    (spec C.2 rule 3); of values with more decimals, from the number computed. NaN is missing.
    """
    known = values[~np.isnan(values)]
    summary = compute_summary(known)
    scale = 10**decimals
    scaled = np.rint(known * scale)
    is_exact = _fits(known, decimals)

    def exact(number: float | None) -> Fraction | None:
        return None if number is None else Fraction(number) / scale

    mean = Fraction(int(scaled.sum()), scale) / summary.n if summary.n and is_exact else summary.mean
    quantiles: dict[str, Fraction | float | None] = {
        "median": summary.median, "q1": summary.first_quartile, "q3": summary.third_quartile
    }  # fmt: skip
    if is_exact:
        quantiles = {name: exact(compute_quantile(scaled, Fraction(place, 4))) for name, place in _QUANTILES}
    numbers: dict[str, tuple[float | None, Fraction | float | None, int]] = {
        "mean": (summary.mean, mean, decimals + 1),
        "sd": (summary.sd, summary.sd, decimals + 2),
        "median": (summary.median, quantiles["median"], decimals + 1),
        "q1": (summary.first_quartile, quantiles["q1"], decimals + 1),
        "q3": (summary.third_quartile, quantiles["q3"], decimals + 1),
        "min": (summary.minimum, summary.minimum, decimals),
        "max": (summary.maximum, summary.maximum, decimals),
    }
    found: dict[str, tuple[float | int | None, str]] = {"n": (summary.n, str(summary.n))}
    for name, (value, precise, digits) in numbers.items():
        found[name] = (value, NOT_ESTIMABLE if precise is None else str(round_half_away(precise, digits)))
    return found


def describe_box(values: Numbers, decimals: int) -> tuple[dict[str, tuple[float | int | None, str]], NDArray[np.bool_]]:
    """What `describe_values` gives, with the ends of the whiskers of a box plot (the lowest and the highest value that
    is no outlier) and how many outliers there are; and which values those are. Expects no missing value.

    Of values collected with so many decimals, a value on a fence is told from one beyond it exactly.
    """
    outside = find_outliers(np.rint(values * 10**decimals) if _fits(values, decimals) else values)
    found = describe_values(values, decimals)
    for name, choose in (("whisker_low", min), ("whisker_high", max)):
        end = choose(values[~outside].tolist(), default=None)
        found[name] = (end, NOT_ESTIMABLE if end is None else str(round_half_away(end, decimals)))
    found["outliers"] = (int(outside.sum()), str(int(outside.sum())))
    return found, outside


def print_described(texts: dict[str, str]) -> tuple[str, ...]:
    """The cells of `LINES` from the texts of the statistics."""
    return (
        texts["n"],
        f"{texts['mean']} ({texts['sd']})",
        texts["median"],
        f"{texts['q1']}, {texts['q3']}",
        f"{texts['min']}, {texts['max']}",
    )


LINES = ("n", "Mean (SD)", "Median", "Q1, Q3", "Min, Max")
"""The lines below the name of a number that is described."""


def _fits(known: Numbers, decimals: int) -> bool:
    scaled = known * 10**decimals
    return bool(np.allclose(scaled, np.rint(scaled), rtol=0, atol=1e-6))


_QUANTILES = (("q1", 1), ("median", 2), ("q3", 3))
