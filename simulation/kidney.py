"""Kidney function: each subject's true eGFR over time, and the creatinine that shows it (CKD-EPI 2021, spec C.4)."""

from __future__ import annotations

import numpy as np

from simulation.days import Days, Reals
from simulation.parameters import DAYS_PER_YEAR
from simulation.subjects import Cohort

CHRONIC_FROM = 90
"""Day after infusion from which the slope is constant; before it function falls by ACUTE_DROP."""
ACUTE_DROP = 6.0


def egfr_at(cohort: Cohort, subject: Days, since: Reals) -> Reals:
    """True eGFR (mL/min/1.73 m²), `since` days after infusion: falls by ACUTE_DROP over 90 days, then on a line."""
    chronic = cohort.egfr_slope[subject] * np.maximum(since - CHRONIC_FROM, 0) / DAYS_PER_YEAR
    acute = ACUTE_DROP * (1 - np.clip(since / CHRONIC_FROM, 0, 1))
    return np.asarray(cohort.egfr_intercept[subject] + acute + chronic)


def creatinine_of(cohort: Cohort, subject: Days, day: Days, egfr: Reals) -> Reals:
    """The serum creatinine (mg/dL) at which CKD-EPI 2021 gives this eGFR, at the age in completed years on that day."""
    age = np.floor((day - cohort.birth[subject]) / DAYS_PER_YEAR)
    female = cohort.female[subject]
    kappa, alpha = np.where(female, 0.7, 0.9), np.where(female, -0.241, -0.302)
    at_kappa = 142 * 0.9938**age * np.where(female, 1.012, 1.0)
    ratio = egfr / at_kappa
    return np.asarray(kappa * np.where(ratio > 1, ratio ** (1 / alpha), ratio ** (1 / -1.2)))
