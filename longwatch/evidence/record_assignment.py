"""Which of several candidates is the same record: the pairing with the fewest changed values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

_BLOCK = 200
"""More candidates a side than this are compared in blocks: the work of one pairing grows with their cube."""

_AT_ONCE = 100_000
"""Up to so many comparisons of values are made in one step."""

Positions = NDArray[np.int64]


def assign_by_agreement(
    old: pl.DataFrame, new: pl.DataFrame, key: Sequence[str], content: Sequence[str]
) -> tuple[Positions, Positions]:
    """Pairs of rows with an equal key: positions in `old` and, beside them, in `new`.

    Cases, for the rows of one key:

    1. one on each side: they are a pair;
    2. more: the pairing in which the most values of `content` agree over all its pairs (two missing values agree);
       between equal pairings the one that keeps source order, and what is left over is the latest in it;
    3. more than 200 a side: they are first laid in the order of their content and paired 200 by 200;
    4. a key whose parts other than USUBJID are all missing pairs nothing.

    Expects both frames with the same columns and types. The same input gives the same pairs.
    """
    named = [name for name in key if name != "USUBJID"] or list(key)
    both = pl.concat([old.select(*key), new.select(*key)]).with_row_index("_AT")
    groups = both.select(
        pl.first("_AT").over(*key).alias("group"), pl.any_horizontal(pl.col(named).is_not_null()).alias("named")
    )
    filled = groups["named"].to_numpy()
    group = groups["group"].to_numpy()
    sides = np.arange(both.height) >= old.height
    olds, news = np.flatnonzero(filled & ~sides), np.flatnonzero(filled & sides)
    shared = np.intersect1d(group[olds], group[news])
    olds, news = olds[np.isin(group[olds], shared)], news[np.isin(group[news], shared)]
    olds = olds[np.argsort(group[olds], kind="stable")]
    news = news[np.argsort(group[news], kind="stable")]
    old_sizes = np.unique(group[olds], return_counts=True)[1]
    new_sizes = np.unique(group[news], return_counts=True)[1]
    single = (old_sizes == 1) & (new_sizes == 1)
    old_single, new_single = np.repeat(single, old_sizes), np.repeat(single, new_sizes)
    pairs = [(olds[old_single], news[new_single] - old.height)]
    olds, news = olds[~old_single], news[~new_single]
    codes = _codes(old, new, content, np.concatenate([olds, news]))
    for olds_at, news_at in _spans(old_sizes[~single], new_sizes[~single]):
        left, right = _best(codes[: olds.size][olds_at], codes[olds.size :][news_at])
        pairs.append((olds[olds_at][left], news[news_at][right] - old.height))
    found = np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs])
    order = np.argsort(found[1], kind="stable")
    return found[0][order], found[1][order]


def _codes(old: pl.DataFrame, new: pl.DataFrame, content: Sequence[str], rows: Positions) -> NDArray[np.int32]:
    """The content of some rows of both frames as numbers that are equal where the values are; missing is 0."""
    codes = np.zeros((rows.size, len(content)), dtype=np.int32)
    if rows.size:
        for at, name in enumerate(content):
            values = pl.concat([old[name], new[name]]).gather(rows)
            codes[:, at] = values.rank("dense").fill_null(0).cast(pl.Int32).to_numpy()
    return codes


def _spans(old_sizes: Positions, new_sizes: Positions) -> Iterator[tuple[slice, slice]]:
    """The rows of each key, where both sides are sorted by key."""
    olds, news = 0, 0
    for old_size, new_size in zip(old_sizes.tolist(), new_sizes.tolist(), strict=True):
        yield slice(olds, olds + old_size), slice(news, news + new_size)
        olds, news = olds + old_size, news + new_size


def _best(old: NDArray[np.int32], new: NDArray[np.int32]) -> tuple[Positions, Positions]:
    """The best pairing of the rows of one key, as positions among them."""
    if min(len(old), len(new)) == 1 or max(len(old), len(new)) <= _BLOCK:
        return _pair(old, new)
    old_order, new_order = _by_content(old), _by_content(new)
    pairs = []
    for start in range(0, min(len(old), len(new)), _BLOCK):
        old_block, new_block = old_order[start : start + _BLOCK], new_order[start : start + _BLOCK]
        left, right = _pair(old[old_block], new[new_block])
        pairs.append((old_block[left], new_block[right]))
    return np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs])


def _by_content(codes: NDArray[np.int32]) -> Positions:
    return np.lexsort(codes.T[::-1]).astype(np.int64)


def _pair(old: NDArray[np.int32], new: NDArray[np.int32]) -> tuple[Positions, Positions]:
    changed = _changed_values(old, new)
    if len(old) == 1:
        return np.array([0]), np.array([changed[0].argmin()])
    if len(new) == 1:
        return np.array([changed[:, 0].argmin()]), np.array([0])
    from scipy.optimize import linear_sum_assignment

    left, right = linear_sum_assignment(changed + _source_order(len(old), len(new)))
    return left.astype(np.int64), right.astype(np.int64)


def _changed_values(old: NDArray[np.int32], new: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many values each pair of rows would change."""
    changed: NDArray[np.int64] = np.zeros((len(old), len(new)), dtype=np.int64)
    if old.size * len(new) <= _AT_ONCE:
        np.sum(old[:, None, :] != new[None, :, :], axis=2, out=changed)
        return changed
    for column in range(old.shape[1]):
        changed += old[:, column][:, None] != new[:, column][None, :]
    return changed


@lru_cache(maxsize=64)
def _source_order(olds: int, news: int) -> NDArray[np.float64]:
    """How far each pair of rows is apart in source order; over a whole pairing less than one changed value."""
    apart = np.arange(olds)[:, None] - np.arange(news)[None, :]
    return apart.astype(float) ** 2 / float(max(olds, news)) ** 3
