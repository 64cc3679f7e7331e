"""AREL: relatedness as the study file maps it; AEREL has no CDISC codelist (spec A.2, A.3)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.study.model import Relatedness

AREL = pl.Enum(["RELATED", "NOT RELATED"])


def derive_arel(ae: pl.DataFrame, mapping: Relatedness) -> pl.DataFrame:
    """Adds AREL where the data has AEREL.

    Cases, in order: the study file maps nothing → missing for all; a value of `related` → RELATED; of `not_related` →
    NOT RELATED; missing, or a value the mapping does not have → RELATED where `missing_is_related` (the default), else
    missing. Values without a mapping are never guessed: `find_unmapped` lists them for the footnote, rule CT09 reports
    them. Source: spec A.2, C.2 rule 6.
    """
    if "AEREL" not in ae.columns:
        return ae
    if not (mapping.related or mapping.not_related):
        return ae.with_columns(AREL=pl.lit(None, AREL))
    text = pl.col("text")
    mapped = by_value(
        ae["AEREL"],
        pl.when(text.is_in(mapping.related))
        .then(pl.lit("RELATED", AREL))
        .when(text.is_in(mapping.not_related))
        .then(pl.lit("NOT RELATED", AREL))
        .alias("AREL"),
    )["AREL"]
    return ae.with_columns(mapped.fill_null("RELATED") if mapping.missing_is_related else mapped)


def find_unmapped(ae: pl.DataFrame, mapping: Relatedness) -> tuple[str, ...]:
    """The values of AEREL in the data that the mapping does not have, sorted; none where nothing is mapped."""
    if "AEREL" not in ae.columns or not (mapping.related or mapping.not_related):
        return ()
    found = ae["AEREL"].unique().drop_nulls().cast(pl.String)
    return tuple(sorted(set(found) - set(mapping.related) - set(mapping.not_related)))
