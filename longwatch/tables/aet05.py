"""AET05: incidence of adverse events per 100 person-years (FDA guide v2.0, table 16). AET05_ALL: of all occurrences.

AET05 (EAIR): subjects with a first event over the time to it, or to the end of follow-up of those without one.
AET05_ALL (EAER): all events over the whole follow-up. Lines: all TEAEs together; each PT by falling number of subjects
(one comparison: by falling risk difference). Both are labelled as what they are (spec C.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.at_risk import Clock, make_clock
from longwatch.derive.in_parts import look_up
from longwatch.stats.counting import compute_events, iterate_largest
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.stats.rates import compute_rate, compute_rate_difference
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import Codes, EmergentEvents, select_emergent
from longwatch.tables.filters import EMERGENT, both, equals, is_one_of
from longwatch.tables.layout import Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.threshold import Threshold

NUMBER = "16"
CODES = {False: "AET05", True: "AET05_ALL"}
TITLES = {
    False: "Incidence rate of adverse events per 100 person-years by preferred term",
    True: "Event rate of adverse events per 100 person-years by preferred term",
}
ALL_EVENTS = "Any TEAE"

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Rated:
    """By line (0: all events; then PTs) and arm: subjects with an event, events, person-days at risk."""

    subjects: Counts
    events: Counts
    days: Counts


def make_aet05(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `all_occurrences` (AET05_ALL), `at_least` (percent of the subjects of an arm that a PT
    must reach, default all). No event → no rows, and a note. A subject whose follow-up is
    not known adds neither events nor time, and the footnote counts such subjects. No person-time → NE."""
    every = bool(parameters.get("all_occurrences", False))
    arms = make_arms(datasets, study)
    threshold = Threshold(parameters, arms)
    layout = Layout(arms, None)
    clock = make_clock(datasets.adsl, study)
    events = select_emergent(datasets, "AEDECOD", "ASTDT")
    names = events.names("AEDECOD")
    rated = _rate(events, arms, clock, len(names), every)
    rank = Ranking(arms)
    present = [int(place) for place in np.flatnonzero(threshold.keeps(rated.subjects[1:].T))]
    in_order = sorted(present, key=lambda place: rank(rated.subjects[place + 1], names[place]))
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    # Where somebody's follow-up is not known: FUDY is the day of follow-up that an event counts on, missing without it.
    of_followed = "FUDY >= 1" if clock.unknown else ""
    for line, name in [(0, ""), *((place + 1, names[place]) for place in in_order)]:
        condition = both(equals("AEDECOD", name) if name else "", of_followed)
        cells = _cells(arms, layout, rated, line, name, condition, every, statistics, clock)
        cells += _compare(arms, study, rated, line, name, condition, every, statistics, clock)
        rows.append(TableRow(name or ALL_EVENTS, tuple(cells), 1 if name else 0, "", name))
    columns = tuple(_columns(arms, layout, study, every))
    kept = tuple(rows) if present else ()
    return TableResult(
        code=CODES[every],
        title=TITLES[every],
        population="Safety population",
        stub="Preferred term",
        columns=columns,
        rows=kept,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            _say_rate(every, clock),
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            f"PTs by {rank.words}; ties by name.",
            *threshold.say(),
            footnotes.say_observation(datasets),
            *_say_difference(arms, study),
            *footnotes.say_abbreviations(columns, kept, "PT", "TEAE"),
        ),
        number=NUMBER,
        subtitle="Treatment-emergent adverse events, "
        + ("all occurrences" if every else "first occurrence per subject"),
        empty_note=threshold.note(),
        parameters={"all_occurrences": str(every).lower(), **threshold.as_parameter()},
    )


def _rate(events: EmergentEvents, arms: Arms, clock: Clock, names: int, every: bool) -> Rated:
    """Line 0 takes every event as of one term. Events of subjects whose follow-up is not known are left out."""
    known = clock.followed > 0
    inside = look_up(known, events.subject)
    kept = inside.all()
    subject = events.subject if kept else events.subject[inside]
    start = events.records["ASTDT"] if kept else events.records["ASTDT"].filter(inside)
    day = clock.days_of(subject, start)
    before = np.negative(day, out=day)
    pt = events.codes("AEDECOD") if kept else events.codes("AEDECOD")[inside]
    parts = [
        _of_terms(subject, term, before, terms, arms, clock) for term, terms in ((np.zeros_like(pt), 1), (pt, names))
    ]
    subjects, counted, days = (np.vstack(columns) for columns in zip(*parts, strict=True))
    if every:
        whole = _days_of_arms(clock.followed, arms)
        days = np.broadcast_to(whole, days.shape)
    return Rated(subjects, counted, days)


def _of_terms(
    subject: Codes, term: Codes, before: Counts, terms: int, arms: Arms, clock: Clock
) -> tuple[Counts, Counts, Counts]:
    """Subjects, events and days at risk of a first event: shape (terms, arms) each. `before`: the day of each event,
    negative, of which the first is the largest."""
    if terms == 0:
        empty = np.zeros((0, len(arms.names)), dtype=np.int64)
        return empty, empty, empty
    count = len(arms.names)
    subjects, lost = (np.zeros(count * terms, dtype=np.int64) for _ in range(2))
    for pairs, first in iterate_largest(subject, term, terms, before):
        who, what = np.divmod(pairs, terms)
        cells = arms.arm_of_subject[who].astype(np.int64) * terms + what
        subjects += np.bincount(cells, minlength=len(subjects))
        # Whole follow-up of the arm, less what each subject with an event is followed after its first one.
        lost += np.bincount(cells, weights=clock.followed[who] + first, minlength=len(lost)).astype(np.int64)
    days = _days_of_arms(clock.followed, arms)[:, np.newaxis] - lost.reshape(count, terms)
    events = compute_events(subject, term, terms, arms.arm_of_subject, count)
    return subjects.reshape(count, terms).T, events.T, days.T


def _days_of_arms(followed: Counts, arms: Arms) -> Counts:
    inside = arms.arm_of_subject >= 0
    weights = followed[inside]
    return np.bincount(arms.arm_of_subject[inside], weights=weights, minlength=len(arms.names)).astype(np.int64)


def _columns(arms: Arms, layout: Layout, study: Study, every: bool) -> list[TableColumn]:
    found = []
    for column in layout.counted_columns():
        found.append(TableColumn(f"{column.name}:n", "Events" if every else "n", f"N={column.size}", column.name))
        found.append(TableColumn(f"{column.name}:py", "PY", "", column.name))
        found.append(TableColumn(f"{column.name}:rate", "Rate (95% CI)", "per 100 PY", column.name))
    if _compared(study):
        for pair in arms.comparisons:
            name = f"{arms.names[pair[0]]} vs {arms.names[pair[1]]}"
            found.append(TableColumn(f"{name}:rate", "Difference (95% CI)", "per 100 PY", name))
    return found


def _cells(
    arms: Arms,
    layout: Layout,
    rated: Rated,
    line: int,
    name: str,
    condition: str,
    every: bool,
    statistics: list[Statistic],
    clock: Clock,
) -> list[str]:
    cells: list[str] = []
    counted = rated.events if every else rated.subjects
    for column in layout.counted_columns():
        n, days = column.count(counted[line]), column.count(rated.days[line])
        years = days / DAYS_PER_YEAR
        rate = compute_rate([n], [years])[0]
        where = both(EMERGENT, column.condition, condition)
        source = Provenance("ADAE", where, ("USUBJID", "AESEQ") if every else ("USUBJID",))
        time = Provenance("ADSL", both(arms.population.condition, column.condition), (clock.variable, "FUPDUR"))
        over = Provenance(
            "ADAE", where, source.variables, f"{years:.3f} person-years of {column.size} subjects of ADSL"
        )
        key = ("", name, column.name)
        texts = [_text(value) for value in (rate.value, rate.lower, rate.upper)]
        statistics.append(Statistic(*key, "events" if every else "n", n, str(n), source))
        statistics.append(Statistic(*key, "person_years", years, str(round_half_away(years, 1)), time))
        for statistic, value, text in zip(RATE, (rate.value, rate.lower, rate.upper), texts, strict=True):
            statistics.append(Statistic(*key, statistic, value, text, over))
        cells += [str(n), str(round_half_away(years, 1)), _interval(rate.value, texts)]
    return cells


RATE = ("rate", "rate_lower", "rate_upper")
DIFFERENCE = ("rate_difference", "rate_difference_lower", "rate_difference_upper")


def _compare(
    arms: Arms,
    study: Study,
    rated: Rated,
    line: int,
    name: str,
    condition: str,
    every: bool,
    statistics: list[Statistic],
    clock: Clock,
) -> list[str]:
    if not _compared(study):
        return []
    cells = []
    counted = rated.events if every else rated.subjects
    for arm, control in arms.comparisons:
        x = [int(counted[line, place]) for place in (arm, control)]
        t = [rated.days[line, place] / DAYS_PER_YEAR for place in (arm, control)]
        found = compute_rate_difference([x[0]], [t[0]], [x[1]], [t[1]])[0]
        names = [arms.names[place] for place in (arm, control)]
        where = both(EMERGENT, is_one_of(arms.variable, names), condition)
        source = Provenance(
            "ADAE", where, ("USUBJID", arms.variable), f"{t[0]:.3f} and {t[1]:.3f} person-years of ADSL"
        )
        texts = [_text(value) for value in (found.value, found.lower, found.upper)]
        key = ("", name, f"{names[0]} vs {names[1]}")
        for statistic, value, text in zip(DIFFERENCE, (found.value, found.lower, found.upper), texts, strict=True):
            statistics.append(Statistic(*key, statistic, value, text, source))
        cells.append(_interval(found.value, texts))
    return cells


def _compared(study: Study) -> bool:
    return study.comparison is not None and "risk_difference" in study.comparison.statistics


def _text(value: float | None) -> str:
    return NOT_ESTIMABLE if value is None else str(round_half_away(value, 1))


def _interval(value: float | None, texts: list[str]) -> str:
    return NOT_ESTIMABLE if value is None else f"{texts[0]} ({texts[1]}, {texts[2]})"


def _say_rate(every: bool, clock: Clock) -> str:
    start = "the first dose of study product" if clock.variable == "TRTSDT" else "the first study intervention"
    text = (
        f"Event rate (EAER): all events over the whole follow-up from {start}."
        if every
        else f"Incidence rate (EAIR): subjects with at least one event over the time from {start} to the first event, "
        "or to the end of follow-up of those without one."
    )
    text += " PY: person-years of 365.25 days; 95% CI: exact Poisson."
    if clock.unknown:
        text += f" {clock.unknown} treated subjects whose follow-up is not known add neither events nor time."
    return text


def _say_difference(arms: Arms, study: Study) -> tuple[str, ...]:
    if not (_compared(study) and arms.comparisons):
        return ()
    return (
        "Difference: rate of the arm minus rate of the control, per 100 PY, with 95% CI (Wald), not adjusted for "
        "multiplicity; without an event in both arms the interval is not estimated.",
    )
