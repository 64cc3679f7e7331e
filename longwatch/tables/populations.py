"""The analysis populations that a table may count, as ADSL flags them (spec A.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.standards.nearest import did_you_mean
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
        Population("GRAFTFL", "Subjects with engraftment"),
    )
}
"""Populations that ADSL flags; a study file may name more (`populations`)."""
WHERE_DEFINED = frozenset({"GRAFTFL"})
"""Those that are there only where the study file, or the sponsor's ADSL, says who is in them."""
SAFETY_POPULATION = POPULATIONS["SAFFL"]
SCREENED = Population("", "Screened subjects", every="USUBJID IS NOT NULL")
ASSIGNED = Population("", "Subjects on an arm", by_planned=True, every="TRT01P IS NOT NULL")


def choose_population(code: str, datasets: AnalysisDatasets, parameters: Mapping[str, object]) -> Population:
    """The population that an output is asked to count (`population`), SAFFL where nothing is said. Raises StudyError
    LW-TAB-016: there is none of that name, or ADSL does not flag it."""
    flag = str(parameters.get("population", SAFETY_POPULATION.flag))
    known = [name for name in POPULATIONS if name in datasets.adsl.columns]
    if flag in known:
        return POPULATIONS[flag]
    undefined = flag in WHERE_DEFINED
    raise StudyError(
        "LW-TAB-016",
        f"{code} cannot count the population {flag}",
        where="population",
        expected=f"one of {', '.join(known)}{did_you_mean(flag, known)}",
        found=f"ADSL has no {flag}" if flag in POPULATIONS else flag,
        next_step="say in the study file what engraftment is (graft: engraftment)" if undefined else "name one of them",
    )
