"""Columns derived from the record that a supplemental qualifier or a link points to: joins with a table of all records
that the dataset's pointers can mean, made once."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.parents import POINTER, Parent
from longwatch.findings.identity import SUBJECT, as_text
from longwatch.standards.sdtm import variable_prefix
from validations.derived.dispatch import derive
from validations.lookups import Lookups

_KEYS = [f"_KEY_{name}" for name in POINTER]
_NO_VARIABLE = ""
"""Stands for a missing IDVAR, under which a subject's records in a domain are counted."""


@derive.register
def _parent(derivation: Parent, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    if derivation.type == "parent_variable":
        known = lookups.once("parent variables", lambda: _variables(lookups)).lazy()
        keyed = frame.with_columns(
            pl.col("RDOMAIN").alias(_KEYS[0]), pl.col("IDVAR").fill_null(_NO_VARIABLE).alias(_KEYS[2])
        )
        joined = keyed.join(known, on=[_KEYS[0], _KEYS[2]], how="left", maintain_order="left")
        return joined.with_columns(pl.col("_KNOWN").fill_null("N").alias(name)).drop("_KNOWN", _KEYS[0], _KEYS[2])
    pointers = lookups.once("parent pointers", lambda: _pointers(lookups))
    counts = lookups.once("parents", lambda: _parents(pointers, lookups)).lazy()
    without = pl.col("IDVAR").is_null()
    keyed = frame.with_columns(
        pl.col("RDOMAIN").alias(_KEYS[0]),
        pl.col(SUBJECT).alias(_KEYS[1]),
        pl.col("IDVAR").fill_null(_NO_VARIABLE).alias(_KEYS[2]),
        pl.when(without).then(pl.lit("")).otherwise(pl.col("IDVARVAL").str.strip_chars()).alias(_KEYS[3]),
    )
    joined = keyed.join(counts, on=_KEYS, how="left", maintain_order="left")
    return joined.with_columns(pl.col("_COUNT").fill_null(0).alias(name)).drop("_COUNT", *_KEYS)


def _by_domain(lookups: Lookups) -> dict[str, list[str]]:
    """The datasets of each domain that a pointer can name."""
    domains: dict[str, list[str]] = {}
    for dataset in lookups.data.datasets:
        domains.setdefault(variable_prefix(dataset) or dataset, []).append(dataset)
    return domains


def _variables(lookups: Lookups) -> pl.DataFrame:
    rows = {
        (domain, variable)
        for domain, datasets in _by_domain(lookups).items()
        for dataset in datasets
        for variable in (_NO_VARIABLE, *lookups.data.datasets[dataset].columns)
    }
    schema = {_KEYS[0]: pl.String, _KEYS[2]: pl.String}
    return pl.DataFrame(sorted(rows), schema=schema, orient="row").with_columns(_KNOWN=pl.lit("Y"))


def _pointers(lookups: Lookups) -> pl.DataFrame:
    """The pairs of RDOMAIN and IDVAR that stand in any dataset of pointers."""
    found = [
        lookups.data.frame(dataset.name).select(pl.col("RDOMAIN", "IDVAR").cast(pl.String)).unique()
        for dataset in lookups.data
        if {"RDOMAIN", "IDVAR"} <= set(dataset.columns)
    ]
    return pl.concat(found).unique().sort("RDOMAIN", "IDVAR").collect()


def _parents(pointers: pl.DataFrame, lookups: Lookups) -> pl.DataFrame:
    """How many records each pointer of these pairs can mean, by domain, subject, variable and value."""
    domains = _by_domain(lookups)
    schema = {**dict.fromkeys(_KEYS, pl.String), "_COUNT": pl.Int64}
    counted = [pl.DataFrame(schema=schema).lazy()]
    for domain, variable in pointers.iter_rows():
        for dataset in domains.get(domain, []):
            frame = lookups.data.frame(dataset)
            types = frame.collect_schema()
            if SUBJECT not in types or (variable is not None and variable not in types):
                continue
            value = as_text(variable, types[variable]).str.strip_chars() if variable is not None else pl.lit("")
            counted.append(
                frame.select(
                    pl.lit(domain).alias(_KEYS[0]),
                    as_text(SUBJECT, types[SUBJECT]).alias(_KEYS[1]),
                    pl.lit(variable or _NO_VARIABLE).alias(_KEYS[2]),
                    value.alias(_KEYS[3]),
                )
                .drop_nulls()
                .group_by(_KEYS)
                .agg(pl.len().cast(pl.Int64).alias("_COUNT"))
            )
    return pl.concat(counted).group_by(_KEYS).agg(pl.col("_COUNT").sum()).collect()
