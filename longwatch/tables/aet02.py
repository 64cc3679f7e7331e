"""AET02: adverse events by system organ class and preferred term (FDA guide v2.0, table 14).

Its subsets have codes of their own: AET02_SER serious (FDA table 10), AET02_WD leading to withdrawal of study treatment
(FDA table 12), AET07 leading to death, AET09 related to study treatment.

Lines: all events together; each SOC; under it its PTs. The key of a term is SOC and PT: one PT under two SOCs is two
lines. Order (CONTRACTS.md, Numbers as data): SOCs, and PTs within their SOC, by falling number of subjects in all arms
together; where one comparison is named, by falling risk difference; ties by name.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.in_parts import at_once
from longwatch.stats.counting import compute_events, compute_subjects_by_term
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import TableResult
from longwatch.tables.subsets import Subset, find_subset, select_subset
from longwatch.tables.terms import code_terms
from longwatch.tables.threshold import Threshold

TITLES = {
    "": "Adverse events by system organ class and preferred term",
    "serious": "Serious adverse events by system organ class and preferred term",
    "withdrawn": "Adverse events leading to withdrawal of study treatment by system organ class and preferred term",
    "fatal": "Adverse events leading to death by system organ class and preferred term",
    "related": "Adverse events related to study treatment by system organ class and preferred term",
}
CODES = {"": "AET02", "serious": "AET02_SER", "withdrawn": "AET02_WD", "fatal": "AET07", "related": "AET09"}
NUMBERS = {"": "14", "serious": "10", "withdrawn": "12", "fatal": "", "related": ""}


def make_aet02(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `only` (a subset of the events, see `subsets`; it has a code of its own), `events` (the
    column of events, default yes), `at_least` (percent of the subjects of an arm that a PT must reach, default all).

    No event → no rows, and `No events met the criteria`. A subset asked whose variable is not in the data or never
    filled → no rows, and a note that says so: not collected is not zero.
    """
    subset = find_subset(parameters.get("only"))
    name = subset.name if subset else ""
    words = _words(subset, "treatment-emergent adverse events")
    with_events = bool(parameters.get("events", True))
    arms = make_arms(datasets, study)
    threshold = Threshold(parameters, arms)
    layout = Layout(arms, study.comparison, with_events)
    events = select_emergent(datasets, "AEBODSYS", "AEDECOD", *(subset.variables if subset else ()))
    note = threshold.note()
    lines: list[CountLine] = []
    chosen = select_subset(events, subset)
    if chosen is None and subset:
        note = subset.note()
    elif chosen:
        lines = _count_lines(events, arms, subset, *chosen, with_events=with_events, threshold=threshold)
    rows, statistics = layout.lines(lines)
    rows = rows if len(lines) > 1 else ()
    columns = layout.columns()
    return TableResult(
        code=CODES[name],
        title=TITLES[name],
        population="Safety population",
        stub="System organ class / preferred term",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            *_say(datasets, study, arms, subset, with_events),
            *threshold.say("A SOC stands above such a PT, and counts all of its events."),
            *footnotes.say_abbreviations(columns, rows, "PT", "SOC", "TEAE"),
        ),
        number=NUMBERS[name],
        subtitle=words[0].upper() + words[1:],
        empty_note=note,
        parameters={"only": name, "events": str(with_events).lower(), **threshold.as_parameter()},
    )


def _words(subset: Subset | None, events: str) -> str:
    """`serious TEAE`, `TEAE leading to death`."""
    return f"{subset.adjective.lower()} {events}{subset.clause}".strip() if subset else events


def _count_lines(
    events: EmergentEvents,
    arms: Arms,
    subset: Subset | None,
    chosen: NDArray[np.bool_],
    only: str,
    with_events: bool,
    threshold: Threshold,
) -> list[CountLine]:
    subject, terms = (
        (events.subject, code_terms(events)) if chosen.all() else (events.subject[chosen], code_terms(events, chosen))
    )
    count, arm = len(arms.names), arms.arm_of_subject
    (by_term, by_soc), events_by_term, together = at_once(
        len(subject),
        lambda: compute_subjects_by_term(subject, terms.term, terms.count, terms.soc, terms.socs, arm, count),
        lambda: compute_events(subject, terms.term, terms.count, arm, count),
        lambda: arms.compute_subjects(subject),
    )

    label = f"Subjects with at least one {_words(subset, 'TEAE')}"
    lines = [CountLine(label, "", "", only, together, events_by_term.sum(axis=1) if with_events else None)]
    terms_of_soc: dict[int, list[int]] = {}
    for index in np.flatnonzero(threshold.keeps(by_term)).tolist():
        group = int(terms.soc[index])
        terms_of_soc.setdefault(group, []).append(index)
    rank = Ranking(arms)
    for group in sorted(terms_of_soc, key=lambda code: rank(by_soc[:, code], terms.soc_names[code])):
        soc = terms.soc_names[group]
        members = terms_of_soc[group]
        soc_events = events_by_term[:, terms.soc == group].sum(axis=1)
        lines.append(CountLine(soc, soc, "", both(equals("AEBODSYS", soc), only), by_soc[:, group], soc_events))
        for index in sorted(members, key=lambda place: rank(by_term[:, place], terms.names_of(place)[1])):
            pt = terms.names_of(index)[1]
            where = both(terms.condition_of(index), only)
            lines.append(CountLine(pt, soc, pt, where, by_term[:, index], events_by_term[:, index], level=1))
    return lines


def _say(
    datasets: AnalysisDatasets, study: Study, arms: Arms, subset: Subset | None, with_events: bool
) -> tuple[str, ...]:
    return (
        footnotes.say_population(datasets, study, arms),
        footnotes.say_counts(with_events),
        footnotes.say_treatment_emergence(study),
        *footnotes.say_subset(datasets, study, subset),
        footnotes.say_dictionary(study),
        f"SOCs, and PTs within their SOC, by {Ranking(arms).words}; ties by name.",
        footnotes.say_observation(datasets),
        *footnotes.say_statistics(study, arms),
    )
