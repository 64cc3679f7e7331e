"""VST01, LBT01, KIDT01: values and changes from baseline by visit (ICH E3 12.4.2.1, 12.5; FDA guide v2.0, table 35).

Per parameter (and planned time point, where it has such): the baseline, then each analysis visit after the first dose,
and the last value where asked; in each arm n, mean (SD), median, quartiles and range of the value and of the change
from baseline. n counts subjects, each once per parameter, time point and visit. Where time points are taken together
(`together`) what is described is results, and the first line counts them as `records`.
Only results with a number are described; a parameter without any has no lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.described import LINES, compute_decimals, describe_values, print_described
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import Column
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

BASELINE, LAST = "Baseline", "Last value"
COMPUTED_DECIMALS = 1
"""Decimals taken as collected for values that are computed (eGFR) or converted into many decimals."""
CHANGE = "change_"


@dataclass(frozen=True)
class ByVisit:
    """One output of this kind. `tests`: the codes of its parameters; empty: all of the dataset."""

    code: str
    title: str
    number: str
    dataset: str
    tests: tuple[str, ...] = ()


OUTPUTS: Mapping[str, ByVisit] = {
    item.code: item
    for item in (
        ByVisit("VST01", "Vital signs: values and changes from baseline by visit", "", "ADVS"),
        ByVisit("LBT01", "Laboratory tests: values and changes from baseline by visit", "", "ADLB"),
        ByVisit("KIDT01", "Kidney function: mean change from baseline over time", "35", "ADLB", ("CREAT", "EGFR")),
    )
}


@dataclass(frozen=True)
class Place:
    """A line of the table: its name, the condition that picks its results, and which they are."""

    name: str
    condition: str
    chosen: NDArray[np.bool_]
    is_baseline: bool = False


def make_by_visit(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `tests` (codes of parameters, default all), `together` (the time points of a visit as one,
    default no), `last_value` (a line of the last value, default no). No result → no rows, and a note."""
    output = OUTPUTS[str(parameters["output"])]
    tests = parameters.get("tests", output.tests)
    together = bool(parameters.get("together", False))
    with_last = bool(parameters.get("last_value", False))
    assert isinstance(tests, tuple)
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    records = described_results(datasets.dataset(output.dataset), tests)
    writer = _Writer(output, arms, layout.counted_columns(), together)
    for parameter in split_by_parameter(records, together):
        writer.add(parameter, with_last)
    columns = tuple(_columns(layout.counted_columns()))
    return TableResult(
        code=output.code,
        title=output.title,
        population=arms.population.name,
        stub="Parameter, visit",
        columns=columns,
        rows=tuple(writer.rows),
        statistics=(*layout.sizes(), *writer.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_results(study, output.dataset, together=together, with_last=with_last),
            *(footnotes.say_egfr(records) if output.dataset == "ADLB" else ()),
            *footnotes.say_abbreviations(columns, writer.rows, "SD"),
        ),
        number=output.number,
        empty_note="No result to describe",
        parameters={
            "output": output.code,
            "tests": " ".join(tests),
            "together": str(together).lower(),
            "last_value": str(with_last).lower(),
        },
    )


def split_by_parameter(records: pl.DataFrame, together: bool) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Heading, condition and records of each parameter (and time point, unless together), by category and name."""
    keys = ["PARAM"] if together else ["PARAM", "ATPT"]
    parts = records.partition_by(*keys, as_dict=True, include_key=True, maintain_order=True)
    order = records.group_by(*keys).agg(pl.col("PARCAT1").cast(pl.String).first(), pl.col("ATPTN").min())
    order = order.sort("PARCAT1", pl.col("PARAM").cast(pl.String), "ATPTN", nulls_last=False)
    for key in order.select(keys).iter_rows():
        names = [str(part) for part in key if part is not None]
        condition = both(*(equals(name, str(part)) for name, part in zip(keys, key, strict=True) if part is not None))
        if not together and key[1] is None:
            condition = both(condition, "ATPT IS NULL")
        yield ", ".join(names), condition, parts[key]


class _Writer:
    """Rows and statistics, parameter by parameter."""

    def __init__(self, output: ByVisit, arms: Arms, columns: Sequence[Column], together: bool) -> None:
        self._output, self._arms, self._columns, self._together = output, arms, columns, together
        self.rows: list[TableRow] = []
        self.statistics: list[Statistic] = []

    def add(self, parameter: tuple[str, str, pl.DataFrame], with_last: bool) -> None:
        """The lines of one parameter."""
        heading, condition, records = parameter
        arm = self._arms.arm_of_subject[records["USUBJID"].to_physical().to_numpy()]
        values = {name: records[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("AVAL", "CHG")}
        places = [place for place in list_places(records, condition, with_last) if (place.chosen & (arm >= 0)).any()]
        if not places:
            return
        decimals = compute_decimals(values["AVAL"], COMPUTED_DECIMALS)
        blank = ("",) * (2 * len(self._columns))
        self.rows.append(TableRow(heading, blank, 0, heading, ""))
        for place in places:
            self.rows.append(TableRow(place.name, blank, 1, heading, place.name))
            cells: list[tuple[str, ...]] = []
            for column in self._columns:
                mine = place.chosen & (arm >= 0 if column.index is None else arm == column.index)
                cells.append(self._describe("AVAL", values["AVAL"][mine], decimals, heading, place, column))
                if place.is_baseline:
                    cells.append(("",) * len(LINES))
                else:
                    cells.append(self._describe("CHG", values["CHG"][mine], decimals, heading, place, column))
            for label, *line in zip(LINES, *cells, strict=True):
                label = "Results" if label == "n" and self._together else label
                self.rows.append(TableRow(str(label), tuple(map(str, line)), 2, heading, place.name))

    def _describe(
        self, variable: str, values: NDArray[np.float64], decimals: int, heading: str, place: Place, column: Column
    ) -> tuple[str, ...]:
        population = both(self._arms.population.condition, column.condition)
        where = both(population, place.condition, "" if variable == "AVAL" else "CHG IS NOT NULL")
        source = Provenance(self._output.dataset, where, ("USUBJID", "PARAM", "ATPT", "AVISIT", variable))
        prefix = "" if variable == "AVAL" else CHANGE
        described = describe_values(values, decimals)
        for name, (value, text) in described.items():
            name = "records" if name == "n" and self._together else name
            self.statistics.append(Statistic(heading, place.name, column.name, f"{prefix}{name}", value, text, source))
        return print_described({name: text for name, (_, text) in described.items()})


def list_places(records: pl.DataFrame, condition: str, with_last: bool) -> Iterator[Place]:
    """The baseline, each analysis visit after the first dose, and the last value where asked, of one parameter, whose
    records the condition picks."""

    def is_yes(name: str) -> NDArray[np.bool_]:
        return (records[name] == "Y").fill_null(False).to_numpy()

    yield Place(BASELINE, both(condition, "ABLFL = 'Y' AND AVAL IS NOT NULL"), is_yes("ABLFL"), is_baseline=True)
    later = is_yes("ANL01FL") & is_yes("ONTRTFL")
    visit = records["AVISIT"]
    kind = visit.dtype
    assert isinstance(kind, pl.Enum), "derive hands over AVISIT as Enum"
    codes = visit.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    for place, name in enumerate(kind.categories.to_list()):
        where = both(condition, "ANL01FL = 'Y' AND ONTRTFL = 'Y'", equals("AVISIT", name))
        yield Place(name, where, later & (codes == place))
    if with_last:
        yield Place(LAST, both(condition, "AENTMTFL = 'Y'"), is_yes("AENTMTFL"))


def described_results(records: pl.DataFrame, tests: tuple[str, ...]) -> pl.DataFrame:
    """The results with a number of these tests; of all where none is named."""
    wanted = records.filter(pl.col("AVAL").is_not_null() & (pl.col("SAFFL") == "Y"))
    return wanted.filter(pl.col("PARAMCD").cast(pl.String).is_in(list(tests))) if tests else wanted


def _columns(columns: Sequence[Column]) -> Iterator[TableColumn]:
    for column in columns:
        yield TableColumn(f"{column.name}:value", "Value", f"N={column.size}", column.name)
        yield TableColumn(f"{column.name}:change", "Change", "", column.name)
