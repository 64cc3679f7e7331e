"""Lines of counts as a table: columns, cells, and statistics with their provenance (spec C.2).

A number is rounded here, once. The layout knows nothing of adverse events: it takes lines with counts per arm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.stats.proportions import compute_clopper_pearson
from longwatch.stats.rounding import percent_text, points_text
from longwatch.study.model import Comparison
from longwatch.tables.arms import TOTAL, Arms
from longwatch.tables.compared import compared_cells, compared_columns, name_of
from longwatch.tables.comparisons import Compared, compute_comparison
from longwatch.tables.filters import EMERGENT, both, is_one_of
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableRow

NOT_AVAILABLE = "NA"
"""Printed where the data lacks the variable that a line counts by."""


@dataclass(frozen=True)
class Within:
    """The subjects that a line is of, where they are not all of its column: a condition over ADSL, and how many of each
    arm meet it."""

    condition: str
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class CountLine:
    """A line of a table before it has texts.

    `subjects`, `events`: counts per arm. `condition`: what picks the records, beside the population and what the table
    counts; `having`: what a subject's records together must meet. `within`: the line's own denominator (n/Ns).
    `is_heading`: a line without numbers of its own. A line that is no heading and has no subjects could not be counted:
    NA.
    """

    label: str
    row_group: str
    row: str
    condition: str
    subjects: NDArray[np.int64] | None
    events: NDArray[np.int64] | None = None
    level: int = 0
    is_heading: bool = False
    having: str = ""
    within: Within | None = None


@dataclass(frozen=True)
class Column:
    """An arm, or all of them together (`index` None)."""

    name: str
    index: int | None
    size: int
    condition: str

    def count(self, by_arm: NDArray[np.int64]) -> int:
        """The column's share of counts per arm."""
        return int(by_arm.sum() if self.index is None else by_arm[self.index])


@dataclass(frozen=True)
class Counted:
    """What the lines of a table count: records of an analysis dataset, beside a condition that all of them meet.
    `record`: the variables that tell them apart."""

    dataset: str
    condition: str
    record: tuple[str, ...]


EMERGENT_EVENTS = Counted("ADAE", EMERGENT, ("USUBJID", "AESEQ"))


@dataclass(frozen=True)
class Layout:
    """How lines become a table: the arms, what the study compares, whether events are counted beside subjects, what is
    counted (treatment-emergent events, unless said otherwise), and whether one arm alone gets exact intervals."""

    arms: Arms
    comparison: Comparison | None
    with_events: bool = False
    counted: Counted = EMERGENT_EVENTS
    with_intervals: bool = True

    @property
    def _has_intervals(self) -> bool:
        return self.arms.is_single and self.with_intervals

    @property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        return self.arms.comparisons if self.comparison else ()

    def columns(self) -> tuple[TableColumn, ...]:
        """The printed columns: per arm and Total `n (%)`, and `Events` where asked; per comparison what is asked."""
        found: list[TableColumn] = []
        share = "n (%) [95% CI]" if self._has_intervals else "n (%)"
        for column in self.counted_columns():
            unit = f"N={column.size}"
            if self.with_events:
                found.append(TableColumn(f"{column.name}:n", share, unit, column.name))
                found.append(TableColumn(f"{column.name}:events", "Events", "", column.name))
            else:
                found.append(TableColumn(f"{column.name}:n", column.name, unit))
        return (*found, *compared_columns(self.arms, self.comparison))

    def sizes(self) -> Iterator[Statistic]:
        """N of each column."""
        for column in self.counted_columns():
            source = Provenance("ADSL", both(self.arms.population.condition, column.condition), ("USUBJID",))
            yield Statistic("", "", column.name, "N", column.size, f"N={column.size}", source)

    def lines(self, lines: Sequence[CountLine]) -> tuple[tuple[TableRow, ...], tuple[Statistic, ...]]:
        """Rows, and statistics line by line, column by column."""
        compared = [
            compute_comparison([self._counts(line, pair) for line in lines], self.comparison)
            for pair in self._pairs
            if self.comparison
        ]
        rows: list[TableRow] = []
        statistics: list[Statistic] = []
        for number, line in enumerate(lines):
            cells: list[str] = []
            for column in self.counted_columns():
                cells += self._count(line, column, statistics)
            for pair, by_line in zip(self._pairs, compared, strict=True):
                cells += self._compare(line, pair, by_line[number], statistics)
            rows.append(TableRow(line.label, tuple(cells), line.level, line.row_group, line.row))
        return tuple(rows), tuple(statistics)

    def counted_columns(self) -> list[Column]:
        """The arms, and all of them together where the study file asks for it."""
        columns = [
            Column(name, index, int(self.arms.sizes[index]), self.arms.condition_of(name))
            for index, name in enumerate(self.arms.names)
        ]
        return [*columns, Column(TOTAL, None, self.arms.total, "")] if self.arms.has_total else columns

    def _count(self, line: CountLine, column: Column, statistics: list[Statistic]) -> list[str]:
        if line.is_heading:
            return ["", ""] if self.with_events else [""]
        key = (line.row_group, line.row, column.name)
        inside, size, of_line = "", column.size, ""
        if line.within is not None:
            inside, size = line.within.condition, column.count(line.within.sizes)
            of_line = f"/{size}"
            every = both(self.arms.population.condition, column.condition)
            of_size = Provenance("ADSL", every, ("USUBJID",), subjects=inside)
            statistics.append(Statistic(*key, "N", size, f"N={size}", of_size))
        where = both(self.counted.condition, column.condition, line.condition)
        denominator = f"{size} subjects of ADSL with {both(self.arms.population.condition, column.condition, inside)}"
        source = Provenance(self.counted.dataset, where, ("USUBJID",), denominator, line.having, inside)
        if line.subjects is None:
            statistics.append(Statistic(*key, "n", None, NOT_AVAILABLE, source))
            return [NOT_AVAILABLE, NOT_AVAILABLE] if self.with_events else [NOT_AVAILABLE]
        count = column.count(line.subjects)
        share = 100 * count / size if size else None
        percent = percent_text(count, size)
        statistics.append(Statistic(*key, "n", count, str(count), source))
        statistics.append(Statistic(*key, "pct", share, percent, source))
        cells = [f"{count}{of_line} ({percent})" if percent else f"{count}{of_line}"]
        if self._has_intervals:
            low, high = (100 * float(limit) for limit in compute_clopper_pearson(count, size))
            texts = []
            for name, limit in (("pct_lower", low), ("pct_upper", high)):
                value = limit if size else None
                texts.append(points_text(value))
                statistics.append(Statistic(*key, name, value, texts[-1], source))
            cells[0] += f" [{', '.join(texts)}]"
        if self.with_events and line.events is not None:
            events = column.count(line.events)
            source = Provenance(self.counted.dataset, where, self.counted.record, subjects=inside)
            statistics.append(Statistic(*key, "events", events, str(events), source))
            cells.append(str(events))
        elif self.with_events:
            cells.append("")
        return cells

    def _compare(
        self, line: CountLine, pair: tuple[int, int], compared: Compared | None, statistics: list[Statistic]
    ) -> list[str]:
        if line.is_heading or compared is None or self.comparison is None:
            text = "" if line.is_heading else NOT_AVAILABLE
            return [text for asked in ("risk_difference", "fisher") if self._asks(asked)]
        names = [self.arms.names[place] for place in pair]
        sizes = [int(self._sizes(line)[place]) for place in pair]
        inside = line.within.condition if line.within else ""
        where = both(self.counted.condition, is_one_of(self.arms.variable, names), line.condition)
        denominator = f"{sizes[0]} and {sizes[1]} subjects of ADSL with {both(self.arms.population.condition, inside)}"
        variables = ("USUBJID", self.arms.variable)
        source = Provenance(self.counted.dataset, where, variables, denominator, line.having, inside)
        key = (line.row_group, line.row, name_of(self.arms, pair))
        return compared_cells(compared, self.comparison, key, source, statistics)

    def _sizes(self, line: CountLine) -> NDArray[np.int64]:
        return line.within.sizes if line.within else self.arms.sizes

    def _counts(self, line: CountLine, pair: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """Subjects and N of arm and control; None where the line was not counted."""
        if line.subjects is None:
            return None
        sizes, (arm, control) = self._sizes(line), pair
        return int(line.subjects[arm]), int(sizes[arm]), int(line.subjects[control]), int(sizes[control])

    def _asks(self, statistic: str) -> bool:
        return self.comparison is not None and statistic in self.comparison.statistics
