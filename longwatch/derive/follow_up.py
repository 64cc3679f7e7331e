"""How long each subject has been watched (spec A.8: LSTALVDT, FUPDUR)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

import numpy as np
import polars as pl

from longwatch.derive.by_subject import NONE, BySubject, as_series
from longwatch.derive.coded import numbers_by_value
from longwatch.standards.dates import complete_day, study_day
from longwatch.study import Study, TreatmentReference

DATES_SEEN_ALIVE = {
    "DM": ("RFICDTC", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFPENDTC"),
    "EX": ("EXSTDTC", "EXENDTC"),
    "DS": ("DSSTDTC",),
    "SV": ("SVSTDTC", "SVENDTC"),
    "AE": ("AESTDTC", "AEENDTC"),
    "CONTACT": ("DTC",),
}
"""Variables whose complete dates say that a subject was alive then."""

ALIVE = ("REACHED", "REGISTRY_ALIVE")
"""Results of a contact (CONTACT.RESULT) that say that the subject was alive on that day."""
NOT_SEEN = ("LOST TO FOLLOW-UP", "DEATH")
"""Dispositions (DSDECOD) whose date is not one on which the subject was seen alive."""


def derive_lstalvdt(subjects: int, frames: Iterable[tuple[pl.DataFrame, Sequence[str]]], cutoff: date) -> pl.Series:
    """LSTALVDT: the last day a subject is known to have been alive, by the cut-off, one value per subject.

    The latest complete date, on or before D, of the variables named with each frame. Partial dates, and dates after D,
    count for nothing; a subject without any → missing. Expects coded frames.
    """
    latest = np.full(subjects, NONE, dtype=np.int32)
    day = complete_day(pl.col("text"))
    seen = pl.when(day <= cutoff).then(day).alias("day")
    for frame, variables in frames:
        of = BySubject(frame["subject"], subjects)
        for variable in variables:
            if variable in frame.columns:
                latest = np.maximum(latest, of.largest_number(numbers_by_value(frame[variable], seen, NONE)))
    return as_series(latest, pl.Date).alias("LSTALVDT")


def start_variable(study: Study, columns: Collection[str]) -> str:
    """The variable of ADSL that is day 1 of a subject's time at risk: TRTSDT, or INTSDT where events are
    treatment-emergent from the first study intervention on."""
    first = study.treatment_emergence.reference is TreatmentReference.FIRST_STUDY_INTERVENTION
    return "INTSDT" if first and "INTSDT" in columns else "TRTSDT"


def compute_fupdur(cutoff: date) -> pl.Expr:
    """Days watched from first treatment: min(LSTALVDT, DTHDT, D) − TRTSDT + 1, as Int32.

    Missing where never treated, or not seen since (LSTALVDT before TRTSDT). Source: spec A.8.
    """
    end = pl.min_horizontal("LSTALVDT", "DTHDT", pl.lit(cutoff))
    days = study_day(end, pl.col("TRTSDT"))
    return pl.when(pl.col("LSTALVDT").is_not_null() | pl.col("DTHDT").is_not_null()).then(pl.when(days > 0).then(days))
