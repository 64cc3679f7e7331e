"""Adverse events: drawn from their processes, then everything that is recorded of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation import event_profiles as profiles
from simulation.days import (
    FULL,
    MISSING,
    MONTH,
    NO_DAY,
    NO_TIME,
    YEAR,
    Days,
    Mask,
    Reals,
    month_start,
    number_within,
    year_start,
)
from simulation.event_profiles import HYPO, PROFILES, profile_of
from simulation.hypoglycaemia import ClinicalEvents
from simulation.mockdra import term
from simulation.parameters import DAYS_PER_YEAR
from simulation.processes import space_apart
from simulation.showcase import Showcase
from simulation.streams import stream
from simulation.subjects import DIED, LOST, Cohort

RESOLVED, WITH_SEQUELAE, RECOVERING, NOT_RESOLVED, FATAL, UNKNOWN = range(6)
CRYPTOCOCCAL = "CRYPTOCOCCAL MENINGITIS"


@dataclass(frozen=True)
class AdverseEvents:
    """Adverse events in the order of AE. `pts`: the terms that `kind` counts; `end` is NO_DAY where an event goes on;
    `grade` 1 to 5; `product`, `procedure`, `immuno`: rank in RELATEDNESS; `written`: how much of the start is recorded;
    `treated`: something was given for it."""

    pts: tuple[str, ...]
    subject: Days
    kind: Days
    verbatim: Days
    day: Days
    minute: Days
    end: Days
    written: Days
    grade: Days
    serious: Mask
    hospital: Mask
    life: Mask
    important: Mask
    disabling: Mask
    outcome: Days
    product: Days
    procedure: Days
    immuno: Days
    treated: Mask
    seq: Days


def draw_events(cohort: Cohort, showcase: Showcase, clinical: ClinicalEvents) -> AdverseEvents:
    """Every adverse event of a cohort up to the end of each subject's data.

    Two events of one term in one subject are at least two days apart, and the first ends before the second starts.
    """
    rng = stream(cohort.design.seed, "AE", cohort.design.part)
    fatal_pts = (*cohort.design.parameters.fatal_events, CRYPTOCOCCAL)
    pts = (*(profile.pt for profile in PROFILES), HYPO.pt, *fatal_pts)
    subject, kind, day = _processes(cohort, rng)
    severe = clinical.level == 3
    hypo = np.full(int(severe.sum()), len(PROFILES))
    dead = np.flatnonzero((cohort.reason == DIED) & (cohort.death_cause == 1))
    lasted = np.round(profiles.FATAL.days * rng.lognormal(0, 0.5, len(dead))).astype(np.int64) + 1
    scripted = showcase.events
    cause = len(PROFILES) + 1 + (np.full(len(dead), len(fatal_pts) - 1) if scripted else cohort.fatal_event[dead])
    own_subject = np.array([event.subject for event in scripted], dtype=np.int64)
    own_kind = np.array([pts.index(event.pt) for event in scripted], dtype=np.int64)
    own_day = cohort.infusion[own_subject] + np.array([event.day for event in scripted], dtype=np.int64)

    clash = np.isin(subject * len(pts) + kind, own_subject * len(pts) + own_kind)
    clash |= np.isin(subject, np.array(showcase.without_events, dtype=np.int64))
    subject, kind, day = subject[~clash], kind[~clash], day[~clash]
    group, day = space_apart(subject * len(pts) + kind, day)
    subject, kind = group // len(pts), group % len(pts)
    kept = day <= cohort.end[subject]
    start_of_death = np.maximum(cohort.end[dead] - lasted, cohort.infusion[dead])
    subject = np.concatenate([subject[kept], clinical.subject[severe], dead, own_subject])
    kind = np.concatenate([kind[kept], hypo, cause, own_kind])
    day = np.concatenate([day[kept], clinical.day[severe], start_of_death, own_day])
    script = np.concatenate([np.full(len(subject) - len(scripted), -1), np.arange(len(scripted))])
    inside = day <= cohort.end[subject]
    order = np.lexsort((kind, day, subject))
    order = order[inside[order]]
    return _describe(cohort, showcase, pts, subject[order], kind[order], day[order], script[order], rng)


def _processes(cohort: Cohort, rng: np.random.Generator) -> tuple[Days, Days, Days]:
    """The Poisson processes of all windows: subject, term, day. Of each window first the number, then which terms."""
    everybody = np.arange(cohort.count)
    who = cohort.treated
    infusion, end = cohort.infusion[who], cohort.end[who]
    before = np.where(cohort.is_treated, cohort.induction - 1, cohort.end)
    again = np.flatnonzero(cohort.second > NO_DAY)
    infused = np.concatenate([who, again])
    infused_on = np.concatenate([infusion, cohort.second[again]])
    windows = [
        ("screening", everybody, cohort.consent, before, before, DAYS_PER_YEAR),
        ("induction", who, cohort.induction[who], infusion - 1, infusion - 1, 2.0),
        ("infusion", infused, infused_on, infused_on + 27, cohort.end[infused], 28.0),
        ("first_year", who, infusion, infusion + 364, end, DAYS_PER_YEAR),
        ("later", who, infusion + 365, end, end, DAYS_PER_YEAR),
    ]
    found: list[tuple[Days, Days, Days]] = []
    for name, subjects, first, last, end_of_data, per in windows:
        last = np.minimum(last, end_of_data)
        rates = profiles.intensities(name) / per
        arm = cohort.arm[subjects]
        length = np.maximum(last - first + 1, 0)
        row = np.repeat(np.arange(len(subjects)), rng.poisson(rates.sum(axis=1)[arm] * length))
        day = first[row] + np.floor(rng.random(len(row)) * length[row]).astype(np.int64)
        found.append((subjects[row], _choose_terms(rates, arm[row], rng.random(len(row))), day))
    subject, kind, day = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return subject, kind, day


def _choose_terms(rates: Reals, arm: Days, draw: Reals) -> Days:
    """A term for each event, with probability by the rates of its arm."""
    kind = np.zeros(len(arm), dtype=np.int64)
    for number, of_arm in enumerate(rates):
        if of_arm.sum() > 0:
            mine = arm == number
            edges = np.cumsum(of_arm) / of_arm.sum()
            kind[mine] = np.minimum(np.searchsorted(edges, draw[mine], side="right"), len(of_arm) - 1)
    return kind


def _describe(
    cohort: Cohort,
    showcase: Showcase,
    pts: tuple[str, ...],
    subject: Days,
    kind: Days,
    day: Days,
    script: Days,
    rng: np.random.Generator,
) -> AdverseEvents:
    count = len(subject)
    entries = [profile_of(pt) for pt in pts]
    own = script >= 0

    def of(name: str) -> Reals:
        return np.array([getattr(entry, name) for entry in entries], dtype=np.float64)[kind]

    def written_by_hand(name: str, drawn: Days) -> Days:
        values = np.array([int(getattr(event, name)) for event in showcase.events] or [0])
        return np.asarray(np.where(own, values[np.maximum(script, 0)], drawn))

    end_of_data, died = cohort.end[subject], cohort.reason[subject] == DIED
    is_fatal = kind > len(PROFILES)
    infusion = cohort.infusion[subject]
    length = np.floor(of("days") * rng.lognormal(0, 0.6, count)).astype(np.int64)
    length = written_by_hand("length", length)
    following = _next_of_term(subject, kind, day)
    end = np.minimum(day + length, following - 1)
    end = np.where(is_fatal, end_of_data, np.where(end > end_of_data, NO_DAY, end))

    edges = np.cumsum(np.array([entry.grades for entry in entries]), axis=1)[kind]
    grade = 1 + (rng.random(count)[:, None] * np.maximum(edges[:, -1:], 1e-9) >= edges).sum(axis=1)
    grade = written_by_hand("grade", np.where(is_fatal, 5, np.minimum(grade, 4)))
    serious = written_by_hand("serious", (rng.random(count) < of("serious")).astype(np.int64)).astype(bool)
    draw = rng.random((count, 4))
    life = serious & (is_fatal | ((grade == 4) & (draw[:, 0] < 0.6)))
    hospital = serious & (is_fatal | (draw[:, 1] < 0.75))
    disabling = serious & ~is_fatal & (draw[:, 2] < 0.02)
    important = serious & ~(life | hospital | disabling)

    clock = np.where(infusion == day, cohort.infusion_minute[subject] + 5, 0)
    with_time = np.where(infusion == day, rng.random(count) < 0.5, rng.random(count) < 0.04)
    minute = np.where(with_time, clock + np.floor(rng.random(count) * (1440 - clock)).astype(np.int64), NO_TIME)
    minute = written_by_hand("minute", minute)
    written = _written(cohort, subject, kind, day, end, serious, rng.random(count))
    written = written_by_hand("written", written)
    minute = np.where(written == FULL, minute, NO_TIME)

    chance = rng.random(count)
    outcome = np.where(serious & (chance < 0.03), WITH_SEQUELAE, RESOLVED)
    still = np.where(chance < 0.2, RECOVERING, NOT_RESOLVED)
    still = np.where((cohort.reason[subject] == LOST) & (chance < 0.6), UNKNOWN, still)
    outcome = np.where(is_fatal, FATAL, np.where(end == NO_DAY, np.where(died, NOT_RESOLVED, still), outcome))

    after_infusion = (infusion > NO_DAY) & (day >= infusion)
    second = cohort.second[subject]
    near = after_infusion & ((day <= infusion + 28) | ((second > NO_DAY) & (day >= second) & (day <= second + 28)))
    before_is = (infusion == NO_DAY) | (day < cohort.induction[subject])
    treated = serious | (grade >= 2) | (rng.random(count) < 0.3)
    return AdverseEvents(
        pts=pts, subject=subject, kind=kind, day=day, minute=minute, end=end, written=written, grade=grade,
        serious=serious, hospital=hospital, life=life, important=important, disabling=disabling, outcome=outcome,
        verbatim=np.floor(rng.random(count) * np.array([len(term(pt).llts) for pt in pts])[kind]).astype(np.int64),
        product=_causality(rng, of("product"), after_infusion),
        procedure=_causality(rng, of("procedure"), near),
        immuno=_causality(rng, of("immuno"), ~before_is),
        treated=treated, seq=number_within(subject),
    )  # fmt: skip


def _next_of_term(subject: Days, kind: Days, day: Days) -> Days:
    """The day of the next event of the same subject and term; far away where there is none."""
    order = np.lexsort((day, kind, subject))
    following = np.full(len(day), np.iinfo(np.int64).max // 2)
    same = (subject[order][1:] == subject[order][:-1]) & (kind[order][1:] == kind[order][:-1])
    following[order[:-1]] = np.where(same, day[order][1:], following[order[:-1]])
    return following


def _written(cohort: Cohort, subject: Days, kind: Days, day: Days, end: Days, serious: Mask, chance: Reals) -> Days:
    """How much of each start date is recorded: now and then the month, the year or nothing of an event that is not
    serious and the only one of its term in the subject.

    A date is cut short only where every day it can mean lies between consent and the end of data, and where the first
    of the references of spec A.6 would not read it differently from the second.
    """
    _, place, uses = np.unique(subject * 1000 + kind, return_inverse=True, return_counts=True)
    free = (uses[place] == 1) & ~serious & (kind < len(PROFILES))
    consent, last = cohort.consent[subject], cohort.end[subject]
    induction, infusion = cohort.induction[subject], cohort.infusion[subject]
    month, year = month_start(day), year_start(day)
    clear = (month_start(induction) == month_start(infusion)) | (month > month_start(infusion))
    by_month = free & (month >= consent) & (month_start(month + 31) - 1 <= last) & clear & (infusion > NO_DAY)
    by_year = free & (year >= consent) & (year + 364 < last) & (year > infusion) & (end != day)
    anything = free & (day > infusion) & (infusion > NO_DAY)
    return np.select(
        [by_month & (chance < 0.045), by_year & (chance > 0.98), anything & (chance > 0.045) & (chance < 0.048)],
        [MONTH, YEAR, MISSING],
        default=FULL,
    )


def _causality(rng: np.random.Generator, probability: Reals, possible: Mask) -> Days:
    draw, level = rng.random((2, len(probability)))
    related = profiles.POSSIBLE + np.minimum(np.floor(level * 3), 2)
    unrelated = np.where(level < 0.75, profiles.NOT_RELATED, profiles.UNLIKELY)
    judged = np.where(draw < probability, related, unrelated)
    return np.asarray(np.where(possible, judged, profiles.NOT_RELATED), dtype=np.int64)
