"""LBL02: listing of laboratory values beyond a level (of the kind of FDA guide v2.0, tables 52 to 55; ICH E3 12.4.2.3).

One row per result after the first dose that lies beyond the level asked (2, unless said otherwise) of its analyte:
subject, arm, analyte, study day, visit, result, baseline, the level reached. Order: arm, subject, analyte, day. Its
numbers are the subjects and results of each arm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.described import Numbers, compute_decimals
from longwatch.tables.filters import both, select_rows
from longwatch.tables.fractions import select_later
from longwatch.tables.lbl01 import count_results
from longwatch.tables.levels import SOURCE, Analyte, read_analytes, units_of
from longwatch.tables.result import Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Listing of laboratory values beyond a level"
LEVEL = 2
UNKNOWN = "Not known"
GROUP = "Results beyond the level"
_HEADINGS = (
    ("arm", "Treatment arm"), ("analyte", "Analyte"), ("day", "Study day"), ("visit", "Visit"), ("result", "Result"),
    ("baseline", "Baseline"), ("measure", "Compared"), ("level", "Level"),
)  # fmt: skip


def make_lbl02(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing. Parameter: `level` (1, 2 or 3; default 2). No such result → no rows, and a note."""
    level = parameters.get("level", LEVEL)
    assert isinstance(level, int)
    arms = make_arms(datasets, study)
    later = select_later(datasets.adlb, ())
    parts = {str(code): part for (code,), part in later.partition_by("PARAMCD", as_dict=True).items()}
    statistics: list[Statistic] = []
    found: list[pl.DataFrame] = []
    for item in read_analytes(study):
        records = parts.get(item.test)
        if records is None or level not in item.levels:
            continue
        units = units_of(records, item.test)
        condition = both(item.usable(units), item.beyond(level, units))
        chosen = records.filter(pl.Series(select_rows(records, condition)))
        statistics += count_results(chosen, arms, GROUP, item.name, condition)
        if chosen.height:
            found.append(_listed(chosen, arms, item, units))
    rows = tuple(_rows(pl.concat(found), arms)) if found else ()
    columns = tuple(TableColumn(key, heading) for key, heading in _HEADINGS)
    return TableResult(
        code="LBL02",
        title=TITLE,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            f"Every result after the first dose beyond level {level} of its analyte, unscheduled visits included. "
            f"Levels: {SOURCE}; confirm them with your regulatory lead. Compared: what the level looks at, the result "
            "itself, its change, its percent change, or its ratio to baseline or ULN.",
            *footnotes.say_egfr(later),
            *footnotes.say_abbreviations(columns, rows, "ULN"),
        ),
        subtitle=f"Results beyond level {level}",
        empty_note=f"No result beyond level {level}",
        parameters={"level": str(level)},
    )


def _listed(chosen: pl.DataFrame, arms: Arms, item: Analyte, units: list[str]) -> pl.DataFrame:
    """The results of an analyte as they are listed."""
    reached = pl.Series([0]).new_from_index(0, chosen.height)
    for level in item.levels:
        reached += pl.Series(select_rows(chosen, item.beyond(level, units))).cast(pl.Int64) * (level - reached)
    arm = arms.arm_of_subject[chosen["USUBJID"].to_physical().to_numpy()]
    unit = chosen["AVALU"].cast(pl.String).fill_null("")
    text = pl.Series(_texts(chosen["AVAL"]), dtype=pl.String)
    return pl.DataFrame(
        {
            "subject": chosen["USUBJID"].cast(pl.String),
            "arm": arm,
            "analyte": [item.name] * chosen.height,
            "day": chosen["ADY"],
            "visit": chosen["VISIT"].cast(pl.String),
            "result": (text + " " + unit).str.strip_chars(),
            "baseline": _texts(chosen["BASE"]),
            "measure": _texts(chosen[item.measure]),
            "level": reached,
        }
    ).filter(pl.col("arm") >= 0)


def _rows(listed: pl.DataFrame, arms: Arms) -> Iterator[TableRow]:
    for row in listed.sort("arm", "subject", "analyte", "day", nulls_last=True).iter_rows(named=True):
        day, visit = row["day"], row["visit"]
        cells = (
            arms.names[row["arm"]], row["analyte"], UNKNOWN if day is None else str(day), visit or UNKNOWN,
            row["result"], row["baseline"], row["measure"], str(row["level"]),
        )  # fmt: skip
        yield TableRow(row["subject"], cells, 0, GROUP, row["analyte"])


def _texts(values: pl.Series) -> list[str]:
    """Numbers as collected; computed ones with two decimals."""
    known: Numbers = values.drop_nulls().to_numpy()
    decimals = compute_decimals(known, 2)
    return [UNKNOWN if value is None else str(round_half_away(value, decimals)) for value in values]
