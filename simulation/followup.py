"""How each subject was followed: SV, CONTACT and the plan LTFUPLAN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.days import NO_DAY, Days, Mask, iso_text, study_days
from simulation.layout import choose, shape
from simulation.schedule import BASELINE, EXTENSION, FOLLOW_UP, INFUSION, SCREENING, SECOND_INFUSION, follow_up_of
from simulation.streams import stream
from simulation.subjects import LOST, ONGOING, WITHDREW, Cohort

VISITS = (SCREENING, BASELINE, INFUSION, *FOLLOW_UP, SECOND_INFUSION, *EXTENSION)
SECOND = VISITS.index(SECOND_INFUSION)
_WHY_MISSED = ("TRAVELLING", "WORK OR FAMILY", "SITE CLOSED", "SUBJECT NOT REACHED")
NOT_REACHED = 3


@dataclass(frozen=True)
class Visits:
    """Records of SV in order: subject, place in VISITS, day, whether held; of a visit not held, when its target and the
    close of its window were, and why it was missed."""

    subject: Days
    visit: Days
    day: Days
    held: Mask
    target: Days
    why: Days


def held_or_missed(cohort: Cohort) -> Visits:
    """Every visit that was held, and every planned one that was missed: its window closed before the end of data, or,
    of a subject lost, before being declared lost. A subject who ended before the window closed has no row for it."""
    rng = stream(cohort.design.seed, "SV", cohort.design.part)
    who, plan = cohort.treated, cohort.planned
    end = cohort.end[who][:, None]
    is_lost = (cohort.reason[who] == LOST)[:, None]
    held = (plan.held <= end) & ~plan.missed
    expected_until = np.where(is_lost, cohort.declared[who][:, None], end)
    missed = ~held & (plan.closes <= expected_until)
    shape_of = held.shape
    subject = np.broadcast_to(who[:, None], shape_of)
    column = np.arange(shape_of[1])
    visit = np.broadcast_to(np.where(column < len(FOLLOW_UP), column + 3, column + 4), shape_of)
    # The first five years are drawn first: they are the same however long the trial.
    drawn = [rng.integers(0, NOT_REACHED, (len(who), len(part))) for part in np.split(column, [len(FOLLOW_UP)])]
    why = np.where(plan.held <= end, np.concatenate(drawn, axis=1), NOT_REACHED)
    again = np.flatnonzero(cohort.second > NO_DAY)
    every = np.arange(cohort.count)
    chosen = held | missed
    parts = [
        (every, 0, cohort.consent),
        (who, 1, cohort.baseline[who]),
        (who, 2, cohort.infusion[who]),
        (again, SECOND, cohort.second[again]),
    ]
    subjects = np.concatenate([*(rows for rows, _, _ in parts), subject[chosen]])
    visits = np.concatenate([*(np.full(len(rows), place) for rows, place, _ in parts), visit[chosen]])
    days = np.concatenate([*(day for _, _, day in parts), plan.held[chosen]])
    extra = len(subjects) - int(chosen.sum())
    was_held = np.r_[np.ones(extra, dtype=bool), held[chosen]]
    target = np.r_[np.full(extra, NO_DAY), plan.target[chosen]]
    reason = np.r_[np.full(extra, -1), np.where(held[chosen], -1, why[chosen])]
    order = np.lexsort((days, subjects))
    return Visits(*(a[order] for a in (subjects, visits, days, was_held, target, reason)))


def sv_frame(cohort: Cohort, visits: Visits) -> pl.DataFrame:
    """SV: one row per visit, held or missed."""
    day = np.where(visits.held, visits.day, NO_DAY)
    reference = cohort.reference[visits.subject]
    modes = ["IN PERSON" if visit.mode == "ONSITE" else "TELEPHONE CALL" for visit in VISITS]
    planned = np.array([visit.nominal_day + (visit.nominal_day >= 0) for visit in VISITS])[visits.visit]
    unplanned = visits.visit == SECOND
    return shape(
        "SV",
        len(visits.subject),
        {
            "USUBJID": cohort.usubjid(visits.subject),
            "VISITNUM": np.array([visit.number for visit in VISITS])[visits.visit],
            "VISIT": choose([visit.name for visit in VISITS], visits.visit),
            "VISITDY": pl.Series(planned.astype(np.float64)).set(pl.Series(unplanned), None),
            "SVPRESP": choose(["Y"], np.where(unplanned, -1, 0)),
            "SVOCCUR": choose(["N", "Y"], np.where(unplanned, -1, visits.held.astype(int))),
            "SVREASOC": choose(_WHY_MISSED, visits.why),
            "SVCNTMOD": choose(modes, np.where(visits.held, visits.visit, -1)),
            "SVSTDTC": iso_text(day),
            "SVENDTC": iso_text(day),
            "SVSTDY": study_days(day, reference),
            "SVENDY": study_days(day, reference),
        },
    )


_MODES = ("ONSITE", "PHONE", "LETTER")
_RESULTS = ("REACHED", "NO_ANSWER", "LETTER_SENT")


def contact_frame(cohort: Cohort, visits: Visits) -> pl.DataFrame:
    """CONTACT: one row per attempt. Each visit held; a call that went unanswered and one that reached, for each missed
    one; the last contact of those lost or withdrawn and three attempts after it; a call on the day of the cut to all
    others.

    No row is later than the end of data, or than the day of being declared lost.
    """
    end = cohort.end
    held, missed = np.flatnonzero(visits.held), np.flatnonzero(~visits.held & (visits.why != NOT_REACHED))
    lost = np.flatnonzero(cohort.reason == LOST)
    called = np.flatnonzero(np.isin(cohort.reason, (LOST, WITHDREW, ONGOING)))
    at_phone = np.array([visit.mode == "PHONE" for visit in VISITS])[visits.visit]
    tries = np.repeat([1, 1, 2], len(lost))
    phone, no_answer, reached = np.ones(len(missed), int), np.ones(len(missed), int), np.zeros(len(missed), int)
    calls = np.ones(len(called), int)
    parts: list[tuple[Days, Days, Days, Days, int]] = [
        (visits.subject[held], visits.day[held], at_phone[held].astype(np.int64), np.zeros(len(held), np.int64), 0),
        (visits.subject[missed], visits.target[missed], phone, no_answer, 1),
        (visits.subject[missed], visits.target[missed] + 3, phone, reached, 1),
        (called, end[called], calls, calls - 1, 2),
        (np.tile(lost, 3), cohort.attempts[lost].T.ravel(), tries, tries, 3),
    ]  # fmt: skip
    subject, day, mode, result = (np.concatenate([part[place] for part in parts]) for place in range(4))
    note = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    kept = (day <= end[subject]) | (note == 4)
    subject, day, mode, result, note = (a[kept] for a in (subject, day, mode, result, note))
    # A call that was planned for the day of the cut anyway is one contact.
    _, once = np.unique(np.stack([subject, day, mode, result]), axis=1, return_index=True)
    subject, day, mode, result, note = (a[once] for a in (subject, day, mode, result, note))
    order = np.lexsort((note, day, subject))
    subject, day, mode, result, note = (a[order] for a in (subject, day, mode, result, note))
    notes = ["Visit", "Visit missed", "Visit missed", "Last contact or status call", "Search for subject"]
    return shape(
        "CONTACT",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "DTC": iso_text(day),
            "MODE": choose(_MODES, mode),
            "DIRECTN": "OUTBOUND",
            "RESULT": choose(_RESULTS, result),
            "BY": "SITE " + cohort.site_id().gather(subject),
            "NOTE": choose(notes, note),
        },
    )


_ITEMS = "MALIGNANCY; NEUROLOGICAL; AUTOIMMUNE; HAEMATOLOGICAL; INPATIENT STAY; PREGNANCY"


def ltfuplan_frame(years: int = 5) -> pl.DataFrame:
    """LTFUPLAN: one row per follow-up visit; TARGMON, where given, governs (calendar months after the anchor)."""
    planned = follow_up_of(years)
    return shape(
        "LTFUPLAN",
        len(planned),
        {
            "PHASE": pl.Series([visit.phase for visit in planned]),
            "VISITNUM": pl.Series([visit.number for visit in planned]),
            "VISIT": pl.Series([visit.name for visit in planned]),
            "TARGDAY": pl.Series([visit.nominal_day for visit in planned]),
            "TARGMON": pl.Series([visit.months or None for visit in planned], dtype=pl.Int64),
            "WIN_LO": pl.Series([visit.low for visit in planned]),
            "WIN_HI": pl.Series([visit.high for visit in planned]),
            "MODE": pl.Series([visit.mode for visit in planned]),
            "MANDITEM": pl.Series([_ITEMS if visit.months >= 12 else None for visit in planned], dtype=pl.String),
            "ANCHOR": "INFUSION_FIRST",
        },
    )
