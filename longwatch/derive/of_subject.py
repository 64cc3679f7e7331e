"""What every analysis dataset carries of ADSL, and how its parts become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

OF_SUBJECT = ("USUBJID", "TRT01P", "TRT01A", "SAFFL")


def carry_subject(adsl: pl.DataFrame, records: pl.DataFrame, names: Iterable[str] = OF_SUBJECT) -> pl.DataFrame:
    """Records with what ADSL says of their subject in front, in the place of `subject`; missing where that is missing.
    Expects row i of ADSL to be `subject` i."""
    of_subject = adsl.select(names).select(pl.all().gather(records["subject"]))
    return pl.concat([of_subject, records.drop("subject")], how="horizontal")


def select_followed(adsl: pl.DataFrame) -> pl.DataFrame:
    """`subject` (row of ADSL), `low` and `high`: the first and the last day that each subject of the safety population
    was followed, of those for whom both are known."""
    watched = adsl.select(
        low="TRTSDT",
        high=pl.col("TRTSDT") + pl.duration(days=pl.col("FUPDUR").cast(pl.Int64) - 1),
        safe=(pl.col("SAFFL") == "Y").fill_null(False),
    ).with_row_index("subject")
    return watched.filter("safe").drop("safe").drop_nulls()


def stack(parts: Iterable[pl.DataFrame], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """The parts one after the other, each with every column of the schema; one that a part lacks is missing there."""
    return pl.concat(
        part.select(
            pl.col(name).cast(kind) if name in part.columns else pl.lit(None, kind).alias(name)
            for name, kind in schema.items()
        )
        for part in parts
    )
