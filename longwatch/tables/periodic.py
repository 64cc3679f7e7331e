"""Columns of a periodic report: per arm what happened in the interval, and cumulatively to the data lock point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.tables.arms import Arms
from longwatch.tables.filters import SAFETY, both, equals, select_rows
from longwatch.tables.layout import Layout
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableRow

INTERVAL, CUMULATIVE = "Interval", "Cumulative"


@dataclass(frozen=True)
class PeriodicLine:
    """A line: what picks its records beside the population."""

    label: str
    row_group: str
    row: str
    condition: str
    level: int = 0
    is_heading: bool = False


class PeriodicCounter:
    """Counts subjects (of ADSL) or events (of ADAE) of the safety population. `flag`: the variable that is Y for what
    happened in the interval; `counts`: `n`, different subjects, or `events`, records."""

    def __init__(self, frame: pl.DataFrame, dataset: str, arms: Arms, flag: str, counts: str) -> None:
        self._frame, self._dataset, self._arms = frame, dataset, arms
        self._flag, self._counts = flag, counts
        self._subject = frame["USUBJID"].to_physical().to_numpy()
        self._columns = Layout(arms, None).counted_columns()

    def columns(self) -> tuple[TableColumn, ...]:
        """Two per arm, and of all together."""
        return tuple(
            TableColumn(f"{column.name}:{part}", part, f"N={column.size}" if part == INTERVAL else "", column.name)
            for column in self._columns
            for part in (INTERVAL, CUMULATIVE)
        )

    def count(self, condition: str) -> NDArray[np.int64]:
        """The records that meet a condition, or their subjects, per arm."""
        chosen = self._subject[select_rows(self._frame, both(SAFETY, condition))]
        if self._counts == "n":
            return self._arms.compute_subjects(chosen)
        arm = self._arms.arm_of_subject[chosen]
        return np.bincount(arm[arm >= 0], minlength=len(self._arms.names)).astype(np.int64)

    def table(self, lines: list[PeriodicLine]) -> tuple[tuple[TableRow, ...], tuple[Statistic, ...]]:
        """Rows and statistics, line by line."""
        rows, statistics = [], []
        for line in lines:
            cells: list[str] = []
            parts = (
                (f"{self._counts}_in_interval", both(line.condition, equals(self._flag, "Y"))),
                (self._counts, line.condition),
            )
            counted = [] if line.is_heading else [(name, where, self.count(where)) for name, where in parts]
            for column in self._columns:
                for name, condition, by_arm in counted:
                    count = column.count(by_arm)
                    record = ("USUBJID", "LINENO") if self._counts == "events" else ("USUBJID",)
                    source = Provenance(self._dataset, both(SAFETY, column.condition, condition), record)
                    key = (line.row_group, line.row, column.name)
                    statistics.append(Statistic(*key, name, count, str(count), source))
                    cells.append(str(count))
            rows.append(
                TableRow(
                    line.label, tuple(cells or [""] * 2 * len(self._columns)), line.level, line.row_group, line.row
                )
            )
        return tuple(rows), tuple(statistics)
