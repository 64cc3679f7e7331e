"""How often each adverse event comes, and what it is like: the truth behind AE.

All processes are Poisson with constant intensity in each window, so that expected incidences have a closed form.
Windows: `screening` (consent to induction), `induction` (the two days before infusion), `infusion` (28 days from each
infusion), `first_year` (days 0 to 365 after the first infusion), `later`. The first three are on top of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from simulation.days import Reals

NOT_RELATED, UNLIKELY, POSSIBLE, PROBABLE, RELATED = range(5)
RELATEDNESS = ("NOT RELATED", "UNLIKELY RELATED", "POSSIBLY RELATED", "PROBABLY RELATED", "RELATED")
"""AEREL and the causality qualifiers of SUPPAE, by rank; from POSSIBLY RELATED on an event counts as related."""

WINDOWS = ("screening", "induction", "infusion", "first_year", "later")


@dataclass(frozen=True)
class Profile:
    """One preferred term. `screening`, `first_year`, `later`: events per year; `induction`, `infusion`: expected events
    in one such window. `half`: factor of all but screening in the half-dose arm. `grades`: weights of CTCAE grades 1 to
    4. `serious`: probability of being serious. `days`: median duration. `product`, `procedure`, `immuno`: probability
    of being judged related to it. `interest`: the AESI it counts under."""

    pt: str
    screening: float = 0.0
    induction: float = 0.0
    infusion: float = 0.0
    first_year: float = 0.0
    later: float = 0.0
    half: float = 1.0
    grades: tuple[float, float, float, float] = (0.55, 0.35, 0.10, 0.0)
    serious: float = 0.01
    days: float = 7
    product: float = 0.05
    procedure: float = 0.0
    immuno: float = 0.2
    interest: str = ""


_SEVERE = (0.05, 0.30, 0.55, 0.10)
_MILD = (0.8, 0.2, 0.0, 0.0)

PROFILES = (
    Profile("NEUTROPENIA", 0, 0, 0, 0.45, 0.08, 1, (0.1, 0.25, 0.45, 0.2), 0.4, 12, 0.02, 0, 0.95, "NEUTROPENIA"),
    Profile("LYMPHOPENIA", 0, 0, 0.15, 0.10, 0.02, 1, (0.2, 0.4, 0.4, 0), 0.0, 20, 0.0, 0, 0.95),
    Profile("ANAEMIA", 0.02, 0, 0.10, 0.25, 0.08, 1, (0.5, 0.4, 0.1, 0), 0.03, 40, 0.02, 0.2, 0.6),
    Profile("THROMBOCYTOPENIA", 0, 0, 0.08, 0.05, 0.02, 1, (0.5, 0.4, 0.1, 0), 0.02, 14, 0.0, 0.1, 0.6),
    Profile("COLD", 0.6, 0, 0, 0.5, 0.4, 1, _MILD, 0.0, 7, 0.0, 0, 0.1, "INFECTION"),
    Profile("URINARY INFECTION", 0.15, 0, 0, 0.25, 0.18, 1, (0.3, 0.6, 0.1, 0), 0.05, 8, 0.0, 0, 0.5, "INFECTION"),
    Profile("PNEUMONIA", 0.01, 0, 0, 0.04, 0.03, 1, _SEVERE, 0.6, 12, 0.0, 0, 0.7, "INFECTION"),
    Profile("SHINGLES", 0, 0, 0, 0.03, 0.03, 1, (0.3, 0.6, 0.1, 0), 0.05, 14, 0.0, 0, 0.8, "INFECTION"),
    Profile("INFLUENZA", 0.02, 0, 0, 0.12, 0.15, 1, (0.5, 0.4, 0.1, 0), 0.08, 9, 0.0, 0, 0.3, "INFECTION"),
    Profile(
        "CYTOMEGALOVIRUS INFECTION", 0, 0, 0, 0.10, 0.02, 1, (0.3, 0.5, 0.2, 0), 0.2, 21, 0.0, 0, 0.95, "INFECTION"
    ),
    Profile("BK VIRUS INFECTION", 0, 0, 0, 0.04, 0.02, 1, (0.5, 0.4, 0.1, 0), 0.05, 45, 0.0, 0, 0.95, "INFECTION"),
    Profile("ORAL THRUSH", 0, 0, 0, 0.06, 0.02, 1, _MILD, 0.0, 10, 0.0, 0, 0.9, "INFECTION"),
    Profile("NAUSEA", 0.1, 0.05, 0.35, 0.25, 0.06, 1, _MILD, 0.0, 3, 0.15, 0.3, 0.4),
    Profile("VOMITING", 0.05, 0.03, 0.12, 0.10, 0.03, 1, (0.6, 0.35, 0.05, 0), 0.02, 2, 0.1, 0.3, 0.4),
    Profile("DIARRHOEA", 0.1, 0, 0.08, 0.45, 0.15, 1, (0.6, 0.35, 0.05, 0), 0.02, 6, 0.02, 0, 0.7),
    Profile("ABDOMINAL PAIN", 0.1, 0, 0.40, 0.15, 0.06, 0.7, (0.5, 0.45, 0.05, 0), 0.03, 4, 0.2, 0.8, 0.1),
    Profile("CONSTIPATION", 0.05, 0, 0.08, 0.06, 0.04, 1, _MILD, 0.0, 6, 0.0, 0.1, 0.05),
    Profile(
        "PORTAL VEIN THROMBOSIS", 0, 0, 0.04, 0, 0, 0.6, (0.1, 0.5, 0.4, 0), 0.5, 60, 0.6, 0.9, 0.0, "PORTAL VEIN EVENT"
    ),
    Profile("LIVER INJURY", 0, 0, 0.02, 0.01, 0.005, 0.7, (0.3, 0.5, 0.2, 0), 0.15, 20, 0.4, 0.4, 0.3),
    Profile(
        "KIDNEY FUNCTION REDUCED", 0, 0, 0, 0.12, 0.10, 1, (0.5, 0.45, 0.05, 0), 0.04, 90, 0.0, 0, 0.95, "KIDNEY"
    ),
    Profile("PROTEIN IN URINE", 0.03, 0, 0, 0.05, 0.05, 1, _MILD, 0.0, 120, 0.0, 0, 0.5, "KIDNEY"),
    Profile("HEADACHE", 0.5, 0.05, 0.20, 0.35, 0.15, 1, _MILD, 0.0, 2, 0.05, 0.1, 0.3),
    Profile("TREMOR", 0, 0, 0.10, 0.30, 0.06, 1, _MILD, 0.0, 45, 0.0, 0, 0.95),
    Profile("DIZZINESS", 0.1, 0, 0.10, 0.12, 0.06, 1, _MILD, 0.0, 3, 0.05, 0.1, 0.3),
    Profile("NEUROPATHY", 0.03, 0, 0, 0.03, 0.04, 1, (0.5, 0.5, 0, 0), 0.0, 400, 0.0, 0, 0.1),
    Profile("SLEEPLESSNESS", 0.05, 0, 0.08, 0.12, 0.05, 1, _MILD, 0.0, 20, 0.0, 0, 0.4),
    Profile("HYPERGLYCAEMIA", 0.1, 0, 0.05, 0.06, 0.06, 1.6, (0.4, 0.5, 0.1, 0), 0.04, 3, 0.05, 0, 0.3),
    Profile("HIGH BLOOD LIPIDS", 0.02, 0, 0, 0.15, 0.06, 1, _MILD, 0.0, 300, 0.0, 0, 0.8),
    Profile("LOW MAGNESIUM", 0, 0, 0.05, 0.25, 0.06, 1, _MILD, 0.0, 30, 0.0, 0, 0.95),
    Profile("MOUTH ULCER", 0.03, 0, 0.02, 0.45, 0.15, 1, (0.55, 0.4, 0.05, 0), 0.0, 10, 0.0, 0, 0.95),
    Profile("ACNE", 0.02, 0, 0, 0.15, 0.05, 1, _MILD, 0.0, 60, 0.0, 0, 0.7),
    Profile("RASH", 0.05, 0.04, 0.05, 0.10, 0.05, 1, _MILD, 0.0, 8, 0.05, 0, 0.5),
    Profile("HAIR LOSS", 0, 0, 0, 0.08, 0.02, 1, _MILD, 0.0, 90, 0.0, 0, 0.8),
    Profile("FATIGUE", 0.15, 0, 0.15, 0.25, 0.12, 1, _MILD, 0.0, 14, 0.1, 0.1, 0.4),
    Profile("FEVER", 0.1, 0.10, 0.15, 0.12, 0.06, 1, (0.6, 0.35, 0.05, 0), 0.06, 2, 0.15, 0.2, 0.5),
    Profile("SWELLING", 0.02, 0, 0.03, 0.12, 0.06, 1, _MILD, 0.0, 30, 0.0, 0, 0.7),
    Profile("CHILLS WITH FEVER", 0, 0.20, 0.02, 0, 0, 1, (0.3, 0.6, 0.1, 0), 0.03, 1, 0.1, 0, 0.95),
    Profile("COUGH", 0.15, 0, 0, 0.15, 0.12, 1, _MILD, 0.0, 9, 0.0, 0, 0.2),
    Profile("HIGH BLOOD PRESSURE", 0.05, 0, 0.05, 0.15, 0.08, 1, (0.3, 0.6, 0.1, 0), 0.01, 200, 0.0, 0, 0.7),
    Profile("CHEST PAIN", 0.01, 0, 0.01, 0.02, 0.02, 1, (0.3, 0.5, 0.2, 0), 0.3, 2, 0.0, 0.1, 0.1),
    Profile("SKIN CANCER", 0, 0, 0, 0.005, 0.015, 1, (0, 0.8, 0.2, 0), 0.5, 30, 0.0, 0, 0.8, "MALIGNANCY"),
    Profile("LYMPHOID GROWTH", 0, 0, 0, 0.002, 0.004, 1, (0, 0.1, 0.6, 0.3), 1.0, 120, 0.0, 0, 0.95, "MALIGNANCY"),
    Profile("OVARIAN CYST", 0, 0, 0, 0.03, 0.02, 1, _MILD, 0.0, 60, 0.0, 0, 0.6),
    Profile("JOINT PAIN", 0.2, 0, 0, 0.15, 0.12, 1, _MILD, 0.0, 20, 0.0, 0, 0.1),
    Profile("BACK PAIN", 0.2, 0, 0.05, 0.12, 0.12, 1, _MILD, 0.0, 12, 0.0, 0.1, 0.02),
    Profile(
        "PROCEDURE BLEEDING", 0, 0, 0.10, 0, 0, 1, (0.3, 0.45, 0.25, 0), 0.4, 6, 0.05, 0.98, 0.05, "PROCEDURE BLEEDING"
    ),
    Profile("PROCEDURE PAIN", 0, 0, 0.45, 0, 0, 1, _MILD, 0.0, 3, 0.1, 0.98, 0.0),
    Profile("ALT RAISED", 0.02, 0, 0.25, 0.05, 0.02, 0.6, (0.5, 0.35, 0.15, 0), 0.03, 14, 0.8, 0.3, 0.2),
)  # fmt: skip
"""Every term that comes as a Poisson process. Fatal events and severe hypoglycaemia have processes of their own."""

FATAL = Profile("", grades=(0, 0, 0, 0), serious=1.0, days=9, product=0.05, immuno=0.4)
HYPO = Profile("SEVERE HYPOGLYCAEMIA", grades=(0, 0.2, 0.7, 0.1), serious=0.3, days=0, immuno=0.02)
"""Level 3 hypoglycaemia: each event of CE is also an adverse event (spec D.4)."""


@cache
def profile_of(pt: str) -> Profile:
    """How a term behaves when it comes by a process or a script of its own."""
    for profile in (*PROFILES, HYPO):
        if profile.pt == pt:
            return profile
    return FATAL


@cache
def intensities(window: str) -> Reals:
    """Expected events by arm (rows: FULL, HALF, no arm) and term: per year, or per window for induction, infusion."""
    base = np.array([getattr(profile, window) for profile in PROFILES])
    half = base if window == "screening" else base * np.array([profile.half for profile in PROFILES])
    return np.vstack([base, half, base])
