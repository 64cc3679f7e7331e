"""How often 95 % intervals of small trials hold the truth, by enumeration, as docs/statistics.md prints it.

`python -m tools.coverage_table` writes the table anew. Nothing is simulated: every possible result is weighted by its
probability at each true value of a grid.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from longwatch.stats.differences import compare_risks
from longwatch.stats.methods import Method
from longwatch.stats.proportions import compute_proportion
from longwatch.stats.rates import compute_poisson_limits

PAGE = Path(__file__).resolve().parents[1] / "docs" / "statistics.md"
BEGIN, END = "<!-- coverage -->\n", "<!-- /coverage -->\n"
ARM = 12
Floats = NDArray[np.float64]
_BESIDE = 1e-9


def compute_binomial_coverage(n: int, method: Method) -> Floats:
    """Coverage of the interval of x/n at 0.001, 0.002, …, 0.999 and on both sides of every limit, where it jumps."""
    x = np.arange(n + 1)
    found = compute_proportion(x, np.full(n + 1, n), method=method)
    truth = _truths(np.arange(1, 1000) / 1000, found.lower, found.upper)
    truth = truth[(truth > 0) & (truth < 1)]
    return _weigh(np.asarray(stats.binom.pmf(x, n, truth[:, None])), truth, found.lower, found.upper)


def compute_poisson_coverage(largest: int) -> Floats:
    """Coverage of the exact interval of a count at means up to `largest`, and on both sides of every limit."""
    x = np.arange(largest + 20 * int(largest**0.5 + 3))
    lower, upper = compute_poisson_limits(x)
    truth = _truths(np.arange(1, 10 * largest) / 10, lower, upper)
    truth = truth[(truth > 0) & (truth < largest)]
    return _weigh(np.asarray(stats.poisson.pmf(x, truth[:, None])), truth, lower, upper)


def compute_difference_coverage(n: int, method: Method) -> Floats:
    """Coverage of the risk difference of two arms of n at all pairs of 0.02, 0.04, …, 0.98. A result without an
    interval (no event in either arm) is left out, and the rest weighted anew."""
    x1, x2 = (part.ravel() for part in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    found = compare_risks(x1, n, x2, n, method=method)
    told = ~np.isnan(found.lower)
    grid = np.arange(1, 50) / 50
    mass = np.asarray(stats.binom.pmf(np.arange(n + 1), n, grid[:, None]))
    coverage = []
    for first, one in zip(grid, mass, strict=True):
        for second, two in zip(grid, mass, strict=True):
            weight = np.outer(one, two).ravel()
            difference = first - second
            inside = (found.lower - _BESIDE <= difference) & (difference <= found.upper + _BESIDE)
            coverage.append(weight[told & inside].sum() / weight[told].sum())
    return np.array(coverage)


def _truths(grid: Floats, lower: Floats, upper: Floats) -> Floats:
    limits = np.concatenate((lower, upper))
    return np.concatenate((grid, limits - _BESIDE, limits + _BESIDE))


def _weigh(mass: Floats, truth: Floats, lower: Floats, upper: Floats) -> Floats:
    inside = (lower <= truth[:, None]) & (truth[:, None] <= upper)
    coverage: Floats = (mass * inside).sum(axis=1)
    return coverage


def coverage_table() -> str:
    """The rows: method, least and mean coverage in percent."""
    rows: list[tuple[str, str, Callable[[], Floats]]] = [
        (f"proportion, n = {ARM}", method, partial(compute_binomial_coverage, ARM, method))
        for method in (Method.CLOPPER_PEARSON, Method.WILSON)
    ]
    rows.append(("rate, mean count below 12", Method.POISSON, lambda: compute_poisson_coverage(ARM)))
    rows += [
        (
            f"risk difference, {ARM} against {ARM}",
            method,
            partial(compute_difference_coverage, ARM, method),
        )
        for method in (Method.MIETTINEN_NURMINEN, Method.NEWCOMBE, Method.WALD)
    ]
    lines = ["| estimate | interval | least | mean |", "|---|---|---|---|"]
    for what, method, compute in rows:
        coverage = compute()
        lines.append(f"| {what} | {method} | {100 * coverage.min():.1f} % | {100 * coverage.mean():.1f} % |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + coverage_table() + END + after)


if __name__ == "__main__":
    main()
