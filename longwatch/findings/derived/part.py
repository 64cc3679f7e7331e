"""What every derived column says about itself, so that whoever builds it need not know which kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from longwatch.findings.rule_parts import Part

Kind = Literal["text", "number"]


class Derived(Part):
    """A column that a check derives. A new kind says what it reads and what it gives, where the cases below differ."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it cannot do without."""
        return ()

    @property
    def any_of(self) -> tuple[str, ...]:
        """Columns of which it needs one; those that the study lacks count as empty."""
        return ()

    @property
    def extras(self) -> tuple[str, ...]:
        """Columns it uses where they are there."""
        return ()

    @property
    def reads_as(self) -> Mapping[str, Kind]:
        """The columns that it reads as text or as numbers, whatever type their source gave them."""
        return dict.fromkeys((*self.inputs, *self.extras), "text")

    @property
    def is_text(self) -> bool:
        """Whether what it derives is text; else it is a number or a day."""
        return False
