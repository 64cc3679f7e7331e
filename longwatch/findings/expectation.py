"""What a check expects of the rows concerned.

A missing value fails an expectation on one column, unless the rule says `missing: passes`; then the row is not judged.
An expectation that compares two columns judges only the rows that have both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.findings.rule_parts import ColumnName, Part, Reference, Values, check_pattern
from longwatch.standards.dates import ISO8601_DURATION, ISO8601_PARTIAL

FORMS: Mapping[str, str] = {"sdtm_date": ISO8601_PARTIAL, "duration": ISO8601_DURATION}
"""Patterns that a check names in place of writing them out."""

Missing = Literal["fails", "passes"]


class _OnOneColumn(Part):
    column: ColumnName

    @property
    def judged(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return (self.column,)


class _OnTwoColumns(Part):
    column: ColumnName
    other: ColumnName

    @property
    def judged(self) -> tuple[str, ...]:
        """The columns it looks at."""
        return (self.column, self.other)


class NotNull(_OnOneColumn):
    """The column is filled."""

    type: Literal["not_null"]


class Null(_OnOneColumn):
    """The column is empty."""

    type: Literal["null"]


class InSet(_OnOneColumn):
    """The value is one of these."""

    type: Literal["in_set"]
    values: Values
    missing: Missing = "fails"


class NotInSet(_OnOneColumn):
    """The value is none of these."""

    type: Literal["not_in_set"]
    values: Values
    missing: Missing = "fails"


class Matches(_OnOneColumn):
    """The whole text fits a pattern, written out or named by `form`."""

    type: Literal["matches"]
    pattern: str | None = None
    form: Literal["sdtm_date", "duration"] | None = None
    missing: Missing = "fails"

    @model_validator(mode="after")
    def check_one_pattern(self) -> Matches:
        """One of pattern and form, and one that can be read."""
        if (self.pattern is None) == (self.form is None):
            raise ValueError("matches has exactly one of pattern and form")
        check_pattern(self.text)
        return self

    @property
    def text(self) -> str:
        """The pattern, whichever way it was given."""
        return FORMS[self.form] if self.form is not None else str(self.pattern)


class Between(_OnOneColumn):
    """The number is not below `min` and not above `max`; one of the two may be left out."""

    type: Literal["between"]
    min: float | Reference | None = None
    max: float | Reference | None = None
    missing: Missing = "fails"

    @model_validator(mode="after")
    def check_ends(self) -> Between:
        """At least one end."""
        if self.min is None and self.max is None:
            raise ValueError("between has min, max or both")
        return self


class EqualColumns(_OnTwoColumns):
    """The two columns are equal. With `missing: fails` a row that lacks the first, but not the other, fails."""

    type: Literal["equal_columns"]
    missing: Missing = "passes"


class ColumnLe(_OnTwoColumns):
    """The column is not above the other."""

    type: Literal["column_le"]


class Unique(Part):
    """No two rows concerned have the same values in these columns; missing equals missing. One finding per set."""

    type: Literal["unique"]
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)] | Reference

    @property
    def judged(self) -> tuple[str, ...]:
        """The columns it looks at; none yet where they are those that a reference stands for."""
        return () if isinstance(self.columns, Reference) else self.columns


Expectation = Annotated[
    NotNull | Null | InSet | NotInSet | Matches | Between | Unique | EqualColumns | ColumnLe,
    Field(discriminator="type"),
]
