"""What a simulated trial lets the product estimate, and the truth of it: taken from the generator, never from results.

A claim is one number of one arm with a 95 % interval. Its truth follows from the generator's parameters alone:

- rates of events per 100 person-years: `Truth.rates` (days 0 to 364 after the infusion are days 1 to 365 of the
  product's clock: year 1; from day 365 on the later rate: year 3), and of PTs of one constant rate their profile;
- survival, cumulative incidence and mean count: `Truth.incidence`, from the same hazards in closed form;
- the chronic eGFR slope: the mean of the arm's distribution of true slopes.

`shift`: latent deaths and graft losses fall on whole days after the infusion, rounded up, and the product counts the
day of infusion as day 1; so k years have passed on day 365.25·k + 1. Adverse events fall on the day that is under way:
k years have passed at the end of day 365.25·k.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from longwatch.stats.methods import Method
from simulation import Trial
from simulation.event_profiles import PROFILES, profile_of
from simulation.mockdra import term

DAYS_PER_YEAR = 365.25
YEARS = (1, 3, 4)
"""Years of curves; after four most subjects are still followed, after five only those who came first."""
CONSTANT = ("SHINGLES", "PROTEIN IN URINE")
"""Terms of one rate through the whole follow-up, so that the rate over all of it has a truth."""
OFTEN = "NEUTROPENIA"
GRAFT_LOSS = "ISLET GRAFT LOSS"
PARAMETERS = f"""time_to_event:
  parameters:
    - {{code: TTDEATH, name: Time to death, event: death}}
    - {{code: TTLOSS, name: Time to graft loss, event: clinical_event, terms: [{GRAFT_LOSS}]}}
    - {{code: TTNEUT, name: Time to neutropenia, event: adverse_event, terms: [{term(OFTEN).pt}]}}
    - {{code: TTMALIG, name: Time to malignancy, event: adverse_event, terms: [{{malignancies}}]}}
"""


def terms_of(interest: str) -> list[str]:
    """The dictionary's PTs of an event of special interest."""
    return [term(profile.pt).pt for profile in PROFILES if profile.interest == interest]


def study_lines() -> str:
    """What the study file says beside that of ISLET-1."""
    return PARAMETERS.replace("{malignancies}", ", ".join(terms_of("MALIGNANCY")))


@dataclass(frozen=True)
class Claim:
    """`name`: of the number, with its arm; `output`: what prints it; `method`: of its interval; `truth`."""

    name: str
    arm: str
    output: str
    method: Method
    truth: float

    @property
    def key(self) -> str:
        """Name and arm."""
        return f"{self.name} | {self.arm}"


@dataclass(frozen=True)
class Curve:
    """A curve that is estimated: its PARAMCD, the generator's event, the kind of its truth, the shift of its days."""

    parameter: str
    event: str
    kind: str
    words: str
    output: str
    method: Method
    shift: int
    survival: bool


_REMOVED, _COMPETING = "first event, death removed", "first event, death competing"
_KM, _AJ = Method.KAPLAN_MEIER_LOG_LOG, Method.AALEN_JOHANSEN
CURVES = (
    Curve("TTDEATH", "DEATH", _REMOVED, "survival", "TTET01", _KM, 1, True),
    Curve("TTLOSS", "GRAFT LOSS", _REMOVED, "graft survival, death removed", "TTET01", _KM, 1, True),
    Curve("TTLOSS", "GRAFT LOSS", _COMPETING, "graft loss, death competing", "CIFG01", _AJ, 1, False),
    Curve("TTNEUT", "NEUTROPENIA", _COMPETING, "neutropenia, death competing", "CIFG01", _AJ, 0, False),
    Curve("TTMALIG", "MALIGNANCY", _COMPETING, "malignancy, death competing", "CIFG01", _AJ, 0, False),
)
RECURRENT = "INFECTION"


def claims_of(trial: Trial) -> tuple[Claim, ...]:
    """Every claim on a trial, from the truth that was generated with it."""
    return tuple(_claims(trial))


def _claims(trial: Trial) -> Iterator[Claim]:
    incidence = {
        (event, arm, years, kind): value for event, arm, years, kind, value in trial.truth.incidence.iter_rows()
    }
    for arm in trial.design.parameters.arms:
        for year, rate in zip((1, 3), _rates(trial, OFTEN, arm.code), strict=True):
            for code, words in (("AET05_INT_ALL", "event rate"), ("AET05_INT", "incidence rate")):
                yield Claim(f"{words} of neutropenia, year {year}", arm.name, code, Method.POISSON, rate)
        for pt in CONSTANT:
            for code, words in (("AET05_ALL", "event rate"), ("AET05", "incidence rate")):
                truth = 100 * profile_of(pt).later
                yield Claim(f"{words} of {term(pt).pt.lower()}", arm.name, code, Method.POISSON, truth)
        deaths = 100 * (arm.death_ae + arm.death_other)
        yield Claim("rate of death", arm.name, "LTF06", Method.POISSON, deaths)
        for curve in CURVES:
            for year in YEARS:
                had = incidence[curve.event, arm.code, year, curve.kind]
                truth = 1 - had if curve.survival else had
                yield Claim(f"{curve.words}, {year} y", arm.name, curve.output, curve.method, truth)
        for year in YEARS:
            mean = incidence[RECURRENT, arm.code, year, "mean count"]
            yield Claim(f"infections per subject, {year} y", arm.name, "", Method.MEAN_CUMULATIVE_COUNT, mean)
        yield Claim("mean eGFR slope", arm.name, "", Method.MEAN_T, arm.egfr_slope)
    names = " vs ".join(arm.name for arm in trial.design.parameters.arms)
    for pt in CONSTANT:
        for code, words in (("AET05_ALL", "event rates"), ("AET05", "incidence rates")):
            name = f"difference of {words} of {term(pt).pt.lower()}"
            yield Claim(name, names, code, Method.RATE_DIFFERENCE, 0.0)


def _rates(trial: Trial, event: str, arm: str) -> list[float]:
    """Per 100 person-years in the first year, and later."""
    found = trial.truth.rates.filter(
        pl.col("EVENT") == event, pl.col("ARMCD") == arm, pl.col("RATE_PER_100_PY").is_not_null()
    )
    return found.sort("FIRST_DAY")["RATE_PER_100_PY"].to_list()
