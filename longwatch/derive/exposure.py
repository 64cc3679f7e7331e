"""Exposure: who received the study product, and from when to when (EX)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from longwatch.derive.by_subject import NONE, BySubject, as_series
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
    known = forget_later(ex, "EXENDTC", cutoff)
    last = by_value(ex["EXSTDTC"], latest_day(pl.col("text")).alias("last"))["last"]
    if "EXENDTC" in known.columns:
        end = by_value(known["EXENDTC"], latest_day(pl.col("text")).alias("end"))["end"]
        last = pl.select(pl.coalesce(end, last).alias("last")).to_series()
    product, subjects = ex["product"], int(ex["subject"].max() or 0) + 1  # type: ignore[arg-type]
    of = BySubject(ex["subject"], subjects)
    first, any_first = (as_series(of.smallest(ranks), pl.UInt32) for ranks in (rank.set(~product, None), rank))
    dosed, goes_on = (of.largest(flags.cast(pl.Int32)) for flags in (product, product & ongoing))
    ended = as_series(of.largest(last.set(~product, None)), pl.Date).set(pl.Series(goes_on == 1), None)
    return pl.DataFrame(
        {
            "subject": pl.int_range(subjects, dtype=pl.UInt32, eager=True),
            "DOSED": dosed == 1,
            "TRTSDT": starts["day"].gather(first),
            "TRTSDTM": starts["text"].gather(first),
            "TRTEDT": ended.clip(upper_bound=cutoff),
            "INTSDT": starts["day"].gather(any_first),
            "INTSDTM": starts["text"].gather(any_first),
        }
    ).filter(pl.Series(dosed != NONE))


def _ranked_starts(ex: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The different starts (day, and text as collected) in order of time, and each record's place among them (null: no
    day known)."""
    days, text = ex["EXSTDTC"], pl.col("text")
    times = ex["EXSTDTC.time"] if "EXSTDTC.time" in ex.columns else days.clear(ex.height)
    of_day = values_of(days).with_columns(day=earliest_day(text), second=earliest_second(text))
    # A time alone is read as of any day.
    of_time = values_of(times).with_columns(second=earliest_second(pl.lit("2000-01-01") + text))
    # One number for both: what is different is found by one pass, and text put together for that alone.
    width = of_time.height + 1
    pair = days.to_physical().cast(pl.Int64).fill_null(of_day.height) * width
    pair += times.to_physical().cast(pl.Int64).fill_null(of_time.height)
    different = pair.unique().sort()
    values = (
        pl.concat(
            [
                of_day.select(pl.all().gather(different // width, null_on_oob=True)),
                of_time.select(pl.all().gather(different % width, null_on_oob=True)).rename(
                    lambda name: f"{name}.time"
                ),
            ],
            how="horizontal",
        )
        .with_row_index("place")
        .with_columns(
            text=text + pl.col("text.time").fill_null(""),
            second=pl.coalesce("second.time", "second").fill_null(-1),
        )
        .sort("day", "second", "text", nulls_last=True)
        .with_row_index("rank")
    )
    rank = values.select(pl.when(pl.col("day").is_not_null()).then("rank").sort_by("place")).to_series()
    return values.select("text", "day"), rank.gather(different.search_sorted(pair)).alias("rank")


def _ends_after(ex: pl.DataFrame, cutoff: date) -> pl.Series:
    if "EXENDTC" not in ex.columns:
        return pl.Series("ongoing", [False]).new_from_index(0, ex.height)
    late = by_value(ex["EXENDTC"], (earliest_day(pl.col("text")) > cutoff).alias("ongoing"))["ongoing"]
    return late.fill_null(False)
