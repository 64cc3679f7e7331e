"""LBG02, VSG02: box plots of values by visit (FDA guide v2.0, figure 10); LBG03, VSG03: of the greatest changes.

One test, by its code (`test`). A box per arm over each category. LBG02, VSG02: the values at baseline and at each
analysis visit after the first dose. LBG03, VSG03: of each subject the highest and the lowest change from baseline of
all its results after the first dose, unscheduled visits included.

Box: quartiles, the median across it, a mark at the mean. Whiskers: to the lowest and highest value within 1.5 times the
interquartile range from the box. Each value beyond is an outlier, drawn alone, and a number of its own in the results.
Of a test with several parameters (units, specimens) or time points the one with the most results is drawn, and the
footnote says which others there are. A category without a value in any arm is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.by_visit import CHANGE, COMPUTED_DECIMALS, described_results, list_places, split_by_parameter
from longwatch.tables.chart import (
    Box,
    Chart,
    Mark,
    Point,
    Reference,
    Series,
    Strip,
    category_axis,
    spanning_axis,
)
from longwatch.tables.described import LINES, compute_decimals, describe_box, print_described
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import Column
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout


@dataclass(frozen=True)
class BoxFigure:
    """One output of this kind. `test`: the one drawn by default; `of_changes`: the greatest changes, not the visits."""

    title: str
    number: str
    dataset: str
    test: str
    of_changes: bool = False


OUTPUTS: Mapping[str, BoxFigure] = {
    "LBG02": BoxFigure("Box plots of a laboratory test by visit", "", "ADLB", "ALT"),
    "VSG02": BoxFigure("Box plots of a vital sign by visit", "Fig 10", "ADVS", "SYSBP"),
    "LBG03": BoxFigure("Box plots of the greatest changes of a laboratory test", "", "ADLB", "ALT", of_changes=True),
    "VSG03": BoxFigure("Box plots of the greatest changes of a vital sign", "", "ADVS", "SYSBP", of_changes=True),
}
HIGHEST, LOWEST = "Highest change", "Lowest change"
NO_RESULT = {False: "No result to show", True: "No change from baseline to show"}
_LINES = (*LINES, "Whiskers", "Outliers")


@dataclass(frozen=True)
class _Category:
    """What stands over one name of the axis: a value per subject. `variable`: of the records that the condition picks,
    or of a subject's records together."""

    name: str
    condition: str
    variable: str
    subjects: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class _Numbers:
    """The numbers of one box with their texts, and its outliers by subject."""

    described: dict[str, tuple[float | int | None, str]]
    outliers: tuple[tuple[str, float], ...]

    @property
    def point(self) -> tuple[float, float, float, Box] | None:
        """Median, ends of the whiskers and the box; None without a value."""
        names = ("median", "whisker_low", "whisker_high", "q1", "q3", "mean")
        known = [float(value) for value in (self.described[name][0] for name in names) if value is not None]
        if not known:
            return None
        median, low, high, first, third, mean = known
        return median, low, high, Box(first, third, mean, tuple(value for _, value in self.outliers))


def make_box_figure(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `test` (the code of a test; by default ALT, or SYSBP). No value → no box, no rows, and a
    note."""
    code = str(parameters["output"])
    output = OUTPUTS[code]
    test = str(parameters.get("test", output.test))
    arms = make_arms(datasets, study)
    results = described_results(datasets.dataset(output.dataset), (test,))
    if output.of_changes:
        results = results.filter((pl.col("ONTRTFL") == "Y") & pl.col("CHG").is_not_null())
    parts = sorted(split_by_parameter(results, together=False), key=lambda part: (-part[2].height, part[0]))
    heading, condition, records = parts[0] if parts else ("", "", results)
    layout = subject_layout(arms)
    shown = [column for column in layout.counted_columns() if column.index is not None]
    found = (_changes if output.of_changes else _visits)(records, condition)
    categories = [item for item in found if (arms.arm_of_subject[item.subjects] >= 0).any()]
    decimals = compute_decimals(records["AVAL"].to_numpy(), COMPUTED_DECIMALS) if len(records) else 0
    names = datasets.adsl["USUBJID"]
    numbers = {
        (item.name, column.name): _describe(item, arms.arm_of_subject[item.subjects] == column.index, decimals, names)
        for item in categories
        for column in shown
    }
    columns = tuple(TableColumn(f"{column.name}:value", column.name, f"N={column.size}") for column in shown)
    rows = tuple(_rows(numbers, categories, shown, heading))
    prefix = CHANGE if output.of_changes else ""
    others = [name for name, _, _ in parts[1:]]
    return TableResult(
        code=code,
        title=output.title,
        population=arms.population.name,
        stub="Change" if output.of_changes else "Visit",
        columns=columns,
        rows=rows,
        statistics=(
            *layout.sizes(),
            *_statistics(numbers, categories, shown, arms, (heading, output.dataset, prefix, decimals)),
        ),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *_say_values(study, output),
            "Box: from Q1 to Q3, the quartiles by definition 5 of SAS (the mean of two neighbours where n·p is whole); "
            "line across it: the median; mark: the mean. Whiskers: to the lowest and the highest value within 1.5 "
            "times the interquartile range (Q3 - Q1) from the box. Outliers: the values beyond the whiskers, each "
            "drawn as a circle, and printed in the results file.",
            *((f"Not drawn: {'; '.join(others)}.",) if others else ()),
            *(footnotes.say_egfr(records) if output.dataset == "ADLB" else ()),
            *footnotes.say_abbreviations(columns, rows, "SD"),
        ),
        number=output.number,
        subtitle=heading or test,
        empty_note=NO_RESULT[output.of_changes],
        parameters={"output": code, "test": test},
        chart=_chart(numbers, categories, shown, output, heading or test),
    )


def _say_values(study: Study, output: BoxFigure) -> tuple[str, ...]:
    if not output.of_changes:
        return footnotes.say_results(study, output.dataset, together=False, with_last=False)
    return (
        footnotes.say_baseline(study, output.dataset),
        f"{HIGHEST}, {LOWEST.lower()}: of each subject the largest and the smallest change of all its results with a "
        "number after baseline, unscheduled visits included; a subject who only rose has a lowest change above 0.",
    )


def _visits(records: pl.DataFrame, condition: str) -> Iterator[_Category]:
    """The values at baseline and at each visit."""
    subjects = records["USUBJID"].to_physical().cast(pl.Int64).to_numpy()
    values = records["AVAL"].to_numpy()
    for place in list_places(records, condition, with_last=False):
        yield _Category(place.name, place.condition, "AVAL", subjects[place.chosen], values[place.chosen])


def _changes(records: pl.DataFrame, condition: str) -> Iterator[_Category]:
    """The highest and the lowest change of each subject."""
    where = both(condition, "ONTRTFL = 'Y' AND CHG IS NOT NULL")
    each = records.group_by(pl.col("USUBJID").to_physical().cast(pl.Int64), maintain_order=True)
    greatest = each.agg(MAX=pl.col("CHG").max(), MIN=pl.col("CHG").min())
    subjects = greatest["USUBJID"].to_numpy()
    for name, which in ((HIGHEST, "MAX"), (LOWEST, "MIN")):
        yield _Category(name, where, f"{which}(CHG)", subjects, greatest[which].to_numpy())


def _describe(category: _Category, mine: NDArray[np.bool_], decimals: int, names: pl.Series) -> _Numbers:
    """The box of one arm; outliers from the lowest to the highest."""
    values, subjects = category.values[mine], category.subjects[mine]
    described, outside = describe_box(values, decimals)
    outliers = sorted((float(values[row]), str(names[int(subjects[row])])) for row in np.flatnonzero(outside))
    return _Numbers(described, tuple((subject, value) for value, subject in outliers))


def _rows(
    numbers: Mapping[tuple[str, str], _Numbers], categories: list[_Category], shown: list[Column], heading: str
) -> Iterator[TableRow]:
    for category in categories:
        yield TableRow(category.name, ("",) * len(shown), 0, heading, category.name)
        cells = []
        for column in shown:
            texts = {name: text for name, (_, text) in numbers[category.name, column.name].described.items()}
            whiskers = f"{texts['whisker_low']}, {texts['whisker_high']}"
            cells.append((*print_described(texts), whiskers, texts["outliers"]))
        for label, *line in zip(_LINES, *cells, strict=True):
            yield TableRow(str(label), tuple(map(str, line)), 1, heading, category.name)


def _statistics(
    numbers: Mapping[tuple[str, str], _Numbers],
    categories: list[_Category],
    shown: list[Column],
    arms: Arms,
    what: tuple[str, str, str, int],
) -> Iterator[Statistic]:
    heading, dataset, prefix, decimals = what
    for category in categories:
        for column in shown:
            where = both(arms.population.condition, column.condition, category.condition)
            variables = ("USUBJID", "PARAM", "ATPT", "AVISIT", "CHG" if prefix else "AVAL")
            # Of changes it is each subject's highest, or lowest, that is described: the records are the same.
            which = f"{category.variable} IS NOT NULL" if prefix else ""
            source = Provenance(dataset, where, variables, having=which)
            found = numbers[category.name, column.name]
            for name, (value, text) in found.described.items():
                if name == "outliers":
                    beyond = _beyond(category, found)
                    source = (
                        Provenance(dataset, where, variables, having=beyond)
                        if prefix
                        else Provenance(dataset, both(where, beyond), variables)
                    )
                name = name if name == "outliers" else f"{prefix}{name}"
                yield Statistic(heading, category.name, column.name, name, value, text, source)
            for subject, outlier in found.outliers:
                alone = Provenance(dataset, both(where, equals("USUBJID", subject)), variables, having=which)
                text = str(round_half_away(outlier, decimals))
                key = (heading, f"{category.name}, {subject}", column.name, f"{prefix}outlier")
                yield Statistic(*key, outlier, text, alone)


def _beyond(category: _Category, found: _Numbers) -> str:
    """Which values are outliers, as SQL; none without a value."""
    low, high = (found.described[name][0] for name in ("whisker_low", "whisker_high"))
    if low is None or high is None:
        return ""
    return f"({category.variable} < {_literal(low)} OR {category.variable} > {_literal(high)})"


def _literal(number: float) -> str:
    """Every digit of a number, without an exponent."""
    return f"{Decimal(repr(float(number))):f}"


def _chart(
    numbers: Mapping[tuple[str, str], _Numbers],
    categories: list[_Category],
    shown: list[Column],
    output: BoxFigure,
    heading: str,
) -> Chart:
    names = tuple(category.name for category in categories)
    drawn = {key: each.point for key, each in numbers.items() if each.point}
    heights = [value for _, low, high, box in drawn.values() for value in (low, high, *box.values)]
    heights += [0.0] if output.of_changes else []
    series = []
    for rank, column in enumerate(shown):
        points = []
        for place, name in enumerate(names, start=1):
            if (name, column.name) in drawn:
                median, low, high, box = drawn[name, column.name]
                points.append(Point(float(place), median, low, high, box=box))
        series.append(Series(column.name, Mark.BOX, tuple(points), rank=rank))
    sizes = tuple(
        (column.name, tuple(str(numbers[name, column.name].described["n"][0]) for name in names)) for column in shown
    )
    return Chart(
        f"{output.title}: {heading}. Per arm median, quartiles, mean, whiskers and outliers",
        category_axis("Change from baseline" if output.of_changes else "Visit", names),
        spanning_axis(
            f"Change, {heading}" if output.of_changes else heading, min(heights, default=0.0), max(heights, default=1.0)
        ),
        tuple(series),
        references=(Reference("y", 0.0, "No change"),) if output.of_changes else (),
        strip=Strip("Subjects", tuple(map(float, range(1, len(names) + 1))), sizes),
        keys=("line in the box: median", "mark: mean", "circle: outlier"),
        note=NO_RESULT[output.of_changes],
    )
