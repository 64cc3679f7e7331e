"""AET01: overview of adverse events (FDA guide v2.0, table 7).

Lines, each with the subjects who had at least one such TEAE: any; by maximum severity; related; serious, and by
seriousness criterion; related serious; leading to death, and related to it; leading to withdrawal of study treatment;
by action taken.

A line whose variable the data lacks, or never fills, prints NA: not collected is not zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from longwatch.derive import AnalysisDatasets
from longwatch.derive.occurrence import SEVERITIES
from longwatch.stats.counting import compute_present
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, Mask, select_emergent
from longwatch.tables.filters import both, equals, worst_is
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.result import TableResult

TITLE = "Overview of adverse events"
NUMBER = "7"

CRITERIA = {
    "AESDTH": "Results in death",
    "AESLIFE": "Life-threatening",
    "AESHOSP": "Hospitalisation or its prolongation",
    "AESDISAB": "Disability or incapacity",
    "AESCONG": "Congenital anomaly or birth defect",
    "AESMIE": "Other medically important event",
    "AESCAN": "Cancer",
    "AESOD": "Overdose",
}
"""Seriousness criteria in the order printed. The last two are legacy variables: printed where the data has them."""
LEGACY = ("AESCAN", "AESOD")
GRADES = ("1", "2", "3", "4", "5")
NOT_REPORTED = "Not reported"
VARIABLES = ("AESER", *CRITERIA, "AESEV", "AETOXGR", "AREL", "AEACN", "AEOUT")


def make_aet01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No event → no rows, and `No events met the criteria`."""
    arms = make_arms(datasets, study)
    layout = Layout(arms, study.comparison)
    events = select_emergent(datasets, *VARIABLES)
    rows, statistics = layout.lines(list(overview_lines(events, arms)))
    columns = layout.columns()
    rows = rows if events.records.height else ()
    return TableResult(
        code="AET01",
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
            _say_death(),
            say_severity(events),
            footnotes.say_relatedness(datasets, study),
            footnotes.say_dictionary(study),
            footnotes.say_observation(datasets),
            *footnotes.say_statistics(study, arms),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        number=NUMBER,
        subtitle="Treatment-emergent adverse events",
    )


def overview_lines(events: EmergentEvents, arms: Arms) -> Iterator[CountLine]:
    """The lines of the overview, of the events given."""

    def line(label: str, row: str, condition: str, mask: Mask | None, group: str = "") -> CountLine:
        counted = None if mask is None else arms.count(events.subjects_of(mask, len(arms.arm_of_subject)))
        return CountLine(label, group or row, row if group else "", condition, counted, level=1 if group else 0)

    everything = np.ones(len(events.subject), dtype=np.bool_)
    yield line("TEAE", "TEAE", "", everything)
    yield from _severity_lines(events, arms)

    serious = events.equal("AESER", "Y") if events.is_collected("AESER") else None
    related = events.equal("AREL", "RELATED") if events.is_collected("AREL") else None
    fatal, fatal_condition = _fatal(events)

    yield line("Related TEAE", "Related TEAE", "AREL = 'RELATED'", related)
    yield line("Serious TEAE", "Serious TEAE", "AESER = 'Y'", serious)
    for variable, label in CRITERIA.items():
        if variable in LEGACY and not events.has(variable):
            continue
        # Criteria are often left blank where nothing is serious: then none is met.
        mask = None
        blank = events.has(variable) and not events.is_collected(variable)
        if serious is not None and events.has(variable) and not (blank and events.occurs("AESER", "Y")):
            mask = serious & events.equal(variable, "Y")
        yield line(label, variable, both("AESER = 'Y'", equals(variable, "Y")), mask, "Serious TEAE")
    yield line(
        "Related serious TEAE",
        "Related serious TEAE",
        "AESER = 'Y' AND AREL = 'RELATED'",
        serious & related if serious is not None and related is not None else None,
    )
    yield line("TEAE leading to death", "TEAE leading to death", fatal_condition, fatal)
    yield line(
        "Related TEAE leading to death",
        "Related TEAE leading to death",
        both(fatal_condition, "AREL = 'RELATED'"),
        fatal & related if fatal is not None and related is not None else None,
    )
    actions = events.is_collected("AEACN")
    yield line(
        "TEAE leading to withdrawal of study treatment",
        "TEAE leading to withdrawal of study treatment",
        "AEACN = 'DRUG WITHDRAWN'",
        events.equal("AEACN", "DRUG WITHDRAWN") if actions else None,
    )
    if actions:
        group = "Action taken with study treatment"
        yield CountLine(group, group, "", "", None, is_heading=True)
        for value in events.values("AEACN"):
            yield line(value.capitalize(), value, equals("AEACN", value), events.equal("AEACN", value), group)
        if events.missing("AEACN").any():
            yield line(NOT_REPORTED, NOT_REPORTED, "AEACN IS NULL", events.missing("AEACN"), group)


def _severity_lines(events: EmergentEvents, arms: Arms) -> Iterator[CountLine]:
    """Each subject once, at the worst reported severity; never imputed. Not reported: none of the subject's TEAEs has
    one. AESEV, or AETOXGR where AESEV was not collected; never both (spec A.3)."""
    group = "By maximum severity"
    if events.is_collected("AESEV") or not events.is_collected("AETOXGR"):
        variable, scale = "AESEV", {value: value.capitalize() for value in SEVERITIES}
    else:
        variable, scale = "AETOXGR", {value: f"Grade {value}" for value in GRADES}
    yield CountLine(group, group, "", "", None, level=1, is_heading=True)
    if not events.is_collected(variable):
        for value, label in scale.items():
            yield CountLine(label, group, value, equals(variable, value), None, level=2)
        return
    placed = np.zeros(len(arms.arm_of_subject), dtype=np.bool_)
    at: dict[str, CountLine] = {}
    for value in reversed(scale):
        subjects = events.subjects_of(events.equal(variable, value), len(placed)) & ~placed
        placed |= subjects
        counted = arms.count(subjects)
        at[value] = CountLine(scale[value], group, value, "", counted, level=2, having=worst_is(variable, scale, value))
    yield from (at[value] for value in scale)
    rest = compute_present(events.subject, len(placed)) & ~placed
    yield CountLine(
        NOT_REPORTED,
        group,
        NOT_REPORTED,
        "",
        arms.count(rest),
        level=2,
        having=worst_is(variable, scale, ""),
    )


def _fatal(events: EmergentEvents) -> tuple[Mask | None, str]:
    """AESDTH = Y or AEOUT = FATAL, by what the data has of the two."""
    conditions = {name: value for name, value in (("AEOUT", "FATAL"), ("AESDTH", "Y")) if events.is_collected(name)}
    masks = [events.equal(name, value) for name, value in conditions.items()]
    text = " OR ".join(equals(name, value) for name, value in conditions.items())
    return (np.logical_or.reduce(masks) if masks else None), f"({text})" if len(masks) > 1 else text


def _say_death() -> str:
    return (
        "Leading to death: AEOUT = FATAL or AESDTH = Y, whatever AESER says; Results in death: AESDTH = Y among "
        "serious events."
    )


def say_severity(events: EmergentEvents) -> str:
    """How severity is counted, and on which scale."""
    graded = not events.is_collected("AESEV") and events.is_collected("AETOXGR")
    return (
        f"Maximum severity: each subject once, at the worst {'AETOXGR' if graded else 'AESEV'} reported. Not reported: "
        f"missing, or no value of the scale, on all of the subject's TEAEs; nothing is imputed."
    )
