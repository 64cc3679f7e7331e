"""Columns derived from the record that a supplemental qualifier or a link points to."""

from __future__ import annotations

from typing import Literal

from longwatch.findings.derived.part import Derived

POINTER = ("RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL")


class Parent(Derived):
    """Of the record that RDOMAIN, USUBJID, IDVAR and IDVARVAL point to: `parent_rows` how many there are, blanks around
    IDVARVAL left off; `parent_variable` `Y` where a dataset of RDOMAIN has the variable IDVAR, `N` where none has.

    Without IDVAR the subject's records in RDOMAIN count. A split domain counts as one. Where IDVARVAL or USUBJID is not
    filled, a missing value matches none.
    """

    type: Literal["parent_rows", "parent_variable"]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the pointer is made of."""
        return POINTER

    @property
    def is_text(self) -> bool:
        """Only whether the variable is there."""
        return self.type == "parent_variable"
