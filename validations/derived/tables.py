"""Columns looked up in a table that comes with the rules."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import polars as pl

from longwatch.findings.derived.tables import FromTable
from validations.derived.dispatch import derive
from validations.lookups import Lookups

_KEY, _VALUE = "_KEY_", "_VALUE"


@cache
def load_table(name: str, version: int) -> pl.DataFrame:
    """A table of `validations/tables/`, all text."""
    path = files("validations") / "tables" / f"{name}_v{version}.csv"
    return pl.read_csv(path.read_bytes(), infer_schema=False)


@derive.register
def _from_table(derivation: FromTable, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    table = load_table(derivation.table, derivation.version)
    keys = [f"{_KEY}{number}" for number in range(len(derivation.by))]
    there = table.select(
        *(pl.col(column).alias(key) for column, key in zip(derivation.on, keys, strict=True)),
        pl.col(derivation.take).cast(pl.Float64).alias(_VALUE),
    )
    own = frame.with_columns(pl.col(column).alias(key) for column, key in zip(derivation.by, keys, strict=True))
    joined = own.join(there.lazy(), on=keys, how="left", maintain_order="left")
    return joined.with_columns(pl.col(_VALUE).alias(name)).drop(*keys, _VALUE)
