"""LTF09: recurrent events, mean cumulative counts with death competing (spec D.3, L9; C.4).

The groups of the study file (`follow_up: recurrent`, such as infections), then hypoglycaemia of level 3. Of each:
subjects with one, events, and by 1, 3 and 5 years the mean number of events per subject (Dong and Yasui), with the
subjects at risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adev import EVENT, MEASURED, TESTED, why_not
from longwatch.stats.methods import Method
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.stats.recurrent import MeanCumulativeCount, compute_mean_cumulative_count
from longwatch.stats.rounding import NOT_ESTIMABLE, count_percent_text, percent_text, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.first_events import YEARS
from longwatch.tables.layout import NOT_AVAILABLE, Column, Layout
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow
from longwatch.tables.subjects import subject_layout
from longwatch.tables.time_notes import name_terms, say_measured
from longwatch.tables.times import interval_text, literal

TITLE = "Recurrent events: mean cumulative counts"
EVENTS = "Events"
COUNT = ("mean_count", "mean_count_lower", "mean_count_upper")
LEVEL_3 = "HYPO3"


def make_ltf09(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject → no rows, and a note; what has no source prints NA."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    groups = {f"REC{place}": group.name for place, group in enumerate(study.follow_up.recurrent, start=1)}
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    notes = []
    for place, group in enumerate(study.follow_up.recurrent, start=1):
        notes.append(f"{groups[f'REC{place}']}: TEAEs of {name_terms(group.terms, group.socs)}.")
    reason = why_not(LEVEL_3, datasets.data, study, datasets.adev)
    notes.append(f"{MEASURED[LEVEL_3]}: {f'not available: {reason}' if reason else say_measured(LEVEL_3, study)}.")
    for code, name in {**groups, LEVEL_3: MEASURED[LEVEL_3]}.items() if arms.total else ():
        told = not (code == LEVEL_3 and reason)
        rows += _lines(datasets, layout, code, name, statistics) if told else _not_told(layout, code, name, statistics)
    columns = layout.columns()
    return TableResult(
        code="LTF09",
        title=TITLE,
        population=arms.population.name,
        stub="Event",
        columns=columns,
        rows=tuple(rows),
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "n: subjects with at least one such event; %: of N. Events: all of them, by the end of follow-up.",
            *notes,
            f"By year: mean number of events per subject since the first day of follow-up; "
            f"{Method.MEAN_CUMULATIVE_COUNT.value}. It is no share, and may be above 1. A year is 365.25 days. At "
            "risk: followed for at least that. NE: not estimable.",
            footnotes.say_treatment_emergence(study),
            *([footnotes.say_dictionary(study)] * bool(groups)),
            *footnotes.say_abbreviations(columns, rows, "CI", "NE", *(("PT", "SOC") * bool(groups)), "TEAE"),
        ),
        empty_note="No subject is in this population",
    )


def _where(arms: Arms, column: Column, code: str, kind: str, *more: str) -> str:
    return both(arms.population.condition, column.condition, equals("PARAMCD", code), equals("AVALC", kind), *more)


def _not_told(layout: Layout, code: str, name: str, statistics: list[Statistic]) -> list[TableRow]:
    columns = layout.counted_columns()
    for column in columns:
        source = Provenance("ADEV", _where(layout.arms, column, code, EVENT), ("USUBJID",))
        statistics.append(Statistic(name, "", column.name, "n", None, NOT_AVAILABLE, source))
    return [TableRow(name, (NOT_AVAILABLE,) * len(columns), 0, name, "")]


def _lines(
    datasets: AnalysisDatasets, layout: Layout, code: str, name: str, statistics: list[Statistic]
) -> Iterator[TableRow]:
    arms = layout.arms
    columns = layout.counted_columns()
    records = datasets.adev.filter(pl.col("PARAMCD") == code)
    events, watched = (records.filter(pl.col("AVALC") == kind) for kind in (EVENT, TESTED))
    died = (datasets.adsl["DTHFL"] == "Y").fill_null(False).to_numpy()
    counts, totals, curves = [], [], []
    for column in columns:
        curve, mine = _curve(arms, column, events, watched, died)
        curves.append(curve)
        n = len(np.unique(mine))
        of_events = Provenance("ADEV", _where(arms, column, code, EVENT), ("USUBJID",))
        statistics.append(Statistic(name, "", column.name, "n", n, str(n), of_events))
        share = 100 * n / column.size if column.size else None
        statistics.append(Statistic(name, "", column.name, "pct", share, percent_text(n, column.size), of_events))
        every = Provenance("ADEV", of_events.filter, ("USUBJID", "ADT"))
        statistics.append(Statistic(name, EVENTS, column.name, "events", len(mine), str(len(mine)), every))
        counts.append(count_percent_text(n, column.size))
        totals.append(str(len(mine)))
    yield TableRow(name, tuple(counts), 0, name, "")
    yield TableRow(EVENTS, tuple(totals), 1, name, EVENTS)
    for year in YEARS:
        row, time = f"Year {year}", year * DAYS_PER_YEAR
        means, risks = [], []
        for column, curve in zip(columns, curves, strict=True):
            key = (name, row, column.name)
            found = curve.at(time)
            source = Provenance(
                "ADEV",
                both(arms.population.condition, column.condition, equals("PARAMCD", code)),
                ("AVALC", "ADY", "AVAL"),
            )
            values = (found.value, found.lower, found.upper)
            texts = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 2)) for value in values]
            for statistic, value, text in zip(COUNT, values, texts, strict=True):
                statistics.append(Statistic(*key, statistic, value, text, source))
            means.append(interval_text(*texts))
            at_risk = int((curve.end >= time).sum())
            where = _where(arms, column, code, TESTED, f"AVAL >= {literal(time)}")
            source = Provenance("ADEV", where, ("USUBJID",))
            statistics.append(Statistic(*key, "at_risk", at_risk, str(at_risk), source))
            risks.append(str(at_risk))
        yield TableRow(f"By year {year}, events per subject (95% CI)", tuple(means), 1, name, row)
        yield TableRow("At risk", tuple(risks), 2, name, row)


def _curve(
    arms: Arms, column: Column, events: pl.DataFrame, watched: pl.DataFrame, died: np.ndarray
) -> tuple[MeanCumulativeCount, np.ndarray]:
    """The curve of a column, and the subject of each of its events. Events of subjects without a known follow-up are in
    neither."""
    subject = watched["USUBJID"].to_physical().to_numpy()
    place = arms.arm_of_subject[subject]
    chosen = (place >= 0) if column.index is None else (place == column.index)
    mine = subject[chosen]
    where = np.full(len(died), -1)
    where[mine] = np.arange(len(mine))
    of_event = where[events["USUBJID"].to_physical().to_numpy()]
    kept = of_event >= 0
    curve = compute_mean_cumulative_count(
        watched["AVAL"].to_numpy()[chosen], died[mine], of_event[kept], events["ADY"].to_numpy()[kept]
    )
    return curve, of_event[kept]
