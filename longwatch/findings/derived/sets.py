"""Columns derived from the set of records that a record belongs to: they need the whole dataset, never a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.findings.derived.part import Derived, Kind
from longwatch.findings.rule_parts import ColumnName, Condition


class SetWise(Derived):
    """Of the records with the same values in `by`. A record that misses one of them belongs to no set: what is derived
    is missing."""

    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]


class Among(SetWise):
    """What the records of the set that meet `where` come to: how many (`count`); of the variable `of` how many values
    (`distinct`), the most frequent one (`most_common`; of several the first in order), the `sum`, `lowest` or `highest`
    number."""

    type: Literal["among"]
    take: Literal["count", "distinct", "most_common", "sum", "lowest", "highest"]
    of: ColumnName | None = None
    where: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def check_whole(self) -> Among:
        """What is taken is there to take."""
        if (self.of is None) != (self.take == "count"):
            raise ValueError("among takes `of` a variable, except count, which has none")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Keys, conditions, the variable."""
        names = (*self.by, *(condition.column for condition in self.where), self.of)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Keys and what is counted as text, what is added or compared as numbers, conditions by their values."""
        kinds: dict[str, Kind] = dict.fromkeys(self.by, "text")
        for condition in self.where:
            if condition.state is None:
                kinds[condition.column] = "text" if condition.is_on_text else "number"
        if self.of is not None:
            kinds[self.of] = "text" if self.take in {"distinct", "most_common"} else "number"
        return kinds

    @property
    def is_text(self) -> bool:
        """The most common value is."""
        return self.take == "most_common"


class InOrder(SetWise):
    """Of the records of the set in order of the columns `order` (missing last), and where those are equal of `ties`
    that are there: the `place` of the record, from 1; of the variable `of` the value in the record before
    (`previous`), or the highest in any record before (`highest_before`). A record that misses a column of `order` is
    in no order: what is derived is missing, and no other record comes after it."""

    type: Literal["in_order"]
    order: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    ties: tuple[ColumnName, ...] = ()
    take: Literal["place", "previous", "highest_before"]
    of: ColumnName | None = None
    of_text: bool = False

    @model_validator(mode="after")
    def check_whole(self) -> InOrder:
        """What is taken is there to take."""
        if (self.of is None) != (self.take == "place"):
            raise ValueError("in_order takes `of` a variable, except place, which has none")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Keys, order, the variable."""
        names = (*self.by, *self.order, self.of)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def extras(self) -> tuple[str, ...]:
        """What decides between records that are equal in order."""
        return self.ties

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Keys as text; the variable as a number unless `of_text`; the order as it is."""
        kinds: dict[str, Kind] = dict.fromkeys((*self.by, *self.ties), "text")
        if self.of is not None:
            kinds[self.of] = "text" if self.of_text else "number"
        return kinds

    @property
    def is_text(self) -> bool:
        """Where the variable is."""
        return self.of_text
