"""LBT04, LBT07: laboratory abnormalities after the first dose (ICH E3 12.4.2).

LBT04: per parameter, subjects with a low and with a high result (ANRIND) that their baseline was not; Ns leaves out who
was so at baseline, and keeps who has no baseline. LBT07: per parameter, subjects by their highest grade (ATOXGR), each
once, of those graded; `Any grade` is 1 or above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals, is_one_of
from longwatch.tables.fractions import FractionLine, Fractions, by_parameter, select_later
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import subject_layout

DIRECTIONS = {"Low": ("LOW", "LOW LOW"), "High": ("HIGH", "HIGH HIGH")}
"""The values of ANRIND that are below, and above, the reference range."""
LATER = "ONTRTFL = 'Y'"
GRADES = ("1", "2", "3", "4")

_NEW = (
    "Abnormality: a result marked so against its reference range (ANRIND: as the laboratory reports it, else by the "
    "limits) that the subject's baseline was not. A subject without a baseline counts as not abnormal at baseline."
)
_GRADED = "Each subject at the highest grade after the first dose. Grades: as the data has them, else by number."


@dataclass(frozen=True)
class Abnormal:
    """One output of this kind. `lines`: those of a parameter's records; `variable`: what they look at."""

    title: str
    variable: str
    lines: Callable[[str], Iterator[FractionLine]]
    note: str


def new_abnormalities(parameter: str) -> Iterator[FractionLine]:
    """Low and high, of those who were not so at baseline."""
    for name, values in DIRECTIONS.items():
        base = f"(BNRIND IS NULL OR BNRIND NOT IN ({', '.join(repr(value) for value in values)}))"
        of = both(equals("PARAM", parameter), LATER, "ANRIND IS NOT NULL", base)
        yield FractionLine(name, parameter, name, is_one_of("ANRIND", values), of, level=1)


def highest_grades(parameter: str) -> Iterator[FractionLine]:
    """Any grade, and each, by the record that carries the subject's highest."""
    of = both(equals("PARAM", parameter), "WORS03FL = 'Y'")
    yield FractionLine("Any grade", parameter, "Any grade", is_one_of("ATOXGR", GRADES), of, level=1)
    for grade in GRADES:
        yield FractionLine(f"Grade {grade}", parameter, f"Grade {grade}", equals("ATOXGR", grade), of, level=2)


OUTPUTS: Mapping[str, Abnormal] = {
    "LBT04": Abnormal("Laboratory abnormalities not present at baseline", "ANRIND", new_abnormalities, _NEW),
    "LBT07": Abnormal("Laboratory results by highest grade after the first dose", "ATOXGR", highest_grades, _GRADED),
}


def make_abnormal(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `tests` (codes of parameters, default all). A parameter without any such value has no
    lines; none with one → no rows, and a note."""
    code = str(parameters["output"])
    output = OUTPUTS[code]
    tests = parameters.get("tests", ())
    assert isinstance(tests, tuple)
    arms = make_arms(datasets, study)
    later = select_later(datasets.adlb, tests).filter(pl.col(output.variable).is_not_null())
    fractions = Fractions("ADLB", arms)
    for name, records in by_parameter(later):
        fractions.count(records, [FractionLine(name, name, "", is_heading=True), *output.lines(name)])
    columns = tuple(fractions.printed_columns())
    return TableResult(
        code=code,
        title=output.title,
        population=arms.population.name,
        stub="Parameter",
        columns=columns,
        rows=tuple(fractions.rows),
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_fractions(study),
            output.note,
            *(footnotes.say_laboratory_grades(study) if output.variable == "ATOXGR" else ()),
            *footnotes.say_abbreviations(columns, fractions.rows),
        ),
        empty_note="No laboratory result of this kind",
        parameters={"output": code, "tests": " ".join(tests)},
    )
