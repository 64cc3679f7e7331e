"""Follow-up as of a day, from data that nobody has checked yet: for validation, which sees it uncut (CONTRACTS.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive.adltf import derive_adltf, derive_ends
from longwatch.derive.adsl import derive_adsl, derive_last_event, read_attended, read_last_visit, read_subjects
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.cutoff import forget_later, keep_started, stated_data_cut
from longwatch.derive.follow_up_plan import PLAN, Plan, read_plan
from longwatch.derive.loss import REACHED, derive_loss
from longwatch.errors import SourceError
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day
from longwatch.study import Study

YEARLY_MONTHS = 14
"""Months without a contact, where visits are planned a year apart (rule FU03)."""
YEARLY_DAYS = 360
OF_INTERVAL = 1.25
_NEEDED = {"DM": ("USUBJID",), "EX": ("USUBJID", "EXSTDTC"), "SV": ("USUBJID", "SVSTDTC")}
_READ = ("AE", "DS", "DD", "CONTACT", "LB")
_AE = ("AESTDTC", "AEENDTC", "AEOUT", "AESDTH")


@dataclass(frozen=True)
class FollowedSubjects:
    """As of `day`: the subjects, their plan, ADLTF, what ended their follow-up (`adltf.derive_ends`), and who was
    declared lost (`loss.derive_loss`), with evidence or without."""

    day: date
    plan: Plan
    subjects: Subjects
    adltf: pl.DataFrame
    ends: pl.DataFrame
    declared: pl.DataFrame


def find_missing(data: SourceData, study: Study) -> list[str]:
    """What the follow-up status lacks, in words; empty where it can be derived."""
    missing = [
        name if name not in data else f"{name}.{variable}"
        for name, variables in _NEEDED.items()
        for variable in variables
        if name not in data or variable not in data.datasets[name].columns
    ]
    missing += [f"{name}.USUBJID" for name in _READ if name in data and "USUBJID" not in data.datasets[name].columns]
    try:
        if not read_plan(data, study).visits:
            missing.append(f"{PLAN}, or a plan of the study file (follow_up: template)")
    except SourceError:
        missing.append(f"{PLAN} as a plan that can be followed")
    if _day(data, study) is None:
        missing.append("TS.DCUTDTC, or `cutoff` of the study file")
    return list(dict.fromkeys(missing))


def derive_follow_up(data: SourceData, study: Study) -> FollowedSubjects:
    """Follow-up as of the data's own cut (TS.DCUTDTC), else the study file's cut-off. Expects that nothing is missing
    (`find_missing`)."""
    day = _day(data, study)
    assert day is not None
    subjects = read_subjects(data, day)
    ae = read_coded(data, "AE", subjects, _AE, days=("AESTDTC", "AEENDTC"))
    ae = forget_later(keep_started(ae, "AESTDTC", day), "AEENDTC", day)
    seen = (derive_last_event(ae, day, subjects), read_last_visit(data, day, subjects))
    adsl = derive_adsl(read_attended(data, study, day, subjects), seen, study, day, subjects, ae)
    plan = read_plan(data, study)
    adltf = derive_adltf(data, study, plan, day, subjects, adsl)
    ends = derive_ends(data, study, day, subjects, adsl)
    return FollowedSubjects(day, plan, subjects, adltf, ends, derive_loss(data, study, day, subjects, adsl))


def derive_contact(data: SourceData, followed: FollowedSubjects) -> pl.DataFrame:
    """Of each treated subject in follow-up as of the day: USUBJID, LASTDT (the last contact that reached it, of
    CONTACT; else the day of the first infusion), and LIMITDT: until when the next one was to come.

    Alive, consenting, not completed, not gone, not declared lost (rightly or not: rules FU04, FU06). LIMITDT: 14
    calendar months after the last contact where the visits of the plan around it are a year apart; else 1.25 of the
    time between them; missing where no visit is planned after it. Source: rule FU03.
    """
    contact = read_coded(data, "CONTACT", followed.subjects, ("DTC", "RESULT"))
    day = by_value(contact["DTC"], complete_day(pl.col("text")).alias("day"))["day"]
    reached = (
        contact.select("subject", day, reached=(pl.col("RESULT") == REACHED).fill_null(False))
        .filter("reached", pl.col("day") <= followed.day)
        .group_by("subject")
        .agg(LASTDT=pl.col("day").max())
    )
    over = ("died", "withdrew", "completed", "left")
    ended = pl.any_horizontal((pl.col(name) <= followed.day).fill_null(False) for name in over)
    inside = followed.ends.filter((pl.col("SAFFL") == "Y").fill_null(False), pl.col("TRTSDT").is_not_null(), ~ended)
    inside = inside.join(followed.declared, on="subject", how="anti", maintain_order="left")
    last = inside.select("subject", "TRTSDT").join(reached, on="subject", how="left", maintain_order="left")
    last = last.with_columns(pl.max_horizontal("LASTDT", "TRTSDT").alias("LASTDT"))
    planned = followed.adltf.filter(pl.col("PARAMCD") == "VISIT").select(
        "TARGETDT", subject=pl.col("USUBJID").to_physical().cast(pl.UInt32)
    )
    targets = pl.concat([planned, last.select(TARGETDT="TRTSDT", subject="subject")]).join(
        last.select("subject", "LASTDT"), on="subject"
    )
    around = targets.group_by("subject").agg(
        before=pl.col("TARGETDT").filter(pl.col("TARGETDT") <= pl.col("LASTDT")).max(),
        after=pl.col("TARGETDT").filter(pl.col("TARGETDT") > pl.col("LASTDT")).min(),
    )
    interval = (pl.col("after") - pl.col("before")).dt.total_days()
    limit = (
        pl.when(interval >= YEARLY_DAYS)
        .then(pl.col("LASTDT").dt.offset_by(f"{YEARLY_MONTHS}mo"))
        .otherwise(pl.col("LASTDT") + pl.duration(days=(interval * OF_INTERVAL).floor().cast(pl.Int64)))
    )
    return (
        last.join(around, on="subject", how="left", maintain_order="left")
        .with_columns(LIMITDT=limit, USUBJID=followed.subjects.keys.gather(last["subject"]).cast(pl.String))
        .select("USUBJID", "LASTDT", "LIMITDT")
    )


def _day(data: SourceData, study: Study) -> date | None:
    return stated_data_cut(data) or study.cutoff
