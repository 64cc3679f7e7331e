"""POPT01: analysis populations (FDA guide v2.0, table 4; ICH E3 11.1).

One line per population, with its subjects and their percent of the subjects assigned to the arm. Populations: those
that Longwatch knows, then those that the study file names (`populations`). One that ADSL does not flag prints NA.
Subjects with engraftment are one where the study file says what that is (`graft: engraftment`), or ADSL flags them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.populations import ASSIGNED, POPULATIONS, WHERE_DEFINED, Population
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout

TITLE = "Analysis populations"
NUMBER = "4"


def make_popt01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject on an arm → no rows, and a note."""
    arms = make_arms(datasets, study, ASSIGNED)
    layout = subject_layout(arms)
    rows, statistics = layout.lines(count_lines(datasets.adsl, arms, _lines(datasets, study)))
    columns = layout.columns()
    rows = rows if arms.total else ()
    return TableResult(
        code="POPT01",
        title=TITLE,
        population=ASSIGNED.name,
        stub="Population",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "%: of N. Safety population: at least one dose of study product by the cut-off.",
            *((footnotes.say_engraftment(study),) if _has_engraftment(datasets, study) else ()),
            *footnotes.say_abbreviations(columns, rows),
        ),
        number=NUMBER,
        empty_note="No subject is on an arm",
    )


def _has_engraftment(datasets: AnalysisDatasets, study: Study) -> bool:
    return study.graft.engraftment is not None or datasets.is_filled("GRAFTFL")


def _lines(datasets: AnalysisDatasets, study: Study) -> Iterator[SubjectLine]:
    absent = () if _has_engraftment(datasets, study) else WHERE_DEFINED
    known = {flag: population for flag, population in POPULATIONS.items() if flag not in absent}
    named = (Population(item.flag, item.name) for item in study.populations)
    for population in {**known, **{item.flag: item for item in named}}.values():
        flagged = datasets.is_filled(population.flag)
        yield SubjectLine(population.name, population.flag, "", population.condition if flagged else None)
