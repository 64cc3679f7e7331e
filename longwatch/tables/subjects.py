"""Lines that count subjects of ADSL: the condition that a line names as its source is the one it is counted by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.tables.arms import Arms
from longwatch.tables.filters import both, select_rows
from longwatch.tables.layout import Counted, CountLine, Layout


@dataclass(frozen=True)
class SubjectLine:
    """`condition`: which subjects of the population the line counts, as SQL over ADSL; None: not collected (NA)."""

    label: str
    row_group: str
    row: str
    condition: str | None
    level: int = 0
    is_heading: bool = False


def subject_layout(arms: Arms) -> Layout:
    """The columns of a table that counts subjects of a population, compared with nothing."""
    return Layout(arms, None, counted=Counted("ADSL", arms.population.condition, ("USUBJID",)), with_intervals=False)


def count_lines(adsl: pl.DataFrame, arms: Arms, lines: Iterable[SubjectLine]) -> list[CountLine]:
    """The lines with their subjects per arm."""
    return [
        CountLine(
            line.label,
            line.row_group,
            line.row,
            line.condition or "",
            None if line.condition is None or line.is_heading else count_subjects(adsl, arms, line.condition),
            level=line.level,
            is_heading=line.is_heading,
        )
        for line in lines
    ]


def count_subjects(adsl: pl.DataFrame, arms: Arms, condition: str) -> NDArray[np.int64]:
    """How many subjects of each arm of the population meet a condition."""
    return arms.compute_subjects(np.flatnonzero(select_rows(adsl, both(arms.population.condition, condition))))


def values_in(adsl: pl.DataFrame, arms: Arms, variable: str, condition: str = "") -> list[str]:
    """The values that a variable has among subjects of the population that meet a condition, by falling number of
    subjects in all arms together, ties by name."""
    chosen = adsl.filter(pl.Series(select_rows(adsl, both(arms.population.condition, condition))))
    counts = (
        chosen[variable].drop_nulls().cast(pl.String).value_counts().sort(["count", variable], descending=[True, False])
    )
    return counts[variable].to_list()
