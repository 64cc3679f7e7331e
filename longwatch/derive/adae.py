"""ADAE: one row per adverse event that started by the cut-off (spec A.8)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, read_coded
from longwatch.derive.cutoff import forget_later, keep_started
from longwatch.derive.imputation import add_day_range, derive_aendt, derive_astdt
from longwatch.derive.relatedness import derive_arel
from longwatch.derive.trtemfl import derive_trtemfl
from longwatch.derive.uncoded import fill_uncoded
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import study_day
from longwatch.study import Study, TreatmentReference

CRITERIA = ("AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE", "AESCAN", "AESOD")
"""Seriousness criteria (spec A.3)."""
ANALYSED = ("AESEV", "AETOXGR", "AESER", *CRITERIA, "AEREL", "AEACN", "AEOUT")
"""Variables of AE that ADAE carries where the data has them, besides term, dates and key."""

_KEYS = {TreatmentReference.FIRST_INFUSION: ("SAFFL", "TRTSDT", "TRTSDTM"),
         TreatmentReference.FIRST_STUDY_INTERVENTION: ("INTFL", "INTSDT", "INTSDTM")}  # fmt: skip

_OF_SUBJECT = ("REFFL", "REFDT", "REFDTM", "TRTSDT", "DTHFL", "DTHDT", "LSTALVDT")


def read_adverse_events(
    data: SourceData, subjects: Subjects, cutoff: date, variables: Collection[str] | None = None
) -> pl.DataFrame:
    """The adverse events that started by the cut-off, coded, in source order, as AE has them.

    Terms: AEBODSYS, or AESOC where the data has no AEBODSYS, missing → `UNCODED`; AEDECOD, missing → `UNCODED: ` and
    the verbatim term (never dropped: spec C.2 rule 5). An AEENDTC that can only lie after D is missing, and with it the
    AEOUT of such a record, and that it ended in death (AESDTH = Y). Where the data has no AEENDTC or AESEQ, they are
    there and missing. `variables`: which of ANALYSED to read; None means all.
    """
    wanted = [name for name in ANALYSED if variables is None or name in variables or name in ("AESDTH", "AEOUT")]
    soc = "AEBODSYS" if "AEBODSYS" in data.datasets["AE"].columns else "AESOC"
    ae = read_coded(data, "AE", subjects, (soc, "AEDECOD", "AESTDTC", "AEENDTC", *wanted), ("AESEQ",))
    absent = {"AEENDTC": pl.lit(None, pl.Enum([])), "AESEQ": pl.lit(None, pl.Float64)}
    ae = ae.with_columns(value.alias(name) for name, value in absent.items() if name not in ae.columns)
    ae = fill_uncoded(ae.rename({soc: "AEBODSYS"}), lambda: _read_verbatim(data, subjects))
    ae = keep_started(ae, "AESTDTC", cutoff)
    known = forget_later(ae, "AEENDTC", cutoff)
    forgotten = known["AEENDTC"].is_null() & ae["AEENDTC"].is_not_null()
    return known.with_columns(
        known[name].set(forgotten if name == "AEOUT" else forgotten & (known[name] == "Y").fill_null(False), None)
        for name in ("AEOUT", "AESDTH")
        if name in known.columns
    )


def derive_adae(ae: pl.DataFrame, adsl: pl.DataFrame, study: Study, cutoff: date) -> pl.DataFrame:
    """Adverse events with analysis dates and flags, one row per record of `read_adverse_events`, in its order.

    Adds TRT01P, TRT01A, SAFFL from ADSL; ASTDT, ASTDTF, AENDT, AENDTF (`imputation`); ASTDY (study day of ASTDT from
    TRTSDT, of an imputed ASTDT too, as ADaM has it: ASTDTF says so); TRTEMFL (`trtemfl`); AREL (`relatedness`). A
    fatal outcome (AESDTH, AEOUT) of a subject not known to have died by D is not known either: missing.
    Occurrence flags are added on demand (`AnalysisDatasets.adae_with_occurrence_flags`). Expects row i of ADSL to be
    `subject` i.
    """
    has_reference, reference_day, reference_time = _KEYS[study.treatment_emergence.reference]
    subject = adsl.select(
        "USUBJID",
        "TRT01P",
        "TRT01A",
        "SAFFL",
        "TRTSDT",
        "DTHFL",
        "DTHDT",
        "LSTALVDT",
        REFFL=pl.col(has_reference),
        REFDT=pl.col(reference_day),
        REFDTM=pl.col(reference_time),
    ).select(pl.all().gather(ae["subject"]))
    adae = pl.concat([subject, ae.drop("subject")], how="horizontal")
    adae = add_day_range(add_day_range(_forget_later_deaths(adae), "AESTDTC"), "AEENDTC")
    adae = derive_aendt(derive_astdt(adae), cutoff)
    adae = derive_trtemfl(adae)
    adae = derive_arel(adae, study.relatedness)
    adae = adae.with_columns(ASTDY=study_day(pl.col("ASTDT"), pl.col("TRTSDT")))
    return adae.select(pl.exclude(r"^AE(ST|EN)DTC.*$", *_OF_SUBJECT))


def _forget_later_deaths(adae: pl.DataFrame) -> pl.DataFrame:
    not_dead = (pl.col("DTHFL") != "Y").fill_null(True)
    changes = {"AESDTH": "Y", "AEOUT": "FATAL"}
    return adae.with_columns(
        pl.when(not_dead & (pl.col(name) == value)).then(None).otherwise(pl.col(name)).alias(name)
        for name, value in changes.items()
        if name in adae.columns
    )


def _read_verbatim(data: SourceData, subjects: Subjects) -> pl.Series | None:
    read = read_coded(data, "AE", subjects, ("AETERM",))
    return read["AETERM"] if "AETERM" in read.columns else None
