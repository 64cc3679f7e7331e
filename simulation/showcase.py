"""Cases that ISLET-1 must have whatever the seed: the traps of spec J, one subject for each.

Only the bundled size has them. A scaled-up study has none, so that its rates are those of the parameters. Positions
count the treated subjects of an arm in the order of USUBJID.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from simulation.days import FAR, FULL, MISSING, MONTH, NO_TIME, YEAR, Days
from simulation.schedule import FOLLOW_UP
from simulation.subjects import Cohort


@dataclass(frozen=True)
class ScriptedEvent:
    """One adverse event set by hand: `day` after the first infusion, `minute` of the day or NO_TIME, `length` in days,
    `written`: how much of the start date is recorded."""

    subject: int
    pt: str
    day: int
    minute: int = NO_TIME
    length: int = 2
    grade: int = 1
    serious: bool = False
    written: int = FULL


@dataclass(frozen=True)
class Showcase:
    """What is scripted: events, subjects who have no adverse event, subjects whose first dose was of two lots."""

    events: tuple[ScriptedEvent, ...] = ()
    without_events: tuple[int, ...] = ()
    two_lots: tuple[int, ...] = ()


def script(cohort: Cohort) -> Showcase:
    """Sets the course of some subjects of a cohort that is not observed yet; returns what else is scripted.

    Expects at least 9 treated subjects in FULL and 4 in HALF.
    """
    full, half = (np.flatnonzero(cohort.arm == arm) for arm in (0, 1))
    for subject in (*full[:9], *half[:4]):
        for course in (cohort.death, cohort.loss, cohort.withdrawal, cohort.declared):
            course[subject] = FAR
        cohort.death_cause[subject] = 0
    start = cohort.infusion
    _die(cohort, full[1], start[full[1]] + 760, cause=1)
    _die(cohort, half[1], start[half[1]] + 1250, cause=2)
    _lose(cohort, full[2], start[full[2]] + 520)
    cohort.late_death[full[2]] = cohort.declared[full[2]] + 210
    cohort.death[full[2]], cohort.death_cause[full[2]] = cohort.late_death[full[2]], 2
    _lose(cohort, half[3], start[half[3]] + 950)
    cohort.withdrawal[full[4]] = start[full[4]] + 1300
    _graft(cohort, full[0], loses=FAR)
    _graft(cohort, full[6], loses=start[full[6]] + 900)
    for name in ("MONTH 9", "MONTH 42"):
        column = next(place for place, visit in enumerate(FOLLOW_UP) if visit.name == name)
        cohort.planned.missed[np.searchsorted(cohort.treated, full[5]), column] = True
    cohort.second[half[0]] = start[half[0]] + 430
    cohort.second_minute[half[0]] = 11 * 60
    cohort.birth[full[8]] = day_of_leap_birth(cohort.consent[full[8]])
    cohort.age[full[8]] = _age(cohort.birth[full[8]], cohort.consent[full[8]])
    return Showcase(_events(cohort, full), (int(full[7]),), (int(full[3]),))


def _events(cohort: Cohort, full: Days) -> tuple[ScriptedEvent, ...]:
    zero, three, four, five, six, eight = (int(full[i]) for i in (0, 3, 4, 5, 6, 8))
    minute = int(cohort.infusion_minute[zero])
    into_year = 500
    return (
        # On the infusion day: before the infusion by the clock, after it, and without a time.
        ScriptedEvent(zero, "HEADACHE", 0, minute - 95, 1),
        ScriptedEvent(zero, "PROCEDURE PAIN", 0, minute + 150, 3),
        ScriptedEvent(zero, "NAUSEA", 0, NO_TIME, 2),
        # Between induction and infusion: emergent by one reference, not by the other.
        ScriptedEvent(six, "CHILLS WITH FEVER", -1, NO_TIME, 0, 2),
        # Before any treatment.
        ScriptedEvent(three, "COLD", -20, NO_TIME, 6),
        ScriptedEvent(eight, "BACK PAIN", -15, NO_TIME, 5),
        # Partial starts: the month of infusion, a later year, nothing.
        ScriptedEvent(zero, "FATIGUE", 0, NO_TIME, 40, written=MONTH),
        ScriptedEvent(four, "NEUROPATHY", into_year, NO_TIME, 500, written=YEAR),
        ScriptedEvent(five, "RASH", 200, NO_TIME, 9, written=MISSING),
        # Neutropenia, the most common serious event; and severe but not serious.
        ScriptedEvent(three, "NEUTROPENIA", 75, NO_TIME, 11, 4, True),
        ScriptedEvent(five, "NEUTROPENIA", 120, NO_TIME, 14, 3, True),
        ScriptedEvent(eight, "NEUTROPENIA", 60, NO_TIME, 9, 4, True),
        ScriptedEvent(four, "LYMPHOPENIA", 21, NO_TIME, 25, 3),
        # The same term twice in one subject.
        ScriptedEvent(three, "MOUTH ULCER", 45, NO_TIME, 8),
        ScriptedEvent(three, "MOUTH ULCER", 160, NO_TIME, 12, 2),
    )


def day_of_leap_birth(consent: int) -> int:
    """A 29 February 30 to 33 years before consent."""
    year = int(np.datetime64(int(consent), "D").astype("datetime64[Y]").astype(int)) + 1970
    leap = next(candidate for candidate in range(year - 30, year - 34, -1) if candidate % 4 == 0)
    return int(np.datetime64(f"{leap}-02-29").astype(int))


def _age(birth: int, day: int) -> int:
    born, then = (date(1970, 1, 1) + timedelta(days=int(value)) for value in (birth, day))
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def _die(cohort: Cohort, subject: int, day: int, cause: int) -> None:
    cohort.death[subject], cohort.death_cause[subject] = day, cause


def _lose(cohort: Cohort, subject: int, day: int) -> None:
    cohort.loss[subject] = day
    cohort.attempts[subject] = day + np.array([38, 75, 112])
    cohort.declared[subject] = day + 130


def _graft(cohort: Cohort, subject: int, loses: int) -> None:
    start = cohort.infusion[subject]
    cohort.graft_loss[subject] = loses
    cohort.free_from[subject] = start + 82
    cohort.free_to[subject] = loses if loses == FAR else loses - 24
