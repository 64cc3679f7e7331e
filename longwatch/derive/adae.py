"""ADAE: one row per adverse event that started by the cut-off (spec A.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

import polars as pl

from longwatch.derive.carried import AdverseEvents, Derivation
from longwatch.derive.coded import Subjects, read_coded, read_values
from longwatch.derive.cutoff import forget_later, is_late
from longwatch.derive.imputation import add_day_range, day_ranges, derive_aendt, derive_astdt
from longwatch.derive.in_parts import at_once
from longwatch.derive.of_subject import OF_SUBJECT
from longwatch.derive.trtemfl import clock_of, derive_trtemfl
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
_DATES = ("AESTDTC", "AEENDTC")
_OF_DEATH = ("AESDTH", "AEOUT")
RECORDS_AT_ONCE = 1_000_000
Step = Callable[[pl.DataFrame], pl.DataFrame | pl.LazyFrame]


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
    taken, late = ae["subject"] < len(subjects), is_late(ae["AESTDTC"], cutoff)
    taken = taken if late is None else taken & ~late
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

    ae = _forget_later_deaths(ae, adsl)
    key = ae["subject"].cat.to(adsl["USUBJID"].dtype).alias("USUBJID")
    there = pl.DataFrame([key, *(ae[name] for name in ("AEBODSYS", "AEDECOD", *_OF_DEATH) if name in ae.columns)])
    later = _derivations(ae, adsl, study, cutoff)
    mapping = study.relatedness if related else None
    return AdverseEvents(there, carried, order, read, kept, mapping, later=later)


def _derivations(ae: pl.DataFrame, adsl: pl.DataFrame, study: Study, cutoff: date) -> Mapping[str, Derivation]:
    """By variable, how it comes to be when it is asked for: an output needs few of them, and each step works out no
    other."""
    has_reference, reference_day, reference_time = _KEYS[study.treatment_emergence.reference]
    reference = adsl.select(REFFL=has_reference, REFDT=reference_day)
    doses = adsl[reference_time].cast(pl.String).alias("REFDTM")
    ranges = {name: day_ranges(ae[name]) for name in _DATES}
    clock = clock_of(ae["AESTDTC.time"]) if "AESTDTC.time" in ae.columns else None

    def emergence(part: pl.DataFrame) -> pl.DataFrame:
        part = _of_subjects(part, reference)
        part = add_day_range(part, "AESTDTC", ranges["AESTDTC"].select("last", "day"))
        return derive_trtemfl(add_day_range(part, "AEENDTC", ranges["AEENDTC"].select("day")), doses, clock)

    def start(part: pl.DataFrame) -> pl.LazyFrame:
        part = _of_subjects(part, adsl.select("TRTSDT"))
        part = add_day_range(part, "AESTDTC", ranges["AESTDTC"])
        started = derive_astdt(add_day_range(part, "AEENDTC", ranges["AEENDTC"].select("day")).lazy())
        return started.with_columns(ASTDY=study_day(pl.col("ASTDT"), pl.col("TRTSDT")))

    def end(part: pl.DataFrame) -> pl.LazyFrame:
        part = _of_subjects(part, adsl.select("DTHDT", "LSTALVDT"))
        return derive_aendt(add_day_range(part, "AEENDTC", ranges["AEENDTC"]).lazy(), cutoff)

    starts = ("subject", *_DATES)
    timed = (*starts, *(("AESTDTC.time",) if "AESTDTC.time" in ae.columns else ()))
    steps: tuple[tuple[Step, Sequence[str], Sequence[str]], ...] = (
        (emergence, timed, ("TRTEMFL",)),
        (start, starts, ("ASTDT", "ASTDTF", "ASTDY")),
        (end, ("subject", "AEENDTC"), ("AENDT", "AENDTF")),
    )
    found = {name: partial(_by_part, ae.select(needs), step, name) for step, needs, gives in steps for name in gives}
    of_subject = {name: partial(_of_subjects, ae.select("subject"), adsl.select(name)) for name in OF_SUBJECT[1:]}
    return found | of_subject


def _of_subjects(part: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([part, adsl.select(pl.all().gather(part["subject"]))], how="horizontal")


def _by_part(ae: pl.DataFrame, step: Step, variable: str) -> pl.DataFrame:
    """Part by part, on two threads: what is needed on the way takes little memory."""
    parts = (partial(_of_part, step, part, variable) for part in ae.iter_slices(RECORDS_AT_ONCE))
    return pl.concat(list(at_once(ae.height, *parts))) if ae.height else _of_part(step, ae, variable)


def _of_part(step: Step, part: pl.DataFrame, variable: str) -> pl.DataFrame:
    return step(part).lazy().select(variable).collect()


def _forget_later_deaths(ae: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """Without the fatal outcome of who is not known to have died."""
    not_dead = (adsl["DTHFL"] != "Y").fill_null(True)
    changes = {"AESDTH": "Y", "AEOUT": "FATAL"}
    for name in ae.columns:
        if name in changes:
            fatal = (ae[name] == changes[name]).arg_true()
            forgotten = fatal.filter(not_dead.gather(ae["subject"].gather(fatal)))
            ae = ae.with_columns(ae[name].scatter(forgotten, None)) if len(forgotten) else ae
    return ae


def _read_verbatim(data: SourceData, kept: pl.Series | None) -> pl.Series | None:
    read = read_values(data.datasets["AE"], ("AETERM",))
    if "AETERM" not in read.columns:
        return None
    return read["AETERM"] if kept is None else read["AETERM"].filter(kept)
