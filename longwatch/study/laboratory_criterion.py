"""A laboratory criterion: when a result counts as an event (an AESI, an algorithmic query), as a study file says it.

`LBTESTCD comparison value unit`, such as NEUT below 1 10^9/L, ALT above 3 "x ULN", EGFR at_most -50 "% of baseline".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from longwatch.study.part import Part

ANALYTE = r"^[A-Z][A-Z0-9]{0,7}$"


class Comparison(StrEnum):
    """How a result is compared with the limit."""

    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"

    @property
    def sign(self) -> str:
        """As a formula and SQL write it."""
        return {"below": "<", "at_most": "<=", "above": ">", "at_least": ">="}[self]


MEASURES = {
    "x ULN": "R2ANRHI",
    "x LLN": "CASE WHEN ANRLO > 0 THEN ROUND(AVAL / ANRLO, 9) END",
    "x baseline": "R2BASE",
    "% of baseline": "PCHG",
}
"""Units that stand for no unit of a result: of its own upper or lower limit of normal, of the subject's baseline, of
the change from it. Each with the variable of ADLB that is compared."""


class LaboratoryCriterion(Part):
    """`analyte`: LBTESTCD. `unit`: one of MEASURES, or the unit that `value` is written in (LBSTRESU)."""

    analyte: Annotated[str, Field(pattern=ANALYTE)]
    comparison: Comparison
    value: float
    unit: Annotated[str, Field(min_length=1)]

    @property
    def measure(self) -> str:
        """The variable of ADLB that is compared."""
        return MEASURES.get(self.unit, "AVAL")

    @property
    def words(self) -> str:
        """`NEUT < 1 10^9/L`; `EGFR change <= -50% of baseline`."""
        change = " change" if self.measure == "PCHG" else ""
        return f"{self.analyte}{change} {self.comparison.sign} {self.value:g} {self.unit}".replace(" %", "%")
