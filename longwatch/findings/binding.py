"""Binding a check to one dataset, one variable and one study: nothing is left open afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from longwatch.findings.derived.values import FirstPresent
from longwatch.findings.rule import PLACEHOLDER, Check
from longwatch.findings.rule_parts import Scalar, ValueSource
from longwatch.study import Study

_KEPT_AS_THEY_ARE = frozenset(
    {
        "type",
        "equals",
        "begins",
        "pattern",
        "form",
        "missing",
        "frame",
        "rows",
        "dataset",
        "per",
        "is",
        "severity",
        "absent",
        "on",
        "take",
    }
)
_VALUE_LISTS = frozenset({"values", "in", "not_in"})
_SINGLE_VALUES = frozenset({"value", "min", "max", "at_least", "at_most"})
_COLUMN_LISTS = frozenset({"columns", "of"})


class InputMissing(Exception):
    """A check cannot be judged; its arguments say what it lacks, each to follow "needs"."""


@dataclass(frozen=True)
class Place:
    """Where a check runs. `prefix`: the domain's letters. `stem`: what the star of `each` stood for. `columns`: the
    dataset's variables. `values`: what references stand for; `needs`: what is missing, in words, where one stands for
    nothing."""

    dataset: str
    prefix: str
    stem: str
    columns: frozenset[str]
    values: Mapping[str, tuple[Scalar, ...]]
    needs: Mapping[str, str] = field(default_factory=dict)


def values_of(study: Study, prefix: str) -> dict[str, tuple[Scalar, ...]]:
    """What references in a rule stand for, in one domain of one study."""
    return {
        ValueSource.DOMAIN: (prefix,) if prefix else (),
        ValueSource.STUDY_ID: (study.id,),
        ValueSource.TREATED_ARMS: tuple(arm.code for arm in study.treatment.arms),
        ValueSource.UNTREATED_ARMS: study.treatment.not_treated,
        ValueSource.PRODUCTS: study.treatment.products,
        ValueSource.RELATEDNESS: (*study.relatedness.related, *study.relatedness.not_related),
    }


def bind(check: Check, place: Place) -> Check:
    """The check for one place.

    1. `--` becomes the prefix, `*` the stem, in names of columns and in the message; patterns and literal values stay.
    2. A reference becomes the values it stands for.
    3. A `first_present` column becomes the variable that it names; where there is none the name stays, unbound.

    Raises InputMissing where a list of values is nothing but references and they stand for nothing.
    """
    content = check.model_dump(by_alias=True, exclude_none=True, exclude={"each", "excluding"})
    bound = _rewrite(content, lambda name: name.replace("--", place.prefix).replace("*", place.stem), place)
    bound_check = Check.model_validate(bound)
    chosen = {
        name: next((column for column in derivation.of if column in place.columns), None)
        for name, derivation in bound_check.derive.items()
        if isinstance(derivation, FirstPresent)
    }
    named = {name: column for name, column in chosen.items() if column is not None}
    derive = {name: part for name, part in bound_check.derive.items() if name not in named}
    return rename_columns(bound_check.model_copy(update={"derive": derive}), named)


def rename_columns(check: Check, names: Mapping[str, str]) -> Check:
    """The bound check with some of its columns, derived ones included, under other names."""
    if not names:
        return check
    content = check.model_dump(by_alias=True, exclude_none=True)
    renamed = _rewrite(content, lambda name: names.get(name, name), None)
    renamed["message"] = PLACEHOLDER.sub(lambda hit: "{" + names.get(hit[1], hit[1]) + "}", check.message)
    return Check.model_validate(renamed)


def _rewrite(value: Any, rename: Callable[[str], str], place: Place | None) -> Any:
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, Mapping):
        return {
            (rename(key) if key.isupper() else key): _rewrite_item(key, item, rename, place)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_rewrite(item, rename, place) for item in value]
    return value


def _rewrite_item(key: str, item: Any, rename: Callable[[str], str], place: Place | None) -> Any:
    if key in _VALUE_LISTS:
        return item if place is None else _values(item, place)
    if key in _SINGLE_VALUES:
        return item if place is None or not isinstance(item, Mapping) else _values([item], place)[0]
    if key in _COLUMN_LISTS and isinstance(item, Mapping):
        return item if place is None else _values([item], place)
    return item if key in _KEPT_AS_THEY_ARE else _rewrite(item, rename, place)


def _values(items: Any, place: Place) -> list[Any]:
    values: list[Any] = []
    for item in items:
        values.extend(place.values.get(item["from"], ()) if isinstance(item, Mapping) else [item])
    if not values:
        sources = [str(item["from"]) for item in items]
        raise InputMissing(
            *(place.needs.get(source, f"{source}, which the study file leaves empty") for source in sources)
        )
    return values
