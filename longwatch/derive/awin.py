"""AWIN: which part of a subject's course an adverse event began in (spec A.6).

By the day on which it began (ASTDT, an imputed one too: ASTDTF says so), each event has one. Cases, in order:

1. No day, or no infusion whose day is known → missing: nothing says where the event lies.
2. Before the first infusion, on or after the start of immunosuppression → INDUCTION; else before it → PRE.
3. On the day of an infusion, the last one on or before the event, or one of the days after it, so many days in all
   (`treatment_emergence.periprocedural_days`, 28) → PERIPROC. By day: an event earlier on the day of the infusion is in
   it too; whether it is treatment-emergent, TRTEMFL says.
4. After the end of immunosuppression, and no infusion since that end → POST-IS.
5. After a loss of the graft, and no infusion since that loss → POST-GRAFTLOSS.
6. Else Y1, Y2 …: the year since the first infusion. Its day is day 1, year k ends on day ⌊365.25·k⌋ (as AET05_INT's
   years do where emergence counts from the first infusion); Y1 begins after the days of case 3.

Start of immunosuppression: the earliest day known on which a drug of the study file's classes (CM, `exposure.classes`),
or a study intervention (EX: INTSDT), began. Its end: the last day of the last course of these drugs, where each course
has ended by the cut-off and the last one reached the first infusion. A loss of the graft: a record of CE
(`graft.loss_terms`); its latest possible day.

The specification names the windows; these are our decisions (design): an event has one window; days 1 to 28 are those
of every infusion, a year counts from the first; what came last tells, so that a day without immunosuppression is
POST-IS even where the graft was lost before; the day of the loss, and the last day with a drug, are not after it;
another infusion begins a new course. A category of the Igls criteria is no graft loss: the next visit may be better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import ceil

import polars as pl

from longwatch.derive.adev import read_courses
from longwatch.derive.carried import AdverseEvents
from longwatch.derive.clinical_events import read_clinical_events
from longwatch.derive.coded import Subjects
from longwatch.derive.exposure import read_infusions
from longwatch.derive.infusions import number_infusions, since_infusion
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

AWIN = "AWIN"
DAYS_PER_YEAR = 365.25
BEFORE, AFTER = ("PRE", "INDUCTION", "PERIPROC"), ("POST-GRAFTLOSS", "POST-IS")


@dataclass(frozen=True)
class Course:
    """What windows lie between, by `subject`. `infusions`: subject, day, INFNO. `begun`: subject, day, the first with
    immunosuppression. `ended`, `lost`: subject, day, the first one after its end, and after a loss of the graft."""

    infusions: pl.DataFrame
    begun: pl.DataFrame
    ended: pl.DataFrame
    lost: pl.DataFrame


def read_course(data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame) -> Course:
    """Of EX, CM and CE, as known at the cut-off. Expects row i of ADSL to be `subject` i."""
    infusions = number_infusions(read_infusions(data, study, cutoff, subjects), adsl)
    drugs = read_courses(data, study, cutoff, subjects).with_columns(pl.col("subject").cast(pl.UInt32))
    begun = [drugs.select("subject", day="first")]
    if adsl.schema.get("INTSDT") == pl.Date:
        begun.append(adsl.with_row_index("subject").select("subject", day="INTSDT"))
    first = adsl.with_row_index("subject").select("subject", infused="TRTSDT")
    over = drugs.group_by("subject").agg(
        day=pl.when(pl.col("last").null_count() == 0).then(pl.col("last").max() + pl.duration(days=1))
    )
    ended = over.join(first, on="subject").filter(pl.col("day") > pl.col("infused")).select("subject", "day")
    losses = read_clinical_events(data, subjects, cutoff, study.graft.loss_terms)
    nowhere = pl.DataFrame(schema={"subject": pl.UInt32, "day": pl.Date})
    lost = nowhere if losses is None else losses.select(subject="row", day=pl.col("last") + pl.duration(days=1))
    return Course(
        infusions,
        pl.concat(begun).drop_nulls().group_by("subject").agg(pl.col("day").min()),
        ended,
        lost.drop_nulls().unique(),
    )


def derive_awin(days: pl.DataFrame, course: Course, periprocedural: int) -> pl.Series:
    """AWIN of days (`subject`, `day`), row by row."""
    days = days.with_columns(pl.col("subject").cast(pl.UInt32))
    since = since_infusion(days, course.infusions)
    placed = pl.concat([days, since], how="horizontal").with_row_index("row")
    for name, frame in (("begun", course.begun), ("off", course.ended)):
        placed = placed.join(frame.rename({"day": name}), on="subject", how="left", maintain_order="left")
    lost = placed.drop_nulls("day").sort("day").join_asof(
        course.lost.with_columns(lost="day").sort("day"), on="day", by="subject", strategy="backward",
        check_sortedness=False,
    )  # fmt: skip
    placed = placed.join(lost.select("row", "lost"), on="row", how="left", maintain_order="left")
    given = pl.col("day") - pl.duration(days=pl.col("ADYINF"))
    year = ((pl.col("ADYINF1") + 1) / DAYS_PER_YEAR).ceil().cast(pl.Int64)
    window = (
        pl.when(pl.col("ADYINF1").is_null())
        .then(None)
        .when(pl.col("ADYINF1") < 0)
        .then(pl.when(pl.col("day") >= pl.col("begun")).then(pl.lit("INDUCTION")).otherwise(pl.lit("PRE")))
        .when(pl.col("ADYINF") < periprocedural)
        .then(pl.lit("PERIPROC"))
        .when((pl.col("off") <= pl.col("day")) & (pl.col("off") > given))
        .then(pl.lit("POST-IS"))
        .when(pl.col("lost") > given)
        .then(pl.lit("POST-GRAFTLOSS"))
        .otherwise(pl.format("Y{}", year))
    )
    longest = placed["ADYINF1"].max()
    years = ceil((longest + 1) / DAYS_PER_YEAR) if isinstance(longest, int) and longest >= 0 else 1
    names = pl.Enum([*BEFORE, *(f"Y{number}" for number in range(1, years + 1)), *AFTER])
    return placed.select(window.cast(names).alias(AWIN))[AWIN]


def add_windows(
    events: AdverseEvents, data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame
) -> AdverseEvents:
    """ADAE with AWIN, derived when an output asks for it, and nothing read before; where the sponsor's ADAE has one, as
    it is."""
    if AWIN in events.order:
        return events

    @cache
    def place() -> pl.DataFrame:
        of = events.columns(("USUBJID", "ASTDT"))
        days = of.select(subject=pl.col("USUBJID").to_physical(), day="ASTDT")
        course = read_course(data, study, cutoff, subjects, adsl)
        return derive_awin(days, course, study.treatment_emergence.periprocedural_days).to_frame()

    return replace(events, order=(*events.order, AWIN), later={**events.later, AWIN: place})
