"""AET02: adverse events by system organ class and preferred term (FDA guide v2.0, table 14).

AET02_SER: the same of serious events (FDA table 10).

Lines: all events together; each SOC; under it its PTs. The key of a term is SOC and PT: one PT under two SOCs is two
lines. Order (CONTRACTS.md, Numbers as data): SOCs, and PTs within their SOC, by falling number of subjects in all arms
together; where one comparison is named, by falling risk difference; ties by name.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.stats.counting import (
    compute_distinct_groups,
    compute_distinct_pairs,
    compute_events,
    compute_subjects,
)
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.result import TableResult

TITLE = "Adverse events by system organ class and preferred term"
TITLE_SERIOUS = "Serious adverse events by system organ class and preferred term"
NUMBER = "14"
NUMBER_SERIOUS = "10"

Codes = NDArray[np.integer]
Counts = NDArray[np.int64]


def make_aet02(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `serious` (only AESER = Y; the code becomes AET02_SER), `events` (the column of events,
    default yes).

    No event → no rows, and `No events met the criteria`. Serious asked, and AESER not in the data or never filled →
    no rows, and a note that says so: not collected is not zero.
    """
    serious = bool(parameters.get("serious", False))
    with_events = bool(parameters.get("events", True))
    arms = make_arms(datasets, study)
    layout = Layout(arms, study.comparison, with_events)
    events = select_emergent(datasets, "AEBODSYS", "AEDECOD", *(("AESER",) if serious else ()))
    note = "No events met the criteria"
    lines: list[CountLine] = []
    if serious and not events.is_collected("AESER"):
        note = "Serious events cannot be told apart: AESER is not in the data, or never filled"
    else:
        lines = _count_lines(events, arms, serious, with_events)
    rows, statistics = layout.lines(lines)
    rows = rows if len(lines) > 1 else ()
    columns = layout.columns()
    return TableResult(
        code="AET02_SER" if serious else "AET02",
        title=TITLE_SERIOUS if serious else TITLE,
        population="Safety population",
        stub="System organ class / preferred term",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            *_say(datasets, study, arms, serious, with_events),
            *footnotes.say_abbreviations(columns, rows, "PT", "SOC", "TEAE"),
        ),
        number=NUMBER_SERIOUS if serious else NUMBER,
        subtitle="Serious treatment-emergent adverse events" if serious else "Treatment-emergent adverse events",
        empty_note=note,
        parameters={"serious": str(serious).lower(), "events": str(with_events).lower()},
    )


def _count_lines(events: EmergentEvents, arms: Arms, serious: bool, with_events: bool) -> list[CountLine]:
    subject, soc, pt = events.subject, events.codes("AEBODSYS"), events.codes("AEDECOD")
    if serious:
        chosen = events.equal("AESER", "Y")
        subject, soc, pt = subject[chosen], soc[chosen], pt[chosen]
    soc_names, pt_names = events.names("AEBODSYS"), events.names("AEDECOD")
    term, soc_of_term, pt_of_term = _code_terms(soc, pt, len(soc_names), len(pt_names))
    terms, socs, count = max(len(soc_of_term), 1), max(len(soc_names), 1), len(arms.names)

    pairs = compute_distinct_pairs(subject, term, terms)
    by_term = compute_subjects(pairs, terms, arms.arm_of_subject, count)
    by_soc = compute_subjects(
        compute_distinct_groups(pairs, terms, soc_of_term, socs), socs, arms.arm_of_subject, count
    )
    together = arms.compute_subjects(subject)
    events_by_term = compute_events(subject, term, terms, arms.arm_of_subject, count)

    only = "AESER = 'Y'" if serious else ""
    label = "Subjects with at least one serious TEAE" if serious else "Subjects with at least one TEAE"
    lines = [CountLine(label, "", "", only, together, events_by_term.sum(axis=1) if with_events else None)]
    terms_of_soc: dict[int, list[int]] = {}
    for index, group in enumerate(soc_of_term.tolist()):
        terms_of_soc.setdefault(group, []).append(index)
    rank = _Order(arms)
    for group in sorted(terms_of_soc, key=lambda code: rank(by_soc[:, code], soc_names[code])):
        soc_name = soc_names[group]
        members = terms_of_soc[group]
        where = both(equals("AEBODSYS", soc_name), only)
        soc_events = events_by_term[:, members].sum(axis=1)
        lines.append(CountLine(soc_name, soc_name, "", where, by_soc[:, group], soc_events))
        for index in sorted(members, key=lambda place: rank(by_term[:, place], pt_names[pt_of_term[place]])):
            pt_name = pt_names[pt_of_term[index]]
            where = both(equals("AEBODSYS", soc_name), equals("AEDECOD", pt_name), only)
            lines.append(
                CountLine(pt_name, soc_name, pt_name, where, by_term[:, index], events_by_term[:, index], level=1)
            )
    return lines


def _code_terms(soc: Codes, pt: Codes, socs: int, pts: int) -> tuple[Counts, Counts, Counts]:
    """Each (SOC, PT) that occurs gets a number: by record its number, by number its SOC and its PT."""
    cells = soc.astype(np.int64) * pts + pt
    present = np.flatnonzero(np.bincount(cells, minlength=socs * pts))
    number = np.zeros(socs * pts, dtype=np.int64)
    number[present] = np.arange(len(present))
    return number[cells], present // max(pts, 1), present % max(pts, 1)


class _Order:
    """The order of lines. Where one comparison is named: by risk difference, as the integer x1·n2 − x2·n1, which ranks
    the same and knows no rounding."""

    def __init__(self, arms: Arms) -> None:
        self._pair = arms.comparisons[0] if len(arms.comparisons) == 1 else None
        self._sizes = arms.sizes

    def __call__(self, subjects: Counts, name: str) -> tuple[int, str]:
        if self._pair is None:
            return -int(subjects.sum()), name
        arm, control = self._pair
        difference = int(subjects[arm]) * int(self._sizes[control]) - int(subjects[control]) * int(self._sizes[arm])
        return -difference, name


def _say(datasets: AnalysisDatasets, study: Study, arms: Arms, serious: bool, with_events: bool) -> tuple[str, ...]:
    by_difference = len(arms.comparisons) == 1
    order = "falling risk difference" if by_difference else "falling number of subjects in all arms together"
    return (
        footnotes.say_population(datasets, study, arms),
        footnotes.say_counts(with_events),
        footnotes.say_treatment_emergence(study),
        *((footnotes.say_seriousness(),) if serious else ()),
        footnotes.say_dictionary(study),
        f"SOCs, and PTs within their SOC, by {order}; ties by name.",
        footnotes.say_observation(datasets),
        *footnotes.say_statistics(study, arms),
    )
