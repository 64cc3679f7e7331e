"""Columns derived from records of other datasets: joins with what `Lookups` has counted once."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.records import CountRows
from longwatch.findings.identity import as_text
from validations.derived.dispatch import derive, lacks
from validations.lookups import Lookups
from validations.polars_form import meets

_KEY = "_KEY"


@derive.register
def _count_rows(derivation: CountRows, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    counts = _counts(derivation, lookups).lazy().rename({column: f"{_KEY}_{column}" for column in derivation.by})
    schema = frame.collect_schema()
    keys = [as_text(column, schema[column]).alias(f"{_KEY}_{column}") for column in derivation.by]
    key_names = [f"{_KEY}_{column}" for column in derivation.by]
    joined = frame.with_columns(keys).join(counts, on=key_names, how="left", maintain_order="left").drop(key_names)
    return joined.with_columns(pl.col("_COUNT").fill_null(0).alias(name)).drop("_COUNT")


@lacks.register
def _count_rows_lacks(derivation: CountRows, lookups: Lookups) -> str | None:
    other = lookups.data.get(derivation.dataset)
    if other is None:
        return derivation.dataset
    needed = (*derivation.by, *(condition.column for condition in derivation.where))
    return next((f"{derivation.dataset}.{name}" for name in needed if name not in other.columns), None)


def _counts(count: CountRows, lookups: Lookups) -> pl.DataFrame:
    """How many records of the other dataset have each combination of values: `by` as text, and `_COUNT`."""

    def made() -> pl.DataFrame:
        frame = lookups.data.frame(count.dataset)
        schema = frame.collect_schema()
        for condition in count.where:
            frame = frame.filter(meets(condition))
        return (
            frame.select(as_text(name, schema[name]) for name in count.by)
            .drop_nulls()
            .group_by(count.by)
            .agg(pl.len().cast(pl.Int64).alias("_COUNT"))
            .collect()
        )

    return lookups.once(count.model_dump_json(), made)
