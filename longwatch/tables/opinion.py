"""Two computations of one output, cell by cell: what is printed, and what an independent program answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import isclose

from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import Statistic, TableResult

DESCRIBED = ("n", "records", "mean", "sd", "median", "min", "max")
CHECKED = (
    "N", "pct", "Ns", "pct_ns", "events", "person_years", "rate", *DESCRIBED, *(f"change_{name}" for name in DESCRIBED),
    "tranmax", "alpmax", "bilimax", "n_in_interval", "events_in_interval", "total",
    "at_risk", "deaths", "survival_pct", "incidence_pct", "mean_count",
    "whisker_low", "whisker_high", "change_whisker_low", "change_whisker_high", "outliers",
    "share", "base", "days_followed", "days_possible", "quotient", "tests", "tests_not_passed",
    "days_taken", "infusions_followed", "infusions", "infusion_share", "event_share",
)  # fmt: skip
"""Statistics that are computed twice: counts, percentages, rates, descriptions of numbers, whiskers and outliers,
numbers at risk and the shares of curves. Quartiles, intervals, hazard ratios and p-values are not; their functions are
tested against other programs."""
TOLERANCE = 1e-9

Cell = tuple[str, str, str, str]
"""Row group, row, column, statistic."""


@dataclass(frozen=True)
class Answer:
    """What another program gives for an output: its values by cell, and the row groups that it does not compute."""

    values: Mapping[Cell, float | int | None]
    not_computed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AskedStudy:
    """One study of a pool as the other program is asked of it: its data, study file, cut-off, and by the heading of its
    arm that of the pool's."""

    data: SourceData
    study: Study
    cutoff: date
    headings: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """A cell on which the two disagree. None: not printed (or NE), not answered."""

    output: str
    cell: Cell
    printed: float | int | None
    answered: float | int | None


@dataclass(frozen=True)
class Opinion:
    """The second opinion on one output: cells compared, differences, cells that are not computed twice. `answered`:
    False where nobody computes the output again."""

    output: str
    answered: bool
    compared: int
    differences: tuple[Difference, ...]
    unchecked: int

    @property
    def agrees(self) -> bool:
        """Whether no cell differs."""
        return not self.differences


def compare(table: TableResult, answer: Answer | None) -> Opinion:
    """The printed numbers beside the answers.

    Cases of a printed cell: not one of CHECKED, or of a row group that is not computed → unchecked; no answer → a
    difference, unless the cell prints NA; equal to a relative 1e-9 → agreed; else a difference. An answer other than 0
    that no cell prints is a difference, too: a row that was dropped. No answer at all (None) → every cell unchecked.
    """
    if answer is None:
        return Opinion(table.code, False, 0, (), len(table.statistics))
    differences: list[Difference] = []
    printed: set[Cell] = set()
    compared = unchecked = 0
    for item in table.statistics:
        cell = (item.row_group, item.row, item.column, item.statistic)
        printed.add(cell)
        if item.statistic not in CHECKED or item.row_group in answer.not_computed:
            unchecked += 1
            continue
        compared += 1
        if not _agree(item, answer.values.get(cell)):
            differences.append(Difference(table.code, cell, item.value, answer.values.get(cell)))
    dropped = [(cell, value) for cell, value in answer.values.items() if value and cell not in printed]
    differences += [Difference(table.code, cell, None, value) for cell, value in dropped]
    return Opinion(table.code, True, compared, tuple(differences), unchecked)


def compare_all(tables: Iterable[TableResult], answers: Iterable[Answer | None]) -> tuple[Opinion, ...]:
    """Every output beside its answer, place by place: an output may stand twice, with other parameters."""
    return tuple(compare(table, answer) for table, answer in zip(tables, answers, strict=True))


def _agree(item: Statistic, answer: float | int | None) -> bool:
    if item.value is None or answer is None:
        return item.value is None and (answer is None or item.text == NOT_AVAILABLE)
    return isclose(item.value, answer, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
