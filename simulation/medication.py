"""Concomitant drugs: CM (insulin with its stops and restarts, maintenance immunosuppression, prophylaxis, treatment of
AEs)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.days import FAR, FULL, NO_DAY, YEAR, Days, Mask, Reals, iso_text, number_within, study_days, year_start
from simulation.events import AdverseEvents
from simulation.layout import choose, shape
from simulation.subjects import DIED, Cohort


@dataclass(frozen=True)
class Drug:
    """One drug: name, category, class, indication, unit, frequency, route, and its dose where it is one for all."""

    name: str
    category: str
    drug_class: str
    indication: str
    unit: str
    frequency: str
    route: str
    dose: float = 0.0


_IS, _INSULIN, _OTHER = "IMMUNOSUPPRESSION", "INSULIN", "OTHER"
DRUGS = (
    Drug("INSULIN", _INSULIN, "INSULINS", "TYPE 1 DIABETES", "IU", "PER DAY", "SUBCUTANEOUS"),
    Drug("TACROLIMUS", _IS, "CALCINEURIN INHIBITORS", "PROPHYLAXIS OF REJECTION", "mg", "BID", "ORAL", 3.0),
    Drug("SIROLIMUS", _IS, "MTOR INHIBITORS", "PROPHYLAXIS OF REJECTION", "mg", "QD", "ORAL", 2.0),
    Drug("MYCOPHENOLATE", _IS, "ANTIPROLIFERATIVES", "PROPHYLAXIS OF REJECTION", "mg", "BID", "ORAL", 750.0),
    Drug("VALGANCICLOVIR", _OTHER, "ANTIVIRALS", "PROPHYLAXIS OF INFECTION", "mg", "QD", "ORAL", 450.0),
    Drug("COTRIMOXAZOLE", _OTHER, "ANTIBACTERIALS", "PROPHYLAXIS OF INFECTION", "mg", "QD", "ORAL", 480.0),
    Drug("ENOXAPARIN", _OTHER, "ANTICOAGULANTS", "PROPHYLAXIS OF THROMBOSIS", "mg", "QD", "SUBCUTANEOUS", 40.0),
    Drug("FILGRASTIM", _OTHER, "GROWTH FACTORS", "NEUTROPENIA", "ug", "QD", "SUBCUTANEOUS", 300.0),
    Drug("AMOXICILLIN", _OTHER, "ANTIBACTERIALS", "INFECTION", "mg", "TID", "ORAL", 500.0),
    Drug("PARACETAMOL", _OTHER, "ANALGESICS", "PAIN OR FEVER", "mg", "PRN", "ORAL", 500.0),
)
_NUMBER = {drug.name: place for place, drug in enumerate(DRUGS)}
_TREATS = {
    "NEUTROPENIA": "FILGRASTIM", "PNEUMONIA": "AMOXICILLIN", "URINARY INFECTION": "AMOXICILLIN", "FEVER": "PARACETAMOL",
    "HEADACHE": "PARACETAMOL", "ABDOMINAL PAIN": "PARACETAMOL", "PROCEDURE PAIN": "PARACETAMOL",
    "BACK PAIN": "PARACETAMOL", "JOINT PAIN": "PARACETAMOL",
}  # fmt: skip


@dataclass(frozen=True)
class _Course:
    subject: Days
    drug: Days
    first: Days
    last: Days
    dose: Reals
    written: Days


def immunosuppression_end(cohort: Cohort) -> Days:
    """Last day of maintenance immunosuppression: 60 days after graft loss; FAR where the graft works on."""
    return np.asarray(np.where(cohort.graft_loss < FAR, cohort.graft_loss + 60, FAR))


def cm_frame(cohort: Cohort, events: AdverseEvents) -> pl.DataFrame:
    """CM: one row per course of a drug. What goes on at the end of data has no end date, unless the subject died."""
    courses = [*_insulin(cohort), *_fixed(cohort), _for_events(cohort, events)]
    subject, drug, first, last, dose, written = (
        np.concatenate([getattr(course, name) for course in courses])
        for name in ("subject", "drug", "first", "last", "dose", "written")
    )
    kept = (first <= cohort.end[subject]) & (last >= first)
    subject, drug, first, last, dose, written = (a[kept] for a in (subject, drug, first, last, dose, written))
    order = np.lexsort((drug, first, subject))
    subject, drug, first, last, dose, written = (a[order] for a in (subject, drug, first, last, dose, written))
    end = cohort.end[subject]
    goes_on = (last >= end) & (cohort.reason[subject] != DIED)
    last = np.where(goes_on, NO_DAY, np.minimum(last, end))
    seq, reference = number_within(subject), cohort.reference[subject]
    before = written == YEAR
    names = [entry.name for entry in DRUGS]
    return shape(
        "CM",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "CMSEQ": seq,
            "CMSPID": "M" + pl.Series(seq).cast(pl.String).str.zfill(3),
            "CMTRT": choose(names, drug),
            "CMDECOD": choose(names, drug),
            "CMCAT": choose([entry.category for entry in DRUGS], drug),
            "CMCLAS": choose([entry.drug_class for entry in DRUGS], drug),
            "CMINDC": choose([entry.indication for entry in DRUGS], drug),
            "CMDOSE": dose,
            "CMDOSU": choose([entry.unit for entry in DRUGS], drug),
            "CMDOSFRQ": choose([entry.frequency for entry in DRUGS], drug),
            "CMROUTE": choose([entry.route for entry in DRUGS], drug),
            "CMSTDTC": iso_text(first, written=written),
            "CMENDTC": iso_text(last),
            "CMSTDY": study_days(first, reference, written),
            "CMENDY": study_days(last, reference),
            "CMSTRTPT": choose(["BEFORE"], np.where(before, 0, -1)),
            "CMSTTPT": choose(["SCREENING"], np.where(before, 0, -1)),
            "CMENRTPT": choose(["ONGOING"], np.where(goes_on, 0, -1)),
            "CMENTPT": iso_text(np.where(goes_on, end, NO_DAY)),
        },
    )


def _course(subject: Days, drug: str, first: Days, last: Days, dose: Reals, written: int = FULL) -> _Course:
    size = len(subject)
    return _Course(subject, np.full(size, _NUMBER[drug]), first, last, dose, np.full(size, written))


def _insulin(cohort: Cohort) -> list[_Course]:
    """Full dose from diagnosis to two weeks after infusion, then less; none while free of it; more again afterwards."""
    who = cohort.treated
    start, dose = cohort.infusion[who], cohort.insulin[who]
    lost, free_from, free_to = cohort.graft_loss[who], cohort.free_from[who], cohort.free_to[who]
    is_free = free_from > NO_DAY
    diagnosis = year_start(((cohort.diagnosis_year[who] - 1970) * 365.2425).astype(np.int64) + 200)
    restart = np.maximum(np.where(is_free, free_to + 1, lost + 1), start + 15)
    return [
        _course(who, "INSULIN", diagnosis, start + 14, dose, YEAR),
        _course(who, "INSULIN", start + 15, np.where(is_free, free_from - 1, lost), np.round(dose * 0.4)),
        _course(who, "INSULIN", restart, np.full(len(who), FAR), np.round(dose * 0.9)),
    ]


def _fixed(cohort: Cohort) -> list[_Course]:
    who = cohort.treated
    start, stop = cohort.infusion[who], immunosuppression_end(cohort)[who]
    sirolimus: Mask = cohort.sirolimus[who]

    def given(drug: str, of: Mask, first: Days, last: Days) -> _Course:
        return _course(who[of], drug, first[of], last[of], np.full(int(of.sum()), DRUGS[_NUMBER[drug]].dose))

    everybody = np.ones(len(who), dtype=bool)
    return [
        given("TACROLIMUS", everybody, start + 2, stop),
        given("SIROLIMUS", sirolimus, start + 3, stop),
        given("MYCOPHENOLATE", ~sirolimus, start + 2, stop),
        given("VALGANCICLOVIR", everybody, start + 2, start + 100),
        given("COTRIMOXAZOLE", everybody, start + 4, start + 184),
        given("ENOXAPARIN", everybody, start, start + 7),
    ]


def _for_events(cohort: Cohort, events: AdverseEvents) -> _Course:
    """One course for each treated adverse event that has a complete start date; the same drug once a day only."""
    drug = np.array([_NUMBER[_TREATS[pt]] if pt in _TREATS else -1 for pt in events.pts])[events.kind]
    chosen = np.flatnonzero((drug >= 0) & events.treated & (events.written == FULL))
    subject, first = events.subject[chosen], events.day[chosen]
    last = np.where(events.end[chosen] == NO_DAY, first + 6, np.minimum(events.end[chosen], first + 6))
    key = np.stack([subject, drug[chosen], first])
    _, once = np.unique(key, axis=1, return_index=True)
    dose = np.array([entry.dose for entry in DRUGS])[drug[chosen]]
    return _Course(
        subject[once], drug[chosen][once], first[once], last[once], dose[once], np.zeros(len(once), dtype=np.int64)
    )
