"""LBT_LEVELS: laboratory values beyond levels (FDA guide v2.0, table 20 and its siblings).

Per analyte one line per level: subjects with a result beyond it at any time after the first dose, unscheduled visits
included, of those with a usable result (Ns). Levels are cumulative: a subject beyond level 3 is in levels 1 and 2, too.
An analyte that the data has no result of is named in a footnote and has no lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.fractions import FractionLine, Fractions, select_later
from longwatch.tables.levels import SOURCE, Analyte, read_analytes, units_of
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import subject_layout

TITLE = "Laboratory values beyond levels after the first dose"
NUMBER = "20"


def make_lbt_levels(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `blocks` (Kidney, Liver, Haematology, Chemistry, Lipids; default all). No result of any
    analyte → no rows, and a note."""
    blocks = parameters.get("blocks", ())
    assert isinstance(blocks, tuple)
    arms = make_arms(datasets, study)
    later = select_later(datasets.adlb, ())
    analytes = [item for item in read_analytes(study) if not blocks or item.block in blocks]
    fractions = Fractions("ADLB", arms)
    parts = {str(code): part for (code,), part in later.partition_by("PARAMCD", as_dict=True).items()}
    absent: list[str] = []
    block = ""
    for item in analytes:
        records = parts.get(item.test, later.clear())
        if records.is_empty():
            absent.append(item.name)
            continue
        if item.block != block:
            block = item.block
            fractions.count(records, [FractionLine(block, block, "", is_heading=True)])
        fractions.count(records, _lines(item, units_of(records, item.test)))
    columns = tuple(fractions.printed_columns())
    return TableResult(
        code="LBT_LEVELS",
        title=TITLE,
        population=arms.population.name,
        stub="Analyte, level",
        columns=columns,
        rows=tuple(fractions.rows),
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_fractions(study),
            *_say_levels(study, analytes, later, absent),
            *footnotes.say_egfr(later),
            *footnotes.say_abbreviations(columns, fractions.rows, "ULN"),
        ),
        number=NUMBER,
        empty_note="No laboratory result to compare",
        parameters={"blocks": " ".join(blocks)},
    )


def _lines(item: Analyte, units: Sequence[str]) -> Iterator[FractionLine]:
    yield FractionLine(item.name, item.block, item.name, level=1, is_heading=True)
    for level in item.levels:
        row = f"{item.name}: Level {level}"
        yield FractionLine(
            item.words(level), item.block, row, item.beyond(level, units), item.usable(units), level=2
        )  # fmt: skip


def _say_levels(
    study: Study, analytes: Sequence[Analyte], later: pl.DataFrame, absent: Sequence[str]
) -> Iterator[str]:
    yield (
        f"Levels: {SOURCE}; confirm them with your regulatory lead. They are cumulative: level 3 is also in levels 1 and 2. "
        "A limit is compared with the result in its own unit, a multiple of ULN with the result's own limit."
    )
    own = [item.name for item in analytes if item.is_own]
    if own:
        yield f"The study's own limits: {', '.join(own)}."
    if absent:
        yield f"Without a result in the data: {', '.join(absent)}."
    unknown = sorted(
        {
            f"{item.test} in {unit}"
            for item in analytes
            if item.has_unit
            for unit in units_of(later, item.test)
            if unit not in item.units
        }
    )
    if unknown:
        yield f"Not compared, the unit being unknown: {', '.join(unknown)}."
