"""LBT_LEVELS, LBT_LAST: laboratory values beyond levels (FDA guide v2.0, table 20 and its siblings).

Per analyte one line per level: subjects with a result beyond it at any time after the first dose, unscheduled visits
included, of those with a usable result (Ns). Levels are cumulative: a subject beyond level 3 is in levels 1 and 2, too.
LBT_LAST looks at the last value alone (AENTMTFL), of the levels from 2 on. An analyte without a usable result
is named in a footnote and has no lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, select_rows
from longwatch.tables.fractions import FractionLine, Fractions, select_later
from longwatch.tables.levels import SOURCE, Analyte, read_analytes, units_of
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import subject_layout

TITLES = {"LBT_LEVELS": "Laboratory values beyond levels after the first dose",
          "LBT_LAST": "Laboratory values beyond levels at the last analysed visit"}  # fmt: skip
NUMBERS = {"LBT_LEVELS": "20", "LBT_LAST": ""}
LAST = "AENTMTFL = 'Y'"


def make_lbt_levels(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `blocks` (Kidney, Liver, Haematology, Chemistry, Lipids; default all). No result of any
    analyte → no rows, and a note."""
    blocks = parameters.get("blocks", ())
    assert isinstance(blocks, tuple)
    code = str(parameters["output"])
    last = code == "LBT_LAST"
    arms = make_arms(datasets, study)
    later = select_later(datasets.adlb, ())
    analytes = [item for item in read_analytes(study) if not blocks or item.block in blocks]
    fractions = Fractions("ADLB", arms, study.comparison)
    parts = {str(code): part for (code,), part in later.partition_by("PARAMCD", as_dict=True).items()}
    absent: list[str] = []
    block = ""
    for item in analytes:
        records = parts.get(item.test, later.clear())
        lines = list(_lines(item, units_of(records, item.test), last))
        if not lines:
            continue
        if not select_rows(records, lines[-1].of).any():
            absent.append(item.name)
            continue
        if item.block != block:
            block = item.block
            fractions.count(records, [FractionLine(block, block, "", is_heading=True)])
        fractions.count(records, lines)
    columns = tuple(fractions.printed_columns())
    return TableResult(
        code=code,
        title=TITLES[code],
        population=arms.population.name,
        stub="Analyte, level",
        columns=columns,
        rows=tuple(fractions.rows),
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_fractions(study, last=last),
            *_say_levels(study, analytes, later, absent),
            *footnotes.say_egfr(later),
            *(footnotes.say_statistics(study, arms) if arms.comparisons else ()),
            *footnotes.say_abbreviations(columns, fractions.rows, "ULN"),
        ),
        number=NUMBERS[code],
        empty_note="No laboratory result to compare",
        parameters={"output": code, "blocks": " ".join(blocks)},
    )


def _lines(item: Analyte, units: Sequence[str], last: bool) -> Iterator[FractionLine]:
    levels = [level for level in item.levels if level > 1 or not last]
    if not levels:
        return
    usable = both(item.usable(units), LAST if last else "")
    yield FractionLine(item.name, item.block, item.name, level=1, is_heading=True)
    for level in levels:
        row = f"{item.name}: Level {level}"
        yield FractionLine(item.words(level), item.block, row, item.beyond(level, units), usable, level=2)


def _say_levels(study: Study, analytes: Sequence[Analyte], later: pl.DataFrame, absent: Sequence[str]) -> Iterator[str]:
    yield (
        f"Levels: {SOURCE}; confirm them with your regulatory lead. They are cumulative: level 3 is also in levels "
        "1 and 2. A limit is compared with the result in its own unit, a multiple of ULN with the result's own limit."
    )
    own = [item.name for item in analytes if item.is_own]
    if own:
        yield f"The study's own limits: {'; '.join(own)}."
    if absent:
        yield f"Without a result that can be compared: {'; '.join(absent)}."
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
