"""SWMG01: swimmer plot: each subject's follow-up as a lane, with what happened on it (spec D.3).

A lane per treated subject whose follow-up is known, by arm, the longest follow-up first: from the first infusion to the
end of follow-up; above it the times free of insulin (ADII); on it each infusion, each start of a serious
treatment-emergent event, and how the follow-up ended. The table has a row per lane. More lanes than can be told apart
on a page → no picture, and the table stands for it; `arm` shows one cohort alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, linear_axis
from longwatch.tables.filters import SAFETY, both, equals
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.ltf11 import has_drugs
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Swimmer plot: follow-up of each subject"
MOST_LANES = 30
ABOVE = 0.3
FREE, INFUSION, SERIOUS = "Free of insulin", "Infusion", "Serious TEAE"
ENDS = ("Died", "Completed", "Left")
GOES_ON = "Goes on"
NOBODY = "No subject's follow-up is known"


@dataclass(frozen=True)
class _Lane:
    """One subject: its place from below, arm, days followed, days (from 1) of what happened, how it ended."""

    subject: str
    lane: int
    arm: int
    days: int
    free: tuple[tuple[int, int], ...]
    infusions: tuple[int, ...]
    serious: tuple[int, ...]
    end: str


def make_swmg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `arm`, the code or name of one cohort; default all. Nobody → no rows, and a note. Raises
    StudyError LW-SWM-001 for an arm that there is not."""
    arms = make_arms(datasets, study)
    only = _only(study, arms, str(parameters.get("arm", "")))
    lanes = _lanes(datasets, study, arms, only)
    told_insulin, told_serious = has_drugs(datasets), "AESER" in datasets.adae_variables
    columns = (
        TableColumn("arm", "Treatment arm"),
        TableColumn("days", "Days followed"),
        TableColumn("free", "Days free of insulin"),
        TableColumn("infusions", "Infusions, on day"),
        TableColumn("serious", "Serious TEAEs, on day"),
        TableColumn("end", "End of follow-up"),
    )
    rows = tuple(
        TableRow(
            item.subject,
            (
                arms.names[item.arm],
                str(item.days),
                str(sum(last - first + 1 for first, last in item.free)) if told_insulin else NOT_AVAILABLE,
                ", ".join(map(str, item.infusions)) or "–",
                ", ".join(map(str, item.serious)) or "–" if told_serious else NOT_AVAILABLE,
                item.end,
            ),
            0,
            "",
            item.subject,
        )
        for item in lanes
    )
    return TableResult(
        code="SWMG01",
        title=TITLE,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *_statistics(lanes, arms, told_insulin, told_serious)),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            f"A lane per subject {'' if only is None else 'of this arm '}whose follow-up is known, by arm, the longest "
            "first: from the first infusion (day 1) to the end of follow-up. A lane without a mark at its end: the "
            "follow-up goes on at the cut-off.",
            f"{FREE}: at least {study.graft.free_days} days in a row (CM). {SERIOUS}: at its start; several on one day "
            "are one mark.",
            *footnotes.say_hospital_insulin(study),
            *(
                (f"Not drawn: more than {MOST_LANES} lanes cannot be told apart; show one arm, or read the table.",)
                if len(lanes) > MOST_LANES
                else ()
            ),
            footnotes.say_treatment_emergence(study),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        subtitle="" if only is None else f"Arm: {arms.names[only]}",
        empty_note=NOBODY,
        parameters={"arm": "" if only is None else arms.names[only]},
        chart=_chart(lanes, arms) if 0 < len(lanes) <= MOST_LANES else None,
    )


def _only(study: Study, arms: Arms, asked: str) -> int | None:
    if not asked:
        return None
    for place, arm in enumerate(study.treatment.arms):
        if asked in (arm.code, arm.name):
            return place
    raise StudyError(
        "LW-SWM-001",
        f"there is no arm {asked}",
        where="parameter arm",
        expected=", ".join(arm.code for arm in study.treatment.arms),
        found=asked,
        next_step="name one of the arms of the study file by its code",
    )


def _lanes(datasets: AnalysisDatasets, study: Study, arms: Arms, only: int | None) -> list[_Lane]:
    adsl = datasets.adsl.with_columns(arm=pl.Series(arms.arm_of_subject)).with_row_index("row")
    chosen = adsl.filter(pl.col("arm") >= 0, pl.col("FUPDUR").is_not_null(), pl.col("TRTSDT").is_not_null())
    chosen = chosen if only is None else chosen.filter(pl.col("arm") == only)
    named = pl.col("USUBJID").cast(pl.String).alias("name")
    ordered = chosen.with_columns(named).sort("arm", "FUPDUR", "name", descending=[False, True, False])
    free = _free(datasets)
    infused = _days(datasets.infusions, "day")
    serious = _days(_serious(datasets), "ASTDT")
    lanes = []
    for place, row in enumerate(ordered.iter_rows(named=True)):
        start: date = row["TRTSDT"]
        followed = int(row["FUPDUR"])

        def on_lane(days: list[date | None], start: date = start, followed: int = followed) -> tuple[int, ...]:
            counted = sorted({(day - start).days + 1 if day else 1 for day in days})
            return tuple(min(max(day, 1), followed) for day in counted)

        spans = [((first - start).days + 1, (last - start).days + 1) for first, last in free.get(row["row"], [])]
        lanes.append(
            _Lane(
                row["name"], ordered.height - place, row["arm"], followed, tuple(spans),
                on_lane(infused.get(row["row"], [])), on_lane(serious.get(row["row"], [])), _end(row),
            )
        )  # fmt: skip
    return lanes


def _end(row: Mapping[str, object]) -> str:
    if row.get("DTHFL") == "Y":
        return "Died"
    status = row.get("EOSSTT")
    if status == "COMPLETED":
        return "Completed"
    return f"Left: {str(row.get('DCSREAS') or 'reason not reported').lower()}" if status == "DISCONTINUED" else GOES_ON


def _free(datasets: AnalysisDatasets) -> dict[int, list[tuple[date, date]]]:
    episodes = datasets.adii.filter(pl.col("PARAMCD") == "EPISODE")
    found: dict[int, list[tuple[date, date]]] = {}
    for subject, first, last in zip(
        episodes["USUBJID"].to_physical(), episodes["ASTDT"], episodes["AENDT"], strict=True
    ):
        found.setdefault(subject, []).append((first, last))
    return found


def _serious(datasets: AnalysisDatasets) -> pl.DataFrame:
    adae = datasets.adae_with(("USUBJID", "SAFFL", "TRTEMFL", "AESER", "ASTDT"))
    chosen = adae.filter(pl.col("TRTEMFL") == "Y", pl.col("SAFFL") == "Y")
    chosen = chosen.filter(pl.col("AESER") == "Y") if "AESER" in adae.columns else chosen.clear()
    return chosen.select("ASTDT", subject=pl.col("USUBJID").to_physical())


def _days(frame: pl.DataFrame, variable: str) -> dict[int, list[date | None]]:
    found: dict[int, list[date | None]] = {}
    for subject, day in zip(frame["subject"], frame[variable], strict=True):
        found.setdefault(subject, []).append(day)
    return found


def _statistics(lanes: list[_Lane], arms: Arms, told_insulin: bool, told_serious: bool) -> Iterator[Statistic]:
    """Of each lane its place and days, and the height of what is drawn on it, whose column is what it is; NA where the
    data cannot tell."""
    for item in lanes:
        name = arms.names[item.arm]
        of_subject = both(arms.condition_of(name), equals("USUBJID", item.subject))
        adsl = Provenance("ADSL", both(SAFETY, of_subject), ("TRTSDT", "FUPDUR"))
        free = Provenance("ADII", both(SAFETY, of_subject, equals("PARAMCD", "EPISODE")), ("ASTDT", "AENDT"))
        serious = both(SAFETY, "TRTEMFL = 'Y'", of_subject, equals("AESER", "Y"))
        key = ("", item.subject, name)
        yield Statistic(*key, "lane", item.lane, str(item.lane), adsl)
        yield Statistic(*key, "followed", item.days, str(item.days), adsl)
        days = sum(last - first + 1 for first, last in item.free)
        if told_insulin:
            yield Statistic(*key, "free_days", days, str(days), free)
        else:
            yield Statistic(*key, "free_days", None, NOT_AVAILABLE, adsl)
        marks = Provenance("ADAE", serious, ("ASTDT",))
        above = item.lane + ABOVE
        drawn = {
            FREE: (bool(item.free), free),
            INFUSION: (bool(item.infusions), adsl),
            SERIOUS: (bool(item.serious), marks),
        }
        drawn |= {end: (item.end.split(":")[0] == end, adsl) for end in ENDS}
        for mark, (there, source) in drawn.items():
            height = above if mark == FREE else item.lane
            if there:
                yield Statistic("", item.subject, mark, "lane", height, f"{height:g}", source)
        if told_serious:
            yield Statistic(*key, "serious_days", len(item.serious), str(len(item.serious)), marks)
        else:
            yield Statistic(*key, "serious_days", None, NOT_AVAILABLE, adsl)


def _chart(lanes: list[_Lane], arms: Arms) -> Chart:
    longest = max(item.days for item in lanes)

    def year(day: int) -> float:
        return min(day, longest) / DAYS_PER_YEAR

    series: list[Series] = []
    for place, name in enumerate(arms.names):
        mine = [item for item in lanes if item.arm == place]
        series += [
            Series(f"{name}: followed", Mark.STEP, (Point(0.0, float(item.lane)),), year(item.days), rank=place)
            for item in mine
        ]
    free = len(arms.names)
    for item in lanes:
        series += [
            Series(FREE, Mark.STEP, (Point(year(first), item.lane + ABOVE),), year(last), rank=free)
            for first, last in item.free
        ]
    marks: dict[str, list[Point]] = {INFUSION: [], SERIOUS: [], **{end: [] for end in ENDS}}
    for item in lanes:
        marks[INFUSION] += [Point(year(day), float(item.lane)) for day in item.infusions]
        marks[SERIOUS] += [Point(year(day), float(item.lane)) for day in item.serious]
        kind = item.end.split(":")[0]
        if kind in marks:
            marks[kind].append(Point(year(item.days), float(item.lane)))
    series += [
        Series(name, Mark.POINT, tuple(points), rank=free + 1 + place)
        for place, (name, points) in enumerate(marks.items())
        if points
    ]
    ticks = tuple((float(item.lane), item.subject) for item in reversed(lanes))
    return Chart(
        "A lane per subject from the first infusion to the end of follow-up, by arm, with infusions, times free of "
        "insulin, serious events and how the follow-up ended",
        linear_axis("Years since the first infusion", longest / DAYS_PER_YEAR),
        Axis("Subject", 0.4, len(lanes) + 0.9, ticks),
        tuple(series),
    )
