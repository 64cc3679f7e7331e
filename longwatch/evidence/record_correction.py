"""A record of which one value was corrected, and that value was the one it is known by (docs/adr/0013).

A corrected start date makes another record of an event by its topic and start date. It is the same record where all
else is the same and nothing else could be it. A different record that merely looks alike must not take its place: a
waiver would go over to it. So the rule is strict, and what it does not settle stays removed and added.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.evidence.record_keys import Corrected, RecordKeys

LEAST_AGREEING = 3
"""So many filled values must agree besides study, domain, subject, topic and what a dictionary says of the topic: an
event of which nothing but its term is known could be any."""

HASH_SEED = 7
"""Any number: what hashes alike is compared value by value."""

_NOT_TELLING = frozenset({"STUDYID", "DOMAIN"})
_SAYS_THE_TOPIC = (
    "TERM", "TRT", "TESTCD", "TEST", "MODIFY", "LLT", "LLTCD", "DECOD", "PTCD", "HLT", "HLTCD", "HLGT", "HLGTCD",
    "BODSYS", "BDSYCD", "SOC", "SOCCD", "CAT", "SCAT", "CLAS", "CLASCD",
)  # fmt: skip

Rows = NDArray[np.int64]
Free = NDArray[np.bool_]


def pair_corrected(
    old: pl.DataFrame, new: pl.DataFrame, old_free: Free, new_free: Free, keys: RecordKeys
) -> tuple[Rows, Rows]:
    """Pairs of free rows that differ in one value, as row positions of `old` and, beside them, of `new`.

    A pair is taken where all of these hold:

    1. every value of the content is equal, two missing ones too, but one: the variable of a `Corrected`; --SEQ and
       study days are no content, and the sponsor's ids are: a record with another id is another record;
    2. what `Corrected.agreeing` names is filled (subject and topic; for a corrected topic the dictionary's term);
    3. at least three further filled values agree;
    4. no other record of the older snapshot and none of the newer one, whether matched or not, has the same rest: an
       event that comes back alike every month is not told apart by this;
    5. neither row is in a second such pair.

    Expects both frames with the same columns and types, blank text as null.
    """
    found = [_pairs(old, new, old_free, new_free, keys.content, corrected) for corrected in keys.corrected]
    olds = np.concatenate([pair[0] for pair in found])
    news = np.concatenate([pair[1] for pair in found])
    single = np.isin(olds, _single(olds)) & np.isin(news, _single(news))
    order = np.argsort(news[single], kind="stable")
    return olds[single][order], news[single][order]


def _pairs(
    old: pl.DataFrame,
    new: pl.DataFrame,
    old_free: Free,
    new_free: Free,
    content: tuple[str, ...],
    corrected: Corrected,
) -> tuple[Rows, Rows]:
    rest = [name for name in content if name != corrected.variable]
    agreeing = list(corrected.agreeing)
    sides = [
        frame.select(
            pl.struct(rest).hash(seed=HASH_SEED).alias("key"),
            pl.Series(side, np.arange(frame.height, dtype=np.int64)),
            pl.Series("free", free),
            pl.all_horizontal(pl.col(agreeing).is_not_null()).alias("filled"),
        )
        .filter(pl.len().over("key") == 1)
        .filter("free", "filled")
        for frame, free, side in ((old, old_free, "old"), (new, new_free, "new"))
    ]
    joined = sides[0].join(sides[1], on="key").sort("new")
    olds, news = joined["old"], joined["new"]
    telling = [
        name for name in rest if name not in _NOT_TELLING and name not in agreeing and name[2:] not in _SAYS_THE_TOPIC
    ]
    taken = pl.Series(np.ones(joined.height, dtype=bool))
    filled = pl.Series(np.zeros(joined.height, dtype=np.int64))
    for name in rest:
        before, after = old[name].gather(olds), new[name].gather(news)
        taken &= before.eq_missing(after)
        if name in telling:
            filled += before.is_not_null().cast(pl.Int64)
    taken &= filled >= LEAST_AGREEING
    return olds.filter(taken).to_numpy(), news.filter(taken).to_numpy()


def _single(rows: Rows) -> Rows:
    values, counts = np.unique(rows, return_counts=True)
    single: Rows = values[counts == 1]
    return single
