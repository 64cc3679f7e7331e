"""Columns derived from many columns at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.findings.derived.part import Derived
from longwatch.findings.rule_parts import ColumnName, Reference


class NamesWhere(Derived):
    """The columns, by name, whose text begins with `begins` or is `equals`; missing where there is none.

    Of `of` those are asked that the dataset has.
    """

    type: Literal["names_where"]
    of: Annotated[tuple[ColumnName, ...], Field(min_length=1)] | Reference
    begins: str | None = None
    equals: str | None = None

    @model_validator(mode="after")
    def check_one_test(self) -> NamesWhere:
        """At least one of the two."""
        if self.begins is None and self.equals is None:
            raise ValueError("names_where has begins, equals or both")
        return self

    @property
    def extras(self) -> tuple[str, ...]:
        """The columns asked; none yet where they are those that a reference stands for."""
        return () if isinstance(self.of, Reference) else self.of

    @property
    def is_text(self) -> bool:
        """It is."""
        return True
