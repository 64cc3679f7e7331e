"""INFNO, ADYINF, ADYINF1: which infusion a day follows, and by how many days (spec A.6).

Infusions of a subject are numbered by day; several records of one day (two lots in one dose) are one. INFNO: the last
infusion on or before the day; ADYINF: days since it, 0 on its day; ADYINF1: days since the first, negative before it.
A day that is not known, or before the first infusion, has no INFNO and no ADYINF.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import polars as pl

from longwatch.derive.carried import AdverseEvents

VARIABLES = ("INFNO", "ADYINF", "ADYINF1")


def number_infusions(infusions: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """subject, day, INFNO: the infusions of the safety population. Where no record of EX is known (the sponsor's ADaM
    alone), the first dose of ADSL. An infusion without a day comes last, and nothing follows it. Expects row i of ADSL
    to be `subject` i."""
    safe = adsl.select("TRTSDT", safe=(pl.col("SAFFL") == "Y").fill_null(False)).with_row_index("subject")
    safe = safe.filter("safe").select(pl.col("subject").cast(pl.UInt32), day="TRTSDT")
    given = infusions.select(pl.col("subject").cast(pl.UInt32), "day").join(safe, on="subject", how="semi")
    if given.is_empty():
        given = safe.drop_nulls()
    different = given.unique().sort("subject", "day", nulls_last=True)
    return different.with_columns(INFNO=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("subject"))


def since_infusion(days: pl.DataFrame, infusions: pl.DataFrame) -> pl.DataFrame:
    """VARIABLES of days (`subject`, `day`), row by row."""
    known = infusions.drop_nulls("day")
    first = known.group_by("subject").agg(first=pl.col("day").min())
    placed = days.select(pl.col("subject").cast(pl.UInt32), "day").with_row_index("row")
    last = (
        placed.drop_nulls("day")
        .sort("day")
        .join_asof(
            known.with_columns(given="day").sort("day"), on="day", by="subject", strategy="backward",
            check_sortedness=False,
        )
    )  # fmt: skip
    found = placed.join(last.select("row", "INFNO", "given"), on="row", how="left", maintain_order="left")
    found = found.join(first, on="subject", how="left", maintain_order="left")
    return found.select(
        "INFNO",
        ADYINF=(pl.col("day") - pl.col("given")).dt.total_days(),
        ADYINF1=(pl.col("day") - pl.col("first")).dt.total_days(),
    )


def add_infusions(events: AdverseEvents, read_infusions: Callable[[], pl.DataFrame]) -> AdverseEvents:
    """ADAE with them, derived when an output asks for one. `read_infusions`: gives those of `number_infusions`."""

    @cache
    def place() -> pl.DataFrame:
        of = events.columns(("USUBJID", "ASTDT"))
        return since_infusion(of.select(subject=pl.col("USUBJID").to_physical(), day="ASTDT"), read_infusions())

    return replace(
        events,
        order=(*events.order, *VARIABLES),
        later={**events.later, **dict.fromkeys(VARIABLES, place)},
    )
