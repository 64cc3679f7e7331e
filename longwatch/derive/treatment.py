"""TRT01P and TRT01A: which of the study file's arms a subject is analysed under (spec A.8)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.study import Arm

NOT_ASSIGNED = "Not assigned"
"""Column of subjects who were dosed though their arm is none of the study file's: counted, never dropped."""


def derive_treatment(
    adsl: pl.DataFrame, source: str, name: str, arms: tuple[Arm, ...], heading_of: Mapping[str, str]
) -> pl.DataFrame:
    """Adds `name`, the heading of a subject's arm, and `name`N, its place among the arms, from 1.

    Cases, in order: ADSL has no `source` → missing for all; a value of `source` that `heading_of` knows → its heading;
    else `Not assigned` where SAFFL = Y; else missing.
    """
    headings = pl.Enum([*(arm.name for arm in arms), NOT_ASSIGNED])
    if source not in adsl.columns:
        return adsl.with_columns(pl.lit(None, headings).alias(name), pl.lit(None, pl.Int32).alias(f"{name}N"))
    heading = by_value(
        adsl[source], pl.col("text").replace_strict(heading_of, default=None, return_dtype=headings).alias("heading")
    )["heading"]
    return adsl.with_columns(
        pl.when(heading.is_null() & (pl.col("SAFFL") == "Y"))
        .then(pl.lit(NOT_ASSIGNED, headings))
        .otherwise(heading)
        .alias(name)
    ).with_columns((pl.col(name).to_physical().cast(pl.Int32) + 1).alias(f"{name}N"))
