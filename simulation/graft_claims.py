"""What sites state beside what they record: questionnaires, insulin-free times, Igls categories (FU07, GF01,
GF02). None of it is SDTM."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.days import NO_DAY, iso_text
from simulation.followup import VISITS, Visits
from simulation.layout import choose, shape
from simulation.streams import stream
from simulation.subjects import Cohort

_QUESTIONS = ("MALIG", "NEURO", "AUTOIM", "HAEM", "HOSP")
_CATEGORIES = ("OPTIMAL", "GOOD", "FAILURE")


def ltfu_frame(cohort: Cohort, visits: Visits) -> pl.DataFrame:
    """LTFU: the questionnaire of each visit held from month 12 on, every question answered."""
    rng = stream(cohort.design.seed, "LTFU", cohort.design.part)
    months = np.array([visit.months for visit in VISITS])[visits.visit]
    asked = np.flatnonzero(visits.held & (months >= 12))
    subject = visits.subject[asked]
    answers = {name: choose(["N", "Y"], rng.random(len(asked)) < 0.05) for name in _QUESTIONS}
    return shape(
        "LTFU",
        len(asked),
        {
            "USUBJID": cohort.usubjid(subject),
            "VISITNUM": np.array([visit.number for visit in VISITS])[visits.visit[asked]],
            "VISIT": choose([visit.name for visit in VISITS], visits.visit[asked]),
            "DTC": iso_text(visits.day[asked]),
            **answers,
            "PREG": choose(["NA", "N"], cohort.female[subject]),
        },
    )


def insfree_frame(cohort: Cohort) -> pl.DataFrame:
    """INSFREE: the time each subject was free of insulin, as the site states it; it goes on where it has no end."""
    who = np.flatnonzero((cohort.free_from > NO_DAY) & (cohort.free_from <= cohort.end))
    end = np.where(cohort.free_to[who] < cohort.end[who], cohort.free_to[who], NO_DAY)
    return shape(
        "INSFREE",
        len(who),
        {"USUBJID": cohort.usubjid(who), "STDTC": iso_text(cohort.free_from[who]), "ENDTC": iso_text(end)},
    )


def igls_frame(cohort: Cohort, visits: Visits) -> pl.DataFrame:
    """IGLS: the category that the site states at each visit with a meal test from month 12 on."""
    months = np.array([visit.months if visit.meal else 0 for visit in VISITS])[visits.visit]
    rated = np.flatnonzero(visits.held & (months >= 12))
    subject, day = visits.subject[rated], visits.day[rated]
    free = (cohort.free_from[subject] > NO_DAY) & (day >= cohort.free_from[subject]) & (day <= cohort.free_to[subject])
    category = np.where(free, 0, np.where(day < cohort.graft_loss[subject], 1, 2))
    return shape(
        "IGLS",
        len(rated),
        {"USUBJID": cohort.usubjid(subject), "DTC": iso_text(day), "CATEGORY": choose(_CATEGORIES, category)},
    )
