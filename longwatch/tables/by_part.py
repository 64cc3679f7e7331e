"""Events counted by part of follow-up: interval since the first dose, or period of the study (spec C.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.derive.periods import Intervals
from longwatch.stats.counting import compute_distinct_pairs
from longwatch.tables.arms import Arms

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PartCounts:
    """By part, term and arm: subjects whose first event lies in it, or all events; days at risk of them."""

    counts: Counts
    days: Counts


def count_by_part(
    subject: Counts, term: Counts, day: Counts, terms: int, arms: Arms, intervals: Intervals, *, every: bool
) -> PartCounts:
    """Events of terms in each part of follow-up, by arm. `day`: on the clock, at least 1.

    `every`: all events over all days of the part; else first events only, over the days up to them: a subject who had
    its first event before a part adds no day to it. The last part, one more than there are intervals, is all of them.
    """
    whole = by_arm(intervals.days, arms)
    shape = (len(intervals.names) + 1, max(terms, 1), len(arms.names))
    if every:
        place = intervals.place_of(subject, day)
        counts = _tally(place, term, subject, arms, shape)
        return PartCounts(_with_sum(counts), np.broadcast_to(_with_sum(whole)[:, np.newaxis, :], shape))
    pairs = compute_distinct_pairs(subject, term, shape[1])
    first = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(first, np.searchsorted(pairs, subject * shape[1] + term), day)
    who, what = pairs // shape[1], pairs % shape[1]
    counts = _tally(intervals.place_of(who, first), what, who, arms, shape)
    lost = np.zeros((shape[0] - 1, shape[1], shape[2]), dtype=np.int64)
    inside = arms.arm_of_subject[who] >= 0
    who, what, first = who[inside], what[inside], first[inside]
    cell = arms.arm_of_subject[who].astype(np.int64) * shape[1] + what
    for part in range(shape[0] - 1):
        after = np.bincount(cell, weights=intervals.days_after(who, first, part), minlength=shape[1] * shape[2])
        lost[part] = after.astype(np.int64).reshape(shape[2], shape[1]).T
    return PartCounts(_with_sum(counts), _with_sum(whole[:, np.newaxis, :] - lost))


def by_arm(values: Counts, arms: Arms) -> Counts:
    """Sums over the subjects of each arm: from (subjects, parts) to (parts, arms)."""
    sums = np.zeros((values.shape[1], len(arms.names)), dtype=np.int64)
    inside = arms.arm_of_subject >= 0
    np.add.at(sums.T, arms.arm_of_subject[inside], values[inside])
    return sums


def _tally(place: Counts, term: Counts, subject: Counts, arms: Arms, shape: tuple[int, int, int]) -> Counts:
    counts = np.zeros((shape[0] - 1, shape[1], shape[2]), dtype=np.int64)
    arm = arms.arm_of_subject[subject]
    inside = arm >= 0
    np.add.at(counts, (place[inside] - 1, term[inside], arm[inside]), 1)
    return counts


def _with_sum(values: Counts) -> Counts:
    whole: Counts = np.concatenate([values, values.sum(axis=0, keepdims=True)])
    return whole
