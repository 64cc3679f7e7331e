"""AET01_SG: adverse events by subgroup (FDA guide v2.0, table 51). AET01_SG_SER: serious ones (table 50). AESI01_SG: an
adverse event of special interest (table 19), one table per AESI.

Lines: for each kind of event (any, serious, leading to death, leading to withdrawal) all subjects; then for each
variable that the study file names (`subgroups`) its values, `Missing` where a subject has none: n of the subgroup's own
N, and what is compared within it. Subgroups are described, not tested: no interaction is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.aesi01 import NO_AESI
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.characteristics import MISSING, levels_of
from longwatch.tables.events import select_emergent
from longwatch.tables.filters import equals, select_rows
from longwatch.tables.labels import label_of, words_of_values
from longwatch.tables.layout import CountLine, Layout, Within
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import count_subjects
from longwatch.tables.subsets import find_subset, select_subset


@dataclass(frozen=True)
class Shell:
    """One output of this shape: the kinds of events it has a block of, by their subset ("": any)."""

    code: str
    title: str
    number: str
    kinds: tuple[str, ...]


SHELLS: Mapping[str, Shell] = {
    shell.code: shell
    for shell in (
        Shell("AET01_SG", "Adverse events by subgroup", "51", ("", "serious", "fatal", "withdrawn")),
        Shell("AET01_SG_SER", "Serious adverse events by subgroup", "50", ("serious",)),
        Shell("AESI01_SG", "Adverse event of special interest by subgroup", "19", ("",)),
    )
}
BLOCKS = {
    "": "TEAE",
    "serious": "Serious TEAE",
    "fatal": "TEAE leading to death",
    "withdrawn": "TEAE leading to withdrawal of study treatment",
}


def make_aet01_subgroups(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `shell` (fixed by the code). A variable that the trial does not collect has one line, NA;
    so has a kind of event that cannot be told. No subject → no rows, and a note."""
    shell = SHELLS[str(parameters["shell"])]
    arms = make_arms(datasets, study)
    layout = Layout(arms, study.comparison, with_intervals=False)
    lacking = shell.code == "AESI01_SG" and not study.aesi_of_events
    lines = [] if lacking else [line for kind in shell.kinds for line in _block(datasets, study, arms, kind)]
    rows, statistics = layout.lines(lines)
    columns = layout.columns()
    rows = rows if arms.total else ()
    return TableResult(
        code=shell.code,
        title=shell.title,
        population="Safety population",
        stub="Kind of event / subgroup",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "n/Ns (%): subjects with at least one such event, of the subjects of the subgroup in the arm; in the line "
            "of all subjects n (%), of N.",
            "Subgroups are described: no interaction is tested, and small ones show chance.",
            footnotes.say_treatment_emergence(study),
            *(note for kind in shell.kinds for note in footnotes.say_subset(datasets, study, find_subset(kind))),
            footnotes.say_observation(datasets),
            *footnotes.say_statistics(study, arms),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        number=shell.number,
        subtitle="Treatment-emergent adverse events",
        empty_note=NO_AESI if lacking else "No subject is in this population",
        parameters={"shell": shell.code},
    )


def _block(datasets: AnalysisDatasets, study: Study, arms: Arms, kind: str) -> Iterator[CountLine]:
    subset, block = find_subset(kind), BLOCKS[kind]
    events = select_emergent(datasets, *(subset.variables if subset else ()))
    chosen = select_subset(events, subset)
    if chosen is None:
        yield CountLine(block, block, "", "", None)
        return
    mask, condition = chosen
    had = np.zeros(len(arms.arm_of_subject), dtype=np.bool_)
    had[events.subject[mask]] = True
    yield CountLine(block, block, "", condition, arms.compute_subjects(np.flatnonzero(had)))
    for variable in study.subgroups:
        yield from _values(datasets, study, arms, block, variable, had, condition)


def _values(
    datasets: AnalysisDatasets,
    study: Study,
    arms: Arms,
    block: str,
    variable: str,
    had: NDArray[np.bool_],
    condition: str,
) -> Iterator[CountLine]:
    label = label_of(datasets, study, variable)
    adsl = datasets.adsl
    if not datasets.is_filled(variable) or not isinstance(adsl.schema[variable], pl.Enum):
        yield CountLine(label, block, variable, "", None, level=1)
        return
    yield CountLine(label, block, variable, "", None, level=1, is_heading=True)
    counted = adsl.filter(pl.Series(arms.arm_of_subject >= 0))
    words = words_of_values(variable)
    values = [(words.get(value, value), value, equals(variable, value)) for value in levels_of(counted, variable)]
    if counted[variable].has_nulls():
        values.append((MISSING, MISSING, f"{variable} IS NULL"))
    for name, value, inside in values:
        subjects = np.flatnonzero(had & select_rows(adsl, inside))
        within = Within(inside, count_subjects(adsl, arms, inside))
        row = f"{variable}: {value}"
        yield CountLine(name, block, row, condition, arms.compute_subjects(subjects), level=2, within=within)
