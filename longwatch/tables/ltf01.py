"""LTF01: completeness of follow-up by year (spec D.3, L1).

For each year of the follow-up plan that a visit ends: subjects expected at that visit by the cut-off; of them those
whose visit was held, in its window and outside, missed, not known of, lost, left; then who was not expected any more:
withdrew, died or completed before. Years whose window is over for nobody are not printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.loss import evidence_needed
from longwatch.study import Study
from longwatch.study.follow_up import Anchor
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.result import TableResult
from longwatch.tables.shares import ShareLine, share_rows
from longwatch.tables.subjects import subject_layout

TITLE = "Completeness of follow-up by year"
NO_VISITS = "Visits are not recorded: the data has no SV"
NOT_OVER = "No window of a year is over for anybody by the cut-off"
NO_PLAN = "There is no follow-up plan: the study file names none, and the data has no LTFUPLAN"
VISIT = equals("PARAMCD", "VISIT")
DONE, DONE_IN, DONE_OUT = "Visit held", "In its window", "Outside its window"
OF_EXPECTED = {
    "Missed": "MISSED",
    "Overdue, nothing known": "OVERDUE",
    "Lost to follow-up": "ENDED_LOST",
    "Left for another reason": "ENDED_OTHER",
}
EXCUSED = {"Withdrew consent": "ENDED_WITHDRAWN", "Died": "ENDED_DEATH", "Completed": "ENDED_COMPLETED"}
EXPECTED = "Expected"


def make_ltf01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No plan, no SV, or no window that is over → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    rows, statistics = share_rows(datasets.adltf, "ADLTF", layout, _lines(datasets))
    columns = layout.columns()
    return TableResult(
        code="LTF01",
        title=TITLE,
        population=arms.population.name,
        stub="Year of follow-up",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *(say_plan(datasets, study) if datasets.plan.visits else ()),
            f"{EXPECTED}: subjects whose window was over by the cut-off (its last day before it) and who had the visit,"
            " or were alive, had not withdrawn consent and had not completed the study on its last day. Who is lost, or"
            " left for another reason, is expected still. %: of those expected.",
            say_lost(study),
            *say_found_again(datasets),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note=NO_PLAN if not datasets.plan.years else NO_VISITS if "SV" not in datasets.data else NOT_OVER,
    )


def _lines(datasets: AnalysisDatasets) -> Iterator[ShareLine]:
    over = datasets.adltf.filter(pl.col("OVERFL") == "Y")["FUYEAR"].drop_nulls().unique().sort()
    for year in over if "SV" in datasets.data else ():
        group, of_year = f"Year {year}", both(VISIT, f"FUYEAR = {year}")
        base = both(of_year, equals("EXPFL", "Y"))
        yield ShareLine(group, group, "")
        yield ShareLine(EXPECTED, group, EXPECTED, base, level=1)
        done = both(of_year, equals("DONEFL", "Y"))
        yield ShareLine(DONE, group, DONE, done, base, level=1)
        for label, status in ((DONE_IN, "DONE_IN"), (DONE_OUT, "DONE_OUT")):
            yield ShareLine(label, group, label, both(done, equals("AVALC", status)), base, level=2)
        for label, status in OF_EXPECTED.items():
            yield ShareLine(label, group, label, both(base, equals("AVALC", status)), base, level=1)
        gone = both(of_year, equals("OVERFL", "Y"), equals("EXPFL", "N"))
        yield ShareLine("Not expected any more", group, "Not expected any more", gone, level=1)
        for label, status in EXCUSED.items():
            yield ShareLine(label, group, label, both(gone, equals("AVALC", status)), level=2)


def say_plan(datasets: AnalysisDatasets, study: Study) -> Iterator[str]:
    """Which plan is in force, and its windows."""
    plan = datasets.plan
    name = f"template {study.follow_up.template} of the study file" if study.follow_up.template else "LTFUPLAN"
    anchor = "first" if plan.anchor is Anchor.INFUSION_FIRST else "last"
    of_window: dict[tuple[int, int], list[str]] = {}
    for visit in plan.visits:
        if visit.year:
            of_window.setdefault(visit.window, []).append(str(visit.year))
    windows = "; ".join(
        f"years {', '.join(years)}: {low:+d} to {high:+d} days" for (low, high), years in of_window.items()
    )
    yield f"Follow-up plan: {name}; calendar years from the {anchor} infusion. Windows: {windows}."


def say_lost(study: Study) -> str:
    """What counts as lost."""
    attempts, days = evidence_needed(study)
    return (
        f"Lost: declared lost (DS) after at least {attempts} documented attempts (CONTACT) over at least {days} days, "
        "and no sign of the subject since; a loss without that evidence does not count as one."
    )


def say_found_again(datasets: AnalysisDatasets) -> Iterator[str]:
    """Which declared losses are none any more, and from when on: why a year that was over can change."""
    found = datasets.loss.filter(pl.col("FOUNDDT").is_not_null())
    if found.is_empty():
        return
    names = datasets.adsl["USUBJID"].cast(pl.String).gather(found["subject"])
    told = sorted(
        f"{name} (declared lost {lost}, sign {day})"
        for name, lost, day in zip(names, found["LOSTDT"], found["FOUNDDT"], strict=True)
    )
    yield f"Found again, and so followed in every year: {'; '.join(told)}. Earlier reports counted them as lost."
