"""LTF07: status at the end of each year since the first infusion (spec D.3, L7).

For each year: the subjects who reached its end, the anniversary of their first infusion, by the cut-off; and of them
those followed, lost, withdrawn, dead, completed, or gone for another reason, each subject once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.ltf01 import say_found_again, say_lost
from longwatch.tables.result import TableResult
from longwatch.tables.shares import ShareLine, share_rows
from longwatch.tables.subjects import subject_layout

TITLE = "Status at the end of each year of follow-up"
STATES = {
    "In follow-up": "FOLLOWED",
    "Completed": "COMPLETED",
    "Died": "DIED",
    "Withdrew consent": "WITHDRAWN",
    "Lost to follow-up": "LOST",
    "Left for another reason": "LEFT",
}
REACHED = "Anniversary by the cut-off"


def make_ltf07(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No anniversary by the cut-off → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    rows, statistics = share_rows(datasets.adltf, "ADLTF", layout, _lines(datasets))
    columns = layout.columns()
    return TableResult(
        code="LTF07",
        title=TITLE,
        population=arms.population.name,
        stub="End of year",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Each year ends on the anniversary of the first infusion. %: of the subjects whose anniversary was by the "
            "cut-off. Died: whatever ended the follow-up before; else how it ended by that day, else in follow-up.",
            say_lost(study),
            *say_found_again(datasets),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="No subject reached the end of a year by the cut-off",
    )


def _lines(datasets: AnalysisDatasets) -> Iterator[ShareLine]:
    ends = datasets.adltf.filter(pl.col("PARAMCD") == "YEAREND")
    for year in ends["FUYEAR"].unique().sort():
        group, base = f"Year {year}", both(equals("PARAMCD", "YEAREND"), f"FUYEAR = {year}")
        yield ShareLine(group, group, "")
        yield ShareLine(REACHED, group, REACHED, base, level=1)
        for label, state in STATES.items():
            yield ShareLine(label, group, label, both(base, equals("AVALC", state)), base, level=1)
