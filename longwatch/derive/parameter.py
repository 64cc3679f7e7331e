"""PARAM: what was measured, in which unit. Values of two units or two specimens are never one parameter."""

from __future__ import annotations

import polars as pl

_KEYS = ("PARAMCD", "SPEC", "AVALU")


def derive_param(results: pl.DataFrame) -> pl.DataFrame:
    """Adds PARAM, an Enum in the order of its names; PARAMCD missing → the record is left out.

    `Glucose (mmol/L)`: the name of the test (--TEST of its first record, else its code), and the unit. Cases:
    - two codes of one name → `Glucose [GLUC2] (mmol/L)`, each with its code;
    - a test with results of more than one specimen → `Glucose, URINE (mmol/L)`;
    - no unit → without brackets;
    - a record in another unit than the rest is a parameter of its own: shown, and never described with the others.
    Expects records of `read_results`. Source: ADaMIG PARAM; spec A.8, J.13.
    """
    results = results.filter(pl.col("PARAMCD").is_not_null())
    kinds = results.group_by(*_KEYS, maintain_order=True).agg(pl.col("TEST").drop_nulls().first())
    kinds = kinds.with_columns(pl.col(*_KEYS, "TEST").cast(pl.String)).with_columns(
        name=pl.col("TEST").drop_nulls().first().over("PARAMCD").fill_null(pl.col("PARAMCD")),
        several=pl.col("SPEC").n_unique().over("PARAMCD") > 1,
    )
    names = kinds.select("PARAMCD", "name").unique()
    shared = names.filter(pl.col("name").is_duplicated())["name"]
    kinds = kinds.with_columns(
        name=pl.when(pl.col("name").is_in(shared.implode()))
        .then(pl.col("name") + " [" + pl.col("PARAMCD") + "]")
        .otherwise(pl.col("name"))
    )
    specimen = pl.when(pl.col("several") & pl.col("SPEC").is_not_null()).then(pl.lit(", ") + pl.col("SPEC"))
    unit = pl.when(pl.col("AVALU").is_not_null()).then(pl.lit(" (") + pl.col("AVALU") + ")")
    labels = kinds.select(PARAM=pl.col("name") + specimen.fill_null("") + unit.fill_null(""))["PARAM"]
    named = (
        results.group_by(*_KEYS, maintain_order=True).agg().with_columns(labels.cast(pl.Enum(labels.unique().sort())))
    )
    return results.join(named, on=_KEYS, how="left", nulls_equal=True, maintain_order="left")
