"""Who is at risk when: the table that every time-to-event statistic starts from.

Conventions, the same everywhere: time is what a subject was observed for; a subject is at risk at t where its time is
at least t, so a subject censored at a time of an event is at risk in it; events at one time are ties, counted together.
Cause 0 is censored, 1 and more are events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Floats

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Distinct times of any event, ascending; subjects at risk and events of each cause at each of them.

    `events` has the shape (causes, times); `last`: the longest time observed (−1 without a subject).
    """

    subjects: int
    times: Floats
    at_risk: Codes
    events: Codes
    last: float

    @property
    def all_events(self) -> Codes:
        """Events of any cause at each time."""
        return np.asarray(self.events.sum(axis=0), dtype=np.int64)

    def place(self, time: float) -> int:
        """How many of the times are at or before `time`."""
        return int(np.searchsorted(self.times, time, side="right"))


def compute_risk_table(time: ArrayLike, cause: ArrayLike, causes: int = 1) -> RiskTable:
    """The table of one group. Raises ValueError for a missing, negative or infinite time, and for an unknown cause."""
    observed, kind = check_times(time, cause, causes)
    ordered = np.sort(observed)
    times = np.unique(observed[kind > 0])
    at_risk = len(ordered) - np.searchsorted(ordered, times, side="left")
    events = np.zeros((causes, len(times)), dtype=np.int64)
    for k in range(causes):
        np.add.at(events[k], np.searchsorted(times, observed[kind == k + 1]), 1)
    last = float(ordered[-1]) if len(ordered) else -1.0
    return RiskTable(len(observed), times, at_risk.astype(np.int64), events, last)


def compute_numbers_at_risk(time: ArrayLike, at: ArrayLike) -> Codes:
    """Subjects whose time is at least each of the times `at`: what stands under the axis of a curve."""
    ordered = np.sort(np.asarray(time, dtype=np.float64))
    return (len(ordered) - np.searchsorted(ordered, np.asarray(at, dtype=np.float64), side="left")).astype(np.int64)


def check_times(time: ArrayLike, cause: ArrayLike, causes: int = 1) -> tuple[Floats, Codes]:
    """Times and causes as arrays; raises ValueError where they cannot be used."""
    observed = np.asarray(time, dtype=np.float64).reshape(-1)
    kind = np.asarray(cause).astype(np.int64).reshape(-1)
    if observed.shape != kind.shape:
        raise ValueError(f"{len(observed)} times and {len(kind)} causes")
    if not np.isfinite(observed).all() or np.any(observed < 0):
        raise ValueError("a time to event is finite and not negative; leave out subjects without one")
    if np.any(kind < 0) or np.any(kind > causes):
        raise ValueError(f"a cause lies between 0 (censored) and {causes}")
    return observed, kind
