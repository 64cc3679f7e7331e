"""The truth that ISLET-1 is made from: hazards, rates, curves. Written beside the data as truth/parameters.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

STUDY_ID = "ISLET-1"
TITLE = "Stem-cell-derived islets (SCI-101) in type 1 diabetes with severe hypoglycaemia: a synthetic phase 1/2 trial"
PRODUCT = "SCI-101"
INDUCTION = "ANTI-THYMOCYTE GLOBULIN"
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Arm:
    """One treated arm. Hazards and rates are per year, constant in time unless said otherwise.

    `death_ae`: hazard of death by an adverse event; `death_other`: of death without one. `graft_loss`: hazard of losing
    the graft. `independent`: probability of coming off insulin. `cpeptide`: median plateau of stimulated C-peptide
    (ng/mL). `egfr_slope`: mean chronic slope (mL/min/1.73 m²/year). `second`: probability of a second infusion.
    """

    code: str
    name: str
    cells: int
    death_ae: float
    death_other: float
    graft_loss: float
    independent: float
    cpeptide: float
    egfr_slope: float
    second: float


ARMS = (
    Arm("FULL", "SC-islet full dose", 800, 0.006, 0.006, 0.05, 0.85, 2.4, -2.0, 0.10),
    Arm("HALF", "SC-islet half dose", 400, 0.006, 0.006, 0.10, 0.45, 1.4, -1.5, 0.50),
)


@dataclass(frozen=True)
class Parameters:
    """What the whole trial shares. Times are days; hazards per year.

    `enrolment_days`: first to last consent. `years`: how long each subject is followed, 5 to 15. `loss`, `withdrawal`:
    hazards of ceasing to be followed, independent of all else. `missed_visit`: probability that a planned visit from
    month 2 to the last but one is missed. `dsa`: hazard of de-novo donor-specific antibodies. `hypo_*`: level 3
    hypoglycaemia per year before infusion, with a working graft, after its loss; `hypo2_*`: level 2 likewise.
    `egfr_sd`: between-subject SD of the slope; `egfr_noise`: SD of one measurement.
    """

    first_consent: date = date(2019, 6, 3)
    enrolment_days: int = 540
    years: int = 5
    cut: date = date(2025, 6, 30)
    arms: tuple[Arm, ...] = ARMS
    loss: float = 0.025
    withdrawal: float = 0.02
    missed_visit: float = 0.04
    dsa: float = 0.03
    hypo_before: float = 2.0
    hypo_graft: float = 0.02
    hypo_lost: float = 0.40
    hypo2_before: float = 8.0
    hypo2_graft: float = 0.30
    hypo2_lost: float = 3.0
    egfr_intercept: float = 88.0
    egfr_intercept_sd: float = 9.0
    egfr_sd: float = 1.0
    egfr_noise: float = 3.0
    not_done: float = 0.004
    sites: int = 5
    fatal_events: tuple[str, ...] = ("CEREBRAL HAEMORRHAGE", "LUNG EMBOLISM")


DEFAULT_SIZES = {"FULL": 12, "HALF": 6}
"""Treated subjects in each arm of ISLET-1."""


@dataclass(frozen=True)
class Design:
    """One generation: seed, treated subjects by arm, and which part of a large study this is.

    `showcase`: script the cases of `simulation.showcase` into the first subjects. `first_number`: screening number of
    the first subject. `subject_digits`: digits of a screening number.
    """

    seed: int
    sizes: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_SIZES))
    showcase: bool = False
    part: int = 0
    first_number: int = 1
    subject_digits: int = 3
    parameters: Parameters = field(default_factory=Parameters)
