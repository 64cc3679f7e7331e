"""Lines of `n/Ns (%)`: subjects with a result beyond something, of the subjects with a usable result (spec C.2 rule 2).

The condition that a line names as its source is the one it is counted by. A subject counts once per line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.stats.rounding import percent_text
from longwatch.study.model import Comparison
from longwatch.tables.arms import Arms
from longwatch.tables.compared import compared_cells, compared_columns, name_of
from longwatch.tables.comparisons import compute_comparison
from longwatch.tables.filters import both, is_one_of, select_rows
from longwatch.tables.layout import Column
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableRow
from longwatch.tables.subjects import subject_layout


@dataclass(frozen=True)
class FractionLine:
    """`condition`: which records count, beside `of`: which records make a subject one of the Ns. `has_share`: whether
    the count is a share of Ns; else the line prints n alone. `having`: what the records of `of` of a subject must meet
    together, as SQL over groups. A heading has no numbers."""

    label: str
    row_group: str
    row: str
    condition: str = ""
    of: str = ""
    level: int = 0
    is_heading: bool = False
    has_share: bool = True
    having: str = ""


class Fractions:
    """Counts the lines of a dataset. `count` may be called with a part of its records: those of one parameter. With a
    comparison, the arms are compared by the risk among Ns."""

    def __init__(self, dataset: str, arms: Arms, comparison: Comparison | None = None) -> None:
        self._dataset, self._arms = dataset, arms
        self._comparison = comparison
        self._beside = tuple(compared_columns(arms, comparison))
        self.columns = subject_layout(arms).counted_columns()
        self.rows: list[TableRow] = []
        self.statistics: list[Statistic] = []

    def count(self, records: pl.DataFrame, lines: Iterable[FractionLine]) -> None:
        """The rows and statistics of these lines."""
        subject = records["USUBJID"].to_physical().to_numpy()
        known: dict[str, NDArray[np.bool_]] = {}
        for line in lines:
            if line.is_heading:
                self.rows.append(
                    TableRow(
                        line.label,
                        ("",) * (len(self.columns) + len(self._beside)),
                        line.level,
                        line.row_group,
                        line.row,
                    )
                )
                continue
            if line.of not in known:
                known[line.of] = select_rows(records, both(self._arms.population.condition, line.of))
            chosen = known[line.of] & select_rows(records, line.condition)
            if line.having:
                chosen = chosen & _meet_together(records.filter(chosen), line.having, records)
            by_arm = [self._arms.compute_subjects(subject[rows]) for rows in (known[line.of], chosen)]
            cells = tuple(
                self._cell(line, column, *(column.count(numbers) for numbers in by_arm)) for column in self.columns
            )
            beside = self._compare(line, *by_arm) if self._beside else ()
            self.rows.append(TableRow(line.label, (*cells, *beside), line.level, line.row_group, line.row))

    def _compare(self, line: FractionLine, of: NDArray[np.int64], n: NDArray[np.int64]) -> tuple[str, ...]:
        assert self._comparison is not None, "columns of a comparison are there"
        cells: list[str] = []
        for arm, control in self._arms.comparisons:
            sizes = int(of[arm]), int(of[control])
            table = (int(n[arm]), sizes[0], int(n[control]), sizes[1])
            names = [self._arms.names[place] for place in (arm, control)]
            usable = both(self._arms.population.condition, is_one_of(self._arms.variable, names), line.of)
            denominator = f"{sizes[0]} and {sizes[1]} subjects of {self._dataset} with {usable}"
            source = Provenance(
                self._dataset,
                both(usable, line.condition),
                ("USUBJID", self._arms.variable),
                denominator,
                line.having,
            )
            (compared,) = compute_comparison([table], self._comparison)
            assert compared is not None, "a line that was counted is compared"
            key = (line.row_group, line.row, name_of(self._arms, (arm, control)))
            cells += compared_cells(compared, self._comparison, key, source, self.statistics)
        return tuple(cells)

    def _cell(self, line: FractionLine, column: Column, of: int, n: int) -> str:
        usable = both(self._arms.population.condition, column.condition, line.of)
        key = (line.row_group, line.row, column.name)
        where = both(usable, line.condition)
        if not line.has_share:
            self.statistics.append(Statistic(*key, "n", n, str(n), Provenance(self._dataset, where, ("USUBJID",))))
            return str(n)
        denominator = f"{of} subjects of {self._dataset} with {usable}"
        self.statistics.append(Statistic(*key, "Ns", of, str(of), Provenance(self._dataset, usable, ("USUBJID",))))
        source = Provenance(self._dataset, where, ("USUBJID",), denominator, line.having)
        percent = percent_text(n, of)
        self.statistics.append(Statistic(*key, "n", n, str(n), source))
        self.statistics.append(Statistic(*key, "pct_ns", 100 * n / of if of else None, percent, source))
        return f"{n}/{of} ({percent})" if percent else f"{n}/{of}"

    def printed_columns(self) -> Iterator[TableColumn]:
        """A column per arm, and Total where the study file asks for it; then those of the comparisons."""
        for column in self.columns:
            yield TableColumn(f"{column.name}:n", column.name, f"N={column.size}")
        yield from self._beside


def _meet_together(chosen: pl.DataFrame, having: str, records: pl.DataFrame) -> NDArray[np.bool_]:
    """By row of `records`, whether the chosen ones of its subject together meet a condition over groups."""
    numbers = chosen.select(pl.col("USUBJID").to_physical().alias("subject"), pl.col(pl.Float64))
    met = pl.SQLContext(chosen=numbers).execute(
        f"SELECT subject FROM chosen GROUP BY subject HAVING {having}", eager=True
    )
    return records["USUBJID"].to_physical().is_in(met["subject"].implode()).to_numpy()


def by_parameter(records: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The records of each parameter, by category and name."""
    order = records.group_by("PARAM").agg(pl.col("PARCAT1").cast(pl.String).first())
    parts = records.partition_by("PARAM", as_dict=True, maintain_order=True)
    for (name,) in order.sort("PARCAT1", pl.col("PARAM").cast(pl.String)).select("PARAM").iter_rows():
        yield str(name), parts[(name,)]


def select_later(records: pl.DataFrame, tests: tuple[str, ...]) -> pl.DataFrame:
    """The results of the safety population after the first dose, of these tests; of all where none is named."""
    later = records.filter((pl.col("ONTRTFL") == "Y") & (pl.col("SAFFL") == "Y"))
    return later.filter(pl.col("PARAMCD").cast(pl.String).is_in(list(tests))) if tests else later
