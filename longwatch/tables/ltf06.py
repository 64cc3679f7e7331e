"""LTF06: deaths by cause and by time since the first infusion (spec D.3, L6).

Deaths of the safety population from any cause, and how long after the first infusion; each primary cause (DTHCAUS) by
falling number of subjects; then by window: to `within_days`, to the end of year 1, and each further year. Causes have
the whole follow-up as their time, a window the days followed in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import floor

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.dtht01 import CAUSES, DIED
from longwatch.tables.filters import both, equals, select_rows
from longwatch.tables.layout import Layout
from longwatch.tables.rated import RatedLine, rated_columns, rated_rows, say_rate, sum_by_arm
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import count_subjects, values_in

TITLE = "Deaths by cause and time since first infusion"
WITHIN_DAYS = 28
ALL, WINDOWS = "Deaths", "Time of death"
SINCE = "Days from first infusion to death, median (range)"


def make_ltf06(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `within_days`, the last study day of the first window (default 28, at most 365). No subject
    → no rows, and a note; no death → a line of zeros, without causes; windows print zeros with their time."""
    within = parameters.get("within_days", WITHIN_DAYS)
    assert isinstance(within, int)
    arms = make_arms(datasets, study)
    layout = Layout(arms, None)
    lines = list(_lines(datasets, arms, within))
    rows, statistics = rated_rows(layout, "ADSL", arms.population.condition, ("TRTSDT", "FUPDUR"), "DTHADY", lines)
    columns = rated_columns(layout)
    rows = rows if arms.total else ()
    return TableResult(
        code="LTF06",
        title=TITLE,
        population=arms.population.name,
        stub="Deaths",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Deaths: subjects known to have died by the cut-off (DTHFL = Y), whatever the cause and whenever. %: of N. "
            "Primary cause: as the data states it (DD, PRCDTH; or DTHCAUS supplied), else the PT of the first adverse "
            "event with a fatal outcome, else Not reported.",
            *_say_late(datasets),
            say_rate(datasets.clock, "deaths"),
            "Windows: by study day of death, day 1 is the day of the first infusion; year k ends with day "
            "365.25·k, rounded down. A window's person-years are the days followed in it.",
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "PT"),
        ),
        empty_note="No subject is in this population",
        parameters={"within_days": str(within)},
    )


def _lines(datasets: AnalysisDatasets, arms: Arms, within: int) -> Iterator[RatedLine]:
    adsl = datasets.adsl
    followed = adsl["FUPDUR"].fill_null(0).to_numpy().astype(np.int64)
    whole = sum_by_arm(followed, arms)

    def died(condition: str) -> np.ndarray:
        return count_subjects(adsl, arms, condition)

    yield RatedLine("Deaths from any cause", ALL, "", DIED, died(DIED), whole)
    dated = both(DIED, "DTHADY IS NOT NULL")
    chosen = select_rows(adsl, both(arms.population.condition, dated))
    since = adsl["DTHADY"].filter(pl.Series(chosen)).cast(pl.Int64).to_numpy()
    if len(since):
        yield RatedLine(SINCE, ALL, SINCE, dated, level=1, when=(arms.arm_of_subject[chosen], since))
    causes = values_in(adsl, arms, "DTHCAUS", DIED)
    if causes:
        yield RatedLine(CAUSES, CAUSES, "")
        for cause in causes:
            condition = both(DIED, equals("DTHCAUS", cause))
            yield RatedLine(cause, CAUSES, cause, condition, died(condition), whole, level=1)
    yield RatedLine(WINDOWS, WINDOWS, "")
    everybody = (datasets.whole or datasets).adsl["FUPDUR"].fill_null(0).to_numpy()
    windows = _windows(int(everybody.max(initial=1)), within)
    for label, low, high in windows:
        inside = f"DTHADY <= {high}" if low == 0 else f"DTHADY > {low} AND DTHADY <= {high}"
        days = sum_by_arm(np.clip(followed, low, high) - low, arms)
        yield RatedLine(label, WINDOWS, label, both(DIED, inside), died(both(DIED, inside)), days, level=1)
    last = windows[-1][2]
    for label, condition in (
        ("Later than any follow-up", f"DTHADY > {last}"), ("Day not known", "DTHADY IS NULL")
    ):  # fmt: skip
        if died(both(DIED, condition)).any():
            yield RatedLine(label, WINDOWS, label, both(DIED, condition), died(both(DIED, condition)), level=1)


def _windows(longest: int, within: int) -> list[tuple[str, int, int]]:
    """Label, last day before it, and last day of it, until the longest follow-up is covered."""
    ends = [floor(DAYS_PER_YEAR)]
    while ends[-1] < longest:
        ends.append(floor(DAYS_PER_YEAR * (len(ends) + 1)))
    found = [(f"Days 1 to {within}", 0, within), (f"Day {within + 1} to end of year 1", within, ends[0])]
    return found + [(f"Year {year}", ends[year - 2], ends[year - 1]) for year in range(2, len(ends) + 1)]


def _say_late(datasets: AnalysisDatasets) -> Iterator[str]:
    """Deaths of subjects whose participation had ended before: nobody saw them at a visit, and an earlier report cannot
    have known them."""
    if datasets.adsl.schema.get("EOSDT") != pl.Date or "DCSREAS" not in datasets.adsl.columns:
        return
    late = datasets.adsl.filter(pl.col("SAFFL") == "Y", pl.col("DTHFL") == "Y", pl.col("EOSDT") < pl.col("DTHDT")).sort(
        pl.col("USUBJID").cast(pl.String)
    )
    told = [
        f"{name} ({str(reason or 'ended').lower()} {ended}, died {died})"
        for name, reason, ended, died in late.select(
            pl.col("USUBJID").cast(pl.String), pl.col("DCSREAS").cast(pl.String), "EOSDT", "DTHDT"
        ).iter_rows()
    ]
    if told:
        yield f"Learned of after the participation had ended: {'; '.join(told)}."
