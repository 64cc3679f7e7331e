"""LTF08: cumulative incidence of events of interest, death competing (spec D.3, L8).

The study file's AESIs, then times to an adverse event that it declares (`time_to_event: parameters`), then the groups
that follow-up watches (malignancies, recurrent events, of which the first one counts here). Of each: subjects with it,
and by 1, 3 and 5 years the cumulative incidence (Aalen–Johansen) with the subjects at risk.
"""

from __future__ import annotations

from collections.abc import Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.standards.event_groups import AESI
from longwatch.study import EventKind, Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.first_events import FirstEvents, say_first, say_incidence
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import subject_layout

TITLE = "Cumulative incidence of events of interest, death competing"
NO_EVENTS = "The study file names no events of interest (aesi; time_to_event; follow_up)"


def make_ltf08(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `times`, the codes of ADTTE to show in place of these. No event declared, or no subject →
    no rows, and a note. Raises StudyError LW-TAB-007 for a code that there is not."""
    asked = parameters.get("times", ())
    assert isinstance(asked, tuple)
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    codes = asked or _codes(datasets, study)
    found = FirstEvents(datasets, study, codes if arms.total else (), incidence=True, rate=False)
    columns = layout.columns()
    return TableResult(
        code="LTF08",
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
            *footnotes.say_abbreviations(columns, found.rows, "CI", "NE", *found.words),
        ),
        empty_note="No subject is in this population" if codes else NO_EVENTS,
        parameters={"times": ", ".join(codes)},
    )


def _codes(datasets: AnalysisDatasets, study: Study) -> tuple[str, ...]:
    interest = [code for code in datasets.declared_times if code.startswith(AESI) and study.aesi]
    declared = [item.code for item in study.time_to_event.parameters if item.event is EventKind.ADVERSE_EVENT]
    watched = [item.code for item in study.follow_up.time_parameters if item.code.startswith(("MAL", "REC"))]
    return tuple(dict.fromkeys((*interest, *declared, *watched)))
