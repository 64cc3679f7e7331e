"""Columns derived from sets of records: window expressions over the whole dataset."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.sets import Among, InOrder
from longwatch.findings.identity import as_text
from validations.derived.dispatch import derive
from validations.lookups import Lookups
from validations.polars_form import meets

_KEY, _TIE, _OWN, _SORTED, _STARTS, _SET = "_KEY_", "_TIE_", "_OWN", "_SORTED", "_STARTS", "_SET"
_MANY = 2**32


@derive.register
def _among(derivation: Among, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    keyed, keys = _keyed(frame, derivation.by)
    counted = pl.all_horizontal([pl.lit(True), *(meets(condition) for condition in derivation.where)])
    rows = keyed.filter(counted).drop_nulls(keys)
    if derivation.of is not None:
        rows = rows.select(*keys, pl.col(derivation.of).alias(_OWN)).drop_nulls(_OWN)
    value = pl.col(_OWN)
    if derivation.take == "most_common":
        counts = rows.group_by(*keys, _OWN).agg(pl.len().alias("_COUNT"))
        ranked = counts.sort("_COUNT", _OWN, descending=[True, False])
        found = ranked.group_by(keys, maintain_order=True).agg(value.first())
    else:
        taken = {
            "count": pl.len().cast(pl.Int64),
            "distinct": value.n_unique().cast(pl.Int64) if derivation.of else pl.len(),
            "sum": value.sum() if derivation.of else pl.len(),
            "lowest": value.min() if derivation.of else pl.len(),
            "highest": value.max() if derivation.of else pl.len(),
        }[derivation.take]
        found = rows.group_by(keys).agg(taken.alias(_OWN))
    joined = keyed.join(found, on=keys, how="left", maintain_order="left")
    if derivation.take in {"count", "distinct"}:
        known = pl.all_horizontal(pl.col(key).is_not_null() for key in keys)
        value = pl.when(known).then(value.fill_null(0))
    return joined.with_columns(value.alias(name)).drop(*keys, _OWN)


@derive.register
def _in_order(derivation: InOrder, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    schema = frame.collect_schema()
    row = "_POSITION"
    numbered = frame.with_row_index(row)
    keyed, keys = _keyed(numbered, derivation.by)
    ties = [
        as_text(column, schema[column]).alias(f"{_TIE}{number}")
        for number, column in enumerate(column for column in derivation.ties if column in schema)
    ]
    own = pl.col(derivation.of) if derivation.of is not None else pl.lit(None)
    order = [pl.col(column).alias(f"{_SORTED}{number}") for number, column in enumerate(derivation.order)]
    rows = keyed.select(row, *keys, *order, *ties, own.alias(_OWN))
    sorting = [f"{_SORTED}{number}" for number in range(len(order))]
    columns = [*keys, *sorting, *(f"{_TIE}{number}" for number in range(len(ties)))]
    rows = rows.drop_nulls([*keys, *sorting]).sort(*columns, maintain_order=True)
    # The rows of a set stand together now: looking at the row before is much faster than a window for each set.
    starts = pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift(1)) for key in keys) | (
        pl.int_range(pl.len()) == 0
    )
    rows = rows.with_columns(starts.alias(_STARTS)).with_columns(pl.col(_STARTS).cum_sum().cast(pl.Int64).alias(_SET))
    found = rows.select(row, _TAKEN[derivation.take]().alias(name))
    return numbered.join(found, on=row, how="left", maintain_order="left").drop(row)


def _place() -> pl.Expr:
    position = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return position - pl.when(_STARTS).then(position).forward_fill() + 1


def _previous() -> pl.Expr:
    return pl.when(~pl.col(_STARTS)).then(pl.col(_OWN).shift(1))


def _highest_before() -> pl.Expr:
    """By the rank of a value, 0 for a missing one: the number of the set before it keeps sets apart."""
    rank = pl.col(_OWN).rank("dense").cast(pl.Int64).fill_null(0)
    highest = (pl.col(_SET) * _MANY + rank).cum_max().shift(1) % _MANY
    before = pl.when(~pl.col(_STARTS) & (highest > 0)).then(highest - 1)
    return pl.col(_OWN).drop_nulls().unique().sort().gather(before)


_TAKEN = {"place": _place, "previous": _previous, "highest_before": _highest_before}


def _keyed(frame: pl.LazyFrame, by: tuple[str, ...]) -> tuple[pl.LazyFrame, list[str]]:
    schema = frame.collect_schema()
    keys = [f"{_KEY}{number}" for number in range(len(by))]
    texts = (as_text(column, schema[column]).alias(key) for column, key in zip(by, keys, strict=True))
    return frame.with_columns(texts), keys
