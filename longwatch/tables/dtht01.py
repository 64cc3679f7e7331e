"""DTHT01: deaths (FDA guide v2.0, table 8; spec C.3).

Two parts. Deaths of the safety population whatever their cause and time: all, by primary cause (DTHCAUS) by falling
number of subjects, and by time since the first dose. Then treatment-emergent adverse events with a fatal outcome, by PT
(SOC aside): where the data says neither AEOUT nor AESDTH, that line prints NA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.stats.counting import compute_distinct_pairs, compute_subjects
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import select_emergent
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout, values_in
from longwatch.tables.subsets import find_subset, select_subset

TITLE = "Deaths"
NUMBER = "8"
WITHIN_DAYS = 30
DEATHS, CAUSES, TIMES, FATAL = "Deaths", "Primary cause of death", "Time since first dose", "TEAE leading to death"
DIED = equals("DTHFL", "Y")


def make_dtht01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `within_days`, the days since first dose that part the times of death (default 30).

    No subject → no rows, and a note. No death → a line of zeros; causes and times are then not printed.
    """
    within = parameters.get("within_days", WITHIN_DAYS)
    assert isinstance(within, int)
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    rows, statistics = layout.lines(count_lines(datasets.adsl, arms, _deaths(datasets, arms, within)))
    event_rows, event_statistics = Layout(arms, None, with_intervals=False).lines(_fatal_events(datasets, arms))
    columns = layout.columns()
    rows = (*rows, *event_rows) if arms.total else ()
    return TableResult(
        code="DTHT01",
        title=TITLE,
        population=arms.population.name,
        stub="Deaths",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics, *event_statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Deaths: subjects known to have died by the cut-off (DTHFL = Y), whatever the cause and whenever. %: of N.",
            "Primary cause: as the data states it (DD, PRCDTH; or DTHCAUS supplied), else the PT of the first adverse "
            "event with a fatal outcome, else Not reported.",
            f"Within {within} days: on study day {within + 1} or before; day 1 is the day of the first dose.",
            *footnotes.say_subset(datasets, study, find_subset("fatal")),
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "PT", "TEAE"),
        ),
        number=NUMBER,
        empty_note="No subject is in this population",
        parameters={"within_days": str(within)},
    )


def _deaths(datasets: AnalysisDatasets, arms: Arms, within: int) -> Iterator[SubjectLine]:
    adsl = datasets.adsl
    yield SubjectLine("Deaths from any cause", DEATHS, "", DIED)
    causes = values_in(adsl, arms, "DTHCAUS", DIED)
    if not causes:
        return
    yield SubjectLine(CAUSES, CAUSES, "", "", is_heading=True)
    for cause in causes:
        yield SubjectLine(cause, CAUSES, cause, both(DIED, equals("DTHCAUS", cause)), level=1)
    yield SubjectLine(TIMES, TIMES, "", "", is_heading=True)
    last = within + 1
    for label, condition in (
        (f"Within {within} days", f"DTHADY <= {last}"),
        (f"After {within} days", f"DTHADY > {last}"),
        ("Day not known", "DTHADY IS NULL"),
    ):
        yield SubjectLine(label, TIMES, label, both(DIED, condition), level=1)


def _fatal_events(datasets: AnalysisDatasets, arms: Arms) -> list[CountLine]:
    subset = find_subset("fatal")
    assert subset is not None
    events = select_emergent(datasets, "AEDECOD", *subset.variables)
    chosen = select_subset(events, subset)
    if chosen is None:
        return [CountLine("Subjects with a fatal TEAE", FATAL, "", "", None)]
    picked, condition = chosen
    subject, term, names = events.subject[picked], events.codes("AEDECOD")[picked], events.names("AEDECOD")
    lines = [CountLine("Subjects with a fatal TEAE", FATAL, "", condition, arms.compute_subjects(subject))]
    terms = max(len(names), 1)
    pairs = compute_distinct_pairs(subject, term, terms)
    by_term = compute_subjects(pairs, terms, arms.arm_of_subject, len(arms.names))
    rank = Ranking(arms)
    for place in sorted(np.unique(term).tolist(), key=lambda place: rank(by_term[:, place], names[place])):
        where = both(equals("AEDECOD", names[place]), condition)
        lines.append(CountLine(names[place], FATAL, names[place], where, by_term[:, place], level=1))
    return lines
