"""Findings that go on under another fingerprint, since their records have another identity in the newer snapshot.

A fingerprint rests on record identities (`findings.identity`), and an identity may rest on content: where twins are
told apart by it, or where a start date was corrected. Which record is which is then said by the matching of records
between the two snapshots (`snapshot_match`), and a finding follows its records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from longwatch.evidence.record_keys import is_link
from longwatch.evidence.registered import LocatedFinding
from longwatch.evidence.snapshot_match import MatchedDataset, match_snapshots
from longwatch.findings.finding import Finding
from longwatch.standards.dataset import SourceData


def candidates(
    known: Iterable[LocatedFinding], found: Sequence[Finding], snapshot_id: str
) -> dict[str, list[LocatedFinding]]:
    """The known findings that may have to be carried into a snapshot, by the snapshot where they were last seen.

    Cases: not fixed, last seen in another snapshot, and where its records lay is known → a candidate; but none of a
    rule and dataset of which nothing is found any more (there is nothing to go on as), or of which exactly the known
    fingerprints are found again (there all are as they were).
    """
    kept: dict[str, list[LocatedFinding]] = {}
    before: dict[tuple[str, str], list[LocatedFinding]] = {}
    for item in known:
        if item.rows and not item.is_fixed and item.snapshot_id != snapshot_id:
            before.setdefault((item.rule_id, item.dataset), []).append(item)
    now: dict[tuple[str, str], set[str]] = {}
    for finding in found:
        now.setdefault((finding.rule_id, finding.dataset), set()).add(finding.fingerprint)
    for place, items in before.items():
        if now.get(place) and {item.fingerprint for item in items} != now[place]:
            for item in items:
                kept.setdefault(item.snapshot_id, []).append(item)
    return kept


def carry_over(
    known: Sequence[LocatedFinding],
    found: Sequence[Finding],
    old: SourceData,
    new: SourceData,
    keys: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, str]:
    """By old fingerprint, the new one under which a finding goes on.

    `known`: findings last seen in `old`. `found`: those of a validation of `new`. `keys`: what define.xml declares.

    1. A finding goes on as the finding of the same rule and dataset on exactly its records, as the records of `old` are
       matched with those of `new`. A set of records that lost or got a member is another set.
    2. A finding whose records do not fail the rule any more does not go on. Where its fingerprint is now another's (of
       twins one was corrected), it takes the fingerprint that became free, so that each keeps its own history.
    3. Everything else stays under its fingerprint.

    Returns only fingerprints that change, and no new one twice.
    """
    names = {item.dataset for item in known} & {finding.dataset for finding in found}
    here: dict[tuple[str, str, tuple[int, ...]], str] = {
        (finding.rule_id, finding.dataset, tuple(sorted(finding.rows))): finding.fingerprint
        for finding in found
        if finding.rows
    }
    moves: dict[str, str] = {}
    for name, row_now in _rows_now(old, new, names, keys):
        for item in known:
            if item.dataset != name or any(row >= len(row_now) for row in item.rows):
                continue
            rows = [int(row_now[row]) for row in item.rows]
            fingerprint = here.get((item.rule_id, name, tuple(sorted(rows)))) if min(rows) >= 0 else None
            if fingerprint is not None:
                moves[item.fingerprint] = fingerprint
    return _give_way(moves, {item.fingerprint for item in known})


def _rows_now(
    old: SourceData, new: SourceData, names: Collection[str], keys: Mapping[str, Sequence[str]] | None
) -> Iterable[tuple[str, np.ndarray[tuple[int], np.dtype[np.int64]]]]:
    """By dataset, where each row of the older snapshot is in the newer one; -1 where it has no partner."""
    sides = [_only(data, names) for data in (old, new)]
    for matched in match_snapshots(sides[0], sides[1], keys):
        if matched.name in names:
            yield matched.name, _positions(matched)


def _positions(matched: MatchedDataset) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rows = np.full(matched.old.height, -1, dtype=np.int64)
    rows[matched.match.pairs["old"].to_numpy()] = matched.match.pairs["new"].to_numpy()
    return rows


def _only(data: SourceData, names: Collection[str]) -> SourceData:
    """Some datasets of a snapshot; with links among them, all, since links follow their parents."""
    if any(is_link(name) for name in names):
        return data
    return SourceData({name: item for name, item in data.datasets.items() if name in names or is_link(name)})


def _give_way(moves: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """The moves, and for each known finding whose fingerprint another one takes the one that became free.

    Following a move from fingerprint to fingerprint ends where a finding does not move on. It takes the fingerprint
    with which the chain began, which nobody has any more.
    """
    stays = {old for old, new in moves.items() if old == new}
    changed = {old: new for old, new in moves.items() if old != new}
    began = {new: old for old, new in changed.items()}
    for displaced in [new for new in changed.values() if new in known and new not in changed and new not in stays]:
        free = displaced
        while free in began:
            free = began[free]
        changed[displaced] = free
    return changed
