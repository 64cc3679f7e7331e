"""Columns derived from records of other datasets: joins with what was made of those records once."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from longwatch.findings.derived.records import CountDistinct, CountRows, Extreme, OtherRecords
from longwatch.findings.identity import SUBJECT, as_text
from longwatch.findings.rule_parts import Condition, literals
from validations.derived.dates import date_fact
from validations.derived.dispatch import derive, lacks
from validations.lookups import DM_PREFIX, Lookups
from validations.polars_form import meets

_KEY = "_KEY"
_VALUE = "_VALUE"


@derive.register
def _count_rows(derivation: CountRows, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    return _joined(derivation, frame, name, lookups, pl.len().cast(pl.Int64), pl.lit(0, pl.Int64))


@derive.register
def _count_distinct(derivation: CountDistinct, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    counted = pl.col(derivation.of).drop_nulls().n_unique().cast(pl.Int64)
    return _joined(derivation, frame, name, lookups, counted, pl.lit(0, pl.Int64))


@derive.register
def _extreme(derivation: Extreme, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    first = pl.coalesce(derivation.of)
    found = first.min() if derivation.type == "least" else first.max()
    return _joined(derivation, frame, name, lookups, found, pl.lit(None))


@lacks.register
def _lacks(derivation: OtherRecords, lookups: Lookups) -> str | None:
    if derivation.absent == "none":
        return None
    return _missing(derivation, lookups)


def _missing(derivation: OtherRecords, lookups: Lookups) -> str | None:
    columns = lookups.columns(derivation.dataset)
    if columns is None:
        return lookups.in_words(derivation.dataset)
    for name in derivation.needed:
        if name.startswith(DM_PREFIX):
            missing = lookups.lacks(name)
            if missing is None and SUBJECT not in columns:
                missing = f"{derivation.dataset}.{SUBJECT}"
        else:
            missing = None if name in columns else f"{derivation.dataset}.{name}"
        if missing is not None:
            return missing
    return None


def _joined(
    derivation: OtherRecords, frame: pl.LazyFrame, name: str, lookups: Lookups, value: pl.Expr, otherwise: pl.Expr
) -> pl.LazyFrame:
    """The frame with the value of the records that match, or what stands where none does."""
    if _missing(derivation, lookups) is not None:
        return frame.with_columns(otherwise.alias(name))
    keys = [f"{_KEY}_{number}" for number in range(len(derivation.by))]
    found = lookups.once(derivation.model_dump_json(), lambda: _found(derivation, keys, lookups, value)).lazy()
    schema = frame.collect_schema()
    ours = [
        _compared(derivation, as_text(column, schema[column])).alias(key)
        for column, key in zip(derivation.by, keys, strict=True)
    ]
    joined = frame.with_columns(ours).join(found, on=keys, how="left", maintain_order="left").drop(keys)
    return joined.with_columns(pl.coalesce(_VALUE, otherwise).alias(name)).drop(_VALUE)


def _found(derivation: OtherRecords, keys: Sequence[str], lookups: Lookups, value: pl.Expr) -> pl.DataFrame:
    frame = _records(derivation, lookups)
    schema = frame.collect_schema()
    theirs = [
        _compared(derivation, as_text(column, schema[column])).alias(key)
        for column, key in zip(derivation.keys, keys, strict=True)
    ]
    return frame.with_columns(theirs).drop_nulls(list(keys)).group_by(keys).agg(value.alias(_VALUE)).collect()


def _records(derivation: OtherRecords, lookups: Lookups) -> pl.LazyFrame:
    """The records of the other dataset that meet the conditions, with the columns needed and nothing else."""
    source = lookups.records(derivation.dataset)
    schema = source.collect_schema()
    dated = {fact.of for fact in derivation.derive.values()}
    compared = _kinds(derivation.where)
    looked_up = [name for name in derivation.needed if name.startswith(DM_PREFIX)]
    named = (*derivation.needed, *derivation.optional, *([SUBJECT] if looked_up else []))
    own = dict.fromkeys(name for name in named if name in schema)
    frame = source.select(
        as_text(name, schema[name]).alias(name)
        if name in dated or compared.get(name) == "text"
        else _as_number(name, schema[name])
        if compared.get(name) == "number"
        else pl.col(name)
        for name in own
    )
    if looked_up:
        subjects = lookups.subjects(looked_up).lazy().rename({SUBJECT: _KEY})
        key = as_text(SUBJECT, schema[SUBJECT]).alias(_KEY)
        frame = frame.with_columns(key).join(subjects, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    absent = [pl.lit(None, pl.String).alias(name) for name in derivation.optional if name not in schema]
    frame = frame.with_columns(absent).with_columns(
        date_fact(fact).alias(name) for name, fact in derivation.derive.items()
    )
    for condition in derivation.where:
        frame = frame.filter(meets(condition))
    return frame


def _kinds(conditions: Sequence[Condition]) -> dict[str, str]:
    """The columns that conditions compare as text or as numbers, whatever type their source gave them."""
    kinds = {}
    for condition in conditions:
        values = literals((*(condition.within or ()), *(condition.outside or ())))
        values += [condition.equals] if condition.equals is not None else []
        if values:
            kinds[condition.column] = "text" if isinstance(values[0], str) else "number"
        elif condition.at_least is not None or condition.at_most is not None:
            kinds[condition.column] = "number"
    return kinds


def _as_number(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(name) if dtype.is_numeric() else pl.col(name).cast(pl.Float64, strict=False)


def _compared(derivation: OtherRecords, text: pl.Expr) -> pl.Expr:
    if not derivation.fold:
        return text
    return text.str.to_uppercase().str.strip_chars().str.replace_all(r"\s+", " ")
