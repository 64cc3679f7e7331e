"""Columns looked up in a table that comes with the rules: limits, factors of units."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from longwatch.findings.derived.part import Derived
from longwatch.findings.rule_parts import ColumnName


class FromTable(Derived):
    """The number in the column `take` of a table (`validations/tables/NAME_vVERSION.csv`) at the row that has the
    values of `by` under the names `on`; missing where there is none. A table once used is never changed: a changed one
    has the next version, and the rule names it."""

    type: Literal["from_table"]
    table: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    version: Annotated[int, Field(ge=1)]
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    on: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    take: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns compared."""
        return self.by
