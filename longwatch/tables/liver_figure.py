"""LBG_HEP, LBG_CHOL: scatter of liver peaks, one point per subject (FDA guide v2.0, figures 7 and 8; spec C.3, eDISH).

Across: the highest ALT or AST (LBG_HEP) or alkaline phosphatase (LBG_CHOL); upwards: the highest bilirubin; both in
multiples of ULN, on logarithmic axes, with the reference lines of the screening tables. A potential Hy's law case
whose bilirubin came within the window is ringed. A peak of 0 cannot stand on a logarithmic axis: such a subject is in
the table of numbers and not in the plot. The table has one row per subject with both values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adhy import BILIRUBIN_LIMIT, PHOSPHATASE_LIMIT, TRANSAMINASE_LIMIT
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.chart import Axis, Chart, Corner, Mark, Point, Reference, Series, log_axis
from longwatch.tables.filters import both, equals
from longwatch.tables.liver import NO_RESULT
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLES = {
    "LBG_HEP": "Highest ALT or AST against highest bilirubin",
    "LBG_CHOL": "Highest alkaline phosphatase against highest bilirubin",
}
NUMBERS = {"LBG_HEP": "Fig 7", "LBG_CHOL": "Fig 8"}
_ACROSS = {"LBG_HEP": ("TRANMAX", "ALT or AST", TRANSAMINASE_LIMIT), "LBG_CHOL": ("ALPMAX", "ALP", PHOSPHATASE_LIMIT)}
_CORNERS = {
    "LBG_HEP": ("Potential Hy's law", "Cholestasis", "Temple's corollary"),
    "LBG_CHOL": ("Cholestatic injury", "Bilirubin alone", "ALP alone"),
}
_RING = "ringed: bilirubin within {days} days after the transaminase"
BILIRUBIN = "BILIMAX"


def make_liver_figure(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure; it has no parameters. No subject with both values → no point, no rows, and a note."""
    code = str(parameters["output"])
    across, name, limit = _ACROSS[code]
    arms = make_arms(datasets, study)
    points = _points(datasets.adhy, arms, across)
    columns = (
        TableColumn("arm", "Treatment arm"),
        TableColumn("across", f"Highest {name} (x ULN)"),
        TableColumn("bilirubin", "Highest bilirubin (x ULN)"),
        TableColumn("case", "Potential Hy's law case"),
    )
    rows = tuple(_rows(points, arms, across))
    with_cases = code == "LBG_HEP"
    days = study.laboratory.liver_within_days
    right, left, below = _CORNERS[code]
    drawn = points.filter((pl.col(across) > 0) & (pl.col(BILIRUBIN) > 0))
    chart = Chart(
        f"{TITLES[code]}, in multiples of the upper limit of normal, a point per subject",
        _axis(f"Highest {name}, x ULN", drawn[across], limit),
        _axis("Highest bilirubin, x ULN", drawn[BILIRUBIN], BILIRUBIN_LIMIT),
        tuple(_series(drawn, arms, across, rings=with_cases)),
        references=(Reference("x", limit, f"{limit:g} x ULN"), Reference("y", BILIRUBIN_LIMIT, "2 x ULN")),
        corners=(Corner("upper right", right), Corner("upper left", left), Corner("lower right", below)),
        keys=(_RING.format(days=days),) if with_cases else (),
        note=NO_RESULT,
    )
    return TableResult(
        code=code,
        title=TITLES[code],
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *_statistics(points, arms, across)),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_liver(study, with_cases=with_cases),
            *_say_left_out(points.height - drawn.height),
            *footnotes.say_abbreviations(columns, rows, "ULN", "ALP"),
        ),
        number=NUMBERS[code],
        empty_note=NO_RESULT,
        chart=chart,
    )


def _points(adhy: pl.DataFrame, arms: Arms, across: str) -> pl.DataFrame:
    """The subjects of the population with both values, by arm and USUBJID."""
    known = pl.col(across).is_not_null() & pl.col(BILIRUBIN).is_not_null()
    placed = adhy.with_columns(arm=pl.Series(arms.arm_of_subject)).filter(known & (pl.col("arm") >= 0))
    return placed.with_columns(subject=pl.col("USUBJID").cast(pl.String)).sort("arm", "subject")


def _series(points: pl.DataFrame, arms: Arms, across: str, *, rings: bool) -> Iterator[Series]:
    """A series per arm. `rings`: whether a case within the window is ringed."""
    for rank, name in enumerate(arms.names):
        mine = points.filter(pl.col("arm") == rank).select(across, BILIRUBIN, ring=pl.col("HYWINFL") == "Y")
        found = (Point(x, y, ring=bool(ring) and rings) for x, y, ring in mine.iter_rows())
        yield Series(name, Mark.POINT, tuple(found), rank=rank)


def _axis(title: str, values: pl.Series, limit: float) -> Axis:
    """From a tenth of ULN, or the smallest, to the largest; the reference line is always on it."""
    low = min([0.1, *values.to_list()])
    return log_axis(title, low, max([2 * limit, *values.to_list()]))


def _rows(points: pl.DataFrame, arms: Arms, across: str) -> Iterator[TableRow]:
    chosen = points.select("subject", "arm", across, BILIRUBIN, "HYLAWFL")
    for subject, arm, x, y, case in chosen.iter_rows():
        cells = (arms.names[arm], str(round_half_away(x, 1)), str(round_half_away(y, 1)), str(case))
        yield TableRow(subject, cells, 0, arms.names[arm], subject)


def _statistics(points: pl.DataFrame, arms: Arms, across: str) -> Iterator[Statistic]:
    """Both peaks of each subject; the subject's arm is the column."""
    for subject, arm, x, y in points.select("subject", "arm", across, BILIRUBIN).iter_rows():
        name = arms.names[arm]
        where = both(arms.population.condition, arms.condition_of(name), equals("USUBJID", subject))
        for variable, value in ((across, x), (BILIRUBIN, y)):
            source = Provenance("ADHY", where, ("SAFFL", "USUBJID", variable))
            yield Statistic("", subject, name, variable.lower(), value, str(round_half_away(value, 1)), source)


def _say_left_out(number: int) -> tuple[str, ...]:
    return (f"Not drawn, a highest value being 0: {number} subjects.",) if number else ()
