"""The people of ISLET-1 and the course of each: who they are, when treated, and what was going to happen to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from simulation.days import FAR, NO_DAY, NO_TIME, Days, Mask, Reals, day_of
from simulation.layout import choose
from simulation.parameters import DAYS_PER_YEAR, STUDY_ID, Design
from simulation.schedule import PlannedDays, plan_visits
from simulation.streams import stream

NO_ARM = 2
"""Arm of subjects who were not treated (0 FULL, 1 HALF)."""

ONGOING, COMPLETED, DIED, LOST, WITHDREW, SCREEN_FAILED, NOT_TREATED = range(7)
"""How a subject's participation ended by the cut."""

REGIONS = (("USA", 0), ("USA", 0), ("CAN", 1), ("GBR", 1), ("DEU", 2))
"""Country and kind of laboratory (`labs.US`, `labs.SI`, `labs.SI_PMOL`) of the sites, in turn."""


@dataclass
class Cohort:
    """Arrays over the screened subjects, in the order of USUBJID. Missing days are NO_DAY, what never happens is FAR.

    Latent, that is, whether or not it was observed: `death` (with `death_cause`: 0 none, 1 an adverse event, 2 other),
    `loss` (last successful contact), `withdrawal`, `graft_loss`, `free_from` and `free_to` (first and last day without
    insulin; NO_DAY where never), `dsa`, `egfr_intercept` (at day 90), `egfr_slope` (per year), `cpeptide` (plateau).
    Observed: `end` (last day of data), `reason`, `declared` (day of being declared lost), `late_death` (death learned
    of after loss). `planned` holds the visits of treated subjects, by their place in `treated`.
    """

    design: Design
    arm: Days
    number: Days
    assigned: Days
    site: Days
    female: Mask
    race: Days
    hispanic: Mask
    birth: Days
    age: Days
    consent: Days
    randomised: Days
    baseline: Days
    infusion: Days
    infusion_minute: Days
    induction: Days
    second: Days
    second_minute: Days
    treated: Days
    planned: PlannedDays
    death: Days
    death_cause: Days
    fatal_event: Days
    loss: Days
    attempts: Days
    declared: Days
    withdrawal: Days
    late_death: Days
    end: Days
    reason: Days
    graft_loss: Days
    free_from: Days
    free_to: Days
    dsa: Days
    egfr_intercept: Reals
    egfr_slope: Reals
    cpeptide: Reals
    weight: Reals
    insulin: Reals
    sirolimus: Mask
    diagnosis_year: Days

    @property
    def count(self) -> int:
        """Screened subjects."""
        return len(self.arm)

    @property
    def cut(self) -> int:
        """The data cut as a day."""
        return day_of(self.design.parameters.cut)

    @property
    def is_treated(self) -> Mask:
        """Whether cells were infused."""
        return np.asarray(self.arm != NO_ARM)

    @property
    def reference(self) -> Days:
        """RFSTDTC: the day of the first infusion; NO_DAY where not treated."""
        return self.infusion

    @property
    def died(self) -> Days:
        """Day of a death that the data knows of, learned of late or not; NO_DAY otherwise."""
        return np.asarray(np.where(self.reason == DIED, self.end, self.late_death))

    def site_id(self) -> pl.Series:
        """SITEID."""
        return pl.Series(self.site).cast(pl.String)

    def subject_id(self) -> pl.Series:
        """SUBJID: site and screening number."""
        number = pl.Series(self.number).cast(pl.String)
        return self.site_id() + "-" + number.str.zfill(self.design.subject_digits)

    def usubjid(self, rows: Days | None = None) -> pl.Series:
        """USUBJID of all subjects, or of the subjects of rows."""
        ids = f"{STUDY_ID}-" + self.subject_id()
        return ids if rows is None else ids.gather(rows)

    def epochs(self, subject: Days, day: Days) -> pl.Series:
        """EPOCH of days of subjects: SCREENING to the day before induction, TREATMENT to day 28, then FOLLOW-UP.

        A missing day has none; a subject who was not treated stays in SCREENING.
        """
        induction, infusion = self.induction[subject], self.infusion[subject]
        untreated = infusion == NO_DAY
        phase = np.where(untreated | (day < induction), 0, np.where(day <= infusion + 28, 1, 2))
        return choose(["SCREENING", "TREATMENT", "FOLLOW-UP"], np.where(day == NO_DAY, -1, phase))


def exponential_days(rng: np.random.Generator, hazards: npt.NDArray[np.float64] | float, count: int) -> Days:
    """Whole days, at least 1, until an event of a constant yearly hazard."""
    waiting = rng.exponential(1.0, count) * DAYS_PER_YEAR / np.maximum(hazards, 1e-12)
    return np.asarray(np.minimum(np.floor(waiting), FAR / 2).astype(np.int64) + 1)


def make_cohort(design: Design) -> Cohort:
    """The cohort of a design, before scripted cases and before observation ends (`observe`)."""
    p = design.parameters
    sizes = [design.sizes[arm.code] for arm in p.arms]
    treated_count = sum(sizes)
    failed, untreated = max(1, round(treated_count / 6)), max(1, round(treated_count / 18))

    def draws(name: str) -> np.random.Generator:
        return stream(design.seed, f"subjects/{name}", design.part)

    kinds = np.repeat([0, 1, 2, 3], [*sizes, failed, untreated])
    kinds = draws("allocation").permutation(kinds)
    count = len(kinds)
    arm = np.minimum(kinds, NO_ARM)
    is_treated = arm != NO_ARM
    treated = np.flatnonzero(is_treated)

    rng = draws("dates")
    consent = rng.integers(0, p.enrolment_days, count)
    consent[np.argmin(consent)] = 0
    consent += day_of(p.first_consent)
    site = 101 + draws("sites").integers(0, p.sites, count)
    # In the order of USUBJID: by site, then as screened; numbers are given in the order of screening.
    order = np.lexsort((consent, site))
    consent, site = consent[order], site[order]
    number = np.empty(count, dtype=np.int64)
    number[np.lexsort((site, consent))] = np.arange(count) + design.first_number
    infusion = np.where(is_treated, consent + rng.integers(35, 71, count), NO_DAY)
    randomised = np.where(is_treated, infusion - rng.integers(7, 15, count), NO_DAY)
    randomised = np.where(kinds == 3, consent + rng.integers(20, 31, count), randomised)
    baseline = np.where(is_treated, infusion - rng.integers(3, 6, count), NO_DAY)
    minute = np.where(is_treated, rng.integers(9 * 12, 14 * 12, count) * 5, NO_TIME)
    declined = np.where(kinds == 3, randomised + rng.integers(3, 8, count), consent + rng.integers(5, 26, count))

    rng = draws("people")
    age = rng.integers(21, 61, count)
    birth = consent - np.floor((age + rng.random(count) * 0.98 + 0.01) * DAYS_PER_YEAR).astype(np.int64)

    rng = draws("course")
    hazards = {
        name: _by_arm(p.arms, name, arm) for name in ("death_ae", "death_other", "graft_loss", "egfr_slope", "cpeptide")
    }
    death = exponential_days(draws("death"), hazards["death_ae"] + hazards["death_other"], count)
    by_event = rng.random(count) * (hazards["death_ae"] + hazards["death_other"]) < hazards["death_ae"]
    loss = 30 + exponential_days(draws("loss"), p.loss, count)
    gaps = draws("attempts").integers(30, 46, (count, 4))
    attempts = loss[:, None] + np.cumsum(gaps[:, :3], axis=1)
    graft_loss = exponential_days(draws("graft"), hazards["graft_loss"], count)
    rng = draws("insulin")
    comes_off = rng.random(count) < _by_arm(p.arms, "independent", arm)
    free_from = rng.integers(60, 151, count)
    free_to = graft_loss - 1 - rng.integers(0, 61, count)
    comes_off &= is_treated & (free_to >= free_from + 30)
    rng = draws("second")
    gap = rng.choice(np.r_[300:326, 400:500, 590:690], count)
    second = (rng.random(count) < _by_arm(p.arms, "second", arm)) & is_treated
    second_minute = rng.integers(9 * 12, 14 * 12, count) * 5
    rng = draws("physiology")
    weight = np.clip(rng.normal(72, 11, count), 45, 115)

    def after(days: Days) -> Days:
        return np.asarray(np.where(is_treated, infusion + days, FAR))

    return Cohort(
        design=design, arm=arm, number=number, site=site, age=age, birth=birth, consent=consent, baseline=baseline,
        treated=treated, assigned=np.where(kinds == 3, 1, arm),
        female=draws("sex").random(count) < 0.55,
        race=draws("race").choice(4, count, p=[0.8, 0.08, 0.08, 0.04]),
        hispanic=draws("ethnic").random(count) < 0.1,
        randomised=randomised, infusion=infusion, infusion_minute=minute,
        induction=np.where(is_treated, infusion - 2, NO_DAY),
        second=np.where(second, infusion + gap, NO_DAY),
        second_minute=np.where(second, second_minute, NO_TIME),
        planned=plan_visits(infusion[treated], p.missed_visit, draws("visits"), p.years),
        death=after(death), death_cause=np.where(is_treated, np.where(by_event, 1, 2), 0),
        fatal_event=draws("fatal").integers(0, len(p.fatal_events), count),
        loss=after(loss), attempts=after_each(infusion, attempts, is_treated),
        declared=after(attempts[:, 2] + gaps[:, 3] // 2),
        withdrawal=after(30 + exponential_days(draws("withdrawal"), p.withdrawal, count)),
        late_death=np.full(count, NO_DAY), end=declined, reason=np.where(kinds == 3, NOT_TREATED, SCREEN_FAILED),
        graft_loss=after(graft_loss),
        free_from=np.where(comes_off, infusion + free_from, NO_DAY),
        free_to=np.where(comes_off, np.where(graft_loss < FAR // 4, infusion + free_to, FAR), NO_DAY),
        dsa=after(exponential_days(draws("dsa"), p.dsa, count)),
        egfr_intercept=np.clip(rng.normal(p.egfr_intercept, p.egfr_intercept_sd, count), 60, 115),
        egfr_slope=hazards["egfr_slope"] + rng.normal(0, p.egfr_sd, count),
        cpeptide=np.clip(hazards["cpeptide"] * np.exp(rng.normal(0, 0.35, count)), 0.9, 6.0),
        weight=weight, insulin=np.round(weight * rng.uniform(0.4, 0.65, count)),
        sirolimus=rng.random(count) < 0.5,
        diagnosis_year=1970 + (birth // 365) + rng.integers(5, 16, count),
    )  # fmt: skip


def after_each(infusion: Days, days: Days, is_treated: Mask) -> Days:
    """Days after infusion, several for each subject; FAR where not treated."""
    return np.asarray(np.where(is_treated[:, None], infusion[:, None] + days, FAR))


def _by_arm(arms: tuple[object, ...], name: str, arm: Days) -> Reals:
    values = np.array([*(float(getattr(a, name)) for a in arms), 0.0])
    return np.asarray(values[arm])


def observe(cohort: Cohort) -> None:
    """Ends the observation of each treated subject at the first of death, loss, withdrawal, the last visit and the cut.

    A loss counts only where the subject was declared lost by the cut; until then the site goes on calling and reaches
    them. All but death are independent of health, so person-time to `end` gives unbiased rates.
    """
    treated = cohort.treated
    last = cohort.planned.held[:, -1]
    lost = np.where(cohort.declared <= cohort.cut, cohort.loss, FAR)
    times = np.vstack(
        [
            cohort.death[treated],
            lost[treated],
            cohort.withdrawal[treated],
            last,
            np.full(len(treated), cohort.cut),
        ]
    )
    first = np.argmin(times, axis=0)
    cohort.end[treated] = times[first, np.arange(len(treated))]
    cohort.reason[treated] = np.array([DIED, LOST, WITHDREW, COMPLETED, ONGOING])[first]
    cohort.late_death = np.where(cohort.reason == LOST, cohort.late_death, NO_DAY)
    short = cohort.second + 30 > cohort.end
    cohort.second = np.where(short, NO_DAY, cohort.second)
    cohort.second_minute = np.where(short, NO_TIME, cohort.second_minute)
    never = (cohort.free_from > cohort.end) & (cohort.free_from > NO_DAY)
    cohort.free_from = np.where(never, NO_DAY, cohort.free_from)
    cohort.free_to = np.where(never, NO_DAY, cohort.free_to)
