"""Exposure: who received the study product, and from when to when (EX)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from longwatch.derive.coded import by_value, values_of
from longwatch.derive.cutoff import forget_later, keep_started
from longwatch.standards.dates import earliest_day, earliest_second, latest_day

EX_TEXTS = ("EXTRT", "EXDOSTXT", "EXOCCUR", "EXSTDTC", "EXENDTC")
EX_NUMBERS = ("EXDOSE",)

_PLACEBO = r"(?i)\b(placebo|vehicle|sham)\b"


def derive_dosed(ex: pl.DataFrame) -> pl.Series:
    """Whether a record of EX is a dose that was given.

    Cases, in order: EXOCCUR = N → no; EXTRT names a placebo, vehicle or sham → yes, whatever EXDOSE (0 of a placebo is
    its dose); EXDOSE > 0 → yes; EXDOSE = 0 → no; EXDOSE missing and EXDOSTXT given → yes; both missing → no. A dataset
    that has neither variable: every record is a dose. Source: spec A.7 (SAFFL).
    """
    names = set(ex.columns)
    occurred = ~(pl.col("EXOCCUR") == "N").fill_null(False) if "EXOCCUR" in names else pl.lit(True)
    if not names & {"EXDOSE", "EXDOSTXT"}:
        return ex.select(dosed=occurred & pl.col("subject").is_not_null())["dosed"]
    amount = pl.col("EXDOSE") if "EXDOSE" in names else pl.lit(None, pl.Float64)
    in_words = pl.col("EXDOSTXT").is_not_null() if "EXDOSTXT" in names else pl.lit(False)
    given = pl.when(amount.is_not_null()).then(amount > 0).otherwise(in_words)
    if "EXTRT" in names:
        placebo = by_value(ex["EXTRT"], pl.col("text").str.contains(_PLACEBO).alias("placebo"))["placebo"]
        ex = ex.with_columns(placebo.fill_null(False))
        given = given | pl.col("placebo")
    return ex.select(dosed=occurred & given)["dosed"]


def is_product(ex: pl.DataFrame, products: Sequence[str]) -> pl.Series:
    """Whether a record of EX is of the study product: EXTRT is one of `products`; no products named → every record."""
    if not products or "EXTRT" not in ex.columns:
        return pl.Series("product", [True]).new_from_index(0, ex.height)
    return by_value(ex["EXTRT"], pl.col("text").is_in(list(products)).alias("product"))["product"].fill_null(False)


def derive_exposure(ex: pl.DataFrame, products: Sequence[str], cutoff: date) -> pl.DataFrame:
    """Per subject with a dose given by the cut-off: of the product, and of any study intervention.

    Returns subject, DOSED (of the product), TRTSDT, TRTSDTM, TRTEDT, INTSDT, INTSDTM.
    - TRTSDT: earliest possible day of the first dose of the product; TRTSDTM: its EXSTDTC, text as collected. On one
      day a dose without a time comes before those with one (the conservative choice for treatment emergence).
    - TRTEDT: last possible day of the last dose's EXENDTC, or of its EXSTDTC where that is missing, at most D; missing
      where a dose goes on after D (its end is not known then).
    - INTSDT, INTSDTM: as TRTSDT and TRTSDTM, of any record of EX (induction immunosuppression included).
    No start date known → dosed, dates missing. Expects coded EX. Source: spec A.6, A.7, A.8.
    """
    ex = keep_started(ex, "EXSTDTC", cutoff)
    ex = ex.with_columns(product=is_product(ex, products)).filter(derive_dosed(ex))
    if "EXSTDTC" not in ex.columns:
        ex = ex.with_columns(EXSTDTC=pl.lit(None, pl.Enum([])))
    starts, rank = _ranked_starts(ex)
    ongoing = _ends_after(ex, cutoff)
    ended = forget_later(ex, "EXENDTC", cutoff)
    last = by_value(ex["EXSTDTC"], latest_day(pl.col("text")).alias("last"))["last"]
    if "EXENDTC" in ended.columns:
        end = by_value(ended["EXENDTC"], latest_day(pl.col("text")).alias("end"))["end"]
        last = pl.select(pl.coalesce(end, last).alias("last")).to_series()
    per_subject = (
        ex.select("subject", "product", rank, last, ongoing)
        .group_by("subject")
        .agg(
            DOSED=pl.col("product").any(),
            first=pl.col("rank").filter(pl.col("product")).min(),
            any_first=pl.col("rank").min(),
            last=pl.col("last").filter(pl.col("product")).max(),
            ongoing=pl.col("ongoing").filter(pl.col("product")).any(),
        )
    )
    return per_subject.select(
        "subject",
        "DOSED",
        TRTSDT=starts["day"].gather(per_subject["first"]),
        TRTSDTM=starts["text"].gather(per_subject["first"]),
        TRTEDT=pl.when(~pl.col("ongoing")).then(pl.min_horizontal("last", pl.lit(cutoff))),
        INTSDT=starts["day"].gather(per_subject["any_first"]),
        INTSDTM=starts["text"].gather(per_subject["any_first"]),
    )


def _ranked_starts(ex: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The different starts (day, and text as collected) in order of time, and each record's place among them (null: no
    day known)."""
    days, text = ex["EXSTDTC"], pl.col("text")
    times = ex["EXSTDTC.time"] if "EXSTDTC.time" in ex.columns else days.clear(ex.height)
    of_day = values_of(days).with_columns(day=earliest_day(text), second=earliest_second(text))
    # A time alone is read as of any day.
    of_time = values_of(times).with_columns(second=earliest_second(pl.lit("2000-01-01") + text))
    pairs = pl.select(
        day_code=pl.lit(days.to_physical()).cast(pl.UInt32), time_code=pl.lit(times.to_physical()).cast(pl.UInt32)
    )
    values = (
        pairs.unique()
        .join(of_day.with_row_index("day_code"), on="day_code")
        .join(of_time.with_row_index("time_code"), on="time_code", how="left", suffix=".time")
        .drop_nulls("day")
        .with_columns(
            text=text + pl.col("text.time").fill_null(""),
            second=pl.coalesce("second.time", "second").fill_null(-1),
        )
        .sort("day", "second", "text")
        .with_row_index("rank")
    )
    keys = ["day_code", "time_code"]
    places = pairs.join(values.select(*keys, "rank"), on=keys, how="left", nulls_equal=True, maintain_order="left")
    return values.select("text", "day"), places["rank"]


def _ends_after(ex: pl.DataFrame, cutoff: date) -> pl.Series:
    if "EXENDTC" not in ex.columns:
        return pl.Series("ongoing", [False]).new_from_index(0, ex.height)
    late = by_value(ex["EXENDTC"], (earliest_day(pl.col("text")) > cutoff).alias("ongoing"))["ongoing"]
    return late.fill_null(False)
