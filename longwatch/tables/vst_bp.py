"""VST_SBP, VST_DBP, VST_HYPO: blood pressure beyond limits after the first dose (FDA guide v2.0, tables 36 to 38).

VST_SBP, VST_DBP: subjects by the highest systolic, or diastolic, pressure. The categories are cumulative but for the
lowest: a highest pressure of 165 is in `>= 160` and in all below it, and `< 90` are those who never reached 90.
VST_HYPO: subjects with any systolic or diastolic pressure below its limit. Of those with a result after the first dose
(Ns), every time point and unscheduled visits included. The limits are data (`fda_blood_pressure_2_0.csv`), in mmHg;
a result in another unit is not compared, and the footnote names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.standards.laboratory.reading import BLOOD_PRESSURE, read_rows
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals, is_one_of, select_rows
from longwatch.tables.fractions import FractionLine, Fractions, select_later
from longwatch.tables.levels import units_of
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import subject_layout

TITLES = {
    "VST_SBP": "Highest systolic blood pressure after the first dose, by category",
    "VST_DBP": "Highest diastolic blood pressure after the first dose, by category",
    "VST_HYPO": "Low blood pressure after the first dose",
}
NUMBERS = {"VST_SBP": "36", "VST_DBP": "37", "VST_HYPO": "38"}
NAMES = {"SYSBP": "Systolic blood pressure", "DIABP": "Diastolic blood pressure"}


def make_vst_bp(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. No pressure in mmHg after the first dose → no rows, and a note."""
    code = str(parameters["output"])
    arms = make_arms(datasets, study)
    limits = [row for row in read_rows(BLOOD_PRESSURE) if row["table"] == NUMBERS[code]]
    tests = tuple(dict.fromkeys(row["test"] for row in limits))
    later = select_later(datasets.advs, tests)
    fractions = Fractions("ADVS", arms, study.comparison)
    for test in tests:
        records = later.filter(pl.col("PARAMCD").cast(pl.String) == test)
        of = _usable(test, units_of(records, test))
        if select_rows(records, of).any():
            fractions.count(records, _lines(test, of, [row for row in limits if row["test"] == test]))
    columns = tuple(fractions.printed_columns())
    return TableResult(
        code=code,
        title=TITLES[code],
        population=arms.population.name,
        stub="Blood pressure (mmHg)",
        columns=columns,
        rows=tuple(fractions.rows),
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_fractions(study),
            *_say(code, later, tests),
            *(footnotes.say_statistics(study, arms) if arms.comparisons else ()),
            *footnotes.say_abbreviations(columns, fractions.rows),
        ),
        number=NUMBERS[code],
        empty_note="No blood pressure to compare",
        parameters={"output": code},
    )


def _is_mmhg(unit: str) -> bool:
    return unit.upper() == "MMHG"


def _usable(test: str, units: Sequence[str]) -> str:
    """Which results can be compared, as SQL."""
    unit = is_one_of("AVALU", [each for each in units if _is_mmhg(each)] or ["mmHg"])
    return both(equals("PARAMCD", test), "ONTRTFL = 'Y'", "AVAL IS NOT NULL", unit)


def _lines(test: str, of: str, limits: Sequence[Mapping[str, str]]) -> Iterator[FractionLine]:
    name = NAMES[test]
    yield FractionLine(name, name, "", is_heading=True)
    for row in limits:
        words = f"{row['sign']} {row['limit']}"
        if row["of"] == "highest":
            yield FractionLine(words, name, words, "", of, level=1, having=f"MAX(AVAL) {words}")
        else:
            yield FractionLine(words, name, words, f"AVAL {words}", of, level=1)


def _say(code: str, later: pl.DataFrame, tests: Sequence[str]) -> Iterator[str]:
    if code == "VST_HYPO":
        yield "Subjects with any result below the limit, at any visit and time point after the first dose."
    else:
        yield (
            "By the highest result of each subject after the first dose, at any visit and time point. Categories above "
            "the first are cumulative; the first has those who never reached its limit."
        )
    yield (
        f"Limits: FDA Standard Safety Tables and Figures Integrated Guide v2.0, table {NUMBERS[code]}; confirm them "
        "with your regulatory lead."
    )
    unknown = sorted({f"{test} in {unit}" for test in tests for unit in units_of(later, test) if not _is_mmhg(unit)})
    without = later.filter(pl.col("AVALU").is_null() & pl.col("AVAL").is_not_null())["PARAMCD"].cast(pl.String)
    unknown += [f"{test} without a unit" for test in sorted(without.unique())]
    if unknown:
        yield f"Not compared, the unit not being mmHg: {', '.join(unknown)}."
