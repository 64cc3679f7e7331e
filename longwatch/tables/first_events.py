"""First events of ADTTE by arm, one after the other: who had it, when, and by which year (spec C.4, D.3).

Of each parameter, in order: subjects with the event (n, % of N); of a measured one, those of whom it can be told; days
to the first, of those who had it; with `rate`, person-years to the first event or the end of follow-up, and the rate;
with `incidence`, at each of the years 1, 3 and 5 the cumulative incidence by Aalen–Johansen, death competing, and the
subjects at risk. What cannot be told (no source, no time) prints NA.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adev import FALLS, MEASURED, TESTED
from longwatch.derive.adtte import DAYS_PER_UNIT
from longwatch.stats.competing import CumulativeIncidence, compute_cumulative_incidence
from longwatch.stats.descriptive import compute_summary
from longwatch.stats.methods import Method
from longwatch.stats.person_time import DAYS_PER_YEAR, LEAST_YEARS
from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.stats.rounding import NOT_ESTIMABLE, count_percent_text, percent_text, round_half_away
from longwatch.study import EventKind, Study
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.rated import RANGE, RATE, estimate_rate
from longwatch.tables.result import Provenance, Statistic, TableRow
from longwatch.tables.time_notes import name_kind, say_events, say_interest, say_measured
from longwatch.tables.times import (
    ColumnTimes,
    Timed,
    in_percent,
    interval_text,
    literal,
    put_share,
    read_times,
)

YEARS = (1, 3, 5)
TOLD, SINCE, RATES, PERSON_YEARS = (
    "Of whom it can be told",
    "Days to the first, median (range)",
    "Rate per 100 PY (95% CI)",
    "Person-years",
)


class FirstEvents:
    """The lines of some parameters, with their statistics and notes."""

    def __init__(
        self, datasets: AnalysisDatasets, study: Study, codes: Iterable[str], *, incidence: bool, rate: bool
    ) -> None:
        self.rows: list[TableRow] = []
        self.statistics: list[Statistic] = []
        self.notes: list[str] = []
        self.definitions: list[str] = []
        """What a TEAE is and by which dictionary terms are chosen, where an event is one."""
        self._datasets, self._incidence, self._rate = datasets, incidence, rate
        for code in codes:
            timed = read_times(datasets, study, {"parameter": code})
            self._add(timed)
            interest = datasets.measured_interest(code)
            said = (f"{timed.times.name}: the first {say_interest(interest)}.",) if interest else ()
            said = () if timed.times.reason else said
            self.notes += [note for note in said or _notes(timed, study) if note not in self.notes]
            self.definitions += [note for note in say_events(study, timed) if note not in self.definitions]

    @property
    def words(self) -> tuple[str, ...]:
        """The abbreviations of the notes on adverse events; none where no event is one."""
        return ("PT", "SOC", "TEAE") if self.definitions else ()

    def _add(self, timed: Timed) -> None:
        name = timed.times.name
        columns = [timed.of(column) for column in timed.layout().counted_columns()]
        if timed.times.reason:
            for each in columns:
                source = timed.source(each.column, "CNSR = 0")
                self.statistics.append(Statistic(name, "", each.column.name, "n", None, NOT_AVAILABLE, source))
            self.rows.append(TableRow(name, (NOT_AVAILABLE,) * len(columns), 0, name, ""))
            return
        self.rows.append(TableRow(name, tuple(self._count(timed, each) for each in columns), 0, name, ""))
        if timed.times.code in MEASURED:
            self.rows.append(TableRow(TOLD, tuple(self._told(timed, each) for each in columns), 1, name, TOLD))
        if any(each.event.any() for each in columns):
            self.rows.append(TableRow(SINCE, tuple(self._since(timed, each) for each in columns), 1, name, SINCE))
        if self._rate:
            written = [self._rates(timed, each) for each in columns]
            self.rows.append(TableRow(PERSON_YEARS, tuple(years for years, _ in written), 1, name, ""))
            self.rows.append(TableRow(RATES, tuple(rate for _, rate in written), 1, name, ""))
        if self._incidence:
            self.rows += self._incidences(timed, columns)

    def _count(self, timed: Timed, each: ColumnTimes) -> str:
        n, size = int(each.event.sum()), each.column.size
        source = timed.source(each.column, "CNSR = 0")
        key = (timed.times.name, "", each.column.name)
        counted = Provenance(source.dataset, source.filter, source.variables)
        self.statistics.append(Statistic(*key, "n", n, str(n), counted))
        share = 100 * n / size if size else None
        self.statistics.append(Statistic(*key, "pct", share, percent_text(n, size), source))
        return count_percent_text(n, size)

    def _told(self, timed: Timed, each: ColumnTimes) -> str:
        condition = both(
            timed.arms.population.condition, each.column.condition, equals("PARAMCD", timed.times.code),
            equals("AVALC", TESTED),
        )  # fmt: skip
        adev = self._datasets.adev
        chosen = (adev["PARAMCD"] == timed.times.code) & (adev["AVALC"] == TESTED)
        place = timed.arms.arm_of_subject[adev["USUBJID"].to_physical().filter(chosen).to_numpy()]
        n = int((place >= 0).sum() if each.column.index is None else (place == each.column.index).sum())
        source = Provenance("ADEV", condition, ("USUBJID",))
        self.statistics.append(Statistic(timed.times.name, TOLD, each.column.name, "n", n, str(n), source))
        return str(n)

    def _since(self, timed: Timed, each: ColumnTimes) -> str:
        days = each.time[each.event] * DAYS_PER_UNIT[timed.times.unit]
        summary = compute_summary(days)
        source = timed.source(each.column, "CNSR = 0", "AVAL")
        texts = []
        for statistic, value in zip(RANGE, (summary.median, summary.minimum, summary.maximum), strict=True):
            digits = 1 if statistic == "median" else 0
            texts.append(NOT_ESTIMABLE if value is None else str(round_half_away(round(value, 9), digits)))
            key = (timed.times.name, SINCE, each.column.name)
            self.statistics.append(Statistic(*key, statistic, value, texts[-1], source))
        return "" if summary.median is None else f"{texts[0]} ({texts[1]} to {texts[2]})"

    def _rates(self, timed: Timed, each: ColumnTimes) -> tuple[str, str]:
        years = float(each.time.sum()) * DAYS_PER_UNIT[timed.times.unit] / DAYS_PER_YEAR
        key = (timed.times.name, "", each.column.name)
        written = str(round_half_away(years, 1))
        self.statistics.append(
            Statistic(*key, "person_years", years, written, timed.source(each.column, "", "USUBJID", "AVAL"))
        )
        rate = estimate_rate(int(each.event.sum()), years)
        source = timed.source(each.column, "", "AVAL", "CNSR")
        values = (rate.value, rate.lower, rate.upper)
        texts = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 1)) for value in values]
        for statistic, value, text in zip(RATE, values, texts, strict=True):
            self.statistics.append(Statistic(*key, statistic, value, text, source))
        return written, interval_text(*texts)

    def _incidences(self, timed: Timed, columns: Sequence[ColumnTimes]) -> Iterator[TableRow]:
        name, per_year = timed.times.name, DAYS_PER_YEAR / DAYS_PER_UNIT[timed.times.unit]
        curves = [_curve(each) for each in columns]
        for year in YEARS:
            row, time = f"Year {year}", year * per_year
            shares, risks = [], []
            for each, curve in zip(columns, curves, strict=True):
                key = (name, row, each.column.name)
                values = in_percent(curve.at(time))
                source = timed.source(each.column, "", "AVAL", "CEVENT")
                shares.append(put_share(self.statistics, key, values, source, "incidence_pct"))
                at_risk = int(compute_numbers_at_risk(each.time, [time])[0])
                source = timed.source(each.column, f"AVAL >= {literal(time)}")
                self.statistics.append(Statistic(*key, "at_risk", at_risk, str(at_risk), source))
                risks.append(str(at_risk))
            yield TableRow(f"By year {year}, % (95% CI)", tuple(shares), 1, name, row)
            yield TableRow("At risk", tuple(risks), 2, name, row)


def _curve(each: ColumnTimes) -> CumulativeIncidence:
    return compute_cumulative_incidence(each.time, np.asarray(each.ended))


def _notes(timed: Timed, study: Study) -> Iterator[str]:
    times, declared = timed.times, timed.declared
    if times.reason:
        yield f"{times.name}: not available: {times.reason}."
    elif declared is None and times.code in FALLS and not times.supplied:
        yield "eGFR: against the baseline, at any later time; levels are cumulative."
    elif declared is None and times.code in MEASURED and not times.supplied:
        yield f"{times.name}: {say_measured(times.code, study)}."
    elif times.supplied:
        yield f"{times.name}: {times.code}, as supplied in the sponsor's ADTTE."
    elif declared is not None and declared.event is EventKind.ADVERSE_EVENT:
        yield f"{times.name}: the first {name_kind(declared)}."


def say_incidence() -> str:
    """What the cumulative incidence is."""
    return (
        f"By year: {Method.AALEN_JOHANSEN.value}, of subjects with a known time; who dies before it can no longer "
        "have it. A year is 365.25 days. At risk: time of at least that. NE: not estimable."
    )


def say_rates() -> str:
    """What the rate is."""
    return (
        "Rate: subjects with the event per 100 person-years (PY, of 365.25 days) to the first one, or to the end of "
        f"follow-up, with exact Poisson 95% CI; NE: less than {LEAST_YEARS:g} person-years."
    )


def say_first() -> str:
    """What n and the days are."""
    return (
        "n: subjects with at least one such event, each once per line; %: of N. Days: from the first day of follow-up, "
        f"which is day 1. {TOLD}: subjects with the measurements that the event is defined by; who has none cannot "
        "have it and counts in N."
    )
