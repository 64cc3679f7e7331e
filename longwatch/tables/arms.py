"""The columns of a safety table: arms with their numbers of subjects, and what is compared with what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.treatment import NOT_ASSIGNED
from longwatch.stats.counting import compute_present
from longwatch.study import Study
from longwatch.tables.filters import equals, select_rows
from longwatch.tables.populations import SAFETY_POPULATION, Population

TOTAL = "Total"


@dataclass(frozen=True)
class Arms:
    """A population by arm (spec C.2 rule 2): the safety population, unless a table counts another.

    `names`: in the order of the study file. `sizes`: N of each, from ADSL, subjects without an event included.
    `arm_of_subject`: by row of ADSL the place of the arm in `names`, −1 outside the population. `comparisons`:
    pairs (arm, control). `variable`: the treatment variable.
    """

    names: tuple[str, ...]
    sizes: NDArray[np.int64]
    arm_of_subject: NDArray[np.int16]
    has_total: bool
    comparisons: tuple[tuple[int, int], ...]
    variable: str
    population: Population = SAFETY_POPULATION

    def condition_of(self, name: str) -> str:
        """Which subjects of the population are on an arm, as SQL: `TRT01A = 'Placebo'`."""
        if not self.variable:
            return ""
        if name == NOT_ASSIGNED:
            return f"({equals(self.variable, name)} OR {self.variable} IS NULL)"
        return equals(self.variable, name)

    @property
    def total(self) -> int:
        """N of all arms together."""
        return int(self.sizes.sum())

    @property
    def is_single(self) -> bool:
        """Whether there is one arm only: its percentages get an exact interval (spec C.2 rule 4)."""
        return len(self.names) == 1

    def compute_subjects(self, subjects: NDArray[np.integer]) -> NDArray[np.int64]:
        """How many different subjects of each arm are among these rows of ADSL."""
        return self.count(compute_present(subjects, len(self.arm_of_subject)))

    def count(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many subjects of each arm are among those chosen, by row of ADSL."""
        return np.bincount(self.arm_of_subject[chosen & (self.arm_of_subject >= 0)], minlength=len(self.names))


def make_arms(datasets: AnalysisDatasets, study: Study, population: Population = SAFETY_POPULATION) -> Arms:
    """The arms of the study file, each with its N, also where that is 0; then `Not assigned`, where subjects of
    the population are on no arm. Total where the study file asks for it and there are several arms.

    Compared are all arms with the control where the study file asks for a statistic; `Not assigned` with nothing.
    """
    names = [arm.name for arm in study.treatment.arms]
    variable = "TRT01P" if population.by_planned else datasets.treatment_variable
    place = pl.col(variable).to_physical().cast(pl.Int16).fill_null(len(names))
    arm = datasets.adsl.select(pl.when(pl.sql_expr(population.condition)).then(place))
    arm_of_subject = arm.to_series().fill_null(-1).to_numpy()
    sizes = np.bincount(arm_of_subject[arm_of_subject >= 0], minlength=len(names) + 1)
    if sizes[-1]:
        names.append(NOT_ASSIGNED)
    comparisons: tuple[tuple[int, int], ...] = ()
    if study.comparison and study.comparison.statistics:
        codes = [item.code for item in study.treatment.arms]
        control = codes.index(study.comparison.control)
        comparisons = tuple((place, control) for place in range(len(codes)) if place != control)
    return Arms(
        tuple(names),
        sizes[: len(names)],
        arm_of_subject,
        study.treatment.total_column and len(names) > 1,
        comparisons,
        variable,
        population,
    )


ALL_SUBJECTS = "All subjects"


def make_single_arm(datasets: AnalysisDatasets, population: Population) -> Arms:
    """Every subject of the population in one column, for tables that count before anybody is on an arm."""
    inside = select_rows(datasets.adsl, population.condition)
    place = np.where(inside, 0, -1).astype(np.int16)
    return Arms((ALL_SUBJECTS,), np.array([inside.sum()]), place, False, (), "", population)
