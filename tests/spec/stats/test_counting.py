"""Distinct subjects and events by arm and term (spec C.2 rule 1, traps J.1 and J.2)."""

from __future__ import annotations

import numpy as np

from longwatch.stats.counting import (
    compute_distinct_groups,
    compute_distinct_pairs,
    compute_events,
    compute_subjects,
)


def test_a_subject_counts_once_in_a_term_and_once_in_its_group() -> None:
    """Subjects 0, 1 in arm 0; 2, 3 in arm 1 (3 has no event). Terms 0, 1 form group 0; term 2 is group 1."""
    arm_of_subject = np.array([0, 0, 1, 1])
    subject = np.array([0, 0, 0, 1, 2, 2])
    term = np.array([0, 0, 1, 2, 2, 2])
    pairs = compute_distinct_pairs(subject, term, 3)
    groups = compute_distinct_groups(pairs, 3, np.array([0, 0, 1]), 2)
    assert compute_subjects(pairs, 3, arm_of_subject, 2).tolist() == [[1, 1, 1], [0, 0, 1]]
    assert compute_subjects(groups, 2, arm_of_subject, 2).tolist() == [[1, 1], [0, 1]]
    assert compute_events(subject, term, 3, arm_of_subject, 2).tolist() == [[2, 1, 1], [0, 0, 2]]


def test_no_events() -> None:
    """Empty input gives zeros, not an error."""
    none = np.array([], dtype=np.int64)
    pairs = compute_distinct_pairs(none, none, 3)
    assert compute_subjects(pairs, 3, np.array([0, 1]), 2).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert compute_events(none, none, 3, np.array([0, 1]), 2).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_against_sets() -> None:
    """Random records, against counting with Python sets."""
    draw = np.random.default_rng(7)
    subject, term = draw.integers(0, 40, 900), draw.integers(0, 12, 900)
    arm, group = draw.integers(0, 3, 40), draw.integers(0, 4, 12)
    pairs = compute_distinct_pairs(subject, term, 12)
    by_term = compute_subjects(pairs, 12, arm, 3)
    by_group = compute_subjects(compute_distinct_groups(pairs, 12, group, 4), 4, arm, 3)
    rows = list(zip(subject.tolist(), term.tolist(), strict=True))
    for a in range(3):
        for t in range(12):
            assert by_term[a, t] == len({s for s, u in rows if u == t and arm[s] == a})
        for g in range(4):
            assert by_group[a, g] == len({s for s, u in rows if group[u] == g and arm[s] == a})
