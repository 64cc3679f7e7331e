"""Columns derived from dates."""

from __future__ import annotations

from typing import Literal

from longwatch.findings.derived.part import Derived
from longwatch.findings.rule_parts import ColumnName


class DateFact(Derived):
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


class StudyDay(Derived):
    """The study day of a complete date counted from a complete reference date; missing where one is not complete."""

    type: Literal["study_day"]
    of: ColumnName
    reference: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """The two dates."""
        return (self.of, self.reference)
