"""AET10: common adverse events by preferred term (FDA guide v2.0, table 15).

Lines: the PTs that at least `at_least` percent of the subjects of any one arm had, SOC aside: a PT that stands under
two SOCs is one line. The percentage is compared exactly, not as printed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.stats.counting import compute_distinct_pairs, compute_events, compute_subjects
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.events import select_emergent
from longwatch.tables.filters import equals
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import TableResult
from longwatch.tables.threshold import Threshold

TITLE = "Common adverse events by preferred term"
NUMBER = "15"
AT_LEAST = 5.0


def make_aet10(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `at_least` (percent of the subjects of an arm, default 5), `events` (the column of events,
    default no). No such term → no rows, and a note."""
    with_events = bool(parameters.get("events", False))
    arms = make_arms(datasets, study)
    threshold = Threshold(parameters, arms, AT_LEAST)
    share = threshold.share
    layout = Layout(arms, study.comparison, with_events)
    events = select_emergent(datasets, "AEDECOD")
    names = events.names("AEDECOD")
    terms, count = max(len(names), 1), len(arms.names)
    pairs = compute_distinct_pairs(events.subject, events.codes("AEDECOD"), terms)
    by_term = compute_subjects(pairs, terms, arms.arm_of_subject, count)
    of_term = compute_events(events.subject, events.codes("AEDECOD"), terms, arms.arm_of_subject, count)
    rank = Ranking(arms)
    chosen = [int(place) for place in np.flatnonzero(threshold.keeps(by_term))]
    lines = [
        CountLine(names[place], "", names[place], equals("AEDECOD", names[place]), by_term[:, place], of_term[:, place])
        for place in sorted(chosen, key=lambda place: rank(by_term[:, place], names[place]))
    ]
    rows, statistics = layout.lines(lines)
    columns = layout.columns()
    return TableResult(
        code="AET10",
        title=TITLE,
        population="Safety population",
        stub="Preferred term",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_counts(with_events),
            f"Common: in at least {share:g} % of the subjects of any one arm, by the exact ratio.",
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            f"PTs by {rank.words}; ties by name. A PT that stands under several SOCs is one line.",
            footnotes.say_observation(datasets),
            *footnotes.say_statistics(study, arms),
            *footnotes.say_abbreviations(columns, rows, "PT", "SOC", "TEAE"),
        ),
        number=NUMBER,
        subtitle=f"Treatment-emergent adverse events in at least {share:g} % of an arm",
        empty_note=f"No term reached {share:g} % in any arm",
        parameters={"at_least": f"{share:g}", "events": str(with_events).lower()},
    )
