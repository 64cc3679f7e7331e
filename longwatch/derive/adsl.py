"""ADSL: one row per subject of DM enrolled by the cut-off (spec A.7, A.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from longwatch.derive.age_group import derive_agegr1
from longwatch.derive.coded import Subjects, by_value, read_coded, read_values
from longwatch.derive.cutoff import keep_started
from longwatch.derive.death import derive_death
from longwatch.derive.disposition import (
    DS_TEXTS,
    PARTICIPATION,
    TREATMENT,
    derive_disposition,
    derive_status,
    is_recorded,
)
from longwatch.derive.exposure import EX_NUMBERS, EX_TEXTS, derive_exposure
from longwatch.derive.follow_up import (
    ALIVE,
    DATES_SEEN_ALIVE,
    NOT_SEEN,
    compute_fupdur,
    derive_lstalvdt,
    find_sightings,
    read_sightings,
)
from longwatch.derive.populations import YES_NO, derive_populations
from longwatch.derive.treatment import derive_treatment
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day, earliest_day, study_day
from longwatch.study import Study

CARRIED = (
    "STUDYID",
    "SITEID",
    "AGEU",
    "SEX",
    "RACE",
    "ETHNIC",
    "COUNTRY",
    "ARMCD",
    "ARM",
    "ACTARMCD",
    "ACTARM",
)
END_OF = {PARTICIPATION: ("EOSSTT", "DCSREAS", "EOSDT"), TREATMENT: ("EOTSTT", "DCTREAS", "EOTDT")}
"""By DSSCAT: the variables of status, reason and day."""
DAYS_PER_YEAR = 365.25
_ENROLLED = ("RFICDTC", "DMDTC", "RFSTDTC")
_DM_DATES = ("DTHFL", "DTHDTC", *DATES_SEEN_ALIVE["DM"])


def read_subjects(data: SourceData, cutoff: date) -> Subjects:
    """The subjects enrolled by the cut-off, in the order of DM.

    Cases: the earliest day known of consent (RFICDTC), DMDTC and RFSTDTC lies after D → left out; none known → kept;
    a subject with several records (rule KY01) → once; a record without USUBJID → left out.
    """
    dm = data.datasets["DM"]
    dates = [name for name in _ENROLLED if name in dm.columns]
    coded = read_values(dm, dates)
    days = [by_value(coded[name], earliest_day(pl.col("text")).alias(name))[name] for name in dates]
    names = dm.frame.select("USUBJID").collect()["USUBJID"]
    kept = names.str.strip_chars() != ""
    if days:
        kept &= pl.select((pl.min_horizontal(*days) <= cutoff).fill_null(True)).to_series()
    return Subjects.of(names if kept.all(ignore_nulls=False) else names.filter(kept))


@dataclass(frozen=True)
class Attended:
    """What ADSL needs besides adverse events. `dm`: one row per subject, in their order; `ds`, `dd`: what started by
    the cut-off; `exposure`, and by DSSCAT what `ended`: by subject; `last`: LSTALVDT as far as these datasets and
    contacts tell."""

    dm: pl.DataFrame
    ds: pl.DataFrame
    dd: pl.DataFrame
    exposure: pl.DataFrame
    ended: Mapping[str, pl.DataFrame]
    last: pl.Series


def read_attended(data: SourceData, study: Study, cutoff: date, subjects: Subjects) -> Attended:
    """Of DM, EX, DS, DD and CONTACT. Does not need AE, so that both can be read at the same time."""
    texts, seen_at = (*CARRIED, *_DM_DATES), DATES_SEEN_ALIVE["DM"]
    dm = read_coded(data, "DM", subjects, texts, ("AGE",), days=seen_at, identifiers=("SUBJID",))
    if not np.array_equal(dm["subject"].to_numpy(), np.arange(len(subjects))):
        dm = dm.unique("subject", keep="first").sort("subject")
    ex = read_coded(data, "EX", subjects, EX_TEXTS, EX_NUMBERS, days=("EXSTDTC", "EXENDTC"), times=("EXSTDTC",))
    ds = keep_started(read_coded(data, "DS", subjects, DS_TEXTS), "DSSTDTC", cutoff)
    dd = keep_started(read_coded(data, "DD", subjects, ("DDDTC",)), "DDDTC", cutoff)
    seen = ds.filter(~pl.col("DSDECOD").is_in(NOT_SEEN).fill_null(False)) if "DSDECOD" in ds.columns else ds
    contact = read_coded(data, "CONTACT", subjects, (*DATES_SEEN_ALIVE["CONTACT"], "RESULT"))
    answered = contact.filter(pl.col("RESULT").is_in(ALIVE)) if "RESULT" in contact.columns else contact.clear()
    alive = {"DM": dm, "EX": ex, "DS": seen, "CONTACT": answered}
    sightings = (sighting for name, frame in alive.items() for sighting in find_sightings(frame, name, cutoff))
    last = derive_lstalvdt(len(subjects), sightings)
    exposure = subjects.lay_out(derive_exposure(ex, study.treatment.products, cutoff))
    ended = {scope: subjects.lay_out(derive_disposition(ds, scope)) for scope in END_OF}
    return Attended(dm, ds, dd, exposure, ended, last)


def read_last_visit(data: SourceData, cutoff: date, subjects: Subjects) -> pl.Series:
    """LSTALVDT as far as visits tell: often the most records, and wanted for nothing else."""
    return derive_lstalvdt(len(subjects), read_sightings(data, "SV", subjects, cutoff))


def derive_last_event(ae: pl.DataFrame, cutoff: date, subjects: Subjects) -> pl.Series:
    """LSTALVDT as far as adverse events tell."""
    return derive_lstalvdt(len(subjects), find_sightings(ae, "AE", cutoff))


def derive_adsl(
    attended: Attended, seen: Sequence[pl.Series], study: Study, cutoff: date, subjects: Subjects, ae: pl.DataFrame
) -> pl.DataFrame:
    """One row per subject of `subjects`, in that order: row i is the subject with USUBJID code i.

    - Carried from DM where it has them: SUBJID, CARRIED, AGE (the first record of a subject).
    - TRT01P, TRT01A: headings of the study file's arms by ARMCD, ACTARMCD; TRT01PN, TRT01AN their places, from 1.
      Missing for arms that get no treatment and for no arm; but `Not assigned` for a subject who was dosed.
    - TRTSDT, TRTSDTM, TRTEDT, INTSDT, INTSDTM: `exposure`. SAFFL, INTFL, RANDFL, ITTFL: `populations`.
    - DTHFL (Y or missing), DTHDT: `death`; DTHADY: its study day. LSTALVDT, FUPDUR: `follow_up`; FUPYRS: FUPDUR in
      years of 365.25 days. CUTDT: the cut-off. RFICDT: the complete day of consent.
    - EOSSTT, DCSREAS, EOSDT and EOTSTT, DCTREAS, EOTDT: `disposition`, of study participation and of study treatment.
    - AGEGR1: `age_group`. DTHCAUS is added once ADAE is there (`cause_of_death`).

    Expects `attended` from `read_attended`, `seen` from `read_last_visit` and `derive_last_event`, `ae` from
    `read_adverse_events`. Everything is as known at D.
    """
    dm, ds, exposure = attended.dm, attended.ds, attended.exposure
    death = subjects.lay_out(derive_death(dm, ds, ae, attended.dd, cutoff).with_columns(DTHFL=pl.lit("Y", YES_NO)))
    last = pl.select(pl.max_horizontal(attended.last, *seen)).to_series()
    carried = dm.select(name for name in ("SUBJID", *CARRIED, "AGE") if name in dm.columns)
    adsl = pl.concat([subjects.keys.to_frame(), carried, exposure, death, last.to_frame()], how="horizontal")
    adsl = derive_populations(adsl, ds, tuple(arm.code for arm in study.treatment.arms)).drop("DOSED")
    heading_of = {arm.code: arm.name for arm in study.treatment.arms}
    for code, name in (("ARMCD", "TRT01P"), ("ACTARMCD", "TRT01A")):
        adsl = derive_treatment(adsl, code, name, study.treatment.arms, heading_of)
    adsl = adsl.with_columns(CUTDT=pl.lit(cutoff), LSTALVDT=pl.min_horizontal("LSTALVDT", "DTHDT"))
    for scope, names in END_OF.items():
        ended = pl.concat([adsl, attended.ended[scope]], how="horizontal")
        adsl = derive_status(ended, scope, *names, recorded=is_recorded(ds, scope))
    adsl = adsl.with_columns(
        FUPDUR=compute_fupdur(cutoff),
        RFICDT=first_day(dm, "RFICDTC", len(subjects)),
        DTHADY=study_day(pl.col("DTHDT"), pl.col("TRTSDT")),
    ).with_columns(FUPYRS=pl.col("FUPDUR") / DAYS_PER_YEAR)
    return derive_agegr1(adsl, study.age_groups)


def first_day(dm: pl.DataFrame, variable: str, subjects: int) -> pl.Series:
    """The complete day of a date variable of DM, by subject; missing where there is none."""
    if variable not in dm.columns:
        return pl.Series(variable, [None], dtype=pl.Date).new_from_index(0, subjects)
    return by_value(dm[variable], complete_day(pl.col("text")).alias(variable))[variable]
