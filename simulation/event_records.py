"""Adverse events as records: AE and SUPPAE, and what the generator knows of each (truth/adverse_events.csv)."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.days import NO_DAY, Days, Mask, iso_text, study_days
from simulation.dosing import first_treatment
from simulation.emergence import CASES, emergence
from simulation.event_profiles import RELATEDNESS, profile_of
from simulation.events import UNKNOWN, AdverseEvents
from simulation.layout import choose, shape
from simulation.mockdra import Term, term
from simulation.subjects import Cohort

OUTCOMES = (
    "RECOVERED/RESOLVED",
    "RECOVERED/RESOLVED WITH SEQUELAE",
    "RECOVERING/RESOLVING",
    "NOT RECOVERED/NOT RESOLVED",
    "FATAL",
    "UNKNOWN",
)
_SEVERITY = ("", "MILD", "MODERATE", "SEVERE", "SEVERE", "SEVERE")
_REDUCED = ("NEUTROPENIA", "KIDNEY FUNCTION REDUCED", "BK VIRUS INFECTION", "CYTOMEGALOVIRUS INFECTION")


def ae_frame(cohort: Cohort, events: AdverseEvents) -> pl.DataFrame:
    """AE: one row per adverse event."""
    terms = [term(pt) for pt in events.pts]
    subject, reference = events.subject, cohort.reference[events.subject]
    seq = pl.Series(events.seq).cast(pl.String)
    goes_on = events.end == NO_DAY
    reduced = np.isin(events.kind, [events.pts.index(pt) for pt in _REDUCED]) & (events.grade >= 2)
    return shape(
        "AE",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "AESEQ": events.seq,
            "AESPID": "E" + seq.str.zfill(3),
            **_coding(terms, events),
            "AESEV": choose(_SEVERITY, events.grade),
            "AESER": _flag(events.serious),
            "AEACN": "NOT APPLICABLE",
            "AEACNOTH": choose(["IMMUNOSUPPRESSANT REDUCED"], np.where(reduced, 0, -1)),
            "AEREL": choose(RELATEDNESS, events.product),
            "AEOUT": choose(OUTCOMES, events.outcome),
            "AESCONG": "N",
            "AESDISAB": _flag(events.disabling),
            "AESDTH": _flag(events.grade == 5),
            "AESHOSP": _flag(events.hospital),
            "AESLIFE": _flag(events.life),
            "AESMIE": _flag(events.important),
            "AECONTRT": _flag(events.treated),
            "AETOXGR": pl.Series(events.grade).cast(pl.String),
            "EPOCH": cohort.epochs(subject, np.where(events.written == 0, events.day, NO_DAY)),
            "AESTDTC": iso_text(events.day, events.minute, events.written),
            "AEENDTC": iso_text(events.end),
            "AESTDY": study_days(events.day, reference, events.written),
            "AEENDY": study_days(events.end, reference),
            "AEENRTPT": choose(["ONGOING", "UNKNOWN"], np.where(goes_on, (events.outcome == UNKNOWN).astype(int), -1)),
            "AEENTPT": iso_text(np.where(goes_on, cohort.end[subject], NO_DAY)),
        },
    )


def _coding(terms: list[Term], events: AdverseEvents) -> dict[str, pl.Series]:
    """Verbatim term and dictionary levels with their codes."""
    offsets = np.cumsum([0, *(len(entry.llts) for entry in terms)])[:-1]
    llts = [llt for entry in terms for llt in entry.llts]
    llt = offsets[events.kind] + events.verbatim
    names = [name for name, _ in llts]
    levels = {"AEDECOD": "pt", "AEHLT": "hlt", "AEHLGT": "hlgt", "AEBODSYS": "soc", "AESOC": "soc"}
    codes = {
        "AEPTCD": "pt_code",
        "AEHLTCD": "hlt_code",
        "AEHLGTCD": "hlgt_code",
        "AEBDSYCD": "soc_code",
        "AESOCCD": "soc_code",
    }
    return {
        "AETERM": choose(names, llt),
        "AELLT": choose([name.upper() for name in names], llt),
        "AELLTCD": pl.Series([code for _, code in llts]).gather(llt),
        **{name: choose([getattr(entry, field) for entry in terms], events.kind) for name, field in levels.items()},
        **{
            name: pl.Series([getattr(entry, field) for entry in terms]).gather(events.kind)
            for name, field in codes.items()
        },
    }


def suppae_frame(cohort: Cohort, events: AdverseEvents) -> pl.DataFrame:
    """SUPPAE: treatment emergence and causality by agent of each event; the AESI it counts under; case of a serious
    one."""
    every = np.arange(len(events.subject))
    emergent, _ = emergent_by_infusion(cohort, events)
    interest = [profile_of(pt).interest for pt in events.pts]
    names = choose(interest, events.kind)
    of_interest = every[np.array([bool(name) for name in interest])[events.kind]]
    serious = every[events.serious]
    ids = cohort.usubjid(events.subject)
    case = "CASE-" + ids.str.slice(8) + "-" + pl.Series(events.seq).cast(pl.String).str.zfill(3)
    relatedness = {name: choose(RELATEDNESS, getattr(events, name)) for name in ("procedure", "immuno")}
    parts = [
        ("AECASEID", "Safety Database Case Identifier", "ASSIGNED", "SPONSOR", serious, case.gather(serious)),
        ("AERELIS", "Causality to Immunosuppression", "CRF", "INVESTIGATOR", every, relatedness["immuno"]),
        ("AERELPRC", "Causality to Infusion Procedure", "CRF", "INVESTIGATOR", every, relatedness["procedure"]),
        ("AESPCINT", "Event of Special Interest", "ASSIGNED", "SPONSOR", of_interest, names.gather(of_interest)),
        ("AETRTEM", "Treatment Emergent Flag", "DERIVED", "SPONSOR", every, _flag(emergent)),
    ]  # fmt: skip
    row = np.concatenate([rows for *_, rows, _ in parts])
    which = np.repeat(np.arange(len(parts)), [len(rows) for *_, rows, _ in parts])
    value = pl.concat([values.rename("value") for *_, values in parts])
    order = np.lexsort((which, row))
    row, which = row[order], which[order]
    return shape(
        "SUPPAE",
        len(row),
        {
            "RDOMAIN": "AE",
            "USUBJID": ids.gather(row),
            "IDVAR": "AESEQ",
            "IDVARVAL": pl.Series(events.seq[row]).cast(pl.String),
            "QNAM": choose([name for name, *_ in parts], which),
            "QLABEL": choose([label for _, label, *_ in parts], which),
            "QVAL": value.gather(order),
            "QORIG": choose([origin for _, _, origin, *_ in parts], which),
            "QEVAL": choose([who for _, _, _, who, *_ in parts], which),
        },
    )


def emergent_by_infusion(cohort: Cohort, events: AdverseEvents) -> tuple[Mask, Days]:
    """Treatment emergence with the first infusion as reference, and the deciding case."""
    subject = events.subject
    return emergence(
        events.day, events.minute, events.written, events.end,
        cohort.infusion[subject], cohort.infusion_minute[subject],
    )  # fmt: skip


def event_truth(cohort: Cohort, events: AdverseEvents) -> pl.DataFrame:
    """One row per record of AE: the true start, and emergence by both references with the deciding case of spec A.6."""
    subject = events.subject
    induction_day, induction_minute = first_treatment(cohort)
    by_infusion, case = emergent_by_infusion(cohort, events)
    by_any, any_case = emergence(
        events.day, events.minute, events.written, events.end, induction_day[subject], induction_minute[subject]
    )
    return pl.DataFrame(
        {
            "USUBJID": cohort.usubjid(subject),
            "AESEQ": events.seq,
            "AEDECOD": choose(list(events.pts), events.kind),
            "TRUE_START": iso_text(events.day),
            "TRUE_START_DAY": study_days(events.day, cohort.reference[subject]).cast(pl.Int64),
            "TRTEMFL": _flag(by_infusion),
            "TRTEMFL_CASE": choose(CASES, case),
            "TRTEMFL_INTERVENTION": _flag(by_any),
            "TRTEMFL_INTERVENTION_CASE": choose(CASES, any_case),
        }
    )


def _flag(condition: Mask) -> pl.Series:
    return choose(["N", "Y"], condition)
