"""Hypoglycaemia of levels 2 and 3 and graft loss: CE, FA and the links between them (spec D.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.days import Days, Reals, iso_text, number_within, numbers, study_days
from simulation.layout import choose, shape
from simulation.parameters import DAYS_PER_YEAR
from simulation.processes import poisson_days, space_apart
from simulation.showcase import Showcase
from simulation.streams import stream
from simulation.subjects import Cohort

GRAFT_LOSS = 0
"""Level of a record of CE that is a graft loss."""


@dataclass(frozen=True)
class ClinicalEvents:
    """Records of CE in order: subject, day, level (2, 3, or GRAFT_LOSS), glucose in mg/dL (0 for graft loss), CESEQ."""

    subject: Days
    day: Days
    level: Days
    glucose: Reals
    seq: Days


def draw_clinical_events(cohort: Cohort, showcase: Showcase) -> ClinicalEvents:
    """Hypoglycaemia as Poisson processes before infusion, with a working graft and after its loss; graft loss on its
    day.

    Subjects who are scripted to have no adverse event have no hypoglycaemia either.
    """
    p, rng = cohort.design.parameters, stream(cohort.design.seed, "CE", cohort.design.part)
    who = np.setdiff1d(cohort.treated, np.array(showcase.without_events, dtype=np.int64))
    infusion, end = cohort.infusion[who], cohort.end[who]
    lost = np.minimum(cohort.graft_loss[who], end + 1)
    rates = {2: (p.hypo2_before, p.hypo2_graft, p.hypo2_lost), 3: (p.hypo_before, p.hypo_graft, p.hypo_lost)}
    subjects, days, levels = [], [], []
    for level, of_level in rates.items():
        windows = ((cohort.consent[who], infusion - 1), (infusion, lost - 1), (lost, end))
        found = [
            poisson_days(rng, rate / DAYS_PER_YEAR, first, last)
            for rate, (first, last) in zip(of_level, windows, strict=True)
        ]
        subject = who[np.concatenate([place for place, _ in found])]
        subject, day = space_apart(subject, np.concatenate([day for _, day in found]))
        kept = day <= cohort.end[subject]
        subjects.append(subject[kept])
        days.append(day[kept])
        levels.append(np.full(int(kept.sum()), level))
    has_lost = cohort.treated[cohort.graft_loss[cohort.treated] <= cohort.end[cohort.treated]]
    subjects.append(has_lost)
    days.append(cohort.graft_loss[has_lost])
    levels.append(np.full(len(has_lost), GRAFT_LOSS))
    who, when, what = (np.concatenate(parts) for parts in (subjects, days, levels))
    order = np.lexsort((what, when, who))
    who, when, what = who[order], when[order], what[order]
    glucose = np.where(what == 3, rng.integers(24, 54, len(what)), rng.integers(40, 54, len(what)))
    glucose = np.where(what == GRAFT_LOSS, 0, glucose)
    return ClinicalEvents(who, when, what, glucose.astype(np.float64), number_within(who))


def ce_frame(cohort: Cohort, events: ClinicalEvents) -> pl.DataFrame:
    """CE: one row per event."""
    is_hypo = events.level != GRAFT_LOSS
    name = choose(["ISLET GRAFT LOSS", "HYPOGLYCAEMIA"], is_hypo)
    seq = pl.Series(events.seq).cast(pl.String)
    return shape(
        "CE",
        len(events.subject),
        {
            "USUBJID": cohort.usubjid(events.subject),
            "CESEQ": events.seq,
            "CESPID": "C" + seq.str.zfill(3),
            "CELNKID": pl.select(pl.when(pl.Series(is_hypo)).then("HYPO-" + seq)).to_series(),
            "CETERM": name,
            "CEDECOD": name,
            "CECAT": choose(["GRAFT FUNCTION", "HYPOGLYCAEMIA"], is_hypo),
            "CESCAT": choose(["", "", "LEVEL 2", "LEVEL 3"], events.level).replace("", None),
            "CEPRESP": "Y",
            "CEOCCUR": "Y",
            "EPOCH": cohort.epochs(events.subject, events.day),
            "CESTDTC": iso_text(events.day),
            "CESTDY": study_days(events.day, cohort.reference[events.subject]),
        },
    )


def fa_frame(cohort: Cohort, events: ClinicalEvents) -> pl.DataFrame:
    """FA: for each hypoglycaemia, whether assistance was needed, and the glucose then."""
    hypos = np.flatnonzero(events.level != GRAFT_LOSS)
    event = np.repeat(hypos, 2)
    is_glucose = np.tile([False, True], len(hypos))
    subject, day = events.subject[event], events.day[event]
    helped = choose(["N", "Y"], events.level[event] == 3)
    glucose = pl.Series(events.glucose[event]).cast(pl.Int64).cast(pl.String)
    unit = choose(["", "mg/dL"], is_glucose).replace("", None)
    result = pl.select(pl.when(pl.Series(is_glucose)).then(glucose).otherwise(helped)).to_series()
    return shape(
        "FA",
        len(event),
        {
            "USUBJID": cohort.usubjid(subject),
            "FASEQ": number_within(subject),
            "FALNKID": "HYPO-" + pl.Series(events.seq[event]).cast(pl.String),
            "FATESTCD": choose(["ASSIST", "GLUC"], is_glucose),
            "FATEST": choose(["Assistance Needed", "Glucose at Event"], is_glucose),
            "FAOBJ": "HYPOGLYCAEMIA",
            "FACAT": "HYPOGLYCAEMIA",
            "FAORRES": result,
            "FAORRESU": unit,
            "FASTRESC": result,
            "FASTRESN": numbers(events.glucose[event], is_glucose),
            "FASTRESU": unit,
            "FADTC": iso_text(day),
            "FADY": study_days(day, cohort.reference[subject]),
        },
    )


def relrec_frame(ce: pl.DataFrame, fa: pl.DataFrame) -> pl.DataFrame:
    """RELREC: each hypoglycaemia of CE with its records of FA, by record."""
    sides = [
        frame.filter(pl.col(f"{domain}LNKID").is_not_null()).select(
            "USUBJID",
            RDOMAIN=pl.lit(domain),
            IDVAR=pl.lit(f"{domain}SEQ"),
            IDVARVAL=pl.col(f"{domain}SEQ").cast(pl.Int64).cast(pl.String),
            RELID=pl.col(f"{domain}LNKID"),
        )
        for domain, frame in (("CE", ce), ("FA", fa))
    ]
    links = pl.concat(sides).sort("USUBJID", "RELID", "RDOMAIN", maintain_order=True)
    return shape("RELREC", links.height, links.to_dict())
