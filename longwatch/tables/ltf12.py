"""LTF12: kidney, nerve and heart (spec D.3, L12).

First the chronic slope of eGFR: of each subject the least-squares slope over its results from day 90 on, described by
arm. Then eGFR lower than at baseline by at least 25, 50 and 75 %, and the groups of the study file (`follow_up:
organs`, such as dialysis, neuropathy, MACE): subjects with it, days to the first, person-years and rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.derive.egfr_slope import FIRST_DAY, LEAST_DAYS, LEAST_SPAN
from longwatch.stats.descriptive import compute_mean, compute_summary
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.first_events import FirstEvents, say_first, say_rates
from longwatch.tables.layout import Layout
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Kidney, nerve and heart over the years"
SLOPE = "Chronic slope of eGFR, mL/min/1.73m2 per year"
LINES = {"Subjects": ("n",), "Mean (95% CI)": ("mean", "mean_lower", "mean_upper"), "Median": ("median",),
         "Min, Max": ("min", "max")}  # fmt: skip
FALLS = ("EGFR25", "EGFR50", "EGFR75")


def make_ltf12(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject → no rows, and a note; what has no source prints NA."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    groups = [f"ORG{place}" for place in range(1, len(study.follow_up.organs) + 1)]
    found = FirstEvents(datasets, study, (*FALLS, *groups) if arms.total else (), incidence=False, rate=True)
    statistics: list[Statistic] = []
    rows = [*(_slopes(datasets, layout, statistics) if arms.total else ()), *found.rows]
    columns = layout.columns()
    return TableResult(
        code="LTF12",
        title=TITLE,
        population=arms.population.name,
        stub="Organ",
        columns=columns,
        rows=tuple(rows),
        statistics=(*layout.sizes(), *statistics, *found.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            f"Slope: least squares over each subject's eGFR from study day {FIRST_DAY} on, of subjects with at least "
            f"{LEAST_DAYS} days of results over at least {LEAST_SPAN} days; the mean of the subjects' slopes with "
            "Student's 95% CI, each subject with the same weight.",
            *footnotes.say_egfr(datasets.followed_results),
            say_first(),
            *found.notes,
            say_rates(),
            *found.definitions,
            *footnotes.say_abbreviations(columns, rows, "CI", "NE", *(("PT", "SOC", "TEAE") * bool(found.definitions))),
        ),
        empty_note="No subject is in this population",
    )


def _slopes(datasets: AnalysisDatasets, layout: Layout, statistics: list[Statistic]) -> Iterator[TableRow]:
    slopes = datasets.adsp
    place = layout.arms.arm_of_subject[slopes["USUBJID"].to_physical().to_numpy()]
    values = slopes["AVAL"].to_numpy()
    columns = layout.counted_columns()
    yield TableRow(SLOPE, ("",) * len(columns), 0, SLOPE, "")
    cells: dict[str, list[str]] = {name: [] for name in LINES}
    for column in columns:
        mine = values[place >= 0] if column.index is None else values[place == column.index]
        summary, mean = compute_summary(mine), compute_mean(mine)
        numbers = {
            "n": summary.n, "mean": mean.value, "mean_lower": mean.lower, "mean_upper": mean.upper,
            "median": summary.median, "min": summary.minimum, "max": summary.maximum,
        }  # fmt: skip
        where = both(layout.arms.population.condition, column.condition, equals("PARAMCD", "EGFRSLP"))
        for line, names in LINES.items():
            texts = []
            for name in names:
                value = numbers[name]
                texts.append(_text(name, value))
                source = Provenance("ADSP", where, ("USUBJID",) if name == "n" else ("AVAL",))
                statistics.append(Statistic(SLOPE, line, column.name, name, value, texts[-1], source))
            if name.startswith("mean"):
                cells[line].append(f"{texts[0]} ({texts[1]}, {texts[2]})" if numbers["mean"] is not None else "NE")
            else:
                cells[line].append(", ".join(texts))
    for line, printed in cells.items():
        yield TableRow(line, tuple(printed), 1, SLOPE, line)


def _text(name: str, value: float | int | None) -> str:
    if value is None:
        return NOT_ESTIMABLE
    return str(value) if name == "n" else str(round_half_away(float(np.round(value, 9)), 2))
