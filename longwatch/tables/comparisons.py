"""An arm against the control, line by line: risk difference with its interval, Fisher's p (spec C.2 rule 4, C.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from longwatch.stats.differences import compare_risks
from longwatch.stats.fisher import compute_fisher
from longwatch.stats.methods import Method
from longwatch.study.model import Comparison

METHODS = {
    "miettinen-nurminen": Method.MIETTINEN_NURMINEN,
    "newcombe": Method.NEWCOMBE,
    "wald": Method.WALD,
}
"""Interval of the risk difference by its word in the study file."""


@dataclass(frozen=True)
class Compared:
    """One line of one comparison. Differences and limits in percentage points; None: cannot be estimated."""

    difference: Fraction | None
    lower: float | None
    upper: float | None
    p: float | None


def compute_comparison(
    counts: Sequence[tuple[int, int, int, int] | None], comparison: Comparison
) -> list[Compared | None]:
    """One comparison of every line, from subjects and N of the arm, subjects and N of the control. A line that was not
    counted → None.

    Cases: N = 0 in an arm → nothing can be estimated; no event in both arms → difference 0, interval and p cannot be
    estimated (spec C.2 rule 4); else by the study's method. Statistics that the study does not ask for are None.
    """
    # Lines with equal counts are many: each table is computed once.
    different = sorted({table for table in counts if table is not None})
    x1, n1, x2, n2 = np.array(different, dtype=np.int64).reshape(-1, 4).T
    nothing = np.full(len(different), np.nan)
    lower, upper, p = nothing, nothing, nothing
    if "risk_difference" in comparison.statistics:
        risks = compare_risks(x1, n1, x2, n2, method=METHODS[comparison.method])
        lower, upper = risks.lower, risks.upper
    if "fisher" in comparison.statistics:
        p = compute_fisher(x1, n1, x2, n2)
    of_table: dict[tuple[int, int, int, int], Compared] = {}
    for table, *values in zip(different, 100 * lower, 100 * upper, p, strict=True):
        a, m, b, n = table
        estimated = [float(value) if m and n and a + b and not np.isnan(value) else None for value in values]
        difference = Fraction(100 * (a * n - b * m), m * n) if m and n else None
        of_table[table] = Compared(difference, *estimated)
    return [None if table is None else of_table[table] for table in counts]
