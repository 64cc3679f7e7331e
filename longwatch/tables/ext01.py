"""EXT01: duration of exposure and person-years (FDA guide v2.0, table 6; ICH E3 12.1; spec C.3).

Blocks: time since the first dose of study product; of a product given in infusions their number and the dose (by body
weight where weights are collected), of one that goes on the duration of treatment; each class of concomitant drugs that
the study file names (immunosuppression). A time is described by n, mean (SD), median, quartiles, range and total
person-years, and by subjects with at least 1 day, 1, 3, 6, 12, 24, 36 and 60 months: thresholds are cumulative. A block
that the data does not tell of prints NA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import floor

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.described import LINES, Numbers, compute_decimals, describe_values, print_described
from longwatch.tables.filters import SAFETY, both, equals
from longwatch.tables.layout import Column, Counted, CountLine, Layout
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow

TITLE = "Duration of exposure"
NUMBER = "6"
MONTHS = (1, 3, 6, 12, 24, 36, 60)
DAYS_PER_MONTH = DAYS_PER_YEAR / 12


@dataclass(frozen=True)
class Block:
    """`code`: PARAMCD; empty where the data does not tell of it. `label`: as printed, the row group. `kind`: a `time`
    in days, a `number` of times, or an `amount`."""

    code: str
    label: str
    kind: str


def make_ext01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = Layout(arms, None, counted=Counted("ADEX", SAFETY, ("USUBJID", "PARAMCD")), with_intervals=False)
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    for block in _blocks(datasets, study):
        found = _Tabled(datasets.adex, layout, block)
        rows += found.rows
        statistics += found.statistics
    columns = layout.columns()
    kept = tuple(rows) if arms.total else ()
    return TableResult(
        code="EXT01",
        title=TITLE,
        population=arms.population.name,
        stub="Exposure",
        columns=columns,
        rows=kept,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            f"Time since first {_dose(study)}: days from it (day 1) to the last day known alive, death or cut-off.",
            *_say_blocks(study),
            "n: subjects with a value. %: of N; thresholds are cumulative. Months are of 30.4375 days, in whole days: "
            + ", ".join(f"{months} = {_days_of(months)}" for months in MONTHS)
            + ". Person-years: days / 365.25.",
            "SD: standard deviation (n − 1). Q1, Q3: quartiles by definition 5 of SAS.",
            *footnotes.say_abbreviations(columns, kept),
        ),
        number=NUMBER,
        empty_note="No subject is in this population",
    )


def _dose(study: Study) -> str:
    return "dose of study product" if study.exposure.is_continuing else "infusion"


def _blocks(datasets: AnalysisDatasets, study: Study) -> Iterator[Block]:
    adex, data = datasets.adex, datasets.data
    named = dict(adex.select("PARAMCD", "PARAM").unique(maintain_order=True).iter_rows())
    has_ex = "EX" in data
    yield Block("TIMEFD", f"Time since first {_dose(study)} (days)", "time")
    if study.exposure.is_continuing:
        yield Block("TRTDUR" if has_ex else "", "Duration of treatment (days)", "time")
        yield Block("EXPDUR" if has_ex else "", "Time on treatment, gaps left out (days)", "time")
    else:
        yield Block("NDOSE" if has_ex else "", "Number of infusions", "number")
        amounts = [code for code in named if code.startswith("DOSE")]
        for code in amounts:
            yield Block(code, named[code], "amount")
        if not amounts:
            yield Block("", "Total dose", "amount")
    for number, item in enumerate(study.exposure.classes, start=1):
        code = f"CLS{number}"
        told = code in named or ("CM" in data and {"CMDECOD", "CMTRT"} & set(data.datasets["CM"].columns))
        yield Block(code if told else "", f"{item.name} (days)", "time")


class _Tabled:
    """The lines of a block."""

    def __init__(self, adex: pl.DataFrame, layout: Layout, block: Block) -> None:
        self.rows: list[TableRow] = []
        self.statistics: list[Statistic] = []
        self._arms: Arms = layout.arms
        self._layout, self._block, self._columns = layout, block, layout.counted_columns()
        if not block.code:
            lines = [CountLine(block.label, block.label, "", "", None)]
        else:
            self.rows.append(TableRow(block.label, ("",) * len(self._columns), 0, block.label, ""))
            values = self._values(adex)
            if block.kind == "number":
                lines = list(self._numbers_of(values))
            else:
                self._describe(values)
                lines = list(self._thresholds(values)) if block.kind == "time" else []
        rows, statistics = layout.lines(lines)
        self.rows += rows
        self.statistics += statistics

    def _values(self, adex: pl.DataFrame) -> Numbers:
        """AVAL by row of ADSL; NaN where the subject has no such row."""
        mine = adex.filter(pl.col("PARAMCD") == self._block.code)
        values = np.full(len(self._arms.arm_of_subject), np.nan)
        values[mine["USUBJID"].to_physical().to_numpy()] = mine["AVAL"].to_numpy()
        return values

    def _source(self, column: Column) -> Provenance:
        where = both(SAFETY, column.condition, equals("PARAMCD", self._block.code))
        return Provenance("ADEX", where, ("USUBJID", "AVAL"))

    def _of(self, column: Column, values: Numbers) -> Numbers:
        place = self._arms.arm_of_subject
        return values[place >= 0 if column.index is None else place == column.index]

    def _describe(self, values: Numbers) -> None:
        of_column = [(column, self._of(column, values)) for column in self._columns]
        decimals = compute_decimals(values, otherwise=1)
        cells = []
        for column, mine in of_column:
            found = describe_values(mine, decimals)
            key, source = (self._block.label, "", column.name), self._source(column)
            self.statistics += [Statistic(*key, name, value, text, source) for name, (value, text) in found.items()]
            cells.append(print_described({name: text for name, (_, text) in found.items()}))
        for label, *line in zip(LINES, *cells, strict=True):
            self.rows.append(TableRow(str(label), tuple(map(str, line)), 1, self._block.label, str(label)))
        if self._block.kind == "time":
            years = [float(np.nansum(mine)) / DAYS_PER_YEAR for _, mine in of_column]
            self._sum("Total person-years", "person_years", [(each, str(round_half_away(each, 1))) for each in years])

    def _numbers_of(self, values: Numbers) -> Iterator[CountLine]:
        totals = [int(np.nansum(self._of(column, values))) for column in self._columns]
        self._sum("All infusions", "total", [(each, str(each)) for each in totals])
        for number in np.unique(values[(self._arms.arm_of_subject >= 0) & ~np.isnan(values)]).astype(int):
            label = f"{number} infusion{'s' if number > 1 else ''}"
            yield self._line(label, label, f"AVAL = {number}", values == number)

    def _thresholds(self, values: Numbers) -> Iterator[CountLine]:
        yield self._line("≥ 1 day", ">= 1 day", "AVAL >= 1", values >= 1)
        for months in MONTHS:
            days = _days_of(months)
            said = f"{months} month{'s' if months > 1 else ''}"
            yield self._line(f"≥ {said}", f">= {said}", f"AVAL >= {days}", values >= days)

    def _line(
        self, label: str, row: str, condition: str, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> CountLine:
        subjects = self._arms.compute_subjects(np.flatnonzero(chosen))
        where = both(equals("PARAMCD", self._block.code), condition)
        return CountLine(label, self._block.label, row, where, subjects, level=1)

    def _sum(self, label: str, name: str, sums: list[tuple[float | int, str]]) -> None:
        for column, (value, text) in zip(self._columns, sums, strict=True):
            self.statistics.append(
                Statistic(self._block.label, "", column.name, name, value, text, self._source(column))
            )
        self.rows.append(TableRow(label, tuple(text for _, text in sums), 1, self._block.label, label))


def _days_of(months: int) -> int:
    """The whole days that make so many months: 30, 91, 182, 365 …, as years of follow-up are cut (spec C.4)."""
    return floor(DAYS_PER_MONTH * months)


def _say_blocks(study: Study) -> tuple[str, ...]:
    notes = []
    if study.exposure.is_continuing:
        notes.append(
            "Duration of treatment: from the first to the last day with study product (EX). A record without an end "
            "goes on to the end of treatment or of follow-up."
        )
    else:
        notes.append(
            "Infusions: different days on which a dose of study product started; two lots on one day are one infusion. "
            "Dose: of all infusions; by the last body weight on or before the first."
        )
    if study.exposure.classes:
        named = "; ".join(f"{item.name}: {', '.join(item.drugs)}" for item in study.exposure.classes)
        notes.append(
            "Concomitant drugs (CM, EX), different days from the first study intervention to the end of follow-up: "
            "overlapping records count once, gaps do not; one without an end goes on, one without a start began "
            f"before. Described are subjects with at least one day. {named}."
        )
    return tuple(notes)
