"""ADAE: one row per adverse event that started by the cut-off (spec A.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl

from longwatch.derive.carried import AdverseEvents
from longwatch.derive.coded import Subjects, read_coded, read_values
from longwatch.derive.cutoff import forget_later, is_late
from longwatch.derive.imputation import add_day_range, day_ranges, derive_aendt, derive_astdt
from longwatch.derive.of_subject import OF_SUBJECT
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

_ANALYSIS = ("ASTDT", "ASTDTF", "AENDT", "AENDTF", "TRTEMFL")
_OF_SUBJECT = ("REFFL", "REFDT", "REFDTM", "TRTSDT", "DTHFL", "DTHDT", "LSTALVDT")
_DATES = ("AESTDTC", "AEENDTC")
_OF_DEATH = ("AESDTH", "AEOUT")
RECORDS_AT_ONCE = 1_000_000


def read_adverse_events(data: SourceData, subjects: Subjects, cutoff: date) -> tuple[pl.DataFrame, pl.Series | None]:
    """The adverse events that started by the cut-off, coded, in source order: term, dates, and what says that it ended
    in death. And by record of AE whether it is among them; None where all are.

    Terms: AEBODSYS, or AESOC where the data has no AEBODSYS, missing → `UNCODED`; AEDECOD, missing → `UNCODED: ` and
    the verbatim term (never dropped: spec C.2 rule 5). An AEENDTC that can only lie after D is missing, and with it the
    AEOUT of such a record, and that it ended in death (AESDTH = Y). Where the data has no AEENDTC, it is there and
    missing.
    """
    soc = "AEBODSYS" if "AEBODSYS" in data.datasets["AE"].columns else "AESOC"
    texts = (soc, "AEDECOD", *_DATES, *_OF_DEATH)
    ae = read_coded(data, "AE", subjects, texts, days=_DATES, times=("AESTDTC",), with_unknown=True)
    taken = (ae["subject"] < len(subjects)) & ~is_late(ae["AESTDTC"], cutoff)
    kept = None if taken.all() else taken
    ae = ae if kept is None else ae.filter(kept)
    if "AEENDTC" not in ae.columns:
        ae = ae.with_columns(AEENDTC=pl.lit(None, pl.Enum([])))
    ae = fill_uncoded(ae.rename({soc: "AEBODSYS"}), lambda: _read_verbatim(data, kept))
    known = forget_later(ae, "AEENDTC", cutoff)
    if known is ae:
        return ae, kept
    forgotten = known["AEENDTC"].is_null() & ae["AEENDTC"].is_not_null()
    known = known.with_columns(
        known[name].set(forgotten if name == "AEOUT" else forgotten & (known[name] == "Y").fill_null(False), None)
        for name in _OF_DEATH
        if name in known.columns
    )
    return known, kept


def derive_adae(
    data: SourceData, ae: pl.DataFrame, kept: pl.Series | None, adsl: pl.DataFrame, study: Study, cutoff: date
) -> AdverseEvents:
    """Adverse events with analysis dates and flags, one row per record of `read_adverse_events`, in its order.

    Adds TRT01P, TRT01A, SAFFL from ADSL; ASTDT, ASTDTF, AENDT, AENDTF (`imputation`); ASTDY (study day of ASTDT from
    TRTSDT, of an imputed ASTDT too, as ADaM has it: ASTDTF says so); TRTEMFL (`trtemfl`); AREL (`relatedness`). A
    fatal outcome (AESDTH, AEOUT) of a subject not known to have died by D is not known either: missing. Carries those
    of ANALYSED that the data has, and AESEQ, missing where it has none.
    Occurrence flags are added on demand (`AnalysisDatasets.adae_with_occurrence_flags`). Expects row i of ADSL to be
    `subject` i.
    """
    columns = data.datasets["AE"].columns
    analysed = [name for name in ANALYSED if name in columns]
    related = ("AREL",) if "AEREL" in columns else ()
    order = (*OF_SUBJECT, "AEBODSYS", "AEDECOD", *analysed, "AESEQ", *_ANALYSIS, *related, "ASTDY")
    carried = tuple(name for name in (*analysed, "AESEQ") if name not in _OF_DEATH)

    def read(names: Sequence[str]) -> pl.DataFrame:
        dataset = data.datasets["AE"]
        if names == ["AESEQ"] and "AESEQ" not in columns:
            return pl.select(AESEQ=pl.repeat(None, dataset.rows, dtype=pl.Float64))
        found = read_values(dataset, [name for name in names if name != "AESEQ"], ("AESEQ",) * ("AESEQ" in names))
        return (
            found
            if "AESEQ" in found.columns or "AESEQ" not in names
            else found.with_columns(AESEQ=pl.lit(None, pl.Float64))
        )

    derived = _derive(ae, adsl, study, cutoff)
    return AdverseEvents(derived, carried, order, read, kept, study.relatedness if related else None)


def _derive(ae: pl.DataFrame, adsl: pl.DataFrame, study: Study, cutoff: date) -> pl.DataFrame:
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
    )
    doses = adsl[reference_time].cast(pl.String).alias("REFDTM")
    ranges = {name: day_ranges(ae[name]) for name in _DATES}
    # Part by part: what is needed on the way takes little memory.
    with ThreadPoolExecutor(2) as pool:
        slices = ae.iter_slices(RECORDS_AT_ONCE)
        parts = list(pool.map(lambda part: _derive_part(part, subject, doses, ranges, cutoff), slices))
    parts = parts or [_derive_part(ae, subject, doses, ranges, cutoff)]
    derived = [pl.concat([part.drop_in_place(name) for part in parts]) for name in parts[0].columns]
    return pl.DataFrame([*derived, ae["AEBODSYS"], ae["AEDECOD"]])


def _derive_part(
    ae: pl.DataFrame, subject: pl.DataFrame, doses: pl.Series, ranges: Mapping[str, pl.DataFrame], cutoff: date
) -> pl.DataFrame:
    """Every variable but the terms, for some of the records."""
    changing = (*_OF_DEATH, *_DATES, "AESTDTC.time")
    # Where the event has no time, that of the dose is not looked at.
    timed = ae["subject"].set(ae["AESTDTC.time"].is_null(), None)
    part = pl.concat(
        [
            subject.select(pl.all().gather(ae["subject"])),
            doses.gather(timed).to_frame(),
            ae.select(name for name in changing if name in ae.columns),
        ],
        how="horizontal",
    )
    part = _forget_later_deaths(part)
    for name in _DATES:
        part = add_day_range(part, name, ranges[name])
    part = derive_trtemfl(derive_aendt(derive_astdt(part), cutoff))
    part = part.with_columns(ASTDY=study_day(pl.col("ASTDT"), pl.col("TRTSDT")))
    return part.select(pl.exclude(r"^AE(ST|EN)DTC.*$", *_OF_SUBJECT))


def _forget_later_deaths(adae: pl.DataFrame) -> pl.DataFrame:
    not_dead = (pl.col("DTHFL") != "Y").fill_null(True)
    changes = {"AESDTH": "Y", "AEOUT": "FATAL"}
    return adae.with_columns(
        pl.when(not_dead & (pl.col(name) == value)).then(None).otherwise(pl.col(name)).alias(name)
        for name, value in changes.items()
        if name in adae.columns
    )


def _read_verbatim(data: SourceData, kept: pl.Series | None) -> pl.Series | None:
    read = read_values(data.datasets["AE"], ("AETERM",))
    if "AETERM" not in read.columns:
        return None
    return read["AETERM"] if kept is None else read["AETERM"].filter(kept)
