"""LTF11: insulin independence (spec D.3, L11; D.4).

Subjects who were ever free of insulin long enough, and those who are at the end of their follow-up, of those whose
follow-up is known; then, at each anniversary of the first infusion, of the subjects followed on that day. Then the days
free of insulin of those who ever were, and how many had lost their first independence by 1, 3 and 5 years after it
began (Aalen–Johansen, death competing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.stats.competing import compute_cumulative_incidence
from longwatch.stats.descriptive import compute_summary
from longwatch.stats.methods import Method
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.stats.risk_table import compute_numbers_at_risk
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.first_events import YEARS
from longwatch.tables.layout import Column, Layout
from longwatch.tables.rated import RANGE
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow
from longwatch.tables.shares import ShareLine, share_rows
from longwatch.tables.subjects import subject_layout
from longwatch.tables.times import in_percent, literal, put_share

TITLE = "Insulin independence by year"
EVER, CURRENT, FOLLOWED, FREE = "Ever", "At the end of follow-up", "Followed on the anniversary", "Free of insulin"
DAYS, LOSS = "Days free of insulin", "First independence lost"
NO_INSULIN = "Concomitant drugs are not recorded: the data has no CM with CMTRT or CMDECOD"


def make_ltf11(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No CM, or no follow-up known → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    rows, statistics = share_rows(datasets.adii, "ADII", layout, _lines(datasets))
    added: list[Statistic] = []
    rows = (*rows, *(_days_and_loss(datasets, layout, added) if rows else ()))
    columns = layout.columns()
    return TableResult(
        code="LTF11",
        title=TITLE,
        population=arms.population.name,
        stub="Insulin independence",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics, *added),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            f"Independent: at least {study.graft.free_days} days in a row without insulin (CM) since the first "
            "infusion; the last run ends with the follow-up. %: of the subjects whose follow-up is known, or who were "
            "followed on that day. Adequate control (HbA1c, glucose) is not part of this definition: LTF10 shows it.",
            *footnotes.say_hospital_insulin(study),
            f"{DAYS}: of all such runs together, of subjects who ever were independent. {LOSS}: of those subjects, "
            f"from the first day of the first run to the first day with insulin; {Method.AALEN_JOHANSEN.value}, death "
            "competing; a year is 365.25 days. NE: not estimable.",
            *footnotes.say_abbreviations(columns, rows, "CI", "NE"),
        ),
        empty_note="No subject's follow-up is known" if has_drugs(datasets) else NO_INSULIN,
    )


def has_drugs(datasets: AnalysisDatasets) -> bool:
    """Whether concomitant drugs, and so insulin, are recorded."""
    return "CM" in datasets.data and bool({"CMTRT", "CMDECOD"} & set(datasets.data.datasets["CM"].columns))


def _lines(datasets: AnalysisDatasets) -> Iterator[ShareLine]:
    if datasets.adii.is_empty():
        return
    whole = equals("PARAMCD", "TOTAL")
    yield ShareLine(EVER, EVER, "", both(whole, equals("AVALC", "Y")), whole)
    now = equals("PARAMCD", "CURRENT")
    yield ShareLine(CURRENT, CURRENT, "", both(now, equals("AVALC", "Y")), now)
    ends = datasets.adii.filter(pl.col("PARAMCD") == "YEAREND")
    for year in ends["FUYEAR"].unique().sort():
        group, base = f"Year {year}", both(equals("PARAMCD", "YEAREND"), f"FUYEAR = {year}")
        yield ShareLine(group, group, "")
        yield ShareLine(FOLLOWED, group, FOLLOWED, base, level=1)
        yield ShareLine(FREE, group, FREE, both(base, equals("AVALC", "Y")), base, level=1)


def _days_and_loss(datasets: AnalysisDatasets, layout: Layout, statistics: list[Statistic]) -> Iterator[TableRow]:
    """Days free of insulin, and the cumulative incidence of losing the first independence."""
    total = datasets.adii.filter(pl.col("PARAMCD") == "TOTAL", pl.col("AVALC") == "Y")
    loss = datasets.adii.filter(pl.col("PARAMCD") == "LOSS")
    if loss.is_empty():
        return
    ended = loss["AVALC"].cast(pl.String).replace_strict({"LOST": 1, "DIED": 2, "FREE": 0}, return_dtype=pl.Int64)

    def inside(frame: pl.DataFrame, column: Column) -> NDArray[np.bool_]:
        place = layout.arms.arm_of_subject[frame["USUBJID"].to_physical().to_numpy()]
        return np.asarray(place >= 0 if column.index is None else place == column.index)

    def source(column: Column, *conditions: str) -> str:
        return both(layout.arms.population.condition, column.condition, *conditions)

    columns = layout.counted_columns()
    cells = []
    for column in columns:
        summary = compute_summary(total["AVAL"].to_numpy()[inside(total, column)])
        where = Provenance("ADII", source(column, equals("PARAMCD", "TOTAL"), equals("AVALC", "Y")), ("AVAL",))
        texts = []
        for name, value in zip(RANGE, (summary.median, summary.minimum, summary.maximum), strict=True):
            digits = 1 if name == "median" else 0
            texts.append(NOT_ESTIMABLE if value is None else str(round_half_away(value, digits)))
            statistics.append(Statistic(DAYS, "", column.name, name, value, texts[-1], where))
        cells.append("" if summary.median is None else f"{texts[0]} ({texts[1]} to {texts[2]})")
    yield TableRow(f"{DAYS}, median (range)", tuple(cells), 0, DAYS, "")
    yield TableRow(f"{LOSS}, % (95% CI)", ("",) * len(columns), 0, LOSS, "")
    of_loss = equals("PARAMCD", "LOSS")
    timed = []
    for column in columns:
        mine = inside(loss, column)
        days = loss["AVAL"].to_numpy()[mine]
        timed.append((column, days, compute_cumulative_incidence(days, ended.to_numpy()[mine])))
    for year in YEARS:
        row, time = f"Year {year}", year * DAYS_PER_YEAR
        shares, risks = [], []
        for column, days, curve in timed:
            key = (LOSS, row, column.name)
            where = Provenance("ADII", source(column, of_loss), ("AVAL", "AVALC"))
            shares.append(put_share(statistics, key, in_percent(curve.at(time)), where, "incidence_pct"))
            at_risk = int(compute_numbers_at_risk(days, [time])[0])
            where = Provenance("ADII", source(column, of_loss, f"AVAL >= {literal(time)}"), ("USUBJID",))
            statistics.append(Statistic(*key, "at_risk", at_risk, str(at_risk), where))
            risks.append(str(at_risk))
        yield TableRow(f"By year {year} of independence", tuple(shares), 1, LOSS, row)
        yield TableRow("At risk", tuple(risks), 2, LOSS, row)
