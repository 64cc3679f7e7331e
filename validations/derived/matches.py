"""Columns derived from whether other columns hold a value."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from longwatch.findings.derived.matches import Contains, CountMet, Met, NamesMet
from validations.derived.dispatch import derive
from validations.lookups import Lookups


@derive.register
def _count_met(derivation: CountMet, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    hits = [hit.cast(pl.Int64) for _, hit in _hits(derivation, _present(frame))]
    return frame.with_columns(pl.sum_horizontal(hits).alias(name))


@derive.register
def _names_met(derivation: NamesMet, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    named = [pl.when(hit).then(pl.lit(text)) for text, hit in _hits(derivation, _present(frame))]
    return frame.with_columns(pl.concat_str(named, separator=", ", ignore_nulls=True).alias(name))


@derive.register
def _contains(derivation: Contains, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    present = _present(frame)
    found = [
        pl.col(column).str.contains(derivation.pattern).fill_null(False)
        for column in derivation.of
        if column in present
    ]
    hit = pl.any_horizontal([pl.lit(False), *found])
    return frame.with_columns(pl.when(hit).then(pl.lit("Y")).otherwise(pl.lit("N")).alias(name))


def _present(frame: pl.LazyFrame) -> set[str]:
    return set(frame.collect_schema().names())


def _hits(derivation: Met, present: Iterable[str]) -> list[tuple[str, pl.Expr]]:
    return [
        (f"{name} = {match.equals}", (pl.col(name) == pl.lit(match.equals)).fill_null(False))
        for match in derivation.of
        for name in match.columns
        if name in present
    ]
