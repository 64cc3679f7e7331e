"""LTF05: immune events (spec D.3, L5).

First the groups of the study file (`follow_up: immune`, such as clinical rejection), then what is measured: a fall of
the C-peptide, de-novo donor-specific antibodies, a rise of an autoantibody, a change of immunosuppression. Of each:
subjects with it, days to the first, and the cumulative incidence by 1, 3 and 5 years, death competing.
"""

from __future__ import annotations

from collections.abc import Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.first_events import FirstEvents, say_first, say_incidence
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import subject_layout

TITLE = "Immune events"
MEASURED = ("CPEPFALL", "DSA", "AUTOAB", "ISCHANGE")


def make_ltf05(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject → no rows, and a note; what has no source prints NA."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    groups = [f"IMM{place}" for place in range(1, len(study.follow_up.immune) + 1)]
    found = FirstEvents(datasets, study, (*groups, *MEASURED) if arms.total else (), incidence=True, rate=False)
    columns = layout.columns()
    return TableResult(
        code="LTF05",
        title=TITLE,
        population=arms.population.name,
        stub="Event",
        columns=columns,
        rows=tuple(found.rows),
        statistics=(*layout.sizes(), *found.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            say_first(),
            *found.notes,
            say_incidence(),
            *found.definitions,
            "An antibody or a fall of C-peptide is a measurement and no diagnosis of rejection.",
            *footnotes.say_abbreviations(columns, found.rows, "CI", "NE", *found.words),
        ),
        empty_note="No subject is in this population",
    )
