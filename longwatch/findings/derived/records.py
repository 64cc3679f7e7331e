"""Columns derived from records of other datasets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from longwatch.findings.derived.part import Derived
from longwatch.findings.rule_parts import ColumnName, Condition


class CountRows(Derived):
    """How many records of another dataset have the same values in `by` and meet `where`; a missing value matches
    none."""

    type: Literal["count_rows"]
    dataset: ColumnName
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    where: tuple[Condition, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns compared."""
        return self.by
