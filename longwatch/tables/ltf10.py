"""LTF10: graft function by year, by the Igls criteria (spec D.3, L10; D.4).

For each year of the follow-up plan and each definition (2017; the two of 2.0): subjects with a category, and the
percent of them in each; then those whose category is not evaluable since a component is missing, and those without the
visit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.derive.igls import CATEGORIES, VERSION
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals, is_one_of
from longwatch.tables.ltf01 import NO_PLAN, NO_VISITS, say_plan
from longwatch.tables.result import TableResult
from longwatch.tables.shares import ShareLine, share_rows
from longwatch.tables.subjects import subject_layout

TITLE = "Graft function by year, Igls criteria"
DEFINITIONS = {"IGLS17": "Igls 2017", "IGLS2T": "Igls 2.0, treatment outcome", "IGLS2G": "Igls 2.0, graft function"}
NOBODY = "No subject had, or was expected at, a yearly visit by the cut-off"


def make_ltf10(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No plan, no SV, or no yearly visit yet → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    has_visits = bool(datasets.plan.years) and "SV" in datasets.data
    rows, statistics = share_rows(datasets.adgf, "ADGF", layout, _lines(datasets) if has_visits else ())
    columns = layout.columns()
    tolerances = study.graft.as_baseline
    return TableResult(
        code="LTF10",
        title=TITLE,
        population=arms.population.name,
        stub="Year of follow-up",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *(say_plan(datasets, study) if datasets.plan.visits else ()),
            f"{VERSION}. The category is the worst of its components; with a missing component it is not evaluable, "
            "unless another one is a failure already. %: of the subjects with a category.",
            "As at baseline, and so a failure: better by no more than "
            f"{tolerances.hba1c:g} % HbA1c, {tolerances.severe:g} severe hypoglycaemia a year, "
            f"{tolerances.time_in_range:g} points of time in range, {tolerances.below_54:g} points below 54 mg/dL.",
            *_say_sensor(datasets),
            *_say_red_cells(study),
            "C-peptide says little in uraemia, or where the subject's own cells still make some.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note=NO_PLAN if not datasets.plan.years else NO_VISITS if "SV" not in datasets.data else NOBODY,
    )


def _say_sensor(datasets: AnalysisDatasets) -> Iterator[str]:
    """That a part of the criteria is not collected, where it is not."""
    if "CGM" not in datasets.data:
        yield (
            "Glucose sensor data (CGM) is not collected: by Igls 2.0 nobody is evaluable but who fails by HbA1c or by "
            "severe hypoglycaemia."
        )


def _say_red_cells(study: Study) -> Iterator[str]:
    """What stands in place of HbA1c, where the study file says of whom."""
    if study.graft.red_cell_terms:
        named = ", ".join(study.graft.red_cell_terms)
        yield f"From the start of {named} on, the glucose management indicator of the sensor stands in place of HbA1c."


def _lines(datasets: AnalysisDatasets) -> Iterator[ShareLine]:
    for year in datasets.adgf["FUYEAR"].drop_nulls().unique().sort():
        for variable, name in DEFINITIONS.items():
            group, of_year = f"Year {year}, {name}", f"FUYEAR = {year}"
            base = both(of_year, is_one_of(variable, CATEGORIES))
            yield ShareLine(group, group, "")
            yield ShareLine("Evaluable", group, "Evaluable", base, level=1)
            for category in CATEGORIES:
                label = category.capitalize()
                yield ShareLine(label, group, label, both(of_year, equals(variable, category)), base, level=2)
            missing = both(of_year, equals(variable, "NE"))
            yield ShareLine("Not evaluable", group, "Not evaluable", missing, level=1)
            yield ShareLine("Visit not held", group, "Visit not held", both(of_year, "ADT IS NULL"), level=1)
