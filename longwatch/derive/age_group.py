"""AGEGR1: age in groups, by the study file's cut points (spec A.8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl


def age_groups(cut_points: Sequence[int]) -> list[str]:
    """The groups' names, youngest first: [18, 65] → `<18`, `18-64`, `>=65`."""
    first, last = cut_points[0], cut_points[-1]
    between = [f"{low}-{high - 1}" for low, high in pairwise(cut_points)]
    return [f"<{first}", *between, f">={last}"]


def derive_agegr1(adsl: pl.DataFrame, cut_points: Sequence[int]) -> pl.DataFrame:
    """Adds AGEGR1 and AGEGR1N (from 1) from AGE in years; missing where AGE is, or where AGEU says other than YEARS.

    A group starts at its cut point: with [18, 65], 65.0 is `>=65`. Without AGE nothing is added.
    """
    if "AGE" not in adsl.columns:
        return adsl
    age = pl.col("AGE")
    if "AGEU" in adsl.columns:
        age = pl.when((pl.col("AGEU") == "YEARS").fill_null(True)).then(age)
    place = pl.sum_horizontal((age >= point).cast(pl.Int32) for point in cut_points)
    names = age_groups(cut_points)
    return adsl.with_columns(AGEGR1N=pl.when(age.is_not_null()).then(place + 1)).with_columns(
        AGEGR1=pl.col("AGEGR1N").replace_strict(
            list(range(1, len(names) + 1)), names, default=None, return_dtype=pl.Enum(names)
        )
    )
