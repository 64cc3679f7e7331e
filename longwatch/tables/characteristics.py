"""Characteristics of subjects as lines of a table: numbers described, categories counted (spec C.2 rules 2 and 6).

A variable without a value for any subject prints NA: not collected is not missing. A category without a value is a line
`Missing`, printed where a subject has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.stats.association import compute_anova, compute_chi_square
from longwatch.stats.rounding import count_percent_text, p_value_text, percent_text
from longwatch.tables.described import LINES, Numbers, compute_decimals, describe_values, print_described
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import NOT_AVAILABLE, Column, Layout
from longwatch.tables.result import Provenance, Statistic, TableRow

MISSING = "Missing"
ALL_ARMS = "All arms"


@dataclass(frozen=True)
class Characteristic:
    """A variable of ADSL with the words before its lines; `words`: what its values are printed as."""

    variable: str
    label: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Described:
    """Rows of a table and their statistics, in the same order."""

    rows: list[TableRow]
    statistics: list[Statistic]


class Describer:
    """Describes variables of ADSL by arm. `tests`: whether an overall p-value stands in a last column."""

    def __init__(self, datasets: AnalysisDatasets, layout: Layout, tests: bool = False) -> None:
        self._datasets = datasets
        self._adsl = datasets.adsl
        self._columns = layout.counted_columns()
        self._arms = layout.arms
        self._tests = tests

    def describe(self, item: Characteristic) -> Described:
        """The lines of one variable: a heading, and below it statistics of a number or counts of categories."""
        found = Described([], [])
        values = self._adsl[item.variable] if self._datasets.is_filled(item.variable) else None
        if values is None:
            cells = [NOT_AVAILABLE] * len(self._columns) + [""] * self._tests
            found.rows.append(TableRow(item.label, tuple(cells), 0, item.variable, ""))
            for column in self._columns:
                source = self._source(item.variable, column)
                found.statistics.append(Statistic(item.variable, "", column.name, "n", None, NOT_AVAILABLE, source))
        elif values.dtype.is_numeric():
            self._describe_number(item, values.cast(pl.Float64).fill_null(np.nan).to_numpy(), found)
        else:
            self._count_categories(item, values, found)
        return found

    def _describe_number(self, item: Characteristic, values: Numbers, found: Described) -> None:
        decimals = compute_decimals(values)
        of_column = [(column, values[self._subjects(column)]) for column in self._columns]
        p = compute_anova([values[self._arms.arm_of_subject == place] for place in range(len(self._arms.names))])
        found.rows.append(self._heading(item, p.p, "p_anova", found))
        cells: list[tuple[str, ...]] = []
        for column, mine in of_column:
            texts = describe_values(mine, decimals)
            source = self._source(item.variable, column)
            for name, (value, text) in texts.items():
                found.statistics.append(Statistic(item.variable, "", column.name, name, value, text, source))
            said = {name: text for name, (_, text) in texts.items()}
            cells.append(print_described(said))
        for label, *line in zip(LINES, *cells, strict=True):
            found.rows.append(TableRow(str(label), (*map(str, line), *self._blank()), 1, item.variable, str(label)))

    def _count_categories(self, item: Characteristic, values: pl.Series, found: Described) -> None:
        counted = self._adsl.filter(pl.Series(self._arms.arm_of_subject >= 0))
        levels = levels_of(counted, item.variable)
        codes = values.cast(pl.String).replace_strict(
            levels, list(range(len(levels))), default=None, return_dtype=pl.Int32
        )
        place = codes.fill_null(len(levels)).to_numpy()
        arms = len(self._arms.names)
        inside = self._arms.arm_of_subject >= 0
        counts = np.zeros((arms, len(levels) + 1), dtype=np.int64)
        np.add.at(counts, (self._arms.arm_of_subject[inside], place[inside]), 1)
        p = compute_chi_square(counts[:, : len(levels)])
        found.rows.append(self._heading(item, p.p, "p_chi_square", found))
        for index, level in enumerate([*levels, None]):
            if level is None and not counts[:, index].sum():
                continue
            name = MISSING if level is None else level
            condition = f"{item.variable} IS NULL" if level is None else equals(item.variable, level)
            cells = []
            for column in self._columns:
                count = column.count(counts[:, index])
                share = 100 * count / column.size if column.size else None
                source = self._source(item.variable, column, condition)
                key = (item.variable, name, column.name)
                found.statistics.append(Statistic(*key, "n", count, str(count), source))
                found.statistics.append(Statistic(*key, "pct", share, percent_text(count, column.size), source))
                cells.append(count_percent_text(count, column.size))
            label = item.words.get(name, name)
            found.rows.append(TableRow(label, (*cells, *self._blank()), 1, item.variable, name))

    def _heading(self, item: Characteristic, p: float | None, name: str, found: Described) -> TableRow:
        cells = [""] * len(self._columns)
        if self._tests:
            source = Provenance("ADSL", self._arms.population.condition, (item.variable, self._arms.variable))
            found.statistics.append(Statistic(item.variable, "", ALL_ARMS, name, p, p_value_text(p), source))
            cells.append(p_value_text(p))
        return TableRow(item.label, tuple(cells), 0, item.variable, "")

    def _subjects(self, column: Column) -> NDArray[np.bool_]:
        place = self._arms.arm_of_subject
        return place >= 0 if column.index is None else place == column.index

    def _source(self, variable: str, column: Column, condition: str = "") -> Provenance:
        subjects = both(self._arms.population.condition, column.condition)
        denominator = f"{column.size} subjects of ADSL with {subjects}" if condition else ""
        return Provenance("ADSL", both(subjects, condition), ("USUBJID", variable), denominator)

    def _blank(self) -> list[str]:
        return [""] if self._tests else []


def levels_of(adsl: pl.DataFrame, variable: str) -> list[str]:
    """The values of a variable that these subjects have, in the order of its numeric companion (AGEGR1N of AGEGR1);
    else by falling number of subjects, ties by name."""
    companion = f"{variable}N"
    text = adsl[variable].cast(pl.String)
    if companion in adsl.columns:
        pairs = pl.DataFrame({"level": text, "place": adsl[companion]}).drop_nulls("level")
        return pairs.group_by("level").agg(pl.col("place").min()).sort("place", "level")["level"].to_list()
    counts = text.drop_nulls().value_counts().sort(["count", variable], descending=[True, False])
    return counts[variable].to_list()


def describe_all(describer: Describer, items: Sequence[Characteristic]) -> Described:
    """The lines of several variables, one after the other."""
    parts: Iterator[Described] = map(describer.describe, items)
    whole = Described([], [])
    for part in parts:
        whole.rows.extend(part.rows)
        whole.statistics.extend(part.statistics)
    return whole
