"""Columns derived from numbers of the record, days included."""

from __future__ import annotations

import polars as pl

from longwatch.findings.derived.numbers import (
    DayFrom,
    FirstFilled,
    Joined,
    Number,
    OfTwo,
    Scaled,
    Total,
    Where,
)
from validations.derived.dispatch import derive
from validations.lookups import Lookups
from validations.polars_form import meets

_DECIMAL = r"^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$"
_UNIT = "\x1f"


@derive.register
def _number(derivation: Number, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    text = pl.col(derivation.of)
    written = pl.when(text.str.contains(_DECIMAL)).then(text.str.strip_chars())
    return frame.with_columns(written.cast(pl.Float64, strict=False).alias(name))


@derive.register
def _scaled(derivation: Scaled, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    value = pl.col(derivation.of).cast(pl.Float64) * derivation.times + derivation.plus
    return frame.with_columns((value if derivation.places is None else value.round(derivation.places)).alias(name))


@derive.register
def _of_two(derivation: OfTwo, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    one, other = pl.col(derivation.of).cast(pl.Float64), pl.col(derivation.other).cast(pl.Float64)
    if derivation.type == "product":
        value = one * other
    elif derivation.type == "quotient":
        value = pl.when(other != 0).then(one / other)
    else:
        greater = pl.max_horizontal(one.abs(), other.abs())
        share = pl.when(greater > 0).then((one - other).abs() / greater).otherwise(0.0)
        value = pl.when(one.is_not_null() & other.is_not_null()).then(share)
    return frame.with_columns(value.alias(name))


@derive.register
def _total(derivation: Total, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    return frame.with_columns(pl.sum_horizontal(pl.col(column) for column in derivation.of).alias(name))


@derive.register
def _day_from(derivation: DayFrom, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    def whole(column: str | None) -> pl.Expr:
        return (pl.lit(None, pl.Int64) if column is None else pl.col(column)).cast(pl.Int64)

    months, days, more = whole(derivation.months), whole(derivation.days), whole(derivation.plus_days)
    moved = pl.col(derivation.of).dt.offset_by(pl.concat_str(months.fill_null(0).cast(pl.String), pl.lit("mo")))
    # Where the plan counts in months, its days only repeat the same distance.
    counted = pl.when(months.is_null()).then(days.fill_null(0)).otherwise(0) + more.fill_null(0)
    known = months.is_not_null() | days.is_not_null()
    return frame.with_columns(pl.when(known).then(moved + pl.duration(days=counted)).cast(pl.Date).alias(name))


@derive.register
def _joined(derivation: Joined, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    present = frame.collect_schema()
    texts = [pl.col(column).fill_null("") for column in derivation.of if column in present]
    return frame.with_columns((pl.concat_str(texts, separator=_UNIT) if texts else pl.lit("")).alias(name))


@derive.register
def _where(derivation: Where, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    value = pl.col(derivation.of) if derivation.of is not None else pl.lit(derivation.value)
    met = pl.all_horizontal([meets(condition) for condition in derivation.when])
    return frame.with_columns(pl.when(met).then(value).alias(name))


@derive.register
def _first_filled(derivation: FirstFilled, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    present = frame.collect_schema()
    return frame.with_columns(
        pl.coalesce(pl.lit(None, pl.String), *(pl.col(column) for column in derivation.of if column in present)).alias(
            name
        )
    )
