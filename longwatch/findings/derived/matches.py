"""Columns derived from whether other columns hold a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from longwatch.findings.derived.part import Derived, Kind
from longwatch.findings.rule_parts import ColumnName, Part, Pattern, Scalar


class Match(Part):
    """`{columns: [AESDTH, AESLIFE], equals: Y}`: each of these columns is asked for the value."""

    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    equals: Scalar


class Met(Derived):
    """What the columns come to that hold their value."""

    of: Annotated[tuple[Match, ...], Field(min_length=1)]

    @property
    def any_of(self) -> tuple[str, ...]:
        """The columns asked."""
        return tuple(column for match in self.of for column in match.columns)

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """As what their value is."""
        return {
            column: "text" if isinstance(match.equals, str) else "number"
            for match in self.of
            for column in match.columns
        }


class CountMet(Met):
    """How many of the columns hold their value."""

    type: Literal["count_met"]


class NamesMet(Met):
    """The columns that hold their value, as text: `AESDTH = Y, AESHOSP = Y`."""

    type: Literal["names_met"]

    @property
    def is_text(self) -> bool:
        """It is."""
        return True


class Contains(Derived):
    """`Y` where the pattern occurs in one of the texts, else `N`; where the study has none of the columns, `N`."""

    type: Literal["contains"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    pattern: Pattern

    @property
    def extras(self) -> tuple[str, ...]:
        """The texts."""
        return self.of

    @property
    def is_text(self) -> bool:
        """It is."""
        return True
