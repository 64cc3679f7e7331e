"""Columns derived from numbers of the record, days included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from longwatch.findings.derived.part import Derived, Kind
from longwatch.findings.rule_parts import ColumnName, Condition, Scalar


class Number(Derived):
    """The number that a text is, written with a decimal point; missing where it is none (`<0.5`, `TRACE`)."""

    type: Literal["number"]
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The text."""
        return (self.of,)


class _OfNumbers(Derived):
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The number."""
        return (self.of,)

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Numbers."""
        return dict.fromkeys(self.inputs, "number")


class Scaled(_OfNumbers):
    """A number times a factor, plus a number; `places`: rounded, where it is to be read."""

    type: Literal["scaled"]
    times: float = 1.0
    plus: float = 0.0
    places: int | None = None


class OfTwo(_OfNumbers):
    """Of two numbers the `product`; the `quotient`, missing where the other is 0; or the `relative_difference`, the
    distance as a share of the greater amount, 0 where both are 0. Missing where one of them is."""

    type: Literal["product", "quotient", "relative_difference"]
    other: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """Both."""
        return (self.of, self.other)


class Total(Derived):
    """The sum of numbers; a missing one counts as 0."""

    type: Literal["total"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]

    @property
    def inputs(self) -> tuple[str, ...]:
        """All of them."""
        return self.of

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Numbers."""
        return dict.fromkeys(self.of, "number")


class DayFrom(Derived):
    """The day `of` (a derived day), `months` calendar months later (the last of the month where it has no such day),
    and `days` days; each a column, a missing one counting as 0. Where both are missing, or the day is: missing.
    `plus_days`: a further column of days, as of a window."""

    type: Literal["day_from"]
    of: ColumnName
    months: ColumnName | None = None
    days: ColumnName | None = None
    plus_days: ColumnName | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The day and the columns of months and days."""
        names = (self.of, self.months, self.days, self.plus_days)
        return tuple(name for name in names if name is not None)

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Months and days are numbers."""
        names = (self.months, self.days, self.plus_days)
        return dict.fromkeys((name for name in names if name is not None), "number")


class Joined(Derived):
    """The texts of those of the columns that the dataset has, one after the other; never missing."""

    type: Literal["joined"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=1)]

    @property
    def extras(self) -> tuple[str, ...]:
        """The columns."""
        return self.of

    @property
    def is_text(self) -> bool:
        """It is."""
        return True


class Where(Derived):
    """The value of a column in records that meet all conditions, else missing; or a value written (`value`) there.
    `text`: whether the column is text."""

    type: Literal["where"]
    of: ColumnName | None = None
    value: Scalar | None = None
    when: Annotated[tuple[Condition, ...], Field(min_length=1)]
    text: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column and those asked."""
        names = (self.of, *(condition.column for condition in self.when))
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Conditions by their values."""
        kinds: dict[str, Kind] = {
            condition.column: "text" if condition.is_on_text else "number"
            for condition in self.when
            if condition.state is None
        }
        if self.of is not None:
            kinds.setdefault(self.of, "text" if self.text else "number")
        return kinds

    @property
    def is_text(self) -> bool:
        """Where the column or the value is."""
        return self.text or isinstance(self.value, str)


class FirstFilled(Derived):
    """The first of these texts that is filled in the record."""

    type: Literal["first_filled"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]

    @property
    def any_of(self) -> tuple[str, ...]:
        """The columns."""
        return self.of

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """Texts."""
        return dict.fromkeys(self.of, "text")

    @property
    def is_text(self) -> bool:
        """It is."""
        return True
