"""The analysis populations that a table may count, as ADSL flags them (spec A.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longwatch.tables.filters import equals


@dataclass(frozen=True)
class Population:
    """`flag`: the variable of ADSL that is Y in it. `name`: as printed above a table."""

    flag: str
    name: str

    @property
    def condition(self) -> str:
        """`SAFFL = 'Y'`."""
        return equals(self.flag, "Y")


POPULATIONS: Mapping[str, Population] = {
    population.flag: population
    for population in (
        Population("SAFFL", "Safety population"),
        Population("ITTFL", "Intention-to-treat population"),
        Population("RANDFL", "Randomised subjects"),
        Population("ENRLFL", "Enrolled subjects"),
    )
}
SAFETY_POPULATION = POPULATIONS["SAFFL"]
