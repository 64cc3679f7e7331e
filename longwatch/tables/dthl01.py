"""DTHL01: listing of deaths (FDA guide v2.0, table 9). DSURDTHL: of those in the reporting interval (the US appendix of
a DSUR, and 21 CFR 312.33; spec E.2, E.3).

One row per subject of the safety population known to have died by the cut-off: arm, age, sex, study day of death,
primary cause; and what the trial collects of fatal events, immunosuppression and the graft (`death_facts`).
Order: by arm, then by day of death (not known last), then by USUBJID.
Its numbers are the deaths of each arm, and of each subject the fatal events, the days with a class of drugs, and the
drugs of the last regimen. In the interval: on a day in it, or on a day not known.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.reporting_interval import DIED as DIED_IN_INTERVAL
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.death_facts import facts_of_deaths
from longwatch.tables.dtht01 import DEATHS, DIED
from longwatch.tables.filters import both, equals, select_rows
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout

TITLES = {False: "Listing of deaths", True: "Subjects who died in the reporting interval"}
NUMBERS = {False: "9", True: ""}
CODES = {False: "DTHL01", True: "DSURDTHL"}
GROUPS = {False: DEATHS, True: "Deaths in the interval"}
"""Row groups: those of the interval are not all deaths, which every output that prints them must agree on (RP03)."""
UNKNOWN = "Not known"
COLUMNS = (("AGE", "Age"), ("SEX", "Sex"), ("DTHADY", "Study day of death"), ("DTHCAUS", "Primary cause of death"))


def make_dthl01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing. Parameter: `interval` (DSURDTHL). A variable that the data lacks prints NA. No death → no rows, and
    a note."""
    of_interval = bool(parameters.get("interval", False))
    group = GROUPS[of_interval]
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    adsl = datasets.dataset("ADSL") if of_interval else datasets.adsl
    condition = both(DIED, equals(DIED_IN_INTERVAL, "Y") if of_interval else "")
    _, statistics = layout.lines(count_lines(adsl, arms, [SubjectLine(group, group, "", condition)]))
    chosen = pl.Series(select_rows(adsl, both(arms.population.condition, condition)))
    died = adsl.with_columns(arm=pl.Series(arms.arm_of_subject)).with_row_index("subject").filter(chosen)
    named = pl.col("USUBJID").cast(pl.String)
    died = died.sort("arm", "DTHADY", named, nulls_last=True)
    subjects, places = died["USUBJID"].cast(pl.String).to_list(), died["arm"].to_list()
    facts = facts_of_deaths(datasets, study, died)
    cells = [*(texts_of_subjects(died, variable) for variable, _ in COLUMNS), *(fact.texts for fact in facts)]
    of_subjects = tuple(
        number for fact in facts for number in fact.numbers([arms.names[place] for place in places], subjects)
    )
    rows = tuple(
        TableRow(subject, (arms.names[place], *texts), 0, group, subject)
        for subject, place, *texts in zip(subjects, places, *cells, strict=True)
    )
    headings = (*COLUMNS, *((fact.heading, fact.heading) for fact in facts))
    columns = (TableColumn("arm", "Treatment arm"), *(TableColumn(name, heading) for name, heading in headings))
    return TableResult(
        code=CODES[of_interval],
        title=TITLES[of_interval],
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics, *of_subjects),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *((footnotes.say_interval(datasets),) if of_interval else ()),
            "Every subject known to have died by the cut-off (DTHFL = Y). Study day: of the death, day 1 is the day of "
            "the first dose. Primary cause: as the data states it (DD, PRCDTH; or DTHCAUS supplied), else the PT of "
            "the first adverse event with a fatal outcome.",
            *(note for fact in facts for note in fact.notes),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "PT"),
        ),
        number=NUMBERS[of_interval],
        empty_note=f"No subject is known to have died{' in the interval' if of_interval else ''}",
        parameters={"interval": "true"} if of_interval else {},
    )


def texts_of_subjects(died: pl.DataFrame, variable: str) -> list[str]:
    """The values of a variable of ADSL by subject; NA where the data lacks it."""
    if variable not in died.columns:
        return [NOT_AVAILABLE] * died.height
    values = died[variable]
    if values.dtype.is_numeric():
        return [UNKNOWN if value is None else f"{value:g}" for value in values]
    return values.cast(pl.String).fill_null(UNKNOWN).to_list()
