"""LBG01, VSG01: mean change from baseline by visit (FDA guide v2.0, figure 6).

One test, by its code (`test`). Per analysis visit after the first dose and arm: the mean change with Student's 95 %
interval. Of a test with several parameters (units, specimens) or time points the one with the most results is drawn,
and the footnote says which others there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.stats.descriptive import compute_mean
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.by_visit import COMPUTED_DECIMALS, split_by_parameter
from longwatch.tables.chart import Axis, Chart, Mark, Point, Reference, Series, category_axis, linear_axis
from longwatch.tables.described import compute_decimals
from longwatch.tables.filters import both, equals
from longwatch.tables.fractions import select_later
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

NUMBER = "Fig 6"
TITLES = {
    "LBG01": "Mean change from baseline of a laboratory test",
    "VSG01": "Mean change from baseline of a vital sign",
}
_DATASETS = {"LBG01": ("ADLB", "ALT"), "VSG01": ("ADVS", "SYSBP")}
NO_CHANGE = "No change from baseline to show"


@dataclass(frozen=True)
class _Mean:
    """One point: its statistics with their texts."""

    n: int
    values: dict[str, tuple[float | None, str]]


def make_change_figure(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `test` (the code of a test; by default ALT, or SYSBP). No change → no point, no rows, and
    a note."""
    code = str(parameters["output"])
    dataset, usual = _DATASETS[code]
    test = str(parameters.get("test", usual))
    arms = make_arms(datasets, study)
    later = select_later(datasets.dataset(dataset), (test,))
    changed = later.filter((pl.col("ANL01FL") == "Y") & pl.col("CHG").is_not_null() & pl.col("AVISIT").is_not_null())
    parts = sorted(split_by_parameter(changed, together=False), key=lambda part: (-part[2].height, part[0]))
    heading, condition, records = parts[0] if parts else ("", "", changed)
    visits = records["AVISIT"].unique().sort().cast(pl.String).to_list()
    means = _means(records, arms, visits)
    columns = (*(TableColumn(f"{name}:mean", "Mean change (95% CI)", "", name) for name in arms.names),)
    rows = tuple(_rows(means, arms, visits, heading))
    lowest, highest = _extent(means)
    chart = Chart(
        f"{TITLES[code]} by visit: {heading or test}",
        category_axis("Visit", tuple(visits)),
        _axis(f"Mean change, {heading or test}", lowest, highest),
        tuple(_series(means, arms, visits)) if parts else (),
        references=(Reference("y", 0.0, "No change"),),
        note=NO_CHANGE,
    )
    others = [name for name, _, _ in parts[1:]]
    return TableResult(
        code=code,
        title=TITLES[code],
        population=arms.population.name,
        stub="Visit",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *_statistics(means, arms, visits, heading, dataset, condition)),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_results(study, dataset, together=False, with_last=False),
            "95% CI of the mean: Student's t.",
            *((f"Not drawn: {'; '.join(others)}.",) if others else ()),
            *footnotes.say_egfr(records),
            *footnotes.say_abbreviations(columns, rows, "CI"),
        ),
        number=NUMBER,
        subtitle=heading or test,
        empty_note=NO_CHANGE,
        parameters={"output": code, "test": test},
        chart=chart,
    )


def _means(records: pl.DataFrame, arms: Arms, visits: list[str]) -> dict[tuple[str, str], _Mean]:
    """By visit and arm."""
    arm = arms.arm_of_subject[records["USUBJID"].to_physical().to_numpy()]
    visit = records["AVISIT"].cast(pl.String).to_numpy()
    change: NDArray[np.float64] = records["CHG"].to_numpy()
    decimals = compute_decimals(records["AVAL"].to_numpy(), COMPUTED_DECIMALS) if len(records) else 0
    found: dict[tuple[str, str], _Mean] = {}
    for name in visits:
        for place, label in enumerate(arms.names):
            estimate = compute_mean(change[(visit == name) & (arm == place)])
            numbers = {
                "change_mean": estimate.value, "change_mean_lower": estimate.lower, "change_mean_upper": estimate.upper
            }  # fmt: skip
            texts = {key: (value, _text(value, decimals + 1)) for key, value in numbers.items()}
            found[name, label] = _Mean(int(((visit == name) & (arm == place)).sum()), texts)
    return found


def _text(value: float | None, decimals: int) -> str:
    return NOT_ESTIMABLE if value is None else str(round_half_away(value, decimals))


def _rows(means: Mapping[tuple[str, str], _Mean], arms: Arms, visits: list[str], heading: str) -> Iterator[TableRow]:
    for visit in visits:
        cells = []
        for name in arms.names:
            mean = means[visit, name]
            text, low, high = (text for _, text in mean.values.values())
            cells.append(f"n={mean.n}: {text} ({low}, {high})" if mean.n else "n=0")
        yield TableRow(visit, tuple(cells), 0, heading, visit)


def _series(means: Mapping[tuple[str, str], _Mean], arms: Arms, visits: list[str]) -> Iterator[Series]:
    for rank, name in enumerate(arms.names):
        points = []
        for place, visit in enumerate(visits, start=1):
            mean, low, high = (value for value, _ in means[visit, name].values.values())
            if mean is not None:
                points.append(Point(float(place), mean, low, high))
        yield Series(name, Mark.POINT, tuple(points), rank=rank)


def _statistics(
    means: Mapping[tuple[str, str], _Mean], arms: Arms, visits: list[str], heading: str, dataset: str, condition: str
) -> Iterator[Statistic]:
    for visit in visits:
        for name in arms.names:
            where = both(
                arms.population.condition, arms.condition_of(name), condition, "ANL01FL = 'Y' AND ONTRTFL = 'Y'",
                equals("AVISIT", visit), "CHG IS NOT NULL",
            )  # fmt: skip
            source = Provenance(dataset, where, ("USUBJID", "PARAM", "ATPT", "AVISIT", "CHG"))
            mean = means[visit, name]
            yield Statistic(heading, visit, name, "change_n", mean.n, str(mean.n), source)
            for key, (value, text) in mean.values.items():
                yield Statistic(heading, visit, name, key, value, text, source)


def _extent(means: Mapping[tuple[str, str], _Mean]) -> tuple[float, float]:
    known = [value for mean in means.values() for value, _ in mean.values.values() if value is not None]
    return (min(known), max(known)) if known else (0.0, 1.0)


def _axis(title: str, lowest: float, highest: float) -> Axis:
    """From a round number not above the lowest to one not below the highest, 0 between them."""
    step = linear_axis("", max(abs(lowest), abs(highest)), steps=3)
    size = step.ticks[1][0]
    low = -size * np.ceil(max(-lowest, 0.0) / size - 1e-9)
    return linear_axis(title, max(highest, 0.0), low=float(low) + 0.0)
