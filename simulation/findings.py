"""Vital signs (VS), donor antibodies and autoantibodies (IS), medical history (MH)."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.days import NO_DAY, YEAR, Days, iso_text, number_within, study_days, year_start
from simulation.followup import VISITS, Visits
from simulation.layout import choose, shape
from simulation.mockdra import term
from simulation.streams import stream
from simulation.subjects import Cohort

_SIGNS = (
    ("HEIGHT", "Height", "cm", 0),
    ("WEIGHT", "Weight", "kg", 1),
    ("SYSBP", "Systolic Blood Pressure", "mmHg", 0),
    ("DIABP", "Diastolic Blood Pressure", "mmHg", 0),
    ("PULSE", "Pulse Rate", "beats/min", 0),
    ("TEMP", "Temperature", "C", 1),
)
_HEIGHT, _WEIGHT = 0, 1


def vs_frame(cohort: Cohort, visits: Visits) -> pl.DataFrame:
    """VS: one row per treated subject, visit on site and sign; height at screening only. Baseline is the last before
    the first treatment."""
    rng = stream(cohort.design.seed, "VS", cohort.design.part)
    onsite = np.array([visit.mode == "ONSITE" for visit in VISITS])[visits.visit]
    seen = np.flatnonzero(visits.held & onsite & cohort.is_treated[visits.subject])
    row = np.repeat(seen, len(_SIGNS))
    sign = np.tile(np.arange(len(_SIGNS)), len(seen))
    kept = (sign != _HEIGHT) | (visits.visit[row] == 0)
    row, sign = row[kept], sign[kept]
    subject, day, place = visits.subject[row], visits.day[row], visits.visit[row]
    own = rng.normal(0, 1, (cohort.count, len(_SIGNS)))[subject, sign]
    middle = (
        np.array([170.0, 0.0, 124.0, 77.0, 72.0, 36.7])[sign] + own * np.array([8.0, 0.0, 8.0, 6.0, 7.0, 0.15])[sign]
    )
    middle = np.where(sign == _WEIGHT, cohort.weight[subject], middle)
    value = middle + rng.normal(0, 1, len(row)) * np.array([0.0, 0.8, 6.0, 4.0, 5.0, 0.15])[sign]
    decimals = np.array([entry[3] for entry in _SIGNS])[sign]
    value = np.round(value * 10.0**decimals) / 10.0**decimals
    text = pl.Series(value).cast(pl.String).str.strip_suffix(".0")
    baseline = np.where(sign == _HEIGHT, place == 0, place == 1)
    unit = choose([entry[2] for entry in _SIGNS], sign)
    return shape(
        "VS",
        len(row),
        {
            "USUBJID": cohort.usubjid(subject),
            "VSSEQ": number_within(subject),
            "VSTESTCD": choose([entry[0] for entry in _SIGNS], sign),
            "VSTEST": choose([entry[1] for entry in _SIGNS], sign),
            "VSPOS": choose(["SITTING"], np.where((sign >= 2) & (sign <= 4), 0, -1)),
            "VSORRES": text,
            "VSORRESU": unit,
            "VSSTRESC": text,
            "VSSTRESN": value,
            "VSSTRESU": unit,
            "VSLOBXFL": choose(["Y"], np.where(baseline, 0, -1)),
            "VISITNUM": np.array([visit.number for visit in VISITS])[place],
            "VISIT": choose([visit.name for visit in VISITS], place),
            "EPOCH": cohort.epochs(subject, day),
            "VSDTC": iso_text(day),
            "VSDY": study_days(day, cohort.reference[subject]),
        },
    )


_ANTIBODIES = (
    ("DSACL1", "Donor-Specific Antibody, Class I", "HLA CLASS I OF DONOR"),
    ("DSACL2", "Donor-Specific Antibody, Class II", "HLA CLASS II OF DONOR"),
    ("GAD65AB", "GAD65 Autoantibody", "GAD65"),
)
_DSA = 1


def is_frame(cohort: Cohort, visits: Visits) -> pl.DataFrame:
    """IS: antibodies at baseline and at visits with a meal test; class II antibodies are positive from their true
    onset."""
    rng = stream(cohort.design.seed, "IS", cohort.design.part)
    meal = np.array([visit.meal for visit in VISITS])[visits.visit]
    drawn = np.flatnonzero(visits.held & meal & cohort.is_treated[visits.subject])
    row = np.repeat(drawn, len(_ANTIBODIES))
    test = np.tile(np.arange(len(_ANTIBODIES)), len(drawn))
    subject, day, place = visits.subject[row], visits.day[row], visits.visit[row]
    positive = (test == _DSA) & (day >= cohort.dsa[subject])
    value = np.where(positive, rng.integers(1500, 6000, len(row)), rng.integers(50, 400, len(row)))
    units = np.where(test == 2, rng.integers(5, 60, len(row)), value)
    text, unit = pl.Series(units).cast(pl.String), choose(["MFI", "MFI", "IU/mL"], test)
    return shape(
        "IS",
        len(row),
        {
            "USUBJID": cohort.usubjid(subject),
            "ISSEQ": number_within(subject),
            "ISTESTCD": choose([entry[0] for entry in _ANTIBODIES], test),
            "ISTEST": choose([entry[1] for entry in _ANTIBODIES], test),
            "ISBDAGNT": choose([entry[2] for entry in _ANTIBODIES], test),
            "ISCAT": choose(["DONOR-SPECIFIC ANTIBODY", "DONOR-SPECIFIC ANTIBODY", "AUTOANTIBODY"], test),
            "ISORRES": text,
            "ISORRESU": unit,
            "ISSTRESC": text,
            "ISSTRESN": units,
            "ISSTRESU": unit,
            "ISSPEC": "SERUM",
            "ISLOBXFL": choose(["Y"], np.where(place == 1, 0, -1)),
            "VISITNUM": np.array([visit.number for visit in VISITS])[place],
            "VISIT": choose([visit.name for visit in VISITS], place),
            "ISDTC": iso_text(day),
            "ISDY": study_days(day, cohort.reference[subject]),
        },
    )


# Term, probability, mean years before consent; type 1 diabetes starts in its own year.
_HISTORY = (
    ("TYPE 1 DIABETES", 1.0, 0),
    ("SEVERE HYPOGLYCAEMIA", 0.95, 4),
    ("RETINOPATHY", 0.35, 6),
    ("NEUROPATHY", 0.30, 5),
    ("HIGH BLOOD PRESSURE", 0.30, 6),
    ("LOW THYROID FUNCTION", 0.22, 9),
    ("HIGH BLOOD LIPIDS", 0.25, 5),
)


def mh_frame(cohort: Cohort) -> pl.DataFrame:
    """MH: one row per subject and condition, screen failures included; starts are known to the year, all go on."""
    rng = stream(cohort.design.seed, "MH", cohort.design.part)
    has = rng.random((cohort.count, len(_HISTORY))) < np.array([entry[1] for entry in _HISTORY])
    subject, condition = (index.astype(np.int64) for index in np.nonzero(has))
    ago = np.array([entry[2] for entry in _HISTORY])[condition] + rng.integers(1, 4, len(subject))
    diagnosis: Days = ((cohort.diagnosis_year[subject] - 1970) * 365.2425).astype(np.int64) + 200
    start = np.where(condition == 0, diagnosis, np.maximum(cohort.consent[subject] - ago * 365, diagnosis))
    terms = [term(entry[0]) for entry in _HISTORY]
    return shape(
        "MH",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "MHSEQ": number_within(subject),
            "MHTERM": choose([entry.llts[0][0] for entry in terms], condition),
            "MHDECOD": choose([entry.pt for entry in terms], condition),
            "MHCAT": choose(["GENERAL", "PRIMARY DIAGNOSIS"], condition == 0),
            "MHBODSYS": choose([entry.soc for entry in terms], condition),
            "MHSTDTC": iso_text(year_start(start), written=np.full(len(start), YEAR)),
            "MHSTDY": study_days(np.full(len(start), NO_DAY), cohort.reference[subject]),
            "MHENRTPT": "ONGOING",
            "MHENTPT": iso_text(cohort.consent[subject]),
        },
    )
