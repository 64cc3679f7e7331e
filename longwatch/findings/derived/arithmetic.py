"""Columns derived by arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from longwatch.findings.derived.part import Derived, Kind
from longwatch.findings.rule_parts import ColumnName


class Percent(Derived):
    """How much `of` is of `whole`, in percent; missing where one is missing or the whole is 0."""

    type: Literal["percent"]
    of: ColumnName
    whole: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The two numbers."""
        return (self.of, self.whole)

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Both as numbers."""
        return dict.fromkeys(self.inputs, "number")


class DaysBetween(Derived):
    """The days from one derived day to another, negative where the second is before the first; missing where one is."""

    type: Literal["days_between"]
    start: ColumnName
    end: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The two days."""
        return (self.start, self.end)

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """As they are: days that the check derived."""
        return {}
