"""Poisson processes over windows of days, many subjects at once."""

from __future__ import annotations

import numpy as np

from simulation.days import Days, Reals, number_within

_FAR_APART = 4_000_000


def poisson_days(rng: np.random.Generator, rate: Reals | float, first: Days, last: Days) -> tuple[Days, Days]:
    """Events of a constant daily rate on the days `first` to `last` of each row: (row, day) of every event.

    A window that ends before it starts has no events.
    """
    length = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(length)), rng.poisson(rate * length))
    day = first[row] + np.floor(rng.random(len(row)) * length[row]).astype(np.int64)
    return row, day


def space_apart(group: Days, day: Days, gap: int = 2) -> tuple[Days, Days]:
    """Sorted by group and day, with events of one group at least `gap` days apart: later ones are moved on."""
    order = np.lexsort((day, group))
    group, day = group[order], day[order]
    rank = number_within(group) * gap
    _, dense = np.unique(group, return_inverse=True)
    base = dense.astype(np.int64) * _FAR_APART
    return group, np.asarray(np.maximum.accumulate(day - rank + base) - base + rank)
