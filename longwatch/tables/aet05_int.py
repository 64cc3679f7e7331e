"""AET05_INT: adverse events per 100 person-years by interval since the first dose. AET05_PER: by period of the study
(controlled, open-label extension; FDA guide v2.0, tables 23 to 28). AET05_INT_ALL, AET05_PER_ALL: of all occurrences.

For each part of follow-up a heading; below it the subjects at risk with their person-years, all TEAEs, serious TEAEs,
and the PTs that at least `at_least` percent of the subjects of any one arm had in the whole follow-up; then the same
for the whole follow-up. A subject adds only days on which it was followed. Incidence counts first events, each in the
part it lies in, over the days up to it: who had its first event in an earlier part is no longer at risk. A part with
less than 0.5 person-years prints NE (spec C.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.periods import INTERVAL, PERIOD, Intervals, find_missing_source
from longwatch.stats.counting import compute_distinct_pairs, compute_subjects
from longwatch.stats.person_time import DAYS_PER_YEAR, LEAST_YEARS
from longwatch.stats.rates import compute_rate
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import PeriodSpec, Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.by_part import PartCounts, by_arm, count_by_part
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import EMERGENT, SAFETY, both, equals
from longwatch.tables.layout import Column, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.threshold import Threshold

NUMBER = "23–28"
AT_LEAST = 5.0
WHOLE = "Whole follow-up"
NO_PERIODS = "The study file names no periods"
AT_RISK, ANY, SERIOUS = "At risk", "Any TEAE", "Serious TEAE"
RATE = ("rate", "rate_lower", "rate_upper")


@dataclass(frozen=True)
class Kind:
    """An output: its part of follow-up, whether all occurrences are counted, and its words."""

    code: str
    part: str
    every: bool
    title: str


KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("AET05_INT", INTERVAL, False, "Incidence of adverse events by time since first dose"),
        Kind("AET05_INT_ALL", INTERVAL, True, "Rate of adverse events by time since first dose"),
        Kind("AET05_PER", PERIOD, False, "Incidence of adverse events by period of the study"),
        Kind("AET05_PER_ALL", PERIOD, True, "Rate of adverse events by period of the study"),
    )
}


def make_aet05_int(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `kind` (fixed: which of KINDS), `at_least` (percent of the subjects of an arm, default 5).
    No event, no period in the study file, or no SE that says when one begins → no rows, and a note. An event of a
    subject whose follow-up is not known is not counted, and the footnote says how many such subjects there are."""
    kind = KINDS[str(parameters["kind"])]
    arms = make_arms(datasets, study)
    layout = Layout(arms, None)
    counter = PartCounter(datasets, arms, kind.part, every=kind.every)
    threshold = Threshold(parameters, arms, AT_LEAST)
    lines = counter.lines(threshold)
    rows, statistics = counter.table(lines)
    columns = tuple(part_columns(layout, every=kind.every))
    kept = rows if counter.has_events else ()
    return TableResult(
        code=kind.code,
        title=kind.title,
        population=arms.population.name,
        stub="Part of follow-up",
        columns=columns,
        rows=kept,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *say_parts(datasets, study, kind.part, every=kind.every),
            f"PTs: those that at least {threshold.share:g} % of the subjects of any one arm had in the whole "
            f"follow-up, by {Ranking(arms).words}; ties by name.",
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, kept, "PT", "TEAE"),
        ),
        number=NUMBER,
        subtitle="Treatment-emergent adverse events, "
        + ("all occurrences" if kind.every else "first occurrence per subject"),
        empty_note=_note(datasets, study, counter),
        parameters={"kind": kind.code, "at_least": f"{threshold.share:g}"},
    )


def _note(datasets: AnalysisDatasets, study: Study, counter: PartCounter) -> str:
    if counter.intervals.names:
        return "No events met the criteria"
    missing = find_missing_source(study, datasets.data)
    return f"When periods begin is not known: {missing} is not in the data" if missing else NO_PERIODS


@dataclass(frozen=True)
class PartLine:
    """A line that is counted in every part: `condition` picks its events; `counted`: what was counted."""

    label: str
    row: str
    condition: str
    counted: PartCounts
    term: int


class PartCounter:
    """Counts the lines of a table in every part of follow-up."""

    def __init__(self, datasets: AnalysisDatasets, arms: Arms, part: str, *, every: bool) -> None:
        self.intervals = datasets.parts.get(part) or Intervals((), np.zeros((datasets.adsl.height, 1), dtype=np.int64))
        self._part, self._every, self._arms = part, every, arms
        self._clock = datasets.clock
        self._columns = Layout(arms, None).counted_columns()
        events = select_emergent(datasets, "AEDECOD", "ASTDT", "AESER")
        followed = self._clock.followed[events.subject] > 0
        self._has_serious = events.is_collected("AESER")
        self._events = EmergentEvents(events.records.filter(followed), events.subject[followed])
        self._subject = self._events.subject.astype(np.int64)
        self._day = self._clock.days_of(self._events.subject, self._events.records["ASTDT"])
        self.has_events = bool(len(self._subject)) and bool(self.intervals.names)

    def lines(self, threshold: Threshold | None) -> list[PartLine]:
        """All TEAEs; serious ones, where AESER is collected; with a threshold, the PTs that are common enough."""
        if not self.intervals.names:
            return []
        everything = np.ones(len(self._subject), dtype=np.bool_)
        found = [self._line(ANY, "", everything)]
        if self._has_serious:
            found.append(self._line(SERIOUS, equals("AESER", "Y"), self._events.equal("AESER", "Y")))
        return found if threshold is None else [*found, *self._terms(threshold)]

    def _line(self, label: str, condition: str, chosen: NDArray[np.bool_]) -> PartLine:
        subject = self._subject[chosen]
        counted = count_by_part(
            subject, np.zeros_like(subject), self._day[chosen], 1, self._arms, self.intervals, every=self._every
        )
        return PartLine(label, label, condition, counted, 0)

    def _terms(self, threshold: Threshold) -> list[PartLine]:
        names = self._events.names("AEDECOD")
        term = self._events.codes("AEDECOD").astype(np.int64)
        if not names:
            return []
        pairs = compute_distinct_pairs(self._subject, term, len(names))
        of_term = compute_subjects(pairs, len(names), self._arms.arm_of_subject, len(self._arms.names))
        rank = Ranking(self._arms)
        chosen = sorted(
            np.flatnonzero(threshold.keeps(of_term)), key=lambda place: rank(of_term[:, place], names[place])
        )
        counted = count_by_part(
            self._subject, term, self._day, len(names), self._arms, self.intervals, every=self._every
        )
        return [
            PartLine(names[place], names[place], equals("AEDECOD", names[place]), counted, int(place))
            for place in chosen
        ]

    def table(self, lines: list[PartLine]) -> tuple[tuple[TableRow, ...], list[Statistic]]:
        """Rows and statistics, part by part, then of the whole follow-up."""
        rows: list[TableRow] = []
        statistics: list[Statistic] = []
        days = by_arm(self.intervals.days, self._arms)
        at_risk = by_arm((self.intervals.days > 0).astype(np.int64), self._arms)
        whole = (
            by_arm(self._clock.followed[:, np.newaxis], self._arms),
            by_arm((self._clock.followed > 0).astype(np.int64)[:, np.newaxis], self._arms),
        )
        days, at_risk = np.concatenate([days, whole[0]]), np.concatenate([at_risk, whole[1]])
        for place, name in enumerate((*self.intervals.names, WHOLE) if self.intervals.names else ()):
            rows.append(TableRow(name, ("",) * 3 * len(self._columns), 0, name, ""))
            cells = []
            for column in self._columns:
                cells += self._at_risk(name, place, column, at_risk[place], days[place], statistics)
            rows.append(TableRow(AT_RISK, tuple(cells), 1, name, AT_RISK))
            for line in lines:
                cells = []
                for column in self._columns:
                    cells += self._rate(name, place, column, line, statistics)
                rows.append(TableRow(line.label, tuple(cells), 1, name, line.row))
        return tuple(rows), statistics

    def _time(self, place: int, column: Column) -> Provenance:
        part = self._of_part("FUNUM", place)
        where = both(SAFETY, column.condition, equals("PARAMCD", self._part), part)
        return Provenance("ADFU", where, ("USUBJID", "AVAL"))

    def _of_part(self, variable: str, place: int) -> str:
        return f"{variable} = {place + 1}" if place < len(self.intervals.names) else f"{variable} >= 1"

    def _at_risk(
        self,
        name: str,
        place: int,
        column: Column,
        at_risk: NDArray[np.int64],
        days: NDArray[np.int64],
        statistics: list[Statistic],
    ) -> list[str]:
        n, years = column.count(at_risk), column.count(days) / DAYS_PER_YEAR
        key, time = (name, AT_RISK, column.name), self._time(place, column)
        statistics.append(Statistic(*key, "n", n, str(n), Provenance(time.dataset, time.filter, ("USUBJID",))))
        statistics.append(Statistic(*key, "person_years", years, str(round_half_away(years, 1)), time))
        return [str(n), str(round_half_away(years, 1)), ""]

    def _rate(self, name: str, place: int, column: Column, line: PartLine, statistics: list[Statistic]) -> list[str]:
        n = column.count(line.counted.counts[place, line.term])
        years = column.count(line.counted.days[place, line.term]) / DAYS_PER_YEAR
        rate = compute_rate([n], [years], least_years=LEAST_YEARS)[0]
        source = self._source(place, column, line)
        over = Provenance(
            source.dataset, source.filter, source.variables, f"{years:.3f} person-years of ADFU", source.having
        )
        key = (name, line.row, column.name)
        values = (rate.value, rate.lower, rate.upper)
        texts = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 1)) for value in values]
        statistics.append(Statistic(*key, "events" if self._every else "n", n, str(n), source))
        statistics.append(
            Statistic(*key, "person_years", years, str(round_half_away(years, 1)), self._time(place, column))
        )
        for statistic, value, text in zip(RATE, values, texts, strict=True):
            statistics.append(Statistic(*key, statistic, value, text, over))
        interval = NOT_ESTIMABLE if rate.value is None else f"{texts[0]} ({texts[1]}, {texts[2]})"
        return [str(n), str(round_half_away(years, 1)), interval]

    def _source(self, place: int, column: Column, line: PartLine) -> Provenance:
        if self._every:
            where = both(EMERGENT, column.condition, line.condition, self._of_part(self._part, place))
            return Provenance("ADAE", where, ("USUBJID", "AESEQ"))
        where = both(EMERGENT, column.condition, line.condition, f"{self._part} >= 1")
        having = f"MIN({self._part}) = {place + 1}" if place < len(self.intervals.names) else ""
        return Provenance("ADAE", where, ("USUBJID",), "", having)


def part_columns(layout: Layout, *, every: bool) -> Iterator[TableColumn]:
    """Per arm: subjects or events, person-years, rate."""
    for column in layout.counted_columns():
        yield TableColumn(f"{column.name}:n", "Events" if every else "n", f"N={column.size}", column.name)
        yield TableColumn(f"{column.name}:py", "PY", "", column.name)
        yield TableColumn(f"{column.name}:rate", "Rate (95% CI)", "per 100 PY", column.name)


def say_parts(datasets: AnalysisDatasets, study: Study, part: str, *, every: bool) -> Iterator[str]:
    """How follow-up is cut, what is counted over what, and whose follow-up is not known."""
    clock = datasets.clock
    start = "the first dose of study product" if clock.variable == "TRTSDT" else "the first study intervention"
    if part == INTERVAL:
        cut = "of the study file's months (30.4375 days)" if study.interval_months else "years (365.25 days)"
        yield f"Intervals: {cut} from {start} (day 1), each ending with a whole day."
    else:
        named = "; ".join(_say_start(period) for period in study.periods[1:])
        yield f"Periods: the first from {start} on; {named or 'there is no other'}. Each ends where the next begins."
    if every:
        yield "Rate (EAER): all events of a part over the person-years of all subjects at risk in it."
    else:
        yield (
            "Incidence (EAIR): subjects whose first event lies in a part, over their time in it up to that event; a "
            "subject with an earlier first event is no longer at risk of it."
        )
    text = (
        f"At risk: subjects with a day of follow-up in the part. PY: person-years of 365.25 days. 95% CI: exact "
        f"Poisson. NE: less than {LEAST_YEARS:g} person-years."
    )
    if clock.unknown:
        text += f" {clock.unknown} treated subjects whose follow-up is not known add neither events nor time."
    yield text


def _say_start(period: PeriodSpec) -> str:
    if period.from_day is not None:
        return f"{period.name}: from day {period.from_day}"
    variable, value = period.source
    return f"{period.name}: from the first record of SE with {variable} {value}"
