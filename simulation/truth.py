"""What ISLET-1 was made from: parameters, each subject's latent course, and the incidences that follow from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from simulation.days import FAR, NO_DAY, Days, iso_text, numbers
from simulation.event_profiles import PROFILES, intensities
from simulation.event_records import event_truth
from simulation.layout import choose
from simulation.lots import lot_ids
from simulation.parameters import DAYS_PER_YEAR, Arm, Parameters

if TYPE_CHECKING:
    from simulation.generate import Making

REASONS = ("ONGOING", "COMPLETED", "DIED", "LOST", "WITHDREW", "SCREEN FAILURE", "NOT TREATED")
YEARS = (1, 2, 3, 4, 5)
FIRST_YEAR = 365
_FIRST_EVENT, _WITHOUT_DEATH, _MEAN_COUNT = "first event, death competing", "first event, death removed", "mean count"


@dataclass(frozen=True)
class Truth:
    """`parameters`: hazards, rates and curves. `subjects`: one row per subject, latent and observed. `adverse_events`:
    one row per record of AE. `rates`: of each event of interest by arm and window, or per infusion. `incidence`: what
    they come to by each year: probability of a first event with death competing or removed, and mean number of events.
    """

    parameters: dict[str, Any]
    subjects: pl.DataFrame
    adverse_events: pl.DataFrame
    rates: pl.DataFrame
    incidence: pl.DataFrame


def make_truth(making: Making) -> Truth:
    """The truth of a generation."""
    p = making.design.parameters
    rates = [entry for arm_number, arm in enumerate(p.arms) for entry in _rates(p, arm_number, arm)]
    windows = [window for entry in rates for window in entry.windows()] + _per_infusion(p)
    return Truth(
        parameters=_parameters(making),
        subjects=_subjects(making),
        adverse_events=event_truth(making.cohort, making.events),
        rates=pl.DataFrame(windows, infer_schema_length=None),
        incidence=pl.DataFrame([row for entry in rates for row in entry.incidences()]),
    )


@dataclass(frozen=True)
class _Rate:
    """An event of constant yearly rate in the first year and after it, in an arm with a yearly hazard of death."""

    event: str
    arm: str
    first: float
    later: float
    death: float
    recurs: bool

    def windows(self) -> list[dict[str, Any]]:
        return [
            _window(self.event, self.arm, 0, FIRST_YEAR - 1, 100 * self.first, None),
            _window(self.event, self.arm, FIRST_YEAR, None, 100 * self.later, None),
        ]

    def incidences(self) -> list[dict[str, Any]]:
        kinds = [_FIRST_EVENT, _WITHOUT_DEATH, *([_MEAN_COUNT] if self.recurs else [])]
        return [
            {"EVENT": self.event, "ARMCD": self.arm, "YEARS": year, "KIND": kind, "VALUE": self._value(kind, year)}
            for kind in kinds
            for year in YEARS
        ]

    def _value(self, kind: str, years: float) -> float:
        mark = FIRST_YEAR / DAYS_PER_YEAR
        early, late = min(years, mark), max(years - mark, 0.0)
        if kind == _WITHOUT_DEATH:
            return float(1 - np.exp(-self.first * early - self.later * late))
        leaves = (
            (self.first + self.death, self.later + self.death) if kind == _FIRST_EVENT else (self.death, self.death)
        )
        return self.first * _spent(leaves[0], early) + float(np.exp(-leaves[0] * mark)) * self.later * _spent(
            leaves[1], late
        )


def _window(
    event: str, arm: str, first: int, last: int | None, rate: float | None, per_infusion: float | None
) -> dict[str, Any]:
    return {
        "EVENT": event,
        "ARMCD": arm,
        "FIRST_DAY": first,
        "LAST_DAY": last,
        "RATE_PER_100_PY": rate,
        "EXPECTED_PER_INFUSION": per_infusion,
    }


def _per_infusion(p: Parameters) -> list[dict[str, Any]]:
    """Events that come with an infusion, in the 28 days from it: the denominator is infusions."""
    return [
        _window(profile.interest, arm.code, 0, 27, None, profile.infusion * (profile.half if number else 1.0))
        for number, arm in enumerate(p.arms)
        for profile in PROFILES
        if profile.interest and profile.infusion
    ]


def _spent(hazard: float, years: float) -> float:
    """Expected years before an event of this hazard, within `years`."""
    return float(-np.expm1(-hazard * years) / hazard) if hazard else years


def _rates(p: Parameters, arm_number: int, arm: Arm) -> list[_Rate]:
    """Every event with a closed form. Death removed from nothing: death itself has no competing event."""
    death = arm.death_ae + arm.death_other
    of_arm = {window: intensities(window)[arm_number] for window in ("first_year", "later")}
    found = []
    for interest in dict.fromkeys(profile.interest for profile in PROFILES if profile.interest):
        mine = np.array([profile.interest == interest and profile.infusion == 0 for profile in PROFILES])
        if mine.any():
            first, later = (float(of_arm[window][mine].sum()) for window in ("first_year", "later"))
            found.append(_Rate(interest, arm.code, first, later, death, True))
    constant = {"GRAFT LOSS": arm.graft_loss, "DE NOVO DSA": p.dsa}
    found += [_Rate(name, arm.code, hazard, hazard, death, False) for name, hazard in constant.items()]
    return [*found, _Rate("DEATH", arm.code, death, death, 0.0, False)]


def _parameters(making: Making) -> dict[str, Any]:
    p = making.design.parameters
    values = asdict(p)
    values |= {"first_consent": p.first_consent.isoformat(), "cut": p.cut.isoformat()}
    return {
        "seed": making.design.seed,
        "treated_subjects": dict(making.design.sizes),
        "showcase": making.design.showcase,
        **values,
        "adverse_events": [asdict(profile) for profile in PROFILES],
        "notes": [
            "Hazards and rates are per year of 365.25 days and constant in time; first_year is days 0 to 364.",
            "With the showcase, some courses are scripted: rates of the bundled study are not those of the parameters.",
            "infusion and induction are expected events in the 28 days from, and the 2 days before, each infusion.",
            "Stimulated C-peptide = plateau x (1 - exp(-day/40)) x min(1, max(0.2, (loss-day)/240)); 0 once lost.",
            "eGFR = intercept + 6 x (1 - day/90) to day 90, then intercept + slope x years since day 90.",
        ],
    }


def _subjects(making: Making) -> pl.DataFrame:
    cohort = making.cohort
    infusions, lots = making.infusions
    treated, events = cohort.is_treated, making.events

    def since(days: Days) -> pl.Series:
        return numbers(days - cohort.infusion, treated & (days < FAR) & (days > NO_DAY)).cast(pl.Int64)

    def known(days: Days) -> pl.Series:
        return iso_text(np.where(days < FAR, days, NO_DAY))

    def joined(values: dict[int, list[str]]) -> pl.Series:
        words = [" ".join(values.get(subject, [])) or None for subject in range(cohort.count)]
        return pl.Series(words, dtype=pl.String)

    ids = lot_ids(cohort, lots).to_list()
    used: dict[int, list[str]] = {}
    for subject, *both in zip(infusions.subject, infusions.lot_a, infusions.lot_b, strict=True):
        used.setdefault(int(subject), []).extend(ids[lot] for lot in both if lot >= 0)
    infection = np.isin(events.kind, [place for place, entry in enumerate(PROFILES) if entry.interest == "INFECTION"])
    infected: dict[int, list[str]] = {}
    for row in np.flatnonzero(infection & treated[events.subject]):
        subject = int(events.subject[row])
        infected.setdefault(subject, []).append(str(events.day[row] - cohort.infusion[subject]))
    arms = [arm.code for arm in cohort.design.parameters.arms]
    return pl.DataFrame(
        {
            "USUBJID": cohort.usubjid(),
            "ARMCD": choose(arms, np.where(treated, cohort.arm, -1)),
            "INFUSION": iso_text(cohort.infusion),
            "SECOND_INFUSION": iso_text(cohort.second),
            "LOTS": joined(used),
            "DEATH_DAY": since(cohort.death),
            "DEATH_CAUSE": choose(["", "ADVERSE EVENT", "OTHER"], cohort.death_cause).replace("", None),
            "DEATH_KNOWN": iso_text(cohort.died),
            "LOSS_DAY": since(cohort.loss),
            "WITHDRAWAL_DAY": since(cohort.withdrawal),
            "END": iso_text(cohort.end),
            "END_REASON": choose(REASONS, cohort.reason),
            "GRAFT_LOSS_DAY": since(cohort.graft_loss),
            "GRAFT_LOSS_SEEN": choose(["N", "Y"], treated & (cohort.graft_loss <= cohort.end)),
            "INSULIN_FREE_FROM": known(cohort.free_from),
            "INSULIN_FREE_TO": known(cohort.free_to),
            "CPEPTIDE_PLATEAU": numbers(np.round(cohort.cpeptide, 6), treated),
            "EGFR_AT_DAY_90": numbers(np.round(cohort.egfr_intercept, 6), treated),
            "EGFR_SLOPE": numbers(np.round(cohort.egfr_slope, 6), treated),
            "DSA_DAY": since(cohort.dsa),
            "INFECTION_DAYS": joined(infected),
        }
    )  # fmt: skip
