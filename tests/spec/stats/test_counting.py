"""Distinct subjects and events by arm and term (spec C.2 rule 1, traps J.1 and J.2)."""

from __future__ import annotations

import numpy as np
import pytest

from longwatch.stats import counting
from longwatch.stats.counting import (
    compute_distinct_groups,
    compute_distinct_pairs,
    compute_events,
    compute_largest,
    compute_present,
    compute_subjects,
    compute_subjects_by_term,
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
    by_term, by_group = compute_subjects_by_term(none, none, 3, np.array([0, 0, 1]), 2, np.array([0, 1]), 2)
    assert (by_term.tolist(), by_group.tolist()) == ([[0, 0, 0], [0, 0, 0]], [[0, 0], [0, 0]])


def test_against_sets() -> None:
    """1,000 random trials, against counting with Python sets."""
    draw = np.random.default_rng(8)
    for _ in range(1000):
        subject, term = draw.integers(0, 6, (2, int(draw.integers(0, 25))))
        arm = draw.integers(0, 3, 6)
        pairs = compute_distinct_pairs(subject, term, 6)
        found, rows = compute_subjects(pairs, 6, arm, 3), set(zip(subject.tolist(), term.tolist(), strict=True))
        events = compute_events(subject, term, 6, arm, 3)
        for a in range(3):
            assert found[a].tolist() == [sum(arm[s] == a and u == t for s, u in rows) for t in range(6)]
            assert events[a].tolist() == [
                sum(arm[s] == a and u == t for s, u in zip(subject, term, strict=True)) for t in range(6)
            ]


def test_many_records_against_sets() -> None:
    """Of groups of terms, too."""
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


@pytest.mark.parametrize("in_order", [True, False], ids=["subject by subject", "in any order"])
@pytest.mark.parametrize("most_cells", [1 << 24, 10], ids=["by a small table", "by a sort"])
@pytest.mark.parametrize("at_once", [1, 7, 1 << 16])
def test_the_way_of_counting_makes_no_difference(
    in_order: bool, most_cells: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs, their largest value, and events, against counting with Python: for records in parts of any size."""
    monkeypatch.setattr(counting, "MOST_CELLS", most_cells)
    monkeypatch.setattr(counting, "RECORDS_AT_ONCE", at_once)
    draw = np.random.default_rng(11)
    subject, term = draw.integers(3, 30, 400).astype(np.uint32), draw.integers(0, 9, 400).astype(np.uint8)
    value = draw.integers(-50, 50, 400)
    if in_order:
        subject.sort()
    largest: dict[int, int] = {}
    for s, t, v in zip(subject.tolist(), term.tolist(), value.tolist(), strict=True):
        largest[s * 9 + t] = max(v, largest.get(s * 9 + t, v))
    pairs, most = compute_largest(subject, term, 9, value)
    assert dict(zip(pairs.tolist(), most.tolist(), strict=True)) == largest
    assert pairs.tolist() == compute_distinct_pairs(subject, term, 9).tolist() == sorted(largest)
    arm, group = draw.integers(0, 2, 30), draw.integers(0, 4, 9)
    by_term, by_group = compute_subjects_by_term(subject, term, 9, group, 4, arm, 2)
    assert by_term.tolist() == compute_subjects(pairs, 9, arm, 2).tolist()
    rows = set(zip(subject.tolist(), group[term].tolist(), strict=True))
    assert by_group.tolist() == [[sum(arm[s] == a and u == g for s, u in rows) for g in range(4)] for a in range(2)]
    assert np.flatnonzero(compute_present(subject, 30)).tolist() == sorted(set(subject.tolist()))
    events = compute_events(subject, term, 9, arm, 2)
    assert events.sum() == 400
    assert events[1, 4] == sum(arm[s] == 1 and t == 4 for s, t in zip(subject, term, strict=True))
