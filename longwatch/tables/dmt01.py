"""DMT01: demographics and baseline characteristics (FDA guide v2.0, table 2; ICH E3 11.2).

Lines: for each variable that the study file names (`demographics`), a heading; below it, of a number: n, mean (SD),
median, quartiles, range; of a category: subjects and percent of N per value, and `Missing` where a subject has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.characteristics import Characteristic, Describer, describe_all
from longwatch.tables.labels import label_of, words_of_values
from longwatch.tables.layout import Layout
from longwatch.tables.populations import choose_population
from longwatch.tables.result import TableColumn, TableResult

TITLE = "Demographics and baseline characteristics"
NUMBER = "2"


def make_dmt01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `population` (SAFFL, the default, ITTFL, RANDFL, GRAFTFL), `p_values` (an overall test per
    variable: analysis of variance of a number, chi-square of a category; default no), `variables` (over those of the
    study file).

    No subject → no rows, and a note. A variable that the data lacks prints NA.
    """
    population = choose_population("DMT01", datasets, parameters)
    tests = bool(parameters.get("p_values", False))
    named = parameters.get("variables") or study.demographics
    assert isinstance(named, tuple)
    arms = make_arms(datasets, study, population)
    layout = Layout(arms, None)
    described = describe_all(
        Describer(datasets, layout, tests), [_characteristic(datasets, study, str(name)) for name in named]
    )
    columns = layout.columns()
    if tests:
        columns = (*columns, TableColumn("All arms:p", "p-value", ""))
    rows = tuple(described.rows) if arms.total else ()
    return TableResult(
        code="DMT01",
        title=TITLE,
        population=population.name,
        stub="Characteristic",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *described.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "n: subjects with a value. %: of N; a subject without a value is counted as Missing. SD: standard "
            "deviation (n − 1). Q1, Q3: quartiles by definition 5 of SAS (the mean of two neighbours where n·p is "
            "whole).",
            *(
                (
                    "p-value: all arms together, one-way analysis of variance of a number, Pearson's chi-square "
                    "without continuity correction of a category (Missing left out); not adjusted for multiplicity.",
                )
                if tests
                else ()
            ),
            *footnotes.say_abbreviations(columns, rows, "SD"),
        ),
        number=NUMBER,
        empty_note="No subject is in this population",
        parameters={"population": population.flag, "p_values": str(tests).lower()},
    )


def _characteristic(datasets: AnalysisDatasets, study: Study, variable: str) -> Characteristic:
    return Characteristic(variable, label_of(datasets, study, variable), words_of_values(variable))
