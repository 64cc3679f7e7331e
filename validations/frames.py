"""Rule frames: the records of a dataset with what the checks on them join and derive, and only that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import polars as pl

from longwatch.findings.binding import rename_columns
from longwatch.findings.derivation import (
    Constant,
    Contains,
    CountMet,
    CountRows,
    DateFact,
    Derivation,
    FirstPresent,
    NamesMet,
)
from longwatch.findings.identity import ROW, SUBJECT, as_text
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import (
    earliest_day,
    earliest_second,
    latest_day,
    latest_second,
    precision,
    study_day,
    zone_minutes,
)
from validations.applicability import Instance
from validations.lookups import DM_PREFIX, TS_PREFIX, Lookups

SECONDS_A_DAY = 86_400
_KEY = "_KEY"


def share_derived_columns(instances: Sequence[Instance]) -> list[Instance]:
    """The instances with each derived column under a name of its own, equal ones under one name.

    Two checks may both call something else START; two that derive the same share the work.
    """
    names: dict[tuple[str, str], str] = {}
    shared = []
    for instance in instances:
        own: dict[str, str] = {}
        for name, derivation in instance.check.derive.items():
            definition = rename_columns(instance.check.model_copy(update={"derive": {name: derivation}}), own).derive[
                name
            ]
            key = (name, definition.model_dump_json())
            own[name] = names.setdefault(key, f"{name}_{len(names) + 1}")
        shared.append(replace(instance, check=rename_columns(instance.check, own)))
    return shared


def build_frame(
    data: SourceData,
    dataset: str,
    instances: Sequence[Instance],
    lookups: Lookups,
    part: Callable[[pl.LazyFrame], pl.LazyFrame] = lambda frame: frame,
) -> pl.DataFrame:
    """The rows of a dataset (those that `part` takes), with `_ROW` and every column that the checks use.

    Expects instances of this dataset whose derived columns have names of their own. A column compared as text or number
    has that type, whatever its source gave it; NaN is missing.
    """
    checks = [instance.check for instance in instances]
    used = {name for check in checks for name in check.essential | check.optional}
    kinds = {name: kind for check in checks for name, kind in check.kinds.items()}
    derived = {name: derivation for check in checks for name, derivation in check.derive.items()}
    source = data.frame(dataset)
    schema = source.collect_schema()
    looked_up = [name for name in used if name.startswith(DM_PREFIX) and lookups.lacks(name) is None]
    own = sorted({name for name in used if name in schema} | ({SUBJECT} & set(schema) if looked_up else set()))
    frame = part(source.with_row_index(ROW).select(ROW, *(_typed(name, schema[name], kinds.get(name)) for name in own)))
    if looked_up:
        subjects = lookups.subjects(looked_up).lazy().rename({SUBJECT: _KEY})
        key = as_text(SUBJECT, frame.collect_schema()[SUBJECT]).alias(_KEY)
        frame = frame.with_columns(key).join(subjects, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    frame = frame.with_columns(
        *(_typed(name, pl.String(), kinds.get(name)) for name in looked_up),
        *(pl.lit(lookups.parameter(name), pl.String).alias(name) for name in used if name.startswith(TS_PREFIX)),
    )
    for name, derivation in derived.items():
        frame = _derive(frame, name, derivation, lookups)
    return frame.collect()


def derive_entries(entries: pl.DataFrame, instances: Sequence[Instance], lookups: Lookups) -> pl.DataFrame:
    """An entry frame with the columns that the checks derive."""
    frame = entries.lazy()
    for instance in instances:
        for name, derivation in instance.check.derive.items():
            frame = _derive(frame, name, derivation, lookups)
    return frame.collect()


def _typed(name: str, dtype: pl.DataType, kind: str | None) -> pl.Expr:
    column = pl.col(name)
    if kind == "text":
        return as_text(name, dtype)
    if kind == "number" and not dtype.is_numeric():
        return column.cast(pl.Float64, strict=False)
    return column.fill_nan(None) if dtype.is_float() else column


def _derive(frame: pl.LazyFrame, name: str, derivation: Derivation, lookups: Lookups) -> pl.LazyFrame:
    if isinstance(derivation, CountRows):
        counts = lookups.counts(derivation).lazy().rename({column: f"{_KEY}_{column}" for column in derivation.by})
        schema = frame.collect_schema()
        keys = [as_text(column, schema[column]).alias(f"{_KEY}_{column}") for column in derivation.by]
        key_names = [f"{_KEY}_{column}" for column in derivation.by]
        joined = frame.with_columns(keys).join(counts, on=key_names, how="left", maintain_order="left").drop(key_names)
        return joined.with_columns(pl.col("_COUNT").fill_null(0).alias(name)).drop("_COUNT")
    present = set(frame.collect_schema().names())
    return frame.with_columns(_expression(derivation, present).alias(name))


def _expression(derivation: Derivation, present: Iterable[str]) -> pl.Expr:
    if isinstance(derivation, CountMet):
        return pl.sum_horizontal([hit.cast(pl.Int64) for _, hit in _hits(derivation, present)])
    if isinstance(derivation, NamesMet):
        named = [pl.when(hit).then(pl.lit(text)) for text, hit in _hits(derivation, present)]
        return pl.concat_str(named, separator=", ", ignore_nulls=True)
    if isinstance(derivation, Contains):
        found = [
            pl.col(name).str.contains(derivation.pattern).fill_null(False) for name in derivation.of if name in present
        ]
        return pl.when(pl.any_horizontal([pl.lit(False), *found])).then(pl.lit("Y")).otherwise(pl.lit("N"))
    if isinstance(derivation, Constant):
        return pl.lit(derivation.value)
    if isinstance(derivation, DateFact):
        return _date_fact(derivation)
    if isinstance(derivation, FirstPresent):
        raise TypeError("first_present is gone once a check is bound")
    if isinstance(derivation, CountRows):
        raise TypeError("count_rows is a join, not an expression")
    date, reference = pl.col(derivation.of), pl.col(derivation.reference)
    complete = (precision(date) == "day") & (precision(reference) == "day")
    return pl.when(complete).then(study_day(earliest_day(date), earliest_day(reference))).cast(pl.Float64)


def _hits(derivation: CountMet | NamesMet, present: Iterable[str]) -> list[tuple[str, pl.Expr]]:
    return [
        (f"{name} = {match.equals}", (pl.col(name) == pl.lit(match.equals)).fill_null(False))
        for match in derivation.of
        for name in match.columns
        if name in present
    ]


def _date_fact(fact: DateFact) -> pl.Expr:
    date = pl.col(fact.of)
    if fact.type == "precision":
        return precision(date).cast(pl.String)
    if fact.type == "first_day":
        return earliest_day(date)
    if fact.type == "last_day":
        return latest_day(date)
    exact = zone_minutes(date).is_null() & ~date.str.contains("/", literal=True)
    if fact.type == "first_moment":
        day, second, whole_day = earliest_day(date), earliest_second(date), 0
    else:
        day, second, whole_day = latest_day(date), latest_second(date), SECONDS_A_DAY - 1
    seconds = pl.when(exact).then(second).fill_null(whole_day).cast(pl.Int64)
    return day.to_physical().cast(pl.Int64) * SECONDS_A_DAY + seconds
