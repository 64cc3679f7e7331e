"""How long each subject has been watched (spec A.8: LSTALVDT, FUPDUR)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.by_subject import NONE, BySubject, as_series
from longwatch.derive.coded import Subjects, numbers_by_value, read_numbers
from longwatch.standards.dataset import SourceData
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


Sighting = tuple[pl.Series, Iterable[NDArray[np.int32]]]
"""`subject` by record, and days, as their numbers, on which it was alive; NONE where there is none."""


def seen_by(cutoff: date) -> pl.Expr:
    """The day of a complete `text`, on or before the cut-off. Days as text stand in the order of time."""
    text = pl.col("text")
    return pl.when(text.str.slice(0, 10) <= cutoff.isoformat()).then(complete_day(text))


def find_sightings(frame: pl.DataFrame, name: str, cutoff: date) -> Iterator[Sighting]:
    """What the records of a dataset, coded, tell."""
    dates = [variable for variable in DATES_SEEN_ALIVE[name] if variable in frame.columns]
    seen = seen_by(cutoff)
    yield frame["subject"], (numbers_by_value(frame[variable], seen, NONE) for variable in dates)


def read_sightings(data: SourceData, name: str, subjects: Subjects, cutoff: date) -> Iterator[Sighting]:
    """The same of a dataset of which nothing else is wanted."""
    return read_numbers(data, name, subjects, DATES_SEEN_ALIVE[name], seen_by(cutoff), NONE)


def derive_lstalvdt(subjects: int, sightings: Iterable[Sighting]) -> pl.Series:
    """LSTALVDT: the last day a subject is known to have been alive, by the cut-off, one value per subject.

    The latest complete date, on or before D, of DATES_SEEN_ALIVE. Partial dates, and dates after D, count for nothing;
    a subject without any → missing.
    """
    latest = np.full(subjects, NONE, dtype=np.int32)
    for subject, every in sightings:
        of = BySubject(subject, subjects)
        for days in every:
            of.enlarge(latest, days)
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
