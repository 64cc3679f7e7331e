"""Occurrence flags: the one record that stands for a subject, a subject's SOC, a subject's PT (spec A.8)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.derive.populations import YES_NO

SEVERITIES = ("MILD", "MODERATE", "SEVERE")
"""AESEV from least to worst (CDISC controlled terminology)."""

_FLAGS = {
    "AOCCFL": ("USUBJID",),
    "AOCCSFL": ("USUBJID", "AEBODSYS"),
    "AOCCPFL": ("USUBJID", "AEBODSYS", "AEDECOD"),
}


def derive_occurrence_flags(adae: pl.DataFrame) -> pl.DataFrame:
    """Adds AOCCFL, AOCCSFL, AOCCPFL and, where the data has AESEV, AOCCIFL.

    Among treatment-emergent records (TRTEMFL = Y), in order of ASTDT (missing last), AESEQ and source order: Y on the
    first record of the subject, of the subject's SOC, of the subject's SOC and PT; AOCCIFL: on the first of those at
    the subject's worst severity (a severity not reported, or none of MILD, MODERATE, SEVERE, is below all that are).
    Missing on every other record. Expects ADAE; returns it with its rows in their order.
    """
    emergent = (
        adae.with_row_index("row")
        .filter(pl.col("TRTEMFL") == "Y")
        .sort("ASTDT", "AESEQ", "row", nulls_last=True)
        .select("row", "USUBJID", "AEBODSYS", "AEDECOD", *(["AESEV"] if "AESEV" in adae.columns else []))
    )
    firsts = {name: emergent.filter(pl.struct(keys).is_first_distinct())["row"] for name, keys in _FLAGS.items()}
    if "AESEV" in adae.columns:
        rank = by_value(
            emergent["AESEV"], pl.col("text").replace_strict(SEVERITIES, (1, 2, 3), default=0).alias("rank")
        )
        worst = emergent.with_columns(rank["rank"].fill_null(0)).sort("rank", descending=True, maintain_order=True)
        firsts["AOCCIFL"] = worst.filter(pl.col("USUBJID").is_first_distinct())["row"]
    return adae.with_columns(_yes_on(rows, adae.height).alias(name) for name, rows in firsts.items())


def _yes_on(rows: pl.Series, height: int) -> pl.Series:
    # A series of its own each time: Series.scatter writes into the one it is called on.
    return pl.Series([None], dtype=YES_NO).new_from_index(0, height).scatter(rows, "Y")
