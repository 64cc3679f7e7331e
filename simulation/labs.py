"""Laboratory results: LB, from latent kidney function, graft function and neutropenia."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.days import FAR, NO_DAY, NO_TIME, Days, Mask, Reals, iso_text, number_within, numbers, study_days
from simulation.events import AdverseEvents
from simulation.followup import VISITS, Visits
from simulation.kidney import creatinine_of, egfr_at
from simulation.layout import choose, shape
from simulation.medication import immunosuppression_end
from simulation.streams import stream
from simulation.subjects import REGIONS, Cohort

US, SI, SI_PMOL = range(3)
"""How a site's laboratory reports; the last gives C-peptide in pmol/L (trap J.13)."""


@dataclass(frozen=True)
class Test:
    """One laboratory test. `unit`, `low`, `high`, `decimals`: of the standard result. `reported`: unit, decimals and
    factor to the standard unit by kind of laboratory, where that is not the standard unit itself."""

    code: str
    name: str
    category: str
    specimen: str
    unit: str
    low: float
    high: float
    decimals: int
    reported: tuple[tuple[int, str, int, float], ...] = ()

    def by(self, system: int) -> tuple[str, int, float]:
        """Unit, decimals and factor to the standard unit of a kind of laboratory."""
        own = {kind: (unit, decimals, factor) for kind, unit, decimals, factor in self.reported}
        return own.get(system, (self.unit, self.decimals, 1.0))


def _si(unit: str, decimals: int, factor: float) -> tuple[tuple[int, str, int, float], ...]:
    return ((SI, unit, decimals, factor), (SI_PMOL, unit, decimals, factor))


_CHEMISTRY, _HAEMATOLOGY = "CHEMISTRY", "HEMATOLOGY"
NMOL_PER_NG = 0.331
"""C-peptide: 1 ng/mL = 0.331 nmol/L (spec B.3, LB03)."""
TESTS = (
    Test("ALP", "Alkaline Phosphatase", _CHEMISTRY, "SERUM", "U/L", 40, 130, 0),
    Test("ALT", "Alanine Aminotransferase", _CHEMISTRY, "SERUM", "U/L", 5, 45, 0),
    Test("AST", "Aspartate Aminotransferase", _CHEMISTRY, "SERUM", "U/L", 8, 40, 0),
    Test("BILI", "Bilirubin", _CHEMISTRY, "SERUM", "mg/dL", 0.1, 1.2, 2, _si("umol/L", 1, 1 / 17.1)),
    Test("CPEPTIDE", "C-peptide", _CHEMISTRY, "SERUM", "nmol/L", 0.166, 0.894, 3,
         ((US, "ng/mL", 2, NMOL_PER_NG), (SI_PMOL, "pmol/L", 0, 0.001))),
    Test("CREAT", "Creatinine", _CHEMISTRY, "SERUM", "mg/dL", 0.5, 1.2, 3, _si("umol/L", 0, 1 / 88.42)),
    Test("GLUC", "Glucose", _CHEMISTRY, "PLASMA", "mg/dL", 70, 100, 0, _si("mmol/L", 1, 18.016)),
    Test("HBA1C", "Hemoglobin A1C", _CHEMISTRY, "WHOLE BLOOD", "%", 4.0, 5.7, 1),
    Test("HGB", "Hemoglobin", _HAEMATOLOGY, "WHOLE BLOOD", "g/dL", 12.0, 17.0, 1, _si("g/L", 0, 0.1)),
    Test("NEUT", "Neutrophils", _HAEMATOLOGY, "WHOLE BLOOD", "10^9/L", 1.8, 7.5, 2),
    Test("PLAT", "Platelets", _HAEMATOLOGY, "WHOLE BLOOD", "10^9/L", 150, 400, 0),
    Test("TACRO", "Tacrolimus", "DRUG MONITORING", "WHOLE BLOOD", "ng/mL", 5.0, 12.0, 1),
)  # fmt: skip
_PLACE = {test.code: place for place, test in enumerate(TESTS)}
_LIMITS = {"CPEPTIDE": 0.0166, "TACRO": 1.0}
"""Lower limits of quantification, in the standard unit. A result below has a text, no number."""

_MEAL_MINUTES = (0, 60, 90, 120)
_MEAL_SHAPE = (0.42, 0.88, 1.0, 0.92)
_FASTING = 8 * 60
_EVERYWHERE = ("ALP", "ALT", "AST", "BILI", "CREAT", "GLUC", "HGB", "NEUT", "PLAT")
_HBA1C_FROM = 83


@dataclass(frozen=True)
class _Results:
    """Long results: index into visits, test, minute of the meal test (-1: none), value in the standard unit."""

    row: Days
    test: Days
    minute: Days
    value: Reals


def lb_frame(cohort: Cohort, visits: Visits, events: AdverseEvents) -> pl.DataFrame:
    """LB: one row per subject, visit, test and time point of the treated, in the order of time.

    LBLOBXFL marks one result of each test and subject: the last one done before the first treatment; of C-peptide the
    fasting one. At screening, of C-peptide and of tacrolimus, every test is done.
    """
    rng = stream(cohort.design.seed, "LB", cohort.design.part)
    onsite = np.array([visit.labs for visit in VISITS])[visits.visit]
    drawn = np.flatnonzero(visits.held & onsite & cohort.is_treated[visits.subject])
    found = _draw(cohort, visits, drawn, events, rng)
    order = np.lexsort((found.minute, found.test, visits.day[found.row], visits.subject[found.row]))
    row, test, minute = (a[order] for a in (found.row, found.test, found.minute))
    value = found.value[order]
    subject, day = visits.subject[row], visits.day[row]
    never = np.isin(test, (_PLACE["CPEPTIDE"], _PLACE["TACRO"])) | (visits.visit[row] == 0)
    done = never | (rng.random(len(row)) >= cohort.design.parameters.not_done)
    return _records(cohort, visits, row, subject, day, test, minute, value, done)


def _draw(cohort: Cohort, visits: Visits, drawn: Days, events: AdverseEvents, rng: np.random.Generator) -> _Results:
    subject, day = visits.subject[drawn], visits.day[drawn]
    since = (day - cohort.infusion[subject]).astype(np.float64)
    works = (since > 30) & (day < cohort.graft_loss[subject])
    count = len(drawn)

    def between(mean: float, within: float, across: float) -> Reals:
        own = rng.normal(0, across, cohort.count)[subject]
        return np.asarray(mean * np.exp(own + rng.normal(0, within, count)))

    peak = np.select([since == 1, since == 7, since == 14], [3.2, 2.4, 1.4], default=1.0)
    alt = np.clip(between(22, 0.2, 0.2) * peak, 6, 190)
    noise = rng.normal(0, cohort.design.parameters.egfr_noise, count)
    egfr = np.clip(egfr_at(cohort, subject, since) + noise, 12, 140)
    free = (day >= cohort.free_from[subject]) & (day <= cohort.free_to[subject]) & (cohort.free_from[subject] > NO_DAY)
    neutrophils = np.clip(between(3.8, 0.15, 0.12) * np.where((since > 0) & (since < 400), 0.85, 1.0), 2.2, 5.5)
    low = _during(cohort, subject, day, events, "NEUTROPENIA")
    neutrophils = np.where(low > 0, np.select([low >= 4, low == 3, low == 2], [0.62, 0.8, 1.25], 1.6), neutrophils)
    values = {
        "ALP": np.clip(between(78, 0.08, 0.18), 30, 190),
        "ALT": alt,
        "AST": np.clip(alt * rng.uniform(0.75, 1.05, count), 7, 200),
        "BILI": np.clip(between(0.55, 0.15, 0.25), 0.15, 1.8),
        "CREAT": creatinine_of(cohort, subject, day, egfr),
        "GLUC": np.clip(np.where(works, between(108, 0.10, 0.06), between(165, 0.25, 0.1)), 55, 380),
        "HBA1C": np.clip(np.where(works & (since > 75), between(6.1, 0.03, 0.05), between(8.0, 0.03, 0.06)), 4.6, 11.5),
        "HGB": np.clip(between(13.6, 0.03, 0.07) * np.where((since > 0) & (since < 60), 0.92, 1.0), 8.5, 17.5),
        "NEUT": neutrophils,
        "PLAT": np.clip(between(235, 0.08, 0.15) * np.where((since > 0) & (since < 20), 0.8, 1.0), 90, 420),
        "TACRO": np.clip(between(7.6, 0.22, 0.1), 3.0, 19.0),
    }
    values["HBA1C"] = np.where(free, np.minimum(values["HBA1C"], 6.9), values["HBA1C"])
    baseline = visits.visit[drawn] == 1
    on_drug = (since >= 2) & (day <= immunosuppression_end(cohort)[subject])
    measured: dict[str, Mask] = {code: np.ones(count, dtype=bool) for code in _EVERYWHERE}
    measured["HBA1C"] = (since < 0) | (since >= _HBA1C_FROM)
    measured["TACRO"] = baseline | on_drug
    values["TACRO"] = np.where(baseline, 0.0, values["TACRO"])
    meal = np.flatnonzero(np.array([visit.meal for visit in VISITS])[visits.visit[drawn]])
    peaks = NMOL_PER_NG * _stimulated(cohort, subject[meal], since[meal]) * np.exp(rng.normal(0, 0.06, len(meal)))
    curve = peaks[:, None] * np.array(_MEAL_SHAPE) * np.exp(rng.normal(0, 0.03, (len(meal), len(_MEAL_MINUTES))))
    rows = [drawn[measured[code]] for code in measured] + [np.repeat(drawn[meal], len(_MEAL_MINUTES))]
    tests = [np.full(int(mask.sum()), _PLACE[code]) for code, mask in measured.items()]
    tests.append(np.full(curve.size, _PLACE["CPEPTIDE"]))
    times = np.concatenate([np.full(sum(len(part) for part in rows[:-1]), -1), np.tile(_MEAL_MINUTES, len(meal))])
    flat = np.concatenate([*(values[code][mask] for code, mask in measured.items()), curve.ravel()])
    return _Results(np.concatenate(rows), np.concatenate(tests), times, flat)


def _stimulated(cohort: Cohort, subject: Days, since: Reals) -> Reals:
    """Stimulated C-peptide (ng/mL) without measurement error: none before infusion, rising to the plateau with a time
    constant of 40 days, falling to a fifth over the 240 days before graft loss, none from then on."""
    loss = (cohort.graft_loss[subject] - cohort.infusion[subject]).astype(np.float64)
    decline = np.clip((loss - since) / 240, 0.2, 1.0)
    level = cohort.cpeptide[subject] * (1 - np.exp(-np.maximum(since, 0) / 40)) * decline
    return np.asarray(np.where((since <= 0) | (since >= loss), 0.0, level))


def _during(cohort: Cohort, subject: Days, day: Days, events: AdverseEvents, pt: str) -> Days:
    """The grade of an event of this term that goes on at each draw; 0 where there is none."""
    grade = np.zeros(len(subject), dtype=np.int64)
    chosen = np.flatnonzero(events.kind == events.pts.index(pt))
    end = np.where(events.end[chosen] == NO_DAY, FAR, events.end[chosen])
    first = np.searchsorted(subject, events.subject[chosen], side="left")
    draws = np.searchsorted(subject, events.subject[chosen], side="right") - first
    for step in range(int(draws.max(initial=0))):
        mine = np.flatnonzero(step < draws)
        at = first[mine] + step
        inside = (day[at] >= events.day[chosen[mine]]) & (day[at] <= end[mine])
        np.maximum.at(grade, at[inside], events.grade[chosen[mine]][inside])
    return grade


def _records(
    cohort: Cohort,
    visits: Visits,
    row: Days,
    subject: Days,
    day: Days,
    test: Days,
    minute: Days,
    value: Reals,
    done: Mask,
) -> pl.DataFrame:
    systems = np.array([system for _, system in REGIONS])[(cohort.site[subject] - 101) % len(REGIONS)]
    kinds = [entry.by(system) for entry in TESTS for system in (US, SI, SI_PMOL)]
    kind = test * 3 + systems
    factor = np.array([entry[2] for entry in kinds])[kind]
    # The laboratory rounds in its own unit; the standard result is computed from what it reported.
    reported = _rounded(value / factor, np.array([entry[1] for entry in kinds])[kind])
    standard = _rounded(reported * factor, np.array([entry.decimals for entry in TESTS])[test])
    limit = np.array([_LIMITS.get(entry.code, -1.0) for entry in TESTS])[test]
    below, measured = value < limit, pl.Series(value >= limit)
    low, high = (np.array([getattr(entry, name) for entry in TESTS])[test] for name in ("low", "high"))
    in_range = np.where(standard < low, 0, np.where(standard > high, 2, 1))
    in_range = np.where(below, 0, in_range)
    first = _last_before_exposure(cohort, subject, test, day, minute, done)
    meal = minute >= 0
    point = np.where(meal, np.searchsorted(_MEAL_MINUTES, np.maximum(minute, 0)), -1)
    place, not_done = visits.visit[row], pl.Series(~done)
    below_reported = "<" + _text(_rounded(limit / factor, np.array([entry[1] for entry in kinds])[kind]))
    return shape(
        "LB",
        len(row),
        {
            "USUBJID": cohort.usubjid(subject),
            "LBSEQ": number_within(subject),
            "LBTESTCD": choose([entry.code for entry in TESTS], test),
            "LBTEST": choose([entry.name for entry in TESTS], test),
            "LBCAT": choose([entry.category for entry in TESTS], test),
            "LBORRES": _text(reported).zip_with(measured, below_reported).set(not_done, None),
            "LBORRESU": choose([entry[0] for entry in kinds], kind).set(not_done, None),
            "LBORNRLO": _text(_rounded(low / factor, 2)),
            "LBORNRHI": _text(_rounded(high / factor, 2)),
            "LBSTRESC": _text(standard).zip_with(measured, "<" + _text(_rounded(limit, 3))).set(not_done, None),
            "LBSTRESN": numbers(standard, done & ~below),
            "LBSTRESU": choose([entry.unit for entry in TESTS], test).set(not_done, None),
            "LBSTNRLO": low,
            "LBSTNRHI": high,
            "LBNRIND": choose(["LOW", "NORMAL", "HIGH"], np.where(done, in_range, -1)),
            "LBSTAT": choose(["NOT DONE"], np.where(done, -1, 0)),
            "LBREASND": choose(["SAMPLE HAEMOLYSED"], np.where(done, -1, 0)),
            "LBSPEC": choose([entry.specimen for entry in TESTS], test),
            "LBLOBXFL": choose(["Y"], np.where(first, 0, -1)),
            "LBFAST": choose(["Y"], np.where((test == _PLACE["GLUC"]) | (minute == 0), 0, -1)),
            "LBTOXGR": _toxicity(test, standard, done),
            "VISITNUM": np.array([visit.number for visit in VISITS])[place],
            "VISIT": choose([visit.name for visit in VISITS], place),
            "EPOCH": cohort.epochs(subject, day),
            "LBDTC": iso_text(day, np.where(meal, _FASTING + minute, NO_TIME)),
            "LBDY": study_days(day, cohort.reference[subject]),
            "LBTPT": choose(["FASTING", "60 MIN", "90 MIN", "120 MIN"], point),
            "LBTPTNUM": numbers(minute, meal),
            "LBELTM": choose(["PT0M", "PT60M", "PT90M", "PT120M"], point),
            "LBTPTREF": choose(["MIXED-MEAL TEST"], np.where(meal, 0, -1)),
        },
    )


def _last_before_exposure(cohort: Cohort, subject: Days, test: Days, day: Days, minute: Days, done: Mask) -> Mask:
    """The last result of each subject and test that was done before the first treatment; of a meal test the fasting
    one."""
    before = np.flatnonzero(done & (day < cohort.induction[subject]) & (minute <= 0))
    _, from_the_end = np.unique((subject[before] * len(TESTS) + test[before])[::-1], return_index=True)
    flagged = np.zeros(len(subject), dtype=bool)
    flagged[before[len(before) - 1 - from_the_end]] = True
    return flagged


# CTCAE 5.0, upper bounds of grades 1 to 4 in 10^9/L.
_GRADES = {"NEUT": (1.8, 1.5, 1.0, 0.5), "PLAT": (150.0, 75.0, 50.0, 25.0)}


def _toxicity(test: Days, standard: Reals, done: Mask) -> pl.Series:
    grade = np.full(len(test), -1)
    for code, bounds in _GRADES.items():
        mine = (test == _PLACE[code]) & done
        grade[mine] = sum((standard[mine] < bound).astype(np.int64) for bound in bounds)
    return choose(["0", "1", "2", "3", "4"], grade)


def _rounded(values: Reals, decimals: Days | int) -> Reals:
    scale = 10.0 ** np.asarray(decimals)
    return np.asarray(np.round(values * scale) / scale)


def _text(values: Reals) -> pl.Series:
    """Numbers in their shortest form: `5`, `0.5`."""
    return pl.Series(values).cast(pl.String).str.strip_suffix(".0")
