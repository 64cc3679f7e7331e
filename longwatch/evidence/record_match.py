"""Which record of one snapshot is which record of the next (CONTRACTS.md, Record identity across snapshots).

A record's locator, USUBJID with --SEQ, is only valid within its snapshot: numbers are given anew, rows move. So records
are matched by what they say, in this order, each step with the records that the steps before left over:

1. identical content, without --SEQ, study days and order, as a multiset;
2. the sponsor's id (--SPID, then --REFID), where it is unique in subject and domain in both snapshots;
3. the keys of define.xml without --SEQ, where they are unique in both snapshots;
4. USUBJID, topic and start date; then the natural key of datasets that have one (DM by subject, TS by TSPARMCD …);
5. every value but one, which was corrected: the start date, or in coded data the topic; only where the rest is filled
   well enough to tell, and no other record of either snapshot has it (`record_correction`, docs/adr/0013).

Ties are broken by the greatest agreement of values, then by source order; among identical records also by the records
that link to them and by an equal --SEQ, so that nothing moves that did not have to. A missing start date is a value
like others; a missing id or key matches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.evidence.record_assignment import assign_by_agreement
from longwatch.evidence.record_correction import pair_corrected
from longwatch.evidence.record_keys import RecordKeys, record_keys
from longwatch.findings.identity import as_text

STEPS = ("content", "sponsor id", "declared key", "topic", "one value")
"""What matched a pair, in the order of the module."""

_LINKS = "_LINKS"
HASH_SEED = 20240229
"""Any number: hashes are compared within one call only."""


@dataclass(frozen=True, eq=False)
class RecordMatch:
    """The records of one dataset in two snapshots: every row position is in exactly one of the three.

    `pairs`: columns `old`, `new` (row positions, UInt32) and `step` (one of STEPS), in the order of `new`.
    `removed`: rows of the older snapshot without a partner. `added`: rows of the newer one. Both ascending.
    """

    pairs: pl.DataFrame
    removed: pl.Series
    added: pl.Series


def match_records(
    dataset: str,
    old: pl.DataFrame,
    new: pl.DataFrame,
    *,
    keys: Sequence[str] = (),
    old_links: pl.Series | None = None,
    new_links: pl.Series | None = None,
) -> RecordMatch:
    """The records of `old` matched with the records of `new`.

    The rule: see the module. Only variables that both frames have are compared; one whose type differs is compared as
    text (`1`, whether number or text). `keys`: what define.xml declares for the dataset. `old_links`, `new_links`: one
    value per record that stands for the records that link to it (supplemental qualifiers, comments, relationships).

    Expects one row per record in source order, blank text as null. Links expect their parent's name in the column
    `_PARENT` (see `longwatch.evidence.record_links`); without it IDVARVAL is content like any other.
    The same input gives the same match.
    """
    rows = old.height, new.height
    old, new = comparable(old, new)
    found = record_keys(dataset, old.columns, keys)
    extra = []
    if old_links is not None and new_links is not None:
        extra = [_LINKS]
        old, new = old.with_columns(old_links.alias(_LINKS)), new.with_columns(new_links.alias(_LINKS))
    match = _Matching(old, new, *rows)
    numbers = [name for name in found.numbers if name.endswith("SEQ")]
    match.by_content(found, [extra + numbers, extra, []])
    for step, unique_keys in ((1, found.sponsor_ids), (2, found.declared)):
        for key in unique_keys:
            match.by_unique(step, key)
    for key in found.topic:
        match.by_topic(key, [*found.content, *extra])
    match.by_correction(found)
    return match.result()


def comparable(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both frames with the variables that both have, in the newer one's order, with equal types.

    A variable whose types differ becomes text in both; where one is text and the other a number, text that is a number
    takes the number's form (`1.0` and 1 are both `1`).
    """
    shared = [name for name in new.columns if name in old.columns]
    sides = [
        pl.DataFrame([_alike(frame[name], other[name]) for name in shared]) for frame, other in ((old, new), (new, old))
    ]
    return sides[0], sides[1]


def _alike(values: pl.Series, other: pl.Series) -> pl.Series:
    if values.dtype == other.dtype:
        return values
    text = _text(values)
    if values.dtype != pl.String or not other.dtype.is_numeric():
        return text
    number = _text(values.cast(pl.Float64, strict=False))
    return pl.select(pl.coalesce(number, text).alias(values.name)).to_series()


def _text(values: pl.Series) -> pl.Series:
    return values.to_frame().select(as_text(values.name, values.dtype)).to_series()


class _Matching:
    """The rows that are still without a partner, and the pairs found so far."""

    def __init__(self, old: pl.DataFrame, new: pl.DataFrame, old_rows: int, new_rows: int) -> None:
        self.old, self.new = old, new
        self.old_free: NDArray[np.bool_] = np.ones(old_rows, dtype=bool)
        self.new_free: NDArray[np.bool_] = np.ones(new_rows, dtype=bool)
        self.found: list[tuple[NDArray[np.int64], NDArray[np.int64], int]] = []

    @property
    def is_done(self) -> bool:
        """Whether one side has no row left."""
        return not (self.old_free.any() and self.new_free.any())

    def by_content(self, keys: RecordKeys, extras: Sequence[Sequence[str]]) -> None:
        """Identical content, first with all that may tell identical records apart, at last without any of it.

        Rows are found by the hash of their content, and compared value by value before they are taken as identical.
        """
        if not keys.content or self.is_done:
            return
        hashes = [frame.select(keys.content).hash_rows(HASH_SEED) for frame in (self.old, self.new)]
        for extra in dict.fromkeys(tuple(extra) for extra in extras):
            sides = []
            for frame, free, content, side in (
                (self.old, self.old_free, hashes[0], "old"),
                (self.new, self.new_free, hashes[1], "new"),
            ):
                hashed = frame.select(pl.lit(content).alias("_HASH"), *extra).hash_rows(HASH_SEED) if extra else content
                rows = np.flatnonzero(free)
                key = hashed.to_numpy()[rows]
                sides.append(pl.DataFrame({side: rows, "key": key, "nth": _occurrence(key)}))
            joined = sides[0].join(sides[1], on=["key", "nth"])
            old_rows, new_rows = joined["old"], joined["new"]
            same = pl.Series(np.ones(joined.height, dtype=bool))
            for name in keys.content:
                same &= self.old[name].gather(old_rows).eq_missing(self.new[name].gather(new_rows))
            self._take(old_rows.filter(same).to_numpy(), new_rows.filter(same).to_numpy(), 0)

    def by_unique(self, step: int, key: Sequence[str]) -> None:
        """An equal key that no other record of its own snapshot has, matched or not."""
        if self.is_done:
            return
        named = [name for name in key if name != "USUBJID"] or list(key)
        sides = [
            frame.select(*key)
            .with_columns(pl.Series(side, np.arange(frame.height)), pl.Series("_FREE", free))
            .filter(pl.any_horizontal(pl.col(named).is_not_null()))
            .filter(pl.len().over(*key) == 1)
            .filter("_FREE")
            for frame, free, side in ((self.old, self.old_free, "old"), (self.new, self.new_free, "new"))
        ]
        joined = sides[0].join(sides[1], on=list(key), nulls_equal=True)
        self._take(joined["old"].to_numpy(), joined["new"].to_numpy(), step)

    def by_topic(self, key: Sequence[str], content: Sequence[str]) -> None:
        """An equal key, the best agreement first where several have it."""
        if self.is_done:
            return
        old_rows, new_rows = np.flatnonzero(self.old_free), np.flatnonzero(self.new_free)
        needed = list(dict.fromkeys((*key, *content)))
        left, right = assign_by_agreement(
            self.old.select(needed)[old_rows], self.new.select(needed)[new_rows], key, content
        )
        self._take(old_rows[left], new_rows[right], 3)

    def by_correction(self, keys: RecordKeys) -> None:
        """Every value equal but the one that was corrected."""
        if self.is_done or not keys.corrected:
            return
        self._take(*pair_corrected(self.old, self.new, self.old_free, self.new_free, keys), 4)

    def result(self) -> RecordMatch:
        """What was matched and what was not."""
        pairs = pl.concat(
            [
                pl.DataFrame(
                    {"old": old_rows, "new": new_rows, "step": [STEPS[step]] * len(old_rows)},
                    schema={"old": pl.UInt32, "new": pl.UInt32, "step": pl.Enum(STEPS)},
                )
                for old_rows, new_rows, step in self.found
            ]
            or [pl.DataFrame(schema={"old": pl.UInt32, "new": pl.UInt32, "step": pl.Enum(STEPS)})]
        )
        return RecordMatch(
            pairs=pairs.sort("new"),
            removed=pl.Series("old", np.flatnonzero(self.old_free), pl.UInt32),
            added=pl.Series("new", np.flatnonzero(self.new_free), pl.UInt32),
        )

    def _take(self, old_rows: NDArray[np.int64], new_rows: NDArray[np.int64], step: int) -> None:
        self.old_free[old_rows] = False
        self.new_free[new_rows] = False
        self.found.append((old_rows, new_rows, step))


def _occurrence(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The how-manieth of its key each row is, from 0, in source order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if keys.size else np.array([], int)
    counts = np.diff(np.append(starts, keys.size))
    occurrence = np.empty(keys.size, dtype=np.int64)
    occurrence[order] = np.arange(keys.size) - np.repeat(starts, counts)
    return occurrence
