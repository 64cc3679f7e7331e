"""Distinct subjects and events by arm and term, from integer codes.

Text is coded once (see `longwatch.derive.coded`); every count after that is on integers: subjects are numbered by
their row in ADSL, terms 0, 1, 2, … One sort of (subject, term) pairs finds each pair once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.integer]
Counts = NDArray[np.int64]


def compute_distinct_pairs(subject: Codes, term: Codes, terms: int) -> Counts:
    """Each (subject, term) that occurs, once, as subject · terms + term, ascending."""
    pairs = subject.astype(np.int64)
    pairs *= terms
    pairs += term
    return _sorted_distinct(pairs)


def compute_distinct_groups(pairs: Counts, terms: int, group_of_term: Codes, groups: int) -> Counts:
    """Each (subject, group) of the pairs, once, as subject · groups + group: a subject with several terms of a group
    counts once in it."""
    return _sorted_distinct(pairs // terms * groups + group_of_term[pairs % terms])


def compute_subjects(pairs: Counts, terms: int, arm_of_subject: Codes, arms: int) -> Counts:
    """Distinct subjects by arm and term, from distinct pairs: shape (arms, terms)."""
    cells = arm_of_subject[pairs // terms].astype(np.int64) * terms + pairs % terms
    return np.bincount(cells, minlength=arms * terms).reshape(arms, terms)


def compute_events(subject: Codes, term: Codes, terms: int, arm_of_subject: Codes, arms: int) -> Counts:
    """Records by arm and term: shape (arms, terms)."""
    cells = arm_of_subject[subject].astype(np.int64) * terms + term
    return np.bincount(cells, minlength=arms * terms).reshape(arms, terms)


def _sorted_distinct(values: Counts) -> Counts:
    values.sort()
    if not len(values):
        return values
    first = np.empty(len(values), dtype=np.bool_)
    first[0] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]
