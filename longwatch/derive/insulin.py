"""Insulin from CM: units per day on a day, and the times without it (spec D.4).

Insulin around a stay in hospital does not end an episode of independence where the study file says so
(`graft.peri_hospital_insulin_days`: N days; by default any insulin does). Courses that overlap or follow each other
without a day between are one spell. Cases, in order:

1. No N → each spell interrupts.
2. A spell whose first or last day is not known (a course without a start, or one that goes on) → it interrupts.
3. More than N days from its first to its last day → it interrupts. Partial dates: the most days that it can mean.
4. At least one of its days is a day of a stay in hospital of the subject → it does not interrupt; else it does.

Stays: records of HO that say so (HODECOD, else HOTERM, contains HOSPITAL or INPATIENT and not OUTPATIENT; HOOCCUR is
not N), from HOSTDTC to HOENDTC; records of AE with AESHOSP = Y, from AESTDTC to AEENDTC (SDTM has no days of the stay:
those of the event stand for them). One without an end that is known at the cut-off is its first day alone. Surgery (PR)
is not looked at: an operation in hospital is in one of both. The exemption is of independence alone: the units taken on
a day, and so the Igls categories, are as recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, read_coded
from longwatch.derive.of_subject import carry_subject, select_followed, stack
from longwatch.derive.spans import clip_spans, derive_spans
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

_TEXTS = ("CMTRT", "CMDECOD", "CMOCCUR", "CMDOSU", "CMDOSFRQ", "CMSTDTC", "CMENDTC")
UNITS = ("IU", "U", "[IU]", "UNITS")
_STAYS = {"HO": ("HODECOD", "HOTERM", "HOOCCUR"), "AE": ("AESHOSP",)}
TIMES_A_DAY = {"PER DAY": 1, "QD": 1, "DAILY": 1, "BID": 2, "TID": 3, "QID": 4}
"""CMDOSFRQ: how often a dose is taken in a day."""


def read_insulin(data: SourceData, study: Study, cutoff: date, subjects: Subjects) -> pl.DataFrame | None:
    """Courses of insulin that started by D: subject, first, last (`spans`; missing: open), dose (units per day; missing
    where CMDOSU is no unit of insulin or CMDOSFRQ says no number of times a day). None: the data has no CM.

    Insulin: CMDECOD, else CMTRT, is one of the study file's (`graft: insulins`), or contains INSULIN where it names
    none. Records that say that none was taken (CMOCCUR = N) are none.
    """
    if "CM" not in data or not {"CMTRT", "CMDECOD"} & set(data.datasets["CM"].columns):
        return None
    cm = read_coded(data, "CM", subjects, _TEXTS, ("CMDOSE",))
    has = set(cm.columns)

    def text(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.String).str.to_uppercase() if name in has else pl.lit(None, pl.String)

    drug = pl.coalesce(text("CMDECOD"), text("CMTRT"))
    names = [name.upper() for name in study.graft.insulins]
    chosen = drug.is_in(names) if names else drug.str.contains("INSULIN", literal=True)
    if "CMOCCUR" in has:
        chosen &= (pl.col("CMOCCUR") != "N").fill_null(True)
    times = text("CMDOSFRQ").replace_strict(TIMES_A_DAY, default=None, return_dtype=pl.Float64)
    amount = pl.col("CMDOSE") if "CMDOSE" in has else pl.lit(None, pl.Float64)
    dose = pl.when(text("CMDOSU").is_in(UNITS)).then(amount * times)
    spans = derive_spans(
        cm.filter(chosen.fill_null(False)).with_columns(dose=dose), "CMSTDTC", "CMENDTC", cutoff, goes_on=True
    )
    return spans.select("subject", "first", "last", "dose")


def read_stays(data: SourceData, cutoff: date, subjects: Subjects) -> pl.DataFrame:
    """Stays in hospital that started by D: subject, first, last; those without any known day are left out."""
    parts = [pl.DataFrame(schema={"subject": pl.UInt32, "first": pl.Date, "last": pl.Date})]
    for domain, texts in _STAYS.items():
        if domain not in data:
            continue
        start, end = f"{domain}STDTC", f"{domain}ENDTC"
        read = read_coded(data, domain, subjects, (*texts, start, end))
        has = {name: pl.col(name).cast(pl.String).str.to_uppercase() for name in texts if name in read.columns}
        if domain == "AE":
            chosen = has.get("AESHOSP", pl.lit(None, pl.String)) == "Y"
        else:
            kind = pl.coalesce([*(has[name] for name in ("HODECOD", "HOTERM") if name in has), pl.lit("")])
            chosen = kind.str.contains("HOSPITAL|INPATIENT") & ~kind.str.contains("OUTPATIENT", literal=True)
            chosen &= (has.get("HOOCCUR", pl.lit(None, pl.String)) != "N").fill_null(True)
        spans = derive_spans(read.filter(chosen.fill_null(False)), start, end, cutoff, goes_on=True)
        last = pl.coalesce("last", "first")
        parts.append(spans.select(pl.col("subject").cast(pl.UInt32), "first", last=last))
    return pl.concat(parts).drop_nulls()


def leave_out_stays(insulin: pl.DataFrame, stays: pl.DataFrame, most: int) -> pl.DataFrame:
    """The courses of insulin that interrupt independence: all but those of spells of at most so many days that share a
    day with a stay in hospital."""
    courses = insulin.with_row_index("course").with_columns(
        pl.col("subject").cast(pl.UInt32),
        low=pl.col("first").fill_null(date.min),
        high=pl.col("last").fill_null(date.max),
    )
    courses = courses.filter(pl.col("low") <= pl.col("high")).sort("subject", "low", "high")
    covered = pl.col("high").cum_max().shift(1).over("subject")
    apart = (pl.col("low") - covered).dt.total_days() > 1
    courses = courses.with_columns(spell=apart.fill_null(False).cum_sum().over("subject"))
    spells = courses.group_by("subject", "spell").agg(pl.col("low").min(), pl.col("high").max())
    short = spells.filter((pl.col("high") - pl.col("low")).dt.total_days() < most)
    in_hospital = (
        short.join(stays, on="subject")
        .filter(pl.col("first") <= pl.col("high"), pl.col("last") >= pl.col("low"))
        .select("subject", "spell")
    )
    exempt = courses.join(in_hospital, on=["subject", "spell"], how="semi")["course"]
    kept = ~pl.int_range(pl.len(), dtype=pl.UInt32).is_in(exempt.implode())
    return insulin.filter(kept)


def dose_on(days: pl.DataFrame, insulin: pl.DataFrame) -> pl.DataFrame:
    """Of `row`, `subject` and `day`: `row`, `units` taken on the day. 0 where no course covers it, missing where the
    dose of one is not known."""
    covers = (pl.col("first") <= pl.col("day")).fill_null(True) & (pl.col("last") >= pl.col("day")).fill_null(True)
    taken = (
        days.join(insulin, on="subject")
        .filter(covers)
        .group_by("row")
        .agg(units=pl.when(pl.col("dose").null_count() == 0).then(pl.col("dose").sum()), taken=pl.lit(True))
    )
    found = days.select("row").join(taken, on="row", how="left", maintain_order="left")
    return found.select("row", units=pl.when("taken").then("units").otherwise(0.0))


def derive_free_times(insulin: pl.DataFrame, adsl: pl.DataFrame, least: int) -> pl.DataFrame:
    """Episodes of insulin independence: subject, ASTDT, AENDT, AVAL (days): runs of at least so many days without
    insulin from the first infusion to the end of follow-up, by subject and time.

    The last run of a subject ends with its follow-up. Courses without a known start or end cover all that they can.
    """
    watched = select_followed(adsl)
    taken = clip_spans(insulin.join(watched, on="subject")).select("subject", "first", "last")
    # A day before and a day after follow-up close the runs at its ends.
    ends = pl.concat(
        [
            watched.select(
                "subject", first=pl.col("low") - pl.duration(days=1), last=pl.col("low") - pl.duration(days=1)
            ),
            watched.select(
                "subject", first=pl.col("high") + pl.duration(days=1), last=pl.col("high") + pl.duration(days=1)
            ),
            taken,
        ]
    ).sort("subject", "first", "last")
    before = pl.col("last").cum_max().shift(1).over("subject")
    runs = ends.with_columns(ASTDT=before + pl.duration(days=1), AENDT=pl.col("first") - pl.duration(days=1))
    days = (pl.col("AENDT") - pl.col("ASTDT")).dt.total_days() + 1
    return runs.with_columns(AVAL=days).filter(pl.col("AVAL") >= least).select("subject", "ASTDT", "AENDT", "AVAL")


_SHAPE = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "FUYEAR": pl.Int64, "AVALC": pl.String, "AVAL": pl.Float64,
    "ASTDT": pl.Date, "AENDT": pl.Date,
}  # fmt: skip


def derive_adii(
    insulin: pl.DataFrame | None,
    study: Study,
    adsl: pl.DataFrame,
    adltf: pl.DataFrame,
    read_hospital: Callable[[], pl.DataFrame],
) -> pl.DataFrame:
    """ADII: insulin independence of treated subjects whose follow-up is known, by parameter and row of ADSL.

    EPISODE: one row per episode (`derive_free_times`): ASTDT, AENDT, AVAL. TOTAL: per subject, AVALC = Y where it has
    an episode, AVAL the days of all. CURRENT: AVALC = Y where one goes on to the end of follow-up. YEAREND: per
    subject and anniversary (FUYEAR) within its follow-up, AVALC = Y where one covers it. Without CM no row.
    `read_hospital`: gives the stays in hospital, where the study file lets insulin around them pass.
    """
    known = adsl.with_row_index("subject").filter(
        (pl.col("SAFFL") == "Y").fill_null(False), pl.col("TRTSDT").is_not_null(), pl.col("FUPDUR").is_not_null()
    )
    last = known.select("subject", end=pl.col("TRTSDT") + pl.duration(days=pl.col("FUPDUR") - 1))
    if insulin is None:
        last = last.clear()
        insulin = pl.DataFrame(schema={"subject": pl.UInt32, "first": pl.Date, "last": pl.Date, "dose": pl.Float64})
    if study.graft.peri_hospital_insulin_days is not None:
        insulin = leave_out_stays(insulin, read_hospital(), study.graft.peri_hospital_insulin_days)
    episodes = derive_free_times(insulin, adsl, study.graft.free_days).join(last, on="subject", maintain_order="left")
    whole = episodes.group_by("subject").agg(pl.col("AVAL").sum(), goes_on=(pl.col("AENDT") == pl.col("end")).any())
    total = last.join(whole, on="subject", how="left", maintain_order="left")
    dead = adsl.select(died=(pl.col("DTHFL") == "Y").fill_null(False)).with_row_index("subject")
    first = episodes.sort("subject", "ASTDT").unique("subject", keep="first", maintain_order=True)
    first = first.join(dead, on="subject", how="left", maintain_order="left")
    lost = pl.col("AENDT") < pl.col("end")
    ended = pl.when(lost).then(pl.lit("LOST")).when(pl.col("died")).then(pl.lit("DIED")).otherwise(pl.lit("FREE"))
    anniversaries = adltf.filter(pl.col("PARAMCD") == "YEAREND").select(
        "FUYEAR", "ADT", subject=pl.col("USUBJID").to_physical().cast(pl.UInt32)
    )
    reached = anniversaries.join(last, on="subject", maintain_order="left").filter(pl.col("ADT") <= pl.col("end"))
    covered = (
        reached.join(episodes.select("subject", "ASTDT", "AENDT"), on="subject")
        .filter(pl.col("ADT").is_between("ASTDT", "AENDT"))
        .select("subject", "FUYEAR", free=pl.lit("Y"))
    )
    years = reached.join(covered, on=["subject", "FUYEAR"], how="left", maintain_order="left")
    yes = pl.lit("Y")
    parts = {
        "EPISODE": episodes,
        "TOTAL": total.with_columns(
            AVALC=pl.when(pl.col("AVAL").is_not_null()).then(yes).otherwise(pl.lit("N")),
            AVAL=pl.col("AVAL").fill_null(0),
        ),
        "LOSS": first.with_columns(AVALC=ended, AVAL=pl.col("AVAL") + lost.cast(pl.Int64)),
        "CURRENT": total.select(
            "subject", AVALC=pl.when(pl.col("goes_on").fill_null(False)).then(yes).otherwise(pl.lit("N"))
        ),
        "YEAREND": years.select("subject", "FUYEAR", AVALC=pl.col("free").fill_null("N")),
    }
    coded = (frame.with_columns(PARAMCD=pl.lit(code)) for code, frame in parts.items())
    return carry_subject(adsl, stack(coded, _SHAPE))
