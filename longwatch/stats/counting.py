"""Distinct subjects and events by arm and term, from integer codes.

Text is coded once (see `longwatch.derive.coded`); every count after that is on integers: subjects are numbered by
their row in ADSL, terms 0, 1, 2, … Records are counted some at a time. Where they are in the order of subjects, as data
mostly is, what a subject has is looked up in a small table of (subject, term); else each pair is found by one sort.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.integer]
Counts = NDArray[np.int64]

RECORDS_AT_ONCE = 1 << 16
MOST_CELLS = 1 << 24
"""Of a table of (subject, term): a bound on memory."""
_NONE = np.iinfo(np.int64).min


def compute_distinct_pairs(subject: Codes, term: Codes, terms: int) -> Counts:
    """Each (subject, term) that occurs, once, as subject · terms + term, ascending."""
    parts = [_distinct(subject[part], term[part], terms) for part in _by_subject(subject)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def compute_subjects_by_term(
    subject: Codes, term: Codes, terms: int, group_of_term: Codes, groups: int, arm_of_subject: Codes, arms: int
) -> tuple[Counts, Counts]:
    """Distinct subjects by arm and term, and by arm and group of terms, in which a subject with several of its terms
    counts once: shapes (arms, terms), (arms, groups). As `compute_subjects` of the distinct pairs, which are not kept.
    """
    by_term, by_group = (np.zeros((arms, count), dtype=np.int64) for count in (terms, groups))
    for part in _by_subject(subject):
        pairs = _distinct(subject[part], term[part], terms)
        by_term += compute_subjects(pairs, terms, arm_of_subject, arms)
        of_group = compute_distinct_groups(pairs, terms, group_of_term, groups)
        by_group += compute_subjects(of_group, groups, arm_of_subject, arms)
    return by_term, by_group


def compute_present(subject: Codes, subjects: int) -> NDArray[np.bool_]:
    """By subject, whether it has a record."""
    found = np.zeros(subjects, dtype=np.bool_)
    for part in _parts(len(subject)):
        found[subject[part]] = True
    return found


def compute_largest(subject: Codes, term: Codes, terms: int, value: Codes) -> tuple[Counts, Counts]:
    """Each (subject, term) that occurs, as `compute_distinct_pairs` has it, and the largest value of its records."""
    parts = list(iterate_largest(subject, term, terms, value))
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    pairs, most = zip(*parts, strict=True)
    return np.concatenate(pairs), np.concatenate(most)


def iterate_largest(subject: Codes, term: Codes, terms: int, value: Codes) -> Iterator[tuple[Counts, Counts]]:
    """The same some subjects at a time, for who need not keep it."""
    return (_largest(subject[part], term[part], terms, value[part]) for part in _by_subject(subject))


def compute_distinct_groups(pairs: Counts, terms: int, group_of_term: Codes, groups: int) -> Counts:
    """Each (subject, group) of the pairs, once, as subject · groups + group: a subject with several terms of a group
    counts once in it."""
    subject, term = np.divmod(pairs, terms)
    return compute_distinct_pairs(subject, group_of_term[term], groups)


def compute_subjects(pairs: Counts, terms: int, arm_of_subject: Codes, arms: int) -> Counts:
    """Distinct subjects by arm and term, from distinct pairs: shape (arms, terms)."""
    found = np.zeros(arms * terms, dtype=np.int64)
    for part in _parts(len(pairs)):
        subject, term = np.divmod(pairs[part], terms)
        found += np.bincount(arm_of_subject[subject].astype(np.int64) * terms + term, minlength=len(found))
    return found.reshape(arms, terms)


def compute_events(subject: Codes, term: Codes, terms: int, arm_of_subject: Codes, arms: int) -> Counts:
    """Records by arm and term: shape (arms, terms)."""
    found = np.zeros(arms * terms, dtype=np.int64)
    for part in _parts(len(subject)):
        cells = arm_of_subject[subject[part]].astype(np.int64) * terms + term[part]
        found += np.bincount(cells, minlength=len(found))
    return found.reshape(arms, terms)


def _parts(records: int) -> Iterator[slice]:
    return (slice(start, start + RECORDS_AT_ONCE) for start in range(0, records, RECORDS_AT_ONCE))


def _by_subject(subject: Codes) -> Iterator[slice]:
    """Parts of the records, no subject in two of them: all in one part where they are not in the order of subjects."""
    if not len(subject):
        return
    if not (subject[1:] >= subject[:-1]).all():
        yield slice(0, len(subject))
        return
    # Each part starts with the first record of the subject that it would otherwise cut.
    cuts = (subject[part.start] for part in _parts(len(subject)))
    bounds = sorted({int(np.searchsorted(subject, cut)) for cut in cuts})
    for start, stop in zip(bounds, [*bounds[1:], len(subject)], strict=True):
        yield slice(start, stop)


def _cells(subject: Codes, term: Codes, terms: int) -> tuple[int, int, Counts]:
    """The first cell of a table of these subjects, how many cells it has, and each record's cell in it."""
    first, last = int(subject.min()), int(subject.max())
    cells = subject.astype(np.int64)
    cells -= first
    cells *= terms
    cells += term
    return first * terms, (last - first + 1) * terms, cells


def _distinct(subject: Codes, term: Codes, terms: int) -> Counts:
    first, width, cells = _cells(subject, term, terms)
    if width <= MOST_CELLS:
        seen = np.zeros(width, dtype=np.bool_)
        seen[cells] = True
        pairs: Counts = np.flatnonzero(seen)
    else:
        cells.sort()
        pairs = cells[np.append(True, cells[1:] != cells[:-1])]
    return pairs + first


def _largest(subject: Codes, term: Codes, terms: int, value: Codes) -> tuple[Counts, Counts]:
    first, width, cells = _cells(subject, term, terms)
    if width <= MOST_CELLS:
        most = np.full(width, _NONE)
        np.maximum.at(most, cells, value.astype(np.int64))
        pairs = np.flatnonzero(most != _NONE)
        return pairs + first, most[pairs]
    # Cell and value in one number: the last of a cell has its largest value.
    least, span = int(value.min()), int(value.max()) - int(value.min()) + 1
    both = np.sort(cells * span + (value.astype(np.int64) - least))
    pairs, most = np.divmod(both, span)
    last = np.append(pairs[1:] != pairs[:-1], True)
    return pairs[last] + first, most[last] + least
