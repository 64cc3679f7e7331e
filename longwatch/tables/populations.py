"""The analysis populations that a table may count, as ADSL flags them (spec A.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longwatch.tables.filters import equals


@dataclass(frozen=True)
class Population:
    """`flag`: the variable of ADSL that is Y in it, or empty. `name`: as printed above a table. `by_planned`: counted
    by assigned arm, whatever the study file's basis (spec A.7). `every`: its condition, where no variable flags it."""

    flag: str
    name: str
    by_planned: bool = False
    every: str = ""

    @property
    def condition(self) -> str:
        """`SAFFL = 'Y'`."""
        return self.every or equals(self.flag, "Y")


POPULATIONS: Mapping[str, Population] = {
    population.flag: population
    for population in (
        Population("SAFFL", "Safety population"),
        Population("ITTFL", "Intention-to-treat population", by_planned=True),
        Population("RANDFL", "Randomised population", by_planned=True),
    )
}
"""Populations that ADSL flags; a study file may name more (`populations`)."""
SAFETY_POPULATION = POPULATIONS["SAFFL"]
SCREENED = Population("", "Screened subjects", every="USUBJID IS NOT NULL")
ASSIGNED = Population("", "Subjects on an arm", by_planned=True, every="TRT01P IS NOT NULL")
