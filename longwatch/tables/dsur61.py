"""DSUR61: cumulative subject exposure, in the interval and to the data lock point (ICH E2F 6.1; spec E.2).

Subjects with at least one dose of study product, by arm: all; then by each category that the study file names under
`demographics`, and `Missing` where a subject has none. In the interval: those with their first dose in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.derive.reporting_interval import FIRST_DOSE
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.characteristics import MISSING, levels_of
from longwatch.tables.filters import SAFETY, equals, select_rows
from longwatch.tables.labels import label_of, words_of_values
from longwatch.tables.layout import NOT_AVAILABLE, Layout
from longwatch.tables.periodic import PeriodicCounter, PeriodicLine
from longwatch.tables.result import TableResult

TITLE = "Cumulative subject exposure"
EXPOSED = "Subjects exposed"


def make_dsur61(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject → no rows, and a note. A variable without any value prints NA."""
    arms = make_arms(datasets, study)
    counter = PeriodicCounter(datasets.dataset("ADSL"), "ADSL", arms, FIRST_DOSE, "n")
    rows, statistics = counter.table(list(_lines(datasets, study, arms)))
    columns = counter.columns()
    kept = rows if arms.total else ()
    return TableResult(
        code="DSUR61",
        title=TITLE,
        population=arms.population.name,
        stub="Subjects",
        columns=columns,
        rows=kept,
        statistics=(*Layout(arms, None).sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_interval(datasets),
            "Subjects with at least one dose of study product; interval: those whose first dose lies in it.",
            *footnotes.say_abbreviations(columns, kept),
        ),
        empty_note="No subject is in this population",
    )


def _lines(datasets: AnalysisDatasets, study: Study, arms: Arms) -> Iterator[PeriodicLine]:
    adsl = datasets.adsl
    exposed = adsl.filter(select_rows(adsl, SAFETY))
    yield PeriodicLine("Subjects exposed", EXPOSED, "", "")
    for variable in study.demographics:
        if variable in adsl.columns and adsl[variable].dtype.is_numeric():
            continue
        known = datasets.is_filled(variable)
        label = label_of(datasets, study, variable)
        yield PeriodicLine(label if known else f"{label}: {NOT_AVAILABLE}", variable, "", "", is_heading=True)
        if not known:
            continue
        for level in levels_of(exposed, variable):
            said = words_of_values(variable).get(level, level)
            yield PeriodicLine(said, variable, level, equals(variable, level), 1)
        if exposed[variable].null_count():
            yield PeriodicLine(MISSING, variable, MISSING, f"{variable} IS NULL", 1)
