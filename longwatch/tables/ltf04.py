"""LTF04: new malignancies by type (spec D.3, L4).

Types are those of the study file (`follow_up: malignancies`), each by its PTs. Lines: any of them, then each type:
subjects with a treatment-emergent event, over the time to the first one; below it the days to that first event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.study.follow_up import ANY_MALIGNANCY as ANY
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import EMERGENT, is_one_of
from longwatch.tables.layout import Layout
from longwatch.tables.rated import Counts, RatedLine, rated_columns, rated_rows, say_rate, sum_by_arm
from longwatch.tables.result import TableResult

TITLE = "New malignancies by type"
SINCE = "Days to the first, median (range)"
NO_TYPES = "The study file names no types of malignancy (follow_up: malignancies)"


def make_ltf04(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No types, or no subject → no rows, and a note; no event → zeros."""
    arms = make_arms(datasets, study)
    layout = Layout(arms, None)
    types = study.follow_up.malignancies
    groups = [(group.name, group.terms) for group in types]
    if groups:
        groups.insert(0, (ANY, tuple(term for group in types for term in group.terms)))
    events = select_emergent(datasets, "AEDECOD", "ASTDT")
    lines = [line for name, terms in groups for line in _lines(datasets, arms, events, name, terms)]
    clock = datasets.clock
    rows, statistics = rated_rows(layout, "ADAE", EMERGENT, (clock.variable, "FUPDUR"), "FUDY", lines)
    columns = rated_columns(layout)
    rows = rows if arms.total else ()
    return TableResult(
        code="LTF04",
        title=TITLE,
        population=arms.population.name,
        stub="Malignancy",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *(f"{group.name}: {', '.join(group.terms)}." for group in types),
            "n: subjects with at least one such event, each once per line; %: of N.",
            say_rate(clock, "subjects with an event over the time to the first one, or to the end of follow-up"),
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        subtitle="Treatment-emergent adverse events, first occurrence per subject",
        empty_note="No subject is in this population" if types else NO_TYPES,
    )


def _lines(
    datasets: AnalysisDatasets, arms: Arms, events: EmergentEvents, name: str, terms: Sequence[str]
) -> Iterator[RatedLine]:
    chosen = events.equal("AEDECOD", *terms)
    known = [term for term in terms if term in events.names("AEDECOD")]
    condition = is_one_of("AEDECOD", known or terms)
    subject = events.subject[chosen].astype(np.int64)
    day = datasets.clock.days_of(subject, events.records["ASTDT"].filter(pl.Series(chosen, dtype=pl.Boolean)))
    who, first = _first(subject, day)
    followed = datasets.clock.followed.copy()
    followed[who] = first
    subjects = arms.compute_subjects(who)
    level = 0 if name == ANY else 1
    yield RatedLine(name, "", name, condition, subjects, sum_by_arm(followed, arms), level)
    timed = first > 0
    if timed.any():
        when = (arms.arm_of_subject[who[timed]], first[timed])
        yield RatedLine(SINCE, "", f"{name}: {SINCE}", condition, level=level + 1, when=when)


def _first(subject: Counts, day: Counts) -> tuple[Counts, Counts]:
    """Each subject once, with its earliest day."""
    order = np.lexsort((day, subject))
    who, place = np.unique(subject[order], return_index=True)
    return who, day[order][place]
