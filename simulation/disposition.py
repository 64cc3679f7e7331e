"""Who the subjects are and how their participation and lives ended: DM, DS, DD."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.days import NO_DAY, Days, iso_text, number_within, study_days
from simulation.layout import choose, shape
from simulation.streams import stream
from simulation.subjects import (
    COMPLETED,
    DIED,
    LOST,
    NO_ARM,
    NOT_TREATED,
    ONGOING,
    REGIONS,
    SCREEN_FAILED,
    WITHDREW,
    Cohort,
)

_DS = {
    "consent": ("INFORMED CONSENT OBTAINED", "INFORMED CONSENT OBTAINED", "PROTOCOL MILESTONE", "", 0),
    "randomised": ("RANDOMIZED", "RANDOMIZED", "PROTOCOL MILESTONE", "", 0),
    "treatment": ("INFUSIONS COMPLETED", "COMPLETED", "DISPOSITION EVENT", "STUDY TREATMENT", 1),
    "completed": ("COMPLETED {} YEARS", "COMPLETED", "DISPOSITION EVENT", "STUDY PARTICIPATION", 2),
    "died": ("DEATH", "DEATH", "DISPOSITION EVENT", "STUDY PARTICIPATION", 2),
    "lost": ("LOST TO FOLLOW-UP", "LOST TO FOLLOW-UP", "DISPOSITION EVENT", "STUDY PARTICIPATION", 2),
    "withdrew": ("SUBJECT WITHDREW CONSENT", "WITHDRAWAL BY SUBJECT", "DISPOSITION EVENT", "STUDY PARTICIPATION", 2),
    "failed": ("DID NOT MEET CRITERIA", "SCREEN FAILURE", "DISPOSITION EVENT", "STUDY PARTICIPATION", 0),
    "not treated": (
        "WITHDREW BEFORE TREATMENT",
        "WITHDRAWAL BY SUBJECT",
        "DISPOSITION EVENT",
        "STUDY PARTICIPATION",
        0,
    ),
    "death learned": ("DEATH LEARNED FROM REGISTRY", "DEATH", "OTHER EVENT", "", 2),
}


def ds_frame(cohort: Cohort) -> pl.DataFrame:
    """DS: milestones, end of treatment (the last infusion) and end of participation; a death learned of after loss."""
    reason = cohort.reason
    last_infusion = np.where(cohort.second > NO_DAY, cohort.second, cohort.infusion)
    ends = {
        "completed": COMPLETED,
        "died": DIED,
        "withdrew": WITHDREW,
        "failed": SCREEN_FAILED,
        "not treated": NOT_TREATED,
    }
    days = {
        "consent": cohort.consent,
        "randomised": cohort.randomised,
        "treatment": last_infusion,
        **{name: np.where(reason == code, cohort.end, NO_DAY) for name, code in ends.items()},
        "lost": np.where(reason == LOST, cohort.declared, NO_DAY),
        "death learned": cohort.late_death,
    }
    names = list(_DS)
    rows = [(np.flatnonzero(days[name] > NO_DAY), place) for place, name in enumerate(names)]
    subject = np.concatenate([found for found, _ in rows])
    kind = np.repeat(np.arange(len(names)), [len(found) for found, _ in rows])
    day = np.concatenate([days[names[place]][found] for found, place in rows])
    order = np.lexsort((kind, day, subject))
    subject, kind, day = subject[order], kind[order], day[order]
    entries = list(_DS.values())
    years = {5: "FIVE", 10: "TEN", 15: "FIFTEEN"}.get(cohort.design.parameters.years, cohort.design.parameters.years)
    return shape(
        "DS",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "DSSEQ": number_within(subject),
            "DSTERM": choose([entry[0].format(years) for entry in entries], kind),
            "DSDECOD": choose([entry[1] for entry in entries], kind),
            "DSCAT": choose([entry[2] for entry in entries], kind),
            "DSSCAT": choose([entry[3] for entry in entries], kind).replace("", None),
            "EPOCH": choose(["SCREENING", "TREATMENT", "FOLLOW-UP"], np.array([entry[4] for entry in entries])[kind]),
            "DSDTC": iso_text(day),
            "DSSTDTC": iso_text(day),
            "DSSTDY": study_days(day, cohort.reference[subject]),
        },
    )


_OTHER_CAUSES = ("PROGRESSION OF PRE-EXISTING NEUROCOGNITIVE IMPAIRMENT", "ROAD ACCIDENT", "UNKNOWN")


def dd_frame(cohort: Cohort, fatal_terms: dict[int, str]) -> pl.DataFrame:
    """DD: primary cause and place of each death. `fatal_terms`: the term of the fatal event by subject; any other death
    has a cause that is no adverse event. Collected some days later, at most on the day of the cut."""
    rng = stream(cohort.design.seed, "DD", cohort.design.part)
    dead = np.flatnonzero(cohort.died > NO_DAY)
    cause = rng.integers(0, len(_OTHER_CAUSES), len(dead))
    place = rng.integers(0, 2, len(dead))
    causes = [fatal_terms.get(int(subject), _OTHER_CAUSES[index]) for subject, index in zip(dead, cause, strict=True)]
    places = [("HOSPITAL", "HOME")[index] for index in place]
    subject = np.repeat(dead, 2)
    collected = np.minimum(cohort.died[dead] + rng.integers(1, 15, len(dead)), cohort.cut)[
        np.repeat(np.arange(len(dead)), 2)
    ]
    results = pl.Series([value for pair in zip(causes, places, strict=True) for value in pair], dtype=pl.String)
    is_place = np.tile([False, True], len(dead))
    return shape(
        "DD",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "DDSEQ": number_within(subject),
            "DDTESTCD": choose(["PRCDTH", "LOCDTH"], is_place),
            "DDTEST": choose(["Primary Cause of Death", "Location of Death"], is_place),
            "DDORRES": results,
            "DDSTRESC": results,
            "DDEVAL": "INVESTIGATOR",
            "DDDTC": iso_text(collected),
            "DDDY": study_days(collected, cohort.reference[subject]),
        },
    )


def dm_frame(cohort: Cohort, first: tuple[Days, Days], last: tuple[Days, Days]) -> pl.DataFrame:
    """DM: one row per screened subject. `first`, `last`: day and minute of the first and last treatment.

    Not treated: no arm, and ARMNRS says why; one who was assigned keeps the planned arm. RFPENDTC is missing while a
    subject is followed.
    """
    arms = cohort.design.parameters.arms
    codes, names = [arm.code for arm in arms], [arm.name for arm in arms]
    planned, actual = (np.where(arm == NO_ARM, -1, arm) for arm in (cohort.assigned, cohort.arm))
    no_arm = np.where(cohort.is_treated, -1, np.where(planned >= 0, 1, 0))
    reference = cohort.reference
    return shape(
        "DM",
        cohort.count,
        {
            "USUBJID": cohort.usubjid(),
            "SUBJID": cohort.subject_id(),
            "RFSTDTC": iso_text(reference),
            "RFENDTC": iso_text(last[0]),
            "RFXSTDTC": iso_text(*first),
            "RFXENDTC": iso_text(*last),
            "RFICDTC": iso_text(cohort.consent),
            "RFPENDTC": iso_text(np.where(cohort.reason == ONGOING, NO_DAY, cohort.end)),
            "DTHDTC": iso_text(cohort.died),
            "DTHFL": choose(["Y"], np.where(cohort.died > NO_DAY, 0, -1)),
            "SITEID": cohort.site_id(),
            "BRTHDTC": iso_text(cohort.birth),
            "AGE": cohort.age,
            "AGEU": "YEARS",
            "SEX": choose(["M", "F"], cohort.female),
            "RACE": choose(["WHITE", "BLACK OR AFRICAN AMERICAN", "ASIAN", "MULTIPLE"], cohort.race),
            "ETHNIC": choose(["NOT HISPANIC OR LATINO", "HISPANIC OR LATINO"], cohort.hispanic),
            "ARMCD": choose(codes, planned),
            "ARM": choose(names, planned),
            "ACTARMCD": choose(codes, actual),
            "ACTARM": choose(names, actual),
            "ARMNRS": choose(["SCREEN FAILURE", "ASSIGNED, NOT TREATED"], no_arm),
            "COUNTRY": choose([country for country, _ in REGIONS], (cohort.site - 101) % len(REGIONS)),
            "DMDTC": iso_text(cohort.consent),
            "DMDY": study_days(cohort.consent, reference),
        },
    )
