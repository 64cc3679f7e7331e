"""What a statistic hands over: numbers at risk, estimate, interval, the method's name; or why there is no number.

Rule: a number that cannot be estimated is None with a reason (printed NE), never NaN and never a guess. Functions on
many cells at once return `Estimates`, whose arrays hold NaN inside; one cell of it is an `Estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.methods import Method

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """One number with its interval.

    `events` and `totals`: n and N of each group (N is person-time for rates). `value`, `lower`, `upper`: None where it
    cannot be estimated, and then `reason` says why. Raises ValueError where one is None, or NaN, without a reason.
    """

    events: tuple[float, ...]
    totals: tuple[float, ...]
    value: float | None
    lower: float | None
    upper: float | None
    method: Method
    reason: str = ""

    def __post_init__(self) -> None:
        numbers = (self.value, self.lower, self.upper)
        if any(number is not None and isnan(number) for number in numbers):
            raise ValueError(f"{self.method}: NaN is no estimate")
        if None in numbers and not self.reason:
            raise ValueError(f"{self.method}: not estimable, and no reason is given")


@dataclass(frozen=True, eq=False)
class Estimates:
    """Many estimates by one method: arrays of one shape; NaN where not estimable, with the reason in `reason`."""

    events: tuple[Floats, ...]
    totals: tuple[Floats, ...]
    value: Floats
    lower: Floats
    upper: Floats
    method: Method
    reason: NDArray[np.str_]

    def __len__(self) -> int:
        return self.value.size

    def __getitem__(self, index: int) -> Estimate:
        """The estimate in one place (arrays are read flat)."""
        value, lower, upper = (number_or_none(part.flat[index]) for part in (self.value, self.lower, self.upper))
        return Estimate(
            tuple(float(part.flat[index]) for part in self.events),
            tuple(float(part.flat[index]) for part in self.totals),
            value,
            lower,
            upper,
            self.method,
            str(self.reason.flat[index]),
        )


@dataclass(frozen=True)
class HypothesisTest:
    """A test: statistic, its degrees of freedom, p-value; None with a reason where it cannot be done."""

    statistic: float | None
    degrees: tuple[int, ...]
    p: float | None
    method: Method
    reason: str = ""


@dataclass(frozen=True)
class NotEstimable:
    """A case in which a number is not given: where, why, and whether the point estimate stands nevertheless."""

    where: Flags
    reason: str
    keeps_value: bool = False


def assemble_estimates(
    events: Sequence[ArrayLike],
    totals: Sequence[ArrayLike],
    numbers: tuple[Floats, Floats, Floats],
    method: Method,
    cases: Sequence[NotEstimable],
) -> Estimates:
    """Estimates from (value, lower, upper) and the cases in which they are not given; the first case that holds counts.

    Expects arrays that broadcast to the shape of the value. A case that drops the value drops the limits, too.
    """
    shape = numbers[0].shape
    value, lower, upper = (np.array(number, dtype=np.float64) for number in np.broadcast_arrays(*numbers))
    reason = np.full(shape, "", dtype=object)
    for case in reversed(cases):
        where = np.broadcast_to(case.where, shape)
        reason = np.where(where, case.reason, reason)
    told = np.zeros(shape, dtype=np.bool_)
    for case in cases:
        where = np.broadcast_to(case.where, shape) & ~told
        lower, upper = np.where(where, np.nan, lower), np.where(where, np.nan, upper)
        if not case.keeps_value:
            value = np.where(where, np.nan, value)
        told |= where
    spread = [
        tuple(np.broadcast_to(np.asarray(part, dtype=np.float64), shape) for part in parts)
        for parts in (events, totals)
    ]
    return Estimates(spread[0], spread[1], value, lower, upper, method, reason.astype(np.str_))


def number_or_none(value: float) -> float | None:
    """A float, or None where it is NaN."""
    return None if isnan(value) else float(value)
