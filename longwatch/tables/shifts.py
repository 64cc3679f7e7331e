"""LBT_SHIFT, LBT14: shifts from baseline to the worst result after the first dose (ICH E3 12.4.2.2; spec C.3).

Rows: the category at baseline; columns: that of the worst result after the first dose. LBT_SHIFT: LOW, NORMAL, HIGH by
reference range, of every parameter twice: by its lowest and by its highest result. LBT14: grades 0 to 4 by the highest.
Each arm has a block: n (% of its Ns), Ns being the subjects with a category both at baseline and after it. Subjects
without a category at baseline have a row of their own, without percent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals, is_one_of, quote
from longwatch.tables.fractions import FractionLine, Fractions, by_parameter, select_later
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

MISSING = "Missing"
RANGE = {"LOW": ("LOW", "LOW LOW"), "NORMAL": ("NORMAL",), "HIGH": ("HIGH", "HIGH HIGH")}
GRADE = {grade: (grade,) for grade in ("0", "1", "2", "3", "4")}
Categories = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Shift:
    """One output of this kind. `worst`: by a word for it, the flag of the worst result; `variable` and `base`: the
    category of a result and of its baseline."""

    title: str
    variable: str
    base: str
    categories: Categories
    worst: Mapping[str, str]


OUTPUTS: Mapping[str, Shift] = {
    "LBT_SHIFT": Shift("Laboratory shifts from baseline to the worst result, by reference range", "ANRIND", "BNRIND",
                       RANGE, {"lowest": "WORS01FL", "highest": "WORS02FL"}),
    "LBT14": Shift("Laboratory shifts from baseline to the highest grade", "ATOXGR", "BTOXGR", GRADE,
                   {"highest grade": "WORS03FL"}),
}  # fmt: skip


def make_shift(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `tests` (codes of parameters, default all). A parameter without any category after the
    first dose has no lines; none with one → no rows, and a note."""
    code = str(parameters["output"])
    output = OUTPUTS[code]
    tests = parameters.get("tests", ())
    assert isinstance(tests, tuple)
    arms = make_arms(datasets, study)
    every = [value for values in output.categories.values() for value in values]
    later = select_later(datasets.adlb, tests)
    later = later.filter(pl.col(output.variable).cast(pl.String).is_in(every).fill_null(False))
    fractions = Fractions("ADLB", arms)
    rows: list[TableRow] = []
    for name, records in by_parameter(later):
        for word, flag in output.worst.items():
            group = f"{name}, {word}"
            cells = _count(fractions, records, output, group, both(equals("PARAM", name), f"{flag} = 'Y'"))
            rows += _blocks(group, fractions, output.categories, cells)
    columns = (
        TableColumn("base", "Baseline"),
        *(TableColumn(name, name, "", "Worst after the first dose") for name in output.categories),
    )
    return TableResult(
        code=code,
        title=output.title,
        population=arms.population.name,
        stub="Parameter, arm",
        columns=columns,
        rows=tuple(rows),
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "n (% of Ns): Ns are the subjects of the arm with a category both at baseline and after the first dose, "
            "each counted once, by the worst result, unscheduled visits included. Missing: no category at baseline; "
            "such subjects are not among the Ns.",
            *(footnotes.say_laboratory_grades(study) if output.variable == "ATOXGR" else ()),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="No laboratory result of this kind",
        parameters={"output": code, "tests": " ".join(tests)},
    )


def _count(
    fractions: Fractions, records: pl.DataFrame, output: Shift, group: str, condition: str
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The cells per column by category at baseline and after it."""
    every = [value for values in output.categories.values() for value in values]
    worst = both(condition, is_one_of(output.variable, every))
    of = both(worst, is_one_of(output.base, every))
    unknown = f"({output.base} IS NULL OR {output.base} NOT IN ({', '.join(quote(value) for value in every)}))"
    lines: list[tuple[tuple[str, str], FractionLine]] = []
    for base in (*output.categories, MISSING):
        for name, values in output.categories.items():
            row = f"{base} to {name}"
            chosen = is_one_of(output.variable, values)
            if base == MISSING:
                line = FractionLine(row, group, row, chosen, both(worst, unknown), has_share=False)
            else:
                line = FractionLine(row, group, row, both(is_one_of(output.base, output.categories[base]), chosen), of)
            lines.append(((base, name), line))
    before = len(fractions.rows)
    fractions.count(records, [line for _, line in lines])
    return {key: row.cells for (key, _), row in zip(lines, fractions.rows[before:], strict=True)}


def _blocks(
    group: str, fractions: Fractions, categories: Categories, cells: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[TableRow]:
    """The parameter, and below it a block per arm."""
    width = len(categories) + 1
    yield TableRow(group, ("",) * width, 0, group, "")
    for place, column in enumerate(fractions.columns):
        shared = cells[next(iter(categories)), next(iter(categories))][place]
        of = shared.split("/")[1].split(" ")[0]
        for number, base in enumerate((*categories, MISSING)):
            texts = tuple(_without_size(cells[base, name][place]) for name in categories)
            label = f"{column.name} (N={column.size}, Ns={of})" if not number else ""
            yield TableRow(label, (base, *texts), 1, group, f"{base} to")


def _without_size(cell: str) -> str:
    """`1/4 (25.0)` → `1 (25.0)`; Ns stands beside the arm."""
    count, _, rest = cell.partition("/")
    _, space, percent = rest.partition(" ")
    return f"{count}{space}{percent}"
