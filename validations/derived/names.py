"""Columns derived from many columns at once."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.names import NamesWhere
from validations.derived.dispatch import derive
from validations.lookups import Lookups


@derive.register
def _names_where(derivation: NamesWhere, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    present = set(frame.collect_schema().names())
    named = [
        pl.when(_meets(derivation, column)).then(pl.lit(column)) for column in derivation.extras if column in present
    ]
    joined = pl.concat_str(named, separator=", ", ignore_nulls=True) if named else pl.lit("")
    return frame.with_columns(pl.when(joined != "").then(joined).alias(name))


def _meets(derivation: NamesWhere, column: str) -> pl.Expr:
    tests = []
    if derivation.begins is not None:
        tests.append(pl.col(column).str.starts_with(derivation.begins))
    if derivation.equals is not None:
        tests.append(pl.col(column) == derivation.equals)
    return pl.any_horizontal(tests)
