"""LBG_SHARE: subjects still in the trial, and those with a laboratory result, by visit (FDA guide v2.0, figure 5).

Per analysis visit after the first dose and arm, in percent of N: subjects followed until the day of the visit (FUPDUR
reaches it), and subjects with a result at the visit. The data states no planned day: the day of a visit is the median
study day of the results at it, over all arms (of two middle ones the earlier). What lies between the two shares is,
but for the days by which visits differ, who was there and has no result; who came early and left by that day has a
result and is not in the trial on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.stats.rounding import count_percent_text, percent_text
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, category_axis
from longwatch.tables.filters import both, equals, is_one_of, select_rows
from longwatch.tables.fractions import select_later
from longwatch.tables.layout import Column
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Subjects still in the trial, and with a laboratory result"
NUMBER = "Fig 5"
NO_VISIT = "No visit with a laboratory result after the first dose"
FOLLOWED, WITH_RESULT = "In the trial", "With a result"
PERCENT = Axis("Subjects, % of N", 0, 100, tuple((float(tick), str(tick)) for tick in range(0, 101, 20)))


@dataclass(frozen=True)
class _Line:
    """What is counted at a visit: the dataset, the condition, and the subjects (rows of ADSL) that meet it."""

    visit: str
    name: str
    dataset: str
    condition: str
    by_arm: np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def make_share_figure(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `tests` (codes of tests of which one is enough; default all). No visit → no point, no
    rows, and a note."""
    tests = parameters.get("tests", ())
    assert isinstance(tests, tuple)
    arms = make_arms(datasets, study)
    later = select_later(datasets.adlb, tests).filter(pl.col("AVISIT").is_not_null() & pl.col("ADY").is_not_null())
    lines = list(_lines(datasets, arms, later, tests))
    visits = tuple(dict.fromkeys(line.visit for line in lines))
    layout = subject_layout(arms)
    shown = [column for column in layout.counted_columns() if column.index is not None]
    columns = tuple(TableColumn(f"{column.name}:n", column.name, f"N={column.size}") for column in shown)
    rows = tuple(_rows(lines, shown))
    return TableResult(
        code="LBG_SHARE",
        title=TITLE,
        population=arms.population.name,
        stub="Visit",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *_statistics(lines, shown, arms)),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "In the trial: followed until the day of the visit (FUPDUR reaches it), the median study day of the "
            "results at it over all arms. With a result: any result at the visit, its day being known; "
            "who came before that day and left by it has one and is not counted in the trial. %: of N.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        number=NUMBER,
        empty_note=NO_VISIT,
        parameters={"tests": " ".join(tests)},
        chart=Chart(
            f"{TITLE}, by visit, in percent of the arm",
            category_axis("Visit", visits),
            PERCENT,
            tuple(_series(lines, shown, visits)),
            note=NO_VISIT,
        ),
    )


def _lines(datasets: AnalysisDatasets, arms: Arms, later: pl.DataFrame, tests: tuple[str, ...]) -> Iterator[_Line]:
    """Both counts of each visit, in the order of visits."""
    at = later.group_by("AVISIT").agg(
        day=pl.col("ADY").quantile(0.5, "lower").cast(pl.Int64), subjects=pl.col("USUBJID").to_physical().unique()
    )
    of_tests = is_one_of("PARAMCD", tests) if tests else ""
    for visit, day, subjects in at.sort("AVISIT").with_columns(pl.col("AVISIT").cast(pl.String)).iter_rows():
        followed = f"FUPDUR >= {day}"
        chosen = np.flatnonzero(select_rows(datasets.adsl, followed))
        yield _Line(visit, FOLLOWED, "ADSL", followed, arms.compute_subjects(chosen))
        where = both("ONTRTFL = 'Y'", equals("AVISIT", visit), "ADY IS NOT NULL", of_tests)
        yield _Line(visit, WITH_RESULT, "ADLB", where, arms.compute_subjects(np.asarray(subjects, dtype=np.int64)))


def _rows(lines: list[_Line], shown: list[Column]) -> Iterator[TableRow]:
    visit = ""
    for line in lines:
        if line.visit != visit:
            visit = line.visit
            yield TableRow(visit, ("",) * len(shown), 0, visit, "")
        cells = tuple(count_percent_text(column.count(line.by_arm), column.size) for column in shown)
        yield TableRow(line.name, cells, 1, visit, line.name)


def _statistics(lines: list[_Line], shown: list[Column], arms: Arms) -> Iterator[Statistic]:
    for line in lines:
        for column in shown:
            population = both(arms.population.condition, column.condition)
            denominator = f"{column.size} subjects of ADSL with {population}"
            source = Provenance(line.dataset, both(population, line.condition), ("USUBJID",), denominator)
            n = column.count(line.by_arm)
            key = (line.visit, line.name, column.name)
            yield Statistic(*key, "n", n, str(n), source)
            yield Statistic(*key, "pct", _share(n, column.size), percent_text(n, column.size), source)


def _series(lines: list[_Line], shown: list[Column], visits: tuple[str, ...]) -> Iterator[Series]:
    """Per arm a line of who is in the trial, and one of who has a result."""
    for rank, column in enumerate(shown):
        for name, look in ((FOLLOWED, rank), (WITH_RESULT, len(shown) + rank)):
            shares = [
                (line.visit, _share(column.count(line.by_arm), column.size)) for line in lines if line.name == name
            ]
            points = (Point(visits.index(visit) + 1.0, share) for visit, share in shares if share is not None)
            yield Series(f"{column.name}: {name.lower()}", Mark.LINE, tuple(points), rank=look)


def _share(n: int, size: int) -> float | None:
    return 100 * n / size if size else None
