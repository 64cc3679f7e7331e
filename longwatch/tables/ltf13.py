"""LTF13: exposure to immunosuppressants, drug by drug (spec D.3, L13).

Per drug of the study file's classes that somebody took: subjects who ever took it during follow-up; days with it; the
trough level where a test of it is named; subjects who stopped it before the end of their follow-up, and why, where that
is collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.stats.descriptive import compute_summary
from longwatch.stats.rounding import NOT_ESTIMABLE, count_percent_text, percent_text, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import Column, Layout
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Exposure to immunosuppressants"
DAYS, TROUGH, STOPPED, NO_REASON = "Days with it", "Trough level", "Stopped before the end of follow-up", "Not reported"
TOLD = {DAYS: ("median", "q1", "q3", "min", "max"), TROUGH: ("n", "mean", "sd", "median")}
NO_DRUGS = "No immunosuppressant of the study file's classes (exposure: classes) is recorded in CM"


def make_ltf13(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No drug of the classes in CM, or no follow-up known → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    statistics: list[Statistic] = []
    rows = list(_lines(datasets, layout, statistics))
    columns = layout.columns()
    troughs = ", ".join(f"{drug} by {test}" for drug, test in study.exposure.troughs.items())
    return TableResult(
        code="LTF13",
        title=TITLE,
        population=arms.population.name,
        stub="Drug",
        columns=columns,
        rows=tuple(rows),
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "n: subjects who took the drug (CM, CMDECOD or CMTRT) on at least one day from the first infusion to the "
            "end of follow-up; %: of N. Days: different days with it, overlaps once, gaps left out.",
            f"Trough level: mean of each subject's results after the infusion ({troughs}), described over subjects."
            if troughs
            else "Trough levels: the study file names no test of them (exposure: troughs).",
            "Stopped: the last course ended before the follow-up, for whatever reason; %: of those who took it. "
            "Reason: as collected (CMRSDISC).",
            "Drugs by name.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note=NO_DRUGS,
    )


def _lines(datasets: AnalysisDatasets, layout: Layout, statistics: list[Statistic]) -> Iterator[TableRow]:
    columns = layout.counted_columns()
    adim = datasets.adim.with_columns(
        place=pl.Series(layout.arms.arm_of_subject[datasets.adim["USUBJID"].to_physical().to_numpy()])
    )
    for drug in adim["PARAM"].unique().sort():
        of_drug = {
            kind: adim.filter(pl.col("PARAM") == drug, pl.col("PARCAT1") == kind)
            for kind in ("TAKEN", "STOPPED", "TROUGH")
        }
        taken = [_inside(of_drug["TAKEN"], column).height for column in columns]
        add = _Adder(layout, drug, statistics)
        yield TableRow(drug, tuple(add.share("", "TAKEN", column, n, column.size, "pct") for column, n in
                                   zip(columns, taken, strict=True)), 0, drug, "")  # fmt: skip
        for row, kind, label in (
            (DAYS, "TAKEN", f"{DAYS}, median (Q1, Q3; range)"),
            (TROUGH, "TROUGH", f"{TROUGH}{_unit(of_drug['TROUGH'])}, n, mean (SD), median"),
        ):
            if of_drug[kind].height:
                values = [_inside(of_drug[kind], column)["AVAL"].to_numpy() for column in columns]
                cells = [add.describe(row, kind, column, mine) for column, mine in zip(columns, values, strict=True)]
                yield TableRow(label, tuple(cells), 1, drug, row)
        yield from _stops(add, of_drug["STOPPED"], columns, taken, drug)


def _stops(
    add: _Adder, stopped: pl.DataFrame, columns: list[Column], taken: list[int], drug: str
) -> Iterator[TableRow]:
    counts = [_inside(stopped, column).height for column in columns]
    cells = [
        add.share(STOPPED, "STOPPED", column, n, of, "share")
        for column, n, of in zip(columns, counts, taken, strict=True)
    ]
    yield TableRow(STOPPED, tuple(cells), 1, drug, STOPPED)
    reasons = stopped["AVALC"].drop_nulls().unique().sort().to_list()
    if not reasons:
        return
    for reason in (*reasons, *([NO_REASON] if stopped["AVALC"].null_count() else [])):
        missing = reason == NO_REASON
        of_reason = stopped.filter(pl.col("AVALC").is_null() if missing else pl.col("AVALC") == reason)
        condition = "AVALC IS NULL" if missing else equals("AVALC", reason)
        row = f"{STOPPED}: {reason}"
        cells = [
            add.share(row, "STOPPED", column, _inside(of_reason, column).height, of, "share", condition)
            for column, of in zip(columns, taken, strict=True)
        ]
        yield TableRow(reason.capitalize(), tuple(cells), 2, drug, row)


class _Adder:
    """Adds the statistics of a drug, and gives their cell."""

    def __init__(self, layout: Layout, drug: str, statistics: list[Statistic]) -> None:
        self._layout, self._drug, self._statistics = layout, drug, statistics

    def _source(self, column: Column, kind: str, condition: str, variable: str) -> Provenance:
        where = both(
            self._layout.arms.population.condition, column.condition, equals("PARAM", self._drug),
            equals("PARCAT1", kind), condition,
        )  # fmt: skip
        return Provenance("ADIM", where, (variable,))

    def share(self, row: str, kind: str, column: Column, n: int, of: int, statistic: str, condition: str = "") -> str:
        """n and its percent of a number of subjects."""
        key = (self._drug, row, column.name)
        source = self._source(column, kind, condition, "USUBJID")
        self._statistics.append(Statistic(*key, "n", n, str(n), source))
        value = 100 * n / of if of else None
        self._statistics.append(Statistic(*key, statistic, value, percent_text(n, of), source))
        if statistic == "share":
            base = self._source(column, "TAKEN", "", "USUBJID")
            self._statistics.append(Statistic(*key, "base", of, str(of), base))
        return count_percent_text(n, of)

    def describe(self, row: str, kind: str, column: Column, values: np.ndarray) -> str:
        """Days, or trough levels, of the subjects of a column."""
        summary = compute_summary(values.astype(np.float64))
        found = {
            "n": summary.n, "mean": summary.mean, "sd": summary.sd, "median": summary.median,
            "q1": summary.first_quartile, "q3": summary.third_quartile, "min": summary.minimum, "max": summary.maximum,
        }  # fmt: skip
        texts = []
        for name in TOLD[row]:
            value = found[name]
            digits = 0 if row == DAYS and name in ("min", "max") else 2 if name == "sd" else 1
            text = NOT_ESTIMABLE if value is None else str(value if name == "n" else round_half_away(value, digits))
            source = self._source(column, kind, "", "USUBJID" if name == "n" else "AVAL")
            self._statistics.append(Statistic(self._drug, row, column.name, name, value, text, source))
            texts.append(text)
        if not summary.n:
            return ""
        if row == DAYS:
            return f"{texts[0]} ({texts[1]}, {texts[2]}; {texts[3]} to {texts[4]})"
        return f"{texts[0]}, {texts[1]} ({texts[2]}), {texts[3]}"


def _inside(records: pl.DataFrame, column: Column) -> pl.DataFrame:
    return records.filter(pl.col("place") >= 0 if column.index is None else pl.col("place") == column.index)


def _unit(troughs: pl.DataFrame) -> str:
    units = troughs["AVALC"].drop_nulls().unique().sort().to_list()
    return f", {units[0]}" if units and units[0] else ""
