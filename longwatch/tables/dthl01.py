"""DTHL01: listing of deaths (FDA guide v2.0, table 9).

One row per subject of the safety population known to have died by the cut-off: arm, age, sex, study day of death,
primary cause. Order: by arm, then by day of death (not known last), then by USUBJID.
Its numbers are the deaths of each arm.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.dtht01 import DEATHS, DIED
from longwatch.tables.filters import both, select_rows
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout

TITLE = "Listing of deaths"
NUMBER = "9"
UNKNOWN = "Not known"
COLUMNS = (("AGE", "Age"), ("SEX", "Sex"), ("DTHADY", "Study day of death"), ("DTHCAUS", "Primary cause of death"))


def make_dthl01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing; it has no parameters. A variable that the data lacks prints NA. No death → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    _, statistics = layout.lines(count_lines(datasets.adsl, arms, [SubjectLine("Deaths", DEATHS, "", DIED)]))
    chosen = pl.Series(select_rows(datasets.adsl, both(arms.population.condition, DIED)))
    died = datasets.adsl.with_columns(arm=pl.Series(arms.arm_of_subject)).filter(chosen)
    named = pl.col("USUBJID").cast(pl.String)
    died = died.sort("arm", "DTHADY", named, nulls_last=True)
    subjects, places = died["USUBJID"].cast(pl.String).to_list(), died["arm"].to_list()
    cells = [_texts(died, variable) for variable, _ in COLUMNS]
    rows = tuple(
        TableRow(subject, (arms.names[place], *texts), 0, DEATHS, subject)
        for subject, place, *texts in zip(subjects, places, *cells, strict=True)
    )
    columns = (TableColumn("arm", "Treatment arm"), *(TableColumn(name, heading) for name, heading in COLUMNS))
    return TableResult(
        code="DTHL01",
        title=TITLE,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Every subject known to have died by the cut-off (DTHFL = Y). Study day: of the death, day 1 is the day of "
            "the first dose. Primary cause: as the data states it (DD, PRCDTH; or DTHCAUS supplied), else the PT of "
            "the first adverse event with a fatal outcome.",
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "PT"),
        ),
        number=NUMBER,
        empty_note="No subject is known to have died",
    )


def _texts(died: pl.DataFrame, variable: str) -> list[str]:
    if variable not in died.columns:
        return [NOT_AVAILABLE] * died.height
    values = died[variable]
    if values.dtype.is_numeric():
        return [UNKNOWN if value is None else f"{value:g}" for value in values]
    return values.cast(pl.String).fill_null(UNKNOWN).to_list()
