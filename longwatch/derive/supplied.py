"""The sponsor's own analysis datasets: ADSL and ADAE as supplied, made ready to be counted (study file:
`analysis_data: adam`).

Nothing is derived that the sponsor has derived; what the tables need besides is added by the same rules as elsewhere.
"""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl

from longwatch.derive.carried import AdverseEvents
from longwatch.derive.coded import Subjects, read_typed, read_whole
from longwatch.derive.follow_up import compute_fupdur
from longwatch.derive.of_subject import OF_SUBJECT, carry_subject
from longwatch.derive.populations import YES_NO
from longwatch.derive.treatment import derive_treatment
from longwatch.derive.uncoded import fill_uncoded
from longwatch.standards.dataset import Dataset, SourceData
from longwatch.standards.dates import study_day
from longwatch.study import Study

NEEDED = {
    "ADSL": ("USUBJID", "SAFFL"),
    "ADAE": ("USUBJID", "AEDECOD", "TRTEMFL"),
    "ADTTE": ("USUBJID", "PARAMCD", "AVAL", "CNSR"),
}
"""Variables that the supplied datasets must have, ADTTE where there is one; ADSL also the treatment variable of the
study's basis."""

_ENROLLED = ("RFICDT", "ENRLDT", "RANDDT", "TRTSDT")
_EVENT_DATES = ("ASTDT", "AENDT")
_FLAGS = ("SAFFL", "ITTFL", "RANDFL", "GRAFTFL", "DTHFL")


def read_supplied_adsl(data: SourceData, study: Study, cutoff: date) -> tuple[Subjects, pl.DataFrame]:
    """ADSL as supplied, one row per subject, row i the subject with USUBJID code i.

    - Subjects: in ADSL's order, each once; left out where the earliest of RFICDT, ENRLDT, RANDDT, TRTSDT lies after D.
    - Every variable as supplied; blank text is missing. Flags (_FLAGS): Y or N, another value is
      missing; a missing SAFFL is N.
    - TRT01P, TRT01A: the heading of the study file's arm whose name or code the value is; `Not assigned` for a
      subject of the safety population with another value; else missing.
    - A death after D (DTHDT > D) is not known: DTHFL, DTHDT and DTHADY missing. DTHADY not supplied: the
      study day. TRTSDT, TRTEDT, DTHDT, LSTALVDT are there, missing where not
      supplied; FUPDUR as supplied, else from LSTALVDT (`follow_up`). CUTDT: the cut-off.
    """
    names = data.frame("ADSL").select("USUBJID", *_dates(data, "ADSL", _ENROLLED)).collect()
    days = [pl.col(name) for name in names.columns[1:]]
    late = pl.min_horizontal(*days) > cutoff if days else pl.lit(False)
    kept = names.filter(~late.fill_null(False), pl.col("USUBJID").is_not_null())
    subjects = Subjects.of(kept["USUBJID"].unique(maintain_order=True))
    adsl = read_whole(data, "ADSL", subjects).unique("subject", keep="first").sort("subject").drop("subject")
    adsl = adsl.with_columns(_flag(name) for name in _FLAGS if name in adsl.columns)
    adsl = adsl.with_columns(pl.col("SAFFL").fill_null("N"))
    for name in ("TRTSDT", "TRTEDT", "DTHDT", "LSTALVDT"):
        if adsl.schema.get(name) != pl.Date:
            adsl = adsl.with_columns(pl.lit(None, pl.Date).alias(name))
    if "DTHFL" not in adsl.columns:
        adsl = adsl.with_columns(DTHFL=pl.when(pl.col("DTHDT").is_not_null()).then(pl.lit("Y", YES_NO)))
    if "DTHADY" not in adsl.columns:
        adsl = adsl.with_columns(DTHADY=study_day(pl.col("DTHDT"), pl.col("TRTSDT")))
    unknown = (pl.col("DTHDT") > cutoff).fill_null(False)
    adsl = adsl.with_columns(pl.when(~unknown).then(pl.col(name)).alias(name) for name in ("DTHFL", "DTHDT", "DTHADY"))
    heading_of = {text: arm.name for arm in study.treatment.arms for text in (arm.code, arm.name)}
    for name in ("TRT01P", "TRT01A"):
        adsl = derive_treatment(adsl, name, name, study.treatment.arms, heading_of)
    adsl = adsl.with_columns(CUTDT=pl.lit(cutoff))
    if "FUPDUR" not in adsl.columns:
        adsl = adsl.with_columns(FUPDUR=compute_fupdur(cutoff))
    return subjects, pl.concat([subjects.keys.to_frame(), adsl], how="horizontal")


def read_supplied_adae(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame
) -> AdverseEvents:
    """ADAE as supplied, in its order, with SAFFL and treatment of ADSL.

    - Records that start after D (ASTDT, where it is a date) are left out; those of no subject of ADSL too.
    - AEBODSYS: as supplied, or AESOC; missing → `UNCODED`. AEDECOD missing → `UNCODED: ` and AETERM. TRTEMFL missing
      is N. AREL: as supplied, else from AEREL by the study file.
    - ASTDT, AENDT, AESEQ are there, missing where not supplied.
    """
    dataset = data.datasets["ADAE"]
    schema = dataset.frame.collect_schema()
    soc = "AEBODSYS" if "AEBODSYS" in schema else "AESOC"
    adae = read_typed(dataset, (soc, "AEDECOD", "TRTEMFL", *_EVENT_DATES), subjects)
    taken = adae["subject"] < len(subjects)
    if schema.get("ASTDT") == pl.Date:
        taken &= ~(adae["ASTDT"] > cutoff).fill_null(False)
    kept = None if taken.all() else taken
    adae = adae if kept is None else adae.filter(kept)
    absent = dict.fromkeys(_EVENT_DATES, pl.Date) | {"AESEQ": pl.Float64}
    adae = adae.with_columns(pl.lit(None, kind).alias(name) for name, kind in absent.items() if name not in schema)
    adae = fill_uncoded(adae.rename({soc: "AEBODSYS"}), lambda: _read_verbatim(dataset, kept))
    adae = adae.with_columns(_flag("TRTEMFL").fill_null("N"))
    derived = carry_subject(adsl, adae)
    carried = tuple(name for name in schema if name not in (soc, *derived.columns))
    mapped = "AREL" not in schema and "AEREL" in schema
    supplied = ["AEBODSYS" if name == soc else name for name in schema]
    order = tuple(dict.fromkeys((*OF_SUBJECT, *supplied, *derived.columns, *(("AREL",) if mapped else ()))))
    read = partial(read_typed, dataset)
    return AdverseEvents(derived, carried, order, read, kept, study.relatedness if mapped else None)


def _read_verbatim(dataset: Dataset, kept: pl.Series | None) -> pl.Series | None:
    read = read_typed(dataset, ("AETERM",))
    if "AETERM" not in read.columns:
        return None
    return read["AETERM"] if kept is None else read["AETERM"].filter(kept)


def _dates(data: SourceData, name: str, wanted: tuple[str, ...]) -> list[str]:
    schema = data.datasets[name].frame.collect_schema()
    return [column for column in wanted if schema.get(column) == pl.Date]


def _flag(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.when(text.is_in(["Y", "N"])).then(text).cast(YES_NO).alias(name)
