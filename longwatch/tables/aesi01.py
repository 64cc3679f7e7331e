"""AESI01: summary of one adverse event of special interest (FDA guide v2.0, table 18), one table per AESI.

Lines: those of the overview (AET01), of the events of the AESI alone; subjects with more than one such event; by
outcome; its PTs by falling number of subjects (one comparison: by falling risk difference), ties by name.

The restriction to the AESI's events is that of every output (`restriction`): here every event counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.stats.counting import compute_distinct_pairs, compute_subjects
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.aet01 import NOT_REPORTED, VARIABLES, overview_lines, say_severity
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import equals
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import TableResult

TITLE = "Summary of an adverse event of special interest"
NUMBER = "18"
RECURRENT, OUTCOME, TERMS = "More than one such TEAE", "By outcome", "By preferred term"
NO_AESI = "The study file names no adverse event of special interest by terms (aesi)"


def make_aesi01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No event → no rows, and a note; no AESI in the study file → that note."""
    arms = make_arms(datasets, study)
    layout = Layout(arms, study.comparison)
    events = select_emergent(datasets, "AEDECOD", *VARIABLES)
    rows, statistics = layout.lines(list(_lines(events, arms)) if study.aesi_of_events else [])
    columns = layout.columns()
    rows = rows if events.records.height else ()
    return TableResult(
        code="AESI01",
        title=TITLE,
        population="Safety population",
        stub="Subjects with at least one",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_counts(with_events=False),
            footnotes.say_treatment_emergence(study),
            footnotes.say_seriousness(),
            say_severity(events),
            footnotes.say_relatedness(datasets, study),
            "By outcome: AEOUT of the events; a subject may have several. The AESI is made of the terms, SOCs and "
            "lists that the study file names.",
            footnotes.say_dictionary(study),
            f"PTs by {Ranking(arms).words}; ties by name.",
            footnotes.say_observation(datasets),
            *footnotes.say_statistics(study, arms),
            *footnotes.say_abbreviations(columns, rows, "AESI", "PT", "TEAE"),
        ),
        number=NUMBER,
        subtitle="Treatment-emergent adverse events",
        empty_note="No events met the criteria" if study.aesi_of_events else NO_AESI,
    )


def _lines(events: EmergentEvents, arms: Arms) -> Iterator[CountLine]:
    yield from overview_lines(events, arms)
    several = np.flatnonzero(np.bincount(events.subject, minlength=len(arms.arm_of_subject)) > 1)
    yield CountLine(RECURRENT, RECURRENT, "", "", arms.compute_subjects(several), having="COUNT(*) > 1")
    yield from _outcomes(events, arms)
    names = events.names("AEDECOD")
    if not events.records.height:
        return
    yield CountLine(TERMS, TERMS, "", "", None, is_heading=True)
    terms, code = max(len(names), 1), events.codes("AEDECOD")
    pairs = compute_distinct_pairs(events.subject, code, terms)
    by_term = compute_subjects(pairs, terms, arms.arm_of_subject, len(arms.names))
    rank = Ranking(arms)
    for place in sorted(np.unique(code).tolist(), key=lambda place: rank(by_term[:, place], names[place])):
        name = names[place]
        yield CountLine(name, TERMS, name, equals("AEDECOD", name), by_term[:, place], level=1)


def _outcomes(events: EmergentEvents, arms: Arms) -> Iterator[CountLine]:
    if not events.is_collected("AEOUT"):
        yield CountLine(OUTCOME, OUTCOME, "", "", None)
        return
    yield CountLine(OUTCOME, OUTCOME, "", "", None, is_heading=True)
    for value in events.values("AEOUT"):
        counted = arms.compute_subjects(events.subject[events.equal("AEOUT", value)])
        yield CountLine(value.capitalize(), OUTCOME, value, equals("AEOUT", value), counted, level=1)
    missing = events.missing("AEOUT")
    if missing.any():
        counted = arms.compute_subjects(events.subject[missing])
        yield CountLine(NOT_REPORTED, OUTCOME, NOT_REPORTED, "AEOUT IS NULL", counted, level=1)
