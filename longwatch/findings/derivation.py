"""Columns that a check derives before it judges. `inputs`: what it cannot do without; `any_of`: of these, one will
do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from longwatch.findings.rule_parts import ColumnName, Condition, Part, Pattern, Reference, Scalar


class _Derived(Part):
    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it cannot do without."""
        return ()

    @property
    def any_of(self) -> tuple[str, ...]:
        """Columns of which it needs one; those that the study lacks count as empty."""
        return ()

    @property
    def is_text(self) -> bool:
        """Whether what it derives is text; else it is a number or a day."""
        return False


class Match(Part):
    """`{columns: [AESDTH, AESLIFE], equals: Y}`: each of these columns is asked for the value."""

    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    equals: Scalar


class _Met(_Derived):
    of: Annotated[tuple[Match, ...], Field(min_length=1)]

    @property
    def any_of(self) -> tuple[str, ...]:
        """The columns asked."""
        return tuple(column for match in self.of for column in match.columns)


class CountMet(_Met):
    """How many of the columns hold their value."""

    type: Literal["count_met"]


class NamesMet(_Met):
    """The columns that hold their value, as text: `AESDTH = Y, AESHOSP = Y`."""

    type: Literal["names_met"]

    @property
    def is_text(self) -> bool:
        """It is."""
        return True


class DateFact(_Derived):
    """What an SDTM date can mean: `first_day`, `last_day` the earliest and latest day; `first_moment`, `last_moment`
    the earliest and latest second (a time with a zone, or in an interval, is read as its whole day); `precision` what
    of it is known (`day`, `month`, `year`, `none`; missing and illegal dates are `none`)."""

    type: Literal["first_day", "last_day", "first_moment", "last_moment", "precision"]
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The date."""
        return (self.of,)

    @property
    def is_text(self) -> bool:
        """Only the precision is."""
        return self.type == "precision"


class StudyDay(_Derived):
    """The study day of a complete date counted from a complete reference date; missing where one is not complete."""

    type: Literal["study_day"]
    of: ColumnName
    reference: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The two dates."""
        return (self.of, self.reference)


class CountRows(_Derived):
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


class Contains(_Derived):
    """`Y` where the pattern occurs in one of the texts, else `N`; where the study has none of the columns, `N`."""

    type: Literal["contains"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    pattern: Pattern

    @property
    def is_text(self) -> bool:
        """It is."""
        return True


class Constant(_Derived):
    """The same value in every record: one that is written, or one that the study or the domain gives."""

    type: Literal["constant"]
    value: Scalar | Reference

    @property
    def is_text(self) -> bool:
        """Unless a number is written; what the study gives is text."""
        return isinstance(self.value, str | Reference)


class FirstPresent(_Derived):
    """Another name for the first of these variables that the dataset has."""

    type: Literal["first_present"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]

    @property
    def any_of(self) -> tuple[str, ...]:
        """The variables it chooses from."""
        return self.of


Derivation = Annotated[
    CountMet | NamesMet | DateFact | StudyDay | CountRows | Contains | Constant | FirstPresent,
    Field(discriminator="type"),
]
