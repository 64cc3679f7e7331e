"""Lines that count subjects among part of a population: those expected, or those who reached a day.

Such a line has its own denominator: the statistic `base`, with its own records; `share` is n of it in percent. `pct`,
elsewhere, is always of the N of the column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.stats.rounding import count_percent_text, percent_text
from longwatch.tables.arms import Arms
from longwatch.tables.filters import both, select_rows
from longwatch.tables.layout import Column, Layout
from longwatch.tables.result import Provenance, Statistic, TableRow


@dataclass(frozen=True)
class ShareLine:
    """`condition`: which records of the dataset the line counts the subjects of, as SQL; `base`: those it is a share
    of, empty where it is none. A line without a condition is a heading."""

    label: str
    row_group: str
    row: str
    condition: str = ""
    base: str = ""
    level: int = 0


def share_rows(
    frame: pl.DataFrame, dataset: str, layout: Layout, lines: Iterable[ShareLine]
) -> tuple[tuple[TableRow, ...], tuple[Statistic, ...]]:
    """Rows, and statistics line by line, column by column: n, and of a share its base and percent."""
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    counts = _Counts(frame, layout.arms)
    for line in lines:
        cells = []
        for column in layout.counted_columns():
            cells.append(_cell(counts, dataset, layout.arms, line, column, statistics) if line.condition else "")
        rows.append(TableRow(line.label, tuple(cells), line.level, line.row_group, line.row))
    return tuple(rows), tuple(statistics)


class _Counts:
    """Subjects per arm by condition, each counted once."""

    def __init__(self, frame: pl.DataFrame, arms: Arms) -> None:
        self._frame, self._arms = frame, arms
        self._subject = frame["USUBJID"].to_physical().to_numpy()
        self._known: dict[str, NDArray[np.int64]] = {}

    def of(self, condition: str) -> NDArray[np.int64]:
        if condition not in self._known:
            where = both(self._arms.population.condition, condition)
            self._known[condition] = self._arms.compute_subjects(self._subject[select_rows(self._frame, where)])
        return self._known[condition]


def _cell(
    counts: _Counts, dataset: str, arms: Arms, line: ShareLine, column: Column, statistics: list[Statistic]
) -> str:
    key = (line.row_group, line.row, column.name)
    n = column.count(counts.of(line.condition))
    shared = both(arms.population.condition, column.condition)
    where = both(shared, line.condition)
    if not line.base:
        statistics.append(Statistic(*key, "n", n, str(n), Provenance(dataset, where, ("USUBJID",))))
        return str(n)
    base = column.count(counts.of(line.base))
    source = Provenance(dataset, where, ("USUBJID",), f"{base} subjects of {dataset} with {both(shared, line.base)}")
    of_base = Provenance(dataset, both(shared, line.base), ("USUBJID",))
    statistics.append(Statistic(*key, "n", n, str(n), source))
    statistics.append(Statistic(*key, "share", 100 * n / base if base else None, percent_text(n, base), source))
    statistics.append(Statistic(*key, "base", base, str(base), of_base))
    return count_percent_text(n, base)
