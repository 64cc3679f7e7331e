"""Columns that hold a value given elsewhere, or another name for a variable."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from longwatch.findings.derived.part import Derived
from longwatch.findings.rule_parts import ColumnName, Reference, Scalar


class Constant(Derived):
    """The same value in every record: one that is written, or one that the study or the domain gives."""

    type: Literal["constant"]
    value: Scalar | Reference

    @property
    def is_text(self) -> bool:
        """Unless a number is written; what the study gives is text."""
        return isinstance(self.value, str | Reference)


class FirstPresent(Derived):
    """Another name for the first of these variables that the dataset has."""

    type: Literal["first_present"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]

    @property
    def any_of(self) -> tuple[str, ...]:
        """The variables it chooses from."""
        return self.of
