"""AET04: adverse events by preferred term and highest CTCAE grade. AET03: the same by greatest severity. AET03_WORST:
as AET03, an event without a severity counting as severe (a sensitivity analysis).

Lines: all events together; each SOC; under it its PTs; below each of them one line per grade, with the subjects whose
worst event of that SOC or PT has it. A subject counts once per line of terms, at the worst grade (spec C.2 rule 1); one
whose events there have no grade counts as `Not reported`: nothing is imputed (rule 6), but in AET03_WORST.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.occurrence import SEVERITIES
from longwatch.stats.counting import compute_largest, compute_subjects
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import equals, worst_is
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import TableResult
from longwatch.tables.terms import code_terms
from longwatch.tables.threshold import Threshold

Counts = NDArray[np.int64]
NOT_REPORTED = "Not reported"
NO_EVENT = "No events met the criteria"


@dataclass(frozen=True)
class Scale:
    """A scale of severity: the variable that carries it, its values from least to worst with their words. `missing`:
    the value that an event without one counts as; empty: it has none."""

    code: str
    title: str
    variable: str
    words: Mapping[str, str]
    worst: str
    missing: str = ""

    @property
    def note(self) -> str:
        """What becomes of an event without a value."""
        if self.missing:
            return (
                f"An event whose {self.variable} is missing, or no value of the scale, counts as {self.missing}: a "
                "sensitivity analysis of AET03, where nothing is imputed."
            )
        return f"{NOT_REPORTED}: none of them has one; nothing is imputed."


SEVERITY = Scale(
    "AET03",
    "Adverse events by system organ class, preferred term and greatest severity",
    "AESEV",
    {value: value.capitalize() for value in SEVERITIES},
    "greatest severity (AESEV)",
)
GRADE = Scale(
    "AET04",
    "Adverse events by system organ class, preferred term and highest CTCAE grade",
    "AETOXGR",
    {str(grade): f"Grade {grade}" for grade in range(1, 6)},
    "highest CTCAE grade (AETOXGR)",
)
WORST = replace(
    SEVERITY, code="AET03_WORST", title=f"{SEVERITY.title}, a missing one counting as severe", missing=SEVERITIES[-1]
)
SCALES = {"severity": SEVERITY, "severity_worst": WORST, "grade": GRADE}


def make_aet04(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `scale` (grade: AET04; severity: AET03; severity_worst: AET03_WORST), `at_least` (percent
    of the subjects of an arm that a PT must reach, at any grade; default all). No event → no rows, and a note; a scale
    that was not collected → no rows, and a note that says so."""
    scale = SCALES[str(parameters.get("scale", "grade"))]
    arms = make_arms(datasets, study)
    threshold = Threshold(parameters, arms)
    layout = Layout(arms, None, with_intervals=False)
    events = select_emergent(datasets, "AEBODSYS", "AEDECOD", scale.variable)
    collected = events.is_collected(scale.variable)
    lines = list(_lines(events, arms, scale, threshold)) if collected and events.records.height else []
    rows, statistics = layout.lines(lines)
    columns = layout.columns()
    return TableResult(
        code=scale.code,
        title=scale.title,
        population="Safety population",
        stub="System organ class / preferred term / grade",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_counts(with_events=False),
            f"Each subject counts once per SOC and once per PT, at the {scale.worst} of its events there. {scale.note}",
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            *footnotes.say_ctcae(study, scale.variable),
            f"SOCs, and PTs within their SOC, by {Ranking(arms).words}; ties by name.",
            *threshold.say("A SOC stands above such a PT, and counts all of its events."),
            footnotes.say_observation(datasets),
            *footnotes.say_abbreviations(columns, rows, "PT", "SOC", "TEAE"),
        ),
        subtitle="Treatment-emergent adverse events",
        parameters=threshold.as_parameter(),
        empty_note=NO_EVENT if collected else f"{scale.variable} is not in the data, or never filled",
    )


def _lines(events: EmergentEvents, arms: Arms, scale: Scale, threshold: Threshold) -> Iterator[CountLine]:
    terms = code_terms(events)
    grade = _grades(events, scale)
    rank = Ranking(arms)
    nothing = np.zeros(len(events.subject), dtype=np.int8)
    together = _worst(events.subject, nothing, 1, grade, arms, len(scale.words))
    yield from _block("Subjects with at least one TEAE", "", "", "", together[:, :, 0], scale, 0)
    by_term = _worst(events.subject, terms.term, terms.count, grade, arms, len(scale.words))
    by_soc = _worst(events.subject, terms.soc[terms.term], terms.socs, grade, arms, len(scale.words))
    of_soc: dict[int, list[int]] = {}
    for term in np.flatnonzero(threshold.keeps(by_term.sum(axis=1))).tolist():
        of_soc.setdefault(int(terms.soc[term]), []).append(term)
    for soc in sorted(of_soc, key=lambda code: rank(by_soc[:, :, code].sum(axis=1), terms.soc_names[code])):
        name = terms.soc_names[soc]
        yield from _block(name, name, "", equals("AEBODSYS", name), by_soc[:, :, soc], scale, 0)
        members = of_soc[soc]
        in_order = {place: rank(by_term[:, :, place].sum(axis=1), terms.names_of(place)[1]) for place in members}
        for term in sorted(members, key=in_order.__getitem__):
            pt = terms.names_of(term)[1]
            yield from _block(pt, name, pt, terms.condition_of(term), by_term[:, :, term], scale, 1)


def _block(
    label: str, soc: str, pt: str, condition: str, counts: Counts, scale: Scale, level: int
) -> Iterator[CountLine]:
    """The line of a term, and one for each grade that a subject has there. `counts`: arms × grades, from 0."""
    yield CountLine(label, soc, pt, condition, counts.sum(axis=1), level=level)
    words = [NOT_REPORTED, *scale.words.values()]
    values = ["", *scale.words]
    for place in [*range(1, len(words)), 0]:
        if not counts[:, place].sum():
            continue
        row = f"{pt}: {words[place]}" if pt else words[place]
        having = worst_is(scale.variable, scale.words, values[place], scale.missing)
        yield CountLine(words[place], soc, row, condition, counts[:, place], level=level + 1, having=having)


def _grades(events: EmergentEvents, scale: Scale) -> NDArray[np.int8]:
    """By record, the place of its grade in the scale, from 1; where it has none, of what it counts as, else 0."""
    missing = list(scale.words).index(scale.missing) + 1 if scale.missing else 0
    grade = np.full(len(events.subject), missing, dtype=np.int8)
    for place, value in enumerate(scale.words, 1):
        grade[events.equal(scale.variable, value)] = place
    return grade


def _worst(
    subject: NDArray[np.integer],
    group: NDArray[np.integer],
    groups: int,
    grade: NDArray[np.int8],
    arms: Arms,
    grades: int,
) -> Counts:
    """Distinct subjects by arm, worst grade and group: shape (arms, grades + 1, groups)."""
    scale = grades + 1
    pairs, worst = compute_largest(subject, group, groups, grade)
    cells = (pairs // groups) * (scale * groups) + worst * groups + pairs % groups
    return compute_subjects(cells, scale * groups, arms.arm_of_subject, len(arms.names)).reshape(-1, scale, groups)
