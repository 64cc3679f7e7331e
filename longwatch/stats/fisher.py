"""Fisher's exact test for 2 × 2 tables, many at a time (spec C.4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SAME_PROBABILITY = 1 + 1e-7
"""Tables this close to the observed one's probability count as equally probable, as in R and SciPy."""
_REACH = 40
"""Standard deviations around the mean beyond which a table's probability is below the smallest double."""


def compute_fisher(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p-values of x1 of n1 against x2 of n2, one per row; equal tables are computed once.

    p = the sum of the probabilities, with all margins fixed, of every table that is at most as probable as the
    observed one. No event in both arms, or all with the event → 1. n1 = 0 or n2 = 0 → NaN.
    Source: Fisher 1935; the two-sided rule of R's fisher.test and scipy.stats.fisher_exact.
    """
    tables = np.stack(np.broadcast_arrays(x1, n1, x2, n2), axis=-1).reshape(-1, 4)
    different, position = np.unique(tables, axis=0, return_inverse=True)
    values = [_two_sided(*table) if table[1] and table[3] else np.nan for table in different.tolist()]
    return np.array(values, dtype=np.float64)[position.reshape(-1)]


def _two_sided(a: int, n1: int, b: int, n2: int) -> float:
    events = a + b
    total = n1 + n2
    first, last = max(0, events - n2), min(events, n1)
    if first == last:
        return 1.0
    mean = events * n1 / total
    deviation = (mean * (n2 / total) * ((total - events) / max(total - 1, 1))) ** 0.5
    low = max(first, min(a, int(mean - _REACH * deviation) - 1))
    high = min(last, max(a, int(mean + _REACH * deviation) + 1))
    k = np.arange(low, high, dtype=np.float64)
    # P(k+1)/P(k) of the hypergeometric distribution; logs are summed from one end, then scaled to the largest.
    steps = np.log((events - k) * (n1 - k)) - np.log((k + 1) * (n2 - events + k + 1))
    logs = np.concatenate(([0.0], np.cumsum(steps)))
    probabilities = np.exp(logs - logs.max())
    observed = probabilities[a - low]
    return float(min(1.0, probabilities[probabilities <= observed * _SAME_PROBABILITY].sum() / probabilities.sum()))
