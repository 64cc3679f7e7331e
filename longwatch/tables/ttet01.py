"""TTET01: time to an event by Kaplan–Meier (tables to FDA guide v2.0, figures 1, 4 and 13).

Rows: subjects analysed, with the event, censored, and why; the time by which a quarter, half, three quarters had the
event, with Brookmeyer–Crowley limits, and the range; at each landmark the subjects at risk and the share without the
event. Where the study file compares arms by `hazard_ratio` or `log_rank`: the hazard ratio of each arm against the
control, and the p-value of the log-rank test. Everything that cannot be told prints NA, what is not reached NE.

Landmarks: those of the parameter, else 90, 180, 365, 730, 1095, 1825 days (3, 6, 12, 24, 36, 60 months), up to the
longest time observed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.stats.cox import HazardRatio, Ties, compute_hazard_ratio
from longwatch.stats.log_rank import compute_log_rank
from longwatch.stats.methods import Method
from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.stats.rounding import NOT_ESTIMABLE, p_value_text, round_half_away
from longwatch.stats.survival import KaplanMeier, compute_kaplan_meier
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.filters import both, equals, is_one_of
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow
from longwatch.tables.time_notes import say_at_risk, say_death, say_events, say_time
from longwatch.tables.times import (
    ColumnTimes,
    Timed,
    in_percent,
    interval_text,
    literal,
    put_share,
    read_times,
    scale_of,
    time_name,
    time_text,
    titled,
)

TITLE = "Time to an event"
ANALYSED, EVENT, CENSORED, TIME, FREE, COMPARED = (
    "Subjects analysed",
    "With the event",
    "Censored",
    "Time to the event",
    "Without the event",
    "Comparison",
)
LANDMARKS = {
    "days": (90, 180, 365, 730, 1095, 1825),
    "weeks": (13, 26, 52, 104, 156, 260),
    "months": (3, 6, 12, 24, 36, 60),
    "years": (1, 2, 3, 5, 10, 15),
}
QUANTILES = (("q1", 0.25, "25%"), ("median", 0.5, "Median"), ("q3", 0.75, "75%"))


def make_ttet01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `parameter`, a PARAMCD (`times.read_times`). Raises StudyError LW-TAB-007."""
    timed = read_times(datasets, study, parameters)
    layout = timed.layout()
    rows, statistics = layout.lines(_count_lines(timed))
    found, printed = list(statistics), list(rows)
    notes: tuple[str, ...] = ()
    if not timed.times.reason:
        columns = [timed.of(column) for column in layout.counted_columns()]
        curves = [compute_kaplan_meier(each.time, each.event, scale=scale_of(study)) for each in columns]
        printed += _time_rows(timed, columns, curves, found)
        printed += _landmark_rows(timed, columns, curves, found)
        printed += _compared_rows(timed, study, layout, found)
        notes = (
            f"Quartiles: {Method.KAPLAN_MEIER_QUANTILE.value}; a limit that is not reached is NE. Range: + marks a "
            "censored time.",
            say_at_risk(curves[0].method),
        )
    headings = layout.columns()
    return TableResult(
        code="TTET01",
        title=titled(TITLE, timed),
        population="Safety population",
        stub="",
        columns=headings,
        rows=tuple(printed),
        statistics=(*layout.sizes(), *found),
        footnotes=(
            footnotes.say_population(datasets, study, timed.arms),
            *say_time(datasets, study, timed),
            *((f"Not available: {timed.times.reason}.",) if timed.times.reason else ()),
            *say_death(timed, incidence=False),
            *say_events(study, timed),
            *notes,
            *_say_comparison(timed, study),
            footnotes.say_observation(datasets),
            *footnotes.say_abbreviations(headings, printed, *(["CI", "NE"] if notes else [])),
        ),
        subtitle=timed.times.code,
        parameters={"parameter": timed.times.code},
    )


def _count_lines(timed: Timed) -> list[CountLine]:
    """Subjects analysed, with the event, censored, and why they are."""
    records = timed.times.records
    event = (records["CNSR"] == 0).to_numpy()
    missing = bool(timed.times.reason)

    def line(group: str, row: str, condition: str, where: np.ndarray, level: int = 0) -> CountLine:
        counted = None if missing else timed.count(where)
        return CountLine(row.capitalize() or group, group, row, condition, counted, level=level)

    lines = [
        line(ANALYSED, "", "", np.ones(len(event), dtype=np.bool_)),
        line(EVENT, "", "CNSR = 0", event),
        line(CENSORED, "", "CNSR <> 0", ~event),
    ]
    why = (
        records.filter(~event)["CNSDTDSC"]
        .drop_nulls()
        .value_counts()
        .sort(["count", "CNSDTDSC"], descending=[True, False])
    )
    for text in why["CNSDTDSC"]:
        where = ~event & (records["CNSDTDSC"] == text).fill_null(False).to_numpy()
        lines.append(line(CENSORED, text, both("CNSR <> 0", equals("CNSDTDSC", text)), where, 1))
    return lines


def _name(statistic: str, unit: str) -> str:
    """A time's statistic: in days, or with its unit in the name (CONTRACTS.md, Numbers as data)."""
    return statistic if unit == "days" else f"{statistic}_{unit}"


def _time_rows(
    timed: Timed, columns: list[ColumnTimes], curves: list[KaplanMeier], statistics: list[Statistic]
) -> list[TableRow]:
    unit = timed.times.unit
    rows = [TableRow(f"{TIME}, {unit}", ("",) * len(columns), 0, TIME, "")]
    for name, level, label in QUANTILES:
        cells = []
        for each, curve in zip(columns, curves, strict=True):
            found = curve.quantile(level)
            source = timed.source(each.column, "", "AVAL", "CNSR")
            texts = [time_text(value) for value in (found.value, found.lower, found.upper)]
            for suffix, value, text in zip(
                ("", "_lower", "_upper"), (found.value, found.lower, found.upper), texts, strict=True
            ):
                statistic = _name(f"time_{name}{suffix}", unit)
                statistics.append(Statistic(TIME, label, each.column.name, statistic, value, text, source))
            cells.append(interval_text(*texts))
        rows.append(TableRow(f"{label} (95% CI)", tuple(cells), 1, TIME, label))
    cells = []
    for each in columns:
        source = timed.source(each.column, "", "AVAL")
        ends = []
        for name, pick in (("time_min", np.min), ("time_max", np.max)):
            value = float(pick(each.time)) if len(each.time) else None
            mark = "" if value is None or bool(each.event[each.time == value].any()) else "+"
            ends.append(time_text(value) + mark)
            statistics.append(Statistic(TIME, "Range", each.column.name, _name(name, unit), value, ends[-1], source))
        cells.append(NOT_ESTIMABLE if not len(each.time) else f"{ends[0]}, {ends[1]}")
    rows.append(TableRow("Range", tuple(cells), 1, TIME, "Range"))
    return rows


def _landmark_rows(
    timed: Timed, columns: list[ColumnTimes], curves: list[KaplanMeier], statistics: list[Statistic]
) -> list[TableRow]:
    unit = timed.times.unit
    longest = max((each.longest for each in columns), default=0.0)
    asked = timed.declared.landmarks if timed.declared else ()
    landmarks = asked or tuple(value for value in LANDMARKS[unit] if value <= longest)
    if not landmarks:
        return []
    rows = [TableRow(f"{FREE}, % (95% CI)", ("",) * len(columns), 0, FREE, "")]
    for landmark in landmarks:
        name = time_name(landmark, unit)
        risks, shares = [], []
        for each, curve in zip(columns, curves, strict=True):
            key = (FREE, name, each.column.name)
            at_risk = int(compute_numbers_at_risk(each.time, [landmark])[0])
            source = timed.source(each.column, f"AVAL >= {literal(landmark)}")
            statistics.append(Statistic(*key, "at_risk", at_risk, str(at_risk), source))
            risks.append(str(at_risk))
            shares.append(
                put_share(
                    statistics, key, in_percent(curve.at(landmark)), timed.source(each.column, "", "AVAL", "CNSR")
                )
            )
        rows.append(TableRow(name, tuple(shares), 1, FREE, name))
        rows.append(TableRow("At risk", tuple(risks), 2, FREE, name))
    return rows


def _compared_rows(timed: Timed, study: Study, layout: Layout, statistics: list[Statistic]) -> list[TableRow]:
    """Hazard ratio and log-rank p of each arm against the control, in the column of the arm."""
    asked = study.comparison.statistics if study.comparison else ()
    pairs = timed.arms.comparisons if {"hazard_ratio", "log_rank"} & set(asked) else ()
    if not pairs:
        return []
    columns = layout.counted_columns()
    ratios, tests = [""] * len(columns), [""] * len(columns)
    for arm, control in pairs:
        one, other = (timed.of(columns[place]) for place in (arm, control))
        time, event = np.concatenate([one.time, other.time]), np.concatenate([one.event, other.event])
        in_arm = np.repeat([True, False], [len(one.time), len(other.time)])
        names = [one.column.name, other.column.name]
        sizes = f"{one.column.size} and {other.column.size} subjects of ADSL with {timed.arms.population.condition}"
        where = both(timed.condition, is_one_of(timed.arms.variable, names))
        source = Provenance("ADTTE", where, ("AVAL", "CNSR", timed.arms.variable), sizes)
        pair = f"{names[0]} vs {names[1]}"
        if "hazard_ratio" in asked:
            found = compute_hazard_ratio(time, event, in_arm, ties=Ties(study.time_to_event.ties))
            ratios[arm] = _put_ratio(statistics, pair, found, source)
        if "log_rank" in asked:
            p = compute_log_rank(time, event, in_arm).p
            tests[arm] = p_value_text(p)
            statistics.append(Statistic(COMPARED, "Log-rank test", pair, "p_log_rank", p, tests[arm], source))
    against = timed.arms.names[pairs[0][1]]
    rows = [TableRow(f"Against {against}", ("",) * len(columns), 0, COMPARED, "")]
    if "hazard_ratio" in asked:
        rows.append(TableRow("Hazard ratio (95% CI)", tuple(ratios), 1, COMPARED, "Hazard ratio"))
    if "log_rank" in asked:
        rows.append(TableRow("p-value, log-rank", tuple(tests), 1, COMPARED, "Log-rank test"))
    return rows


def _put_ratio(statistics: list[Statistic], pair: str, found: HazardRatio, source: Provenance) -> str:
    estimate = found.estimate
    values = (estimate.value, estimate.lower, estimate.upper)
    texts = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 2)) for value in values]
    for suffix, value, text in zip(("", "_lower", "_upper"), values, texts, strict=True):
        statistics.append(Statistic(COMPARED, "Hazard ratio", pair, f"hazard_ratio{suffix}", value, text, source))
    return interval_text(*texts)


def _say_comparison(timed: Timed, study: Study) -> tuple[str, ...]:
    asked = study.comparison.statistics if study.comparison and timed.arms.comparisons else ()
    notes = []
    if "hazard_ratio" in asked:
        method = Method.COX_EFRON if study.time_to_event.ties == "efron" else Method.COX_BRESLOW
        notes.append(f"Hazard ratio: arm over control, {method.value}; not adjusted for multiplicity.")
    if "log_rank" in asked:
        notes.append(f"p-value: {Method.LOG_RANK.value}, two-sided, not stratified, not adjusted for multiplicity.")
    return tuple(notes) if not timed.times.reason else ()
