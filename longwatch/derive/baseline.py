"""Baseline: which result it is, and what is measured against it (ABLFL, BASE, CHG, PCHG, R2BASE; spec A.8)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.decimals import as_decimal
from longwatch.derive.populations import YES_NO

KEY = ("subject", "PARAM", "ATPT")
"""A baseline is of one subject, parameter and planned time point: fasting is compared with fasting."""
OF_BASELINE = {"AVAL": "BASE", "AVALC": "BASEC", "ANRIND": "BNRIND"}


def derive_ablfl(results: pl.DataFrame, by_exposure: bool | None = None) -> pl.DataFrame:
    """Adds ABLFL: Y on exactly one result of each KEY that has a baseline, missing elsewhere.

    Cases, in order:
    1. the sponsor flags a result of the key (--LOBXFL = Y; in a domain that has none, --BLFL = Y) → the last flagged
       one;
    2. --BLFL flags other results of the parameter → no baseline: it is the sponsor's own definition, and says that this
       subject has none;
    3. else the last one that was not taken after the first dose (`timing`); there is none → no baseline.
    Last: by day, time of day (none first), --SEQ. `by_exposure`: whether the domain has --LOBXFL, where these are not
    all of its results. Expects the rows in that order within their key, and `after`.
    Source: spec A.8 (last non-missing value on or before first exposure); SDTMIG --BLFL, --LOBXFL.
    """
    if by_exposure is None:
        by_exposure = results["LOBXFL"].null_count() < results.height
    flagged = (pl.col("LOBXFL" if by_exposure else "BLFL") == "Y").fill_null(False)
    defined = pl.lit(False) if by_exposure else pl.col("flagged").any().over("PARAM")
    candidates = results.with_row_index("row").select("row", *KEY, "after", flagged=flagged)
    may_count = (~pl.col("after")).fill_null(False) & ~defined
    candidates = candidates.filter(pl.col("flagged") | may_count)
    # Flagged ones come last in a stable sort, so that the last of a key is flagged where one is.
    last = candidates.sort("flagged", maintain_order=True).unique(KEY, keep="last")
    return results.with_columns(yes_on(last["row"], results.height).alias("ABLFL"))


def derive_base(results: pl.DataFrame) -> pl.DataFrame:
    """Adds BASE, BASEC, BNRIND: what AVAL, AVALC, ANRIND are at baseline, on every result of the KEY; missing without a
    baseline. What is there stays. Expects ABLFL, at most once per KEY. Source: ADaMIG BASE, BASEC, BNRIND."""
    carried = {name: base for name, base in OF_BASELINE.items() if base not in results.columns}
    base = results.filter(pl.col("ABLFL") == "Y").select(*KEY, *(pl.col(name).alias(b) for name, b in carried.items()))
    base = base.unique(KEY, keep="last", maintain_order=True)
    return results.join(base, on=KEY, how="left", nulls_equal=True, maintain_order="left")


def derive_change(results: pl.DataFrame) -> pl.DataFrame:
    """Adds CHG (AVAL − BASE), PCHG (percent of BASE) and R2BASE (AVAL / BASE) of results taken after the first dose
    (ONTRTFL = Y), as `decimals`; missing elsewhere, the two ratios also where BASE is 0. What is there stays.

    Expects BASE and ONTRTFL. Source: ADaMIG CHG, PCHG, R2BASE.
    """
    change, against = pl.col("AVAL") - pl.col("BASE"), pl.when(pl.col("BASE") != 0).then(pl.col("BASE"))
    new = {"CHG": change, "PCHG": 100 * change / against, "R2BASE": pl.col("AVAL") / against}
    new = {name: as_decimal(value) for name, value in new.items()}
    later = pl.col("ONTRTFL") == "Y"
    return results.with_columns(
        pl.when(later).then(value).alias(name) for name, value in new.items() if name not in results.columns
    )


def yes_on(rows: pl.Series, height: int) -> pl.Series:
    """Y in these rows, missing in all others."""
    # A series of its own each time: Series.scatter writes into the one it is called on.
    return pl.Series([None], dtype=YES_NO).new_from_index(0, height).scatter(rows, "Y")
