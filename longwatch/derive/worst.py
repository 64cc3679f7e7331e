"""Worst results after the first dose: the lowest, the highest, the worst grade of each subject and parameter."""

from __future__ import annotations

import polars as pl

from longwatch.derive.baseline import yes_on
from longwatch.derive.coded import by_value
from longwatch.derive.normal_range import INDICATORS

OF = ("subject", "PARAM")


def derive_worst(results: pl.DataFrame) -> pl.DataFrame:
    """Adds WORS01FL, WORS02FL and WORS03FL: Y on one result of each subject and parameter, missing elsewhere.

    Among results taken after the first dose (ONTRTFL = Y), unscheduled ones and every time point included:
    WORS01FL on the lowest: by ANRIND (`INDICATORS`), then AVAL; WORS02FL on the highest, likewise; both among those
    with an ANRIND; WORS03FL on the highest ATOXGR, among those graded. Of equal ones the first. Expects the rows of a
    subject and parameter in order of time. Source: ICH E3 12.4.2.2; spec C.3 (worst post-baseline category).
    """
    needed = results.select(*OF, "AVAL", "ATOXGR", "ONTRTFL", _rank(results["ANRIND"])).with_row_index("row")
    later = needed.filter(pl.col("ONTRTFL") == "Y")
    ranked = later.drop_nulls("rank")
    chosen = {
        "WORS01FL": ranked.sort("rank", "AVAL", maintain_order=True, nulls_last=True),
        "WORS02FL": ranked.sort("rank", "AVAL", maintain_order=True, descending=True, nulls_last=True),
        "WORS03FL": later.drop_nulls("ATOXGR").sort("ATOXGR", descending=True, maintain_order=True),
    }
    return results.with_columns(
        yes_on(rows.unique(OF, keep="first", maintain_order=True)["row"], results.height).alias(name)
        for name, rows in chosen.items()
    )


def _rank(indicators: pl.Series) -> pl.Series:
    """The place of each ANRIND, 0 the lowest; another value has none."""
    place = pl.col("text").replace_strict(INDICATORS, range(len(INDICATORS)), default=None, return_dtype=pl.Int8)
    return by_value(indicators, place.alias("rank"))["rank"]
