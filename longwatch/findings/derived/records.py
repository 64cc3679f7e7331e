"""Columns derived from records of other datasets: those that have the same values in some columns and meet conditions.

`dataset`: a dataset of the study, or `MEDDRA`, the paths of the dictionary that the study names (see
`longwatch.standards.meddra`). `by`: columns of the record, `theirs` the columns of the other dataset that they are
compared with, where those have other names; DM_… is the DM record of their subject. A missing value matches none.
`fold`: texts are compared without regard to case and to how many blanks stand between words. `derive`: columns of
theirs, made from their dates, that `theirs`, `where` and `of` may name. `optional`: columns of theirs that count as
empty where the dataset lacks them. `absent: none`: where the study lacks the dataset or another column of it, no record
matches; else the check is not evaluable.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.findings.derived.dates import DateFact
from longwatch.findings.derived.part import Derived
from longwatch.findings.rule_parts import ColumnName, Condition


class OtherRecords(Derived):
    """Something about the records of another dataset that match."""

    dataset: ColumnName
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    theirs: tuple[ColumnName, ...] = ()
    where: tuple[Condition, ...] = ()
    derive: dict[ColumnName, DateFact] = Field(default_factory=dict)
    optional: tuple[ColumnName, ...] = ()
    fold: bool = False
    absent: Literal["none"] | None = None

    @model_validator(mode="after")
    def check_pairs(self) -> OtherRecords:
        """As many columns of theirs as of ours."""
        if self.theirs and len(self.theirs) != len(self.by):
            raise ValueError("theirs has as many columns as by")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns compared."""
        return self.by

    @property
    def keys(self) -> tuple[str, ...]:
        """The other dataset's columns that are compared."""
        return self.theirs or self.by

    @property
    def of_theirs(self) -> tuple[str, ...]:
        """The other dataset's columns that are looked at beside those compared."""
        return tuple(condition.column for condition in self.where)

    @property
    def needed(self) -> tuple[str, ...]:
        """The other dataset's variables that it cannot do without, DM_… included."""
        named = (*self.keys, *self.of_theirs, *(fact.of for fact in self.derive.values()))
        return tuple(dict.fromkeys(name for name in named if name not in self.derive and name not in self.optional))


class CountRows(OtherRecords):
    """How many records match."""

    type: Literal["count_rows"]


class CountDistinct(OtherRecords):
    """How many different values the records that match have in `of`; missing is none."""

    type: Literal["count_distinct"]
    of: ColumnName

    @property
    def of_theirs(self) -> tuple[str, ...]:
        """With the column counted."""
        return (*super().of_theirs, self.of)


class Extreme(OtherRecords):
    """`least`, `greatest`: the least or greatest value that the records that match have in `of`; of several columns,
    the first that a record fills."""

    type: Literal["least", "greatest"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=1)]

    @property
    def of_theirs(self) -> tuple[str, ...]:
        """With the columns compared."""
        return (*super().of_theirs, *self.of)
