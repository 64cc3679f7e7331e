"""Analysis dates of an event from partial collected ones, each imputation flagged (spec A.5).

The text stays as it was collected; only ASTDT and AENDT are imputed, and ASTDTF and AENDTF say so: D (day), M (month
and day), Y (all).
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

import polars as pl

from longwatch.derive.coded import as_enum, values_of
from longwatch.standards.dates import earliest_day, latest_day, precision

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
IMPUTED = pl.Enum(["D", "M", "Y"])

_TEXT = pl.col("text")


def day_ranges(texts: pl.Series) -> pl.DataFrame:
    """By value of an Enum: the `first` and `last` day that an SDTM date can mean, what is `known` of it, and the `day`
    of a complete one."""
    found = values_of(texts).select(first=earliest_day(_TEXT), last=latest_day(_TEXT), known=precision(_TEXT))
    return found.with_columns(day=pl.when(pl.col("known") == "day").then("first"))


def add_day_range(frame: pl.DataFrame, variable: str, ranges: pl.DataFrame | None = None) -> pl.DataFrame:
    """Adds the first and last day that an SDTM date can mean, its precision, and the day of a complete one, in columns
    named after it: `AESTDTC.first`, `AESTDTC.last`, `AESTDTC.known`, `AESTDTC.day`. `ranges`: those columns of
    `day_ranges` of the variable that are wanted, where they are there."""
    texts = as_enum(frame[variable])
    days = (day_ranges(texts) if ranges is None else ranges).select(pl.all().gather(texts.to_physical()))
    if "known" in days.columns:
        days = days.with_columns(pl.col("known").fill_null("none"))
    return frame.hstack(days.rename(lambda name: f"{variable}.{name}"))


def derive_astdt(ae: Frame) -> Frame:
    """Adds ASTDT and ASTDTF, the start of an event.

    Cases, in order: 1. complete date → as it is; 2. only month or year known → TRTSDT where it lies in that month or
    year, else its first day; 3. nothing known → TRTSDT (missing where never treated); 4. a start imputed so that would
    lie after the complete end date → the earliest day compatible with what is known, of nothing known the end date.
    Expects the day ranges of AESTDTC and AEENDTC, and TRTSDT (Date). Source: spec A.5 (common practice, no authority's
    rule).
    """
    first, known = pl.col("AESTDTC.first"), pl.col("AESTDTC.known")
    end = complete_end()
    usual = (
        pl.when(first.is_null() | pl.col("TRTSDT").is_between(first, pl.col("AESTDTC.last")))
        .then(pl.col("TRTSDT"))
        .otherwise(first)
    )
    imputed = pl.when(usual > end).then(pl.coalesce(first, end)).otherwise(usual)
    ae = ae.with_columns(ASTDT=pl.coalesce("AESTDTC.day", imputed))
    return ae.with_columns(ASTDTF=_flag_of("ASTDT", known))


def derive_aendt(ae: Frame, cutoff: date) -> Frame:
    """Adds AENDT and AENDTF, the end of an event.

    Cases, in order: 1. complete date → as it is; 2. only month or year known → its last day, at most the earliest of
    DTHDT, LSTALVDT and D, at least its first day; 3. missing (ongoing, or not known at D) → missing, never today.
    Expects the day range of AEENDTC (ends after D forgotten already), DTHDT, LSTALVDT. Source: spec A.5.
    """
    first, known = pl.col("AEENDTC.first"), pl.col("AEENDTC.known")
    latest = pl.max_horizontal(pl.min_horizontal("AEENDTC.last", "DTHDT", "LSTALVDT", pl.lit(cutoff)), first)
    ae = ae.with_columns(AENDT=pl.coalesce(complete_end(), pl.when(first.is_not_null()).then(latest)))
    return ae.with_columns(AENDTF=_flag_of("AENDT", known))


def complete_end() -> pl.Expr:
    """The day of a complete AEENDTC; missing where it is partial."""
    return pl.col("AEENDTC.day")


def _flag_of(variable: str, known: pl.Expr) -> pl.Expr:
    imputed = (
        pl.when(known == "month")
        .then(pl.lit("D", IMPUTED))
        .when(known == "year")
        .then(pl.lit("M", IMPUTED))
        .when(known == "none")
        .then(pl.lit("Y", IMPUTED))
    )
    return pl.when(pl.col(variable).is_not_null()).then(imputed)
