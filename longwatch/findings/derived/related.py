"""Columns derived from records of another dataset, or of the same one, that belong to the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.findings.derived.part import Derived, Kind
from longwatch.findings.rule_parts import ColumnName, Condition, Part

TEXTS = frozenset({"text"})
COUNTS = frozenset({"count", "distinct"})


class During(Part):
    """`{first: DAY, last: DAY, starts: CMSTDTC, ends: CMENDTC}`: the days of the record (columns that the check
    derives; one that is missing or left out is an open end) and the dates of the other, which goes on where `ends` is
    empty. Without `ends` the other is of the one day `starts`. A partial date is every day that it can
    mean; an other record without a date to start from meets no time."""

    first: ColumnName | None = None
    last: ColumnName | None = None
    starts: ColumnName
    ends: ColumnName | None = None


class Related(Derived):
    """What the records come to that have the same values in `by` (there called `on`, where their names differ; a
    missing value matches none), meet `where`, and, with `during`, whose time meets that of the record.

    `count` them, or the `distinct` values of the variable `of`; the `sum`, the `lowest` or the `highest` of its
    numbers; the smallest `text`; the `first_day` or `last_day` that one of its dates can mean, or
    the `first_day_of_last`: the latest of the first days that they can mean; or how many `days_apart`
    the nearest of them is (0 where the times of `during` meet or one has none; `during` then chooses none). Where there
    is no such record:
    0 for counts, else missing. `absent: empty`: a study without the dataset has no such record; else the check needs
    it. `any_case`: texts in `by` are compared in capitals.
    """

    type: Literal["related"]
    dataset: ColumnName
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    on: tuple[ColumnName, ...] = ()
    where: tuple[Condition, ...] = ()
    take: Literal[
        "count",
        "distinct",
        "sum",
        "lowest",
        "highest",
        "text",
        "first_day",
        "last_day",
        "first_day_of_last",
        "days_apart",
    ]
    of: ColumnName | None = None
    during: During | None = None
    absent: Literal["needed", "empty"] = "needed"
    any_case: bool = False

    @model_validator(mode="after")
    def check_whole(self) -> Related:
        """What is taken is there to take."""
        if (self.of is None) != (self.take in {"count", "days_apart"}):
            raise ValueError("related takes `of` a variable, except count and days_apart, which have none")
        if self.take == "days_apart" and self.during is None:
            raise ValueError("days_apart needs during")
        if self.on and len(self.on) != len(self.by):
            raise ValueError("on names as many columns as by")
        return self

    @property
    def keys_there(self) -> tuple[str, ...]:
        """The names in the other dataset of the columns compared."""
        return self.on or self.by

    @property
    def needed_there(self) -> tuple[str, ...]:
        """The columns of the other dataset that it reads."""
        during = (self.during.starts, self.during.ends) if self.during else ()
        names = (*self.keys_there, *(condition.column for condition in self.where), self.of, *during)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns compared."""
        days = (self.during.first, self.during.last) if self.during else ()
        return tuple(dict.fromkeys((*self.by, *(day for day in days if day is not None))))

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Keys are compared as text."""
        return dict.fromkeys(self.by, "text")

    @property
    def is_text(self) -> bool:
        """Where a text is taken."""
        return self.take in TEXTS
