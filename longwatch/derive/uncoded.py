"""Terms without a code: kept, and named as such (spec C.2 rule 5)."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from longwatch.derive.coded import code_text

UNCODED = "UNCODED"


def fill_uncoded(ae: pl.DataFrame, verbatim: Callable[[], pl.Series | None]) -> pl.DataFrame:
    """AEBODSYS and AEDECOD without gaps: a missing SOC → `UNCODED`; a missing PT → `UNCODED: ` and the verbatim term
    (`no verbatim term` where there is none). `verbatim` gives AETERM by record, and is asked only where needed."""
    if ae["AEBODSYS"].null_count():
        ae = code_text(ae.with_columns(pl.col("AEBODSYS").cast(pl.String).fill_null(UNCODED)))
    if ae["AEDECOD"].null_count():
        terms = verbatim()
        term = pl.lit(None, pl.String) if terms is None else pl.lit(terms.cast(pl.String))
        uncoded = pl.lit(f"{UNCODED}: ") + term.fill_null("no verbatim term")
        ae = code_text(ae.with_columns(pl.coalesce(pl.col("AEDECOD").cast(pl.String), uncoded).alias("AEDECOD")))
    return ae
