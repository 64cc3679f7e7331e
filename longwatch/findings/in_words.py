"""What a check asks, in plain words, for people who do not read the rule's file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from longwatch.findings.derivation import Derivation
from longwatch.findings.expectation import (
    ColumnLe,
    EqualColumns,
    Expectation,
    InSet,
    Matches,
    NotInSet,
    NotNull,
    Null,
    Unique,
)
from longwatch.findings.rule import Check
from longwatch.findings.rule_parts import PARAMETER, Condition, Reference, Scalar

_FRAMES = {
    "--": "every domain",
    "*": "every dataset",
    "SUPP--": "every supplemental dataset",
    "DATASETS": "datasets",
    "VARIABLES": "variables",
    "TSPARM": "parameters of TS",
    "DEFINE": "define.xml",
    "SITES": "sites of DM",
    "PLANNED": "planned visits of each subject",
    "FOLLOWED": "subjects in follow-up",
}
_EVERYTHING = "*"


def say_check(check: Check) -> list[str]:
    """The check as lines: where, on what condition, what is expected, and each derived column.

    `AE, where AESEV is MILD: AETOXGR is one of {mild}, or empty`; a parameter stands in braces.
    """
    where = _FRAMES.get(check.frame, check.frame)
    if check.rows and _EVERYTHING not in check.rows:
        where += f" {_listed(check.rows)}"
    if check.excluding:
        where += f" but {_listed(check.excluding)}"
    if check.each is not None:
        each = check.each if isinstance(check.each, str) else _values(_as_tuple(check.each))
        where += f", each variable {each}{' without values in define.xml' if check.unlisted else ''}"
    if check.when:
        where += f", where {' and '.join(_say_condition(condition) for condition in check.when)}"
    return [f"{where}: {_say_expectation(check.expect)}", *_say_derived(check)]


def _as_tuple(each: Reference | Sequence[str]) -> tuple[Scalar | Reference, ...]:
    return (each,) if isinstance(each, Reference) else tuple(each)


def _say_condition(condition: Condition) -> str:
    column = condition.column
    if condition.state is not None:
        return f"{column} is {'filled' if condition.state == 'filled' else 'empty'}"
    if condition.equals is not None:
        return f"{column} is {condition.equals}"
    if condition.within is not None:
        return f"{column} is one of {_values(condition.within)}"
    if condition.outside is not None:
        empty = ", or is empty" if condition.missing else ""
        return f"{column} is none of {_values(condition.outside)}{empty}"
    if condition.at_least is not None:
        return f"{column} is at least {_value(condition.at_least)}"
    return f"{column} is at most {_value(condition.at_most)}"


def _say_expectation(expect: Expectation) -> str:
    if isinstance(expect, NotNull):
        return f"{expect.column} is filled"
    if isinstance(expect, Null):
        return f"{expect.column} is empty"
    if isinstance(expect, Unique):
        columns = _values((expect.columns,)) if isinstance(expect.columns, Reference) else _listed(expect.columns)
        return f"no two records have the same {columns}"
    if isinstance(expect, EqualColumns):
        return f"{expect.column} equals {expect.other}"
    if isinstance(expect, ColumnLe):
        return f"{expect.column} is not above {expect.other}"
    empty = ", or empty" if isinstance(expect, InSet | NotInSet | Matches) and expect.missing == "passes" else ""
    if isinstance(expect, InSet):
        return f"{expect.column} is one of {_values(expect.values)}{empty}"
    if isinstance(expect, NotInSet):
        return f"{expect.column} is none of {_values(expect.values)}{empty}"
    if isinstance(expect, Matches):
        form = {"sdtm_date": "an ISO 8601 date", "duration": "an ISO 8601 duration"}
        fits = form[expect.form] if expect.form else f"text that fits {expect.pattern}"
        return f"{expect.column} is {fits}{empty}"
    ends = [f"at least {_value(expect.min)}"] if expect.min is not None else []
    ends += [f"at most {_value(expect.max)}"] if expect.max is not None else []
    return f"{expect.column} is {' and '.join(ends)}"


def _say_derived(check: Check) -> Iterator[str]:
    for name, derivation in check.derive.items():
        yield f"{name}: {_say_derivation(derivation)}"


def _say_derivation(derivation: Derivation) -> str:
    content = derivation.model_dump(by_alias=True, exclude_defaults=True)
    kind = str(content.pop("type")).replace("_", " ")
    return f"{kind}, {_parts(content)}" if content else kind


def _parts(content: dict[str, Any]) -> str:
    return "; ".join(f"{name} {_part(value)}" for name, value in content.items())


def _part(value: Any) -> str:
    if isinstance(value, dict):
        if set(value) == {"from"}:
            return _value(Reference.model_validate(value))
        return "(" + _parts(value) + ")"
    if isinstance(value, (list, tuple)):
        return ", ".join(_part(item) for item in value)
    return "yes" if value is True else str(value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _values(values: Iterable[Scalar | Reference]) -> str:
    return ", ".join(_value(value) for value in values)


_SOURCES = {
    "domain": "the domain's letters",
    "study.id": "the study file's id",
    "study.treated_arms": "the study file's arms",
    "study.untreated_arms": "the study file's untreated arms",
    "study.relatedness": "the study file's relatedness values",
    "study.products": "the study file's products",
    "model.required": "that SDTM requires",
    "dataset.texts": "all texts",
    "define.keys": "key of define.xml",
    "codelists.closed": "with a closed code list in define.xml",
    "codelists.open": "with a code list in define.xml that may be extended",
    "codelists.terms": "the terms of its code list",
}


def _value(value: Scalar | Reference | float | None) -> str:
    if isinstance(value, Reference):
        if value.source.startswith(PARAMETER):
            return "{" + value.source.removeprefix(PARAMETER) + "}"
        return _SOURCES.get(value.source, value.source)
    return f"{value:g}" if isinstance(value, float) else str(value)
