"""Columns derived from records that belong to the record: joins with what those records come to."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from longwatch.findings.derived.related import COUNTS, TEXTS, During, Related
from longwatch.findings.identity import as_text
from longwatch.standards.dates import earliest_day, latest_day
from validations.derived.dates import by_value
from validations.derived.dispatch import derive, lacks
from validations.lookups import Lookups
from validations.polars_form import meets

_KEY, _VALUE, _STARTS, _ENDS, _FIRST, _LAST = "_KEY_", "_VALUE", "_STARTS", "_ENDS", "_FIRST", "_LAST"


@derive.register
def _related(derivation: Related, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    schema = frame.collect_schema()
    keys = [f"{_KEY}{number}" for number in range(len(derivation.by))]
    if lookups.lacks_columns(derivation.dataset, derivation.needed_there) is not None:
        return frame.with_columns(_of_none(derivation).alias(name))
    texts = [as_text(column, schema[column]) for column in derivation.by]
    own = frame.with_columns(
        _folded(text, derivation.any_case).alias(key) for text, key in zip(texts, keys, strict=True)
    )
    if derivation.during is None:
        there = lookups.once(
            derivation.model_dump_json(), lambda: _come_to(derivation, _others(derivation, lookups), keys).collect()
        )
        joined = own.join(there.lazy(), on=keys, how="left", maintain_order="left")
    else:
        bounds = {_FIRST: derivation.during.first, _LAST: derivation.during.last}
        own = own.with_columns(
            (pl.lit(None, pl.Date) if column is None else pl.col(column)).alias(bound)
            for bound, column in bounds.items()
        )
        there = lookups.once(derivation.model_dump_json(), lambda: _others(derivation, lookups).collect())
        asked = own.select(*keys, _FIRST, _LAST).unique()
        met = _in_time(derivation.take, asked.join(there.lazy(), on=keys))
        found = _come_to(derivation, met, [*keys, _FIRST, _LAST])
        joined = own.join(found, on=[*keys, _FIRST, _LAST], how="left", nulls_equal=True, maintain_order="left")
        keys = [*keys, _FIRST, _LAST]
    value = pl.col(_VALUE).fill_null(0) if derivation.take in COUNTS else pl.col(_VALUE)
    return joined.with_columns(value.alias(name)).drop(*keys, _VALUE)


@lacks.register
def _related_lacks(derivation: Related, lookups: Lookups) -> str | None:
    if derivation.absent == "empty":
        return None
    return lookups.lacks_columns(derivation.dataset, derivation.needed_there)


def _of_none(derivation: Related) -> pl.Expr:
    """What no record comes to."""
    if derivation.take in COUNTS:
        return pl.lit(0, pl.Int64)
    if derivation.take in TEXTS:
        return pl.lit(None, pl.String)
    return pl.lit(None, pl.Date if "_day" in derivation.take else pl.Float64)


def _folded(text: pl.Expr, any_case: bool) -> pl.Expr:
    return text.str.to_uppercase() if any_case else text


def _others(derivation: Related, lookups: Lookups) -> pl.LazyFrame:
    """The records there that can be met: keys, the value taken, the days they start and end."""
    frame = lookups.data.frame(derivation.dataset)
    schema = frame.collect_schema()
    for condition in derivation.where:
        column = condition.column
        if condition.state is None and condition.is_on_text:
            frame = frame.with_columns(as_text(column, schema[column]))
        elif condition.state is None and not schema[column].is_numeric():
            frame = frame.with_columns(pl.col(column).cast(pl.Float64, strict=False))
        frame = frame.filter(meets(condition))
    schema = frame.collect_schema()
    columns = [
        _folded(as_text(column, schema[column]), derivation.any_case).alias(f"{_KEY}{number}")
        for number, column in enumerate(derivation.keys_there)
    ]
    if derivation.of is not None:
        text = as_text(derivation.of, schema[derivation.of])
        columns.append(_value(derivation.take, text).alias(_VALUE))
    if derivation.during is not None:
        columns += _times(derivation.during, schema)
    keys = [f"{_KEY}{number}" for number in range(len(derivation.by))]
    return frame.select(columns).drop_nulls(keys)


def _value(take: str, text: pl.Expr) -> pl.Expr:
    if take in {"text", "distinct"}:
        return text
    if take in {"first_day", "first_day_of_last"}:
        return by_value(text, earliest_day, pl.Date)
    if take == "last_day":
        return by_value(text, latest_day, pl.Date)
    return text.cast(pl.Float64, strict=False)


def _times(during: During, schema: pl.Schema) -> list[pl.Expr]:
    starts = as_text(during.starts, schema[during.starts])
    ends = starts if during.ends is None else as_text(during.ends, schema[during.ends])
    return [
        by_value(starts, earliest_day, pl.Date).alias(_STARTS),
        by_value(ends, latest_day, pl.Date).alias(_ENDS),
    ]


def _in_time(take: str, pairs: pl.LazyFrame) -> pl.LazyFrame:
    """The pairs of a record and an other whose times meet; of `days_apart` all, with the distance."""
    if take != "days_apart":
        pairs = pairs.filter(pl.col(_STARTS).is_not_null())
        ends_before = (pl.col(_ENDS) < pl.col(_FIRST)).fill_null(False)
        starts_after = (pl.col(_STARTS) > pl.col(_LAST)).fill_null(False)
        return pairs.filter(~ends_before & ~starts_after)
    after = (pl.col(_STARTS) - pl.col(_LAST)).dt.total_days()
    before = (pl.col(_FIRST) - pl.col(_ENDS)).dt.total_days()
    return pairs.with_columns(pl.max_horizontal(pl.lit(0), after, before).cast(pl.Float64).alias(_VALUE))


def _come_to(derivation: Related, records: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    value = pl.col(_VALUE)
    taken = {
        "count": pl.len().cast(pl.Int64),
        "distinct": value.drop_nulls().n_unique().cast(pl.Int64),
        "sum": value.sum(),
        "lowest": value.min(),
        "highest": value.max(),
        "text": value.min(),
        "first_day": value.min(),
        "last_day": value.max(),
        "first_day_of_last": value.max(),
        "days_apart": value.min(),
    }[derivation.take]
    return records.group_by(keys).agg(taken.alias(_VALUE))
