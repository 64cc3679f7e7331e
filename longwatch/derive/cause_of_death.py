"""The primary cause of each death (ADSL.DTHCAUS; spec C.3, T8).

Cases, for a subject with DTHFL = Y: 1. a stated cause: of SDTM, the first record of DD known at the cut-off with
DDTESTCD = PRCDTH and a result (DDSTRESC, else DDORRES); of the sponsor's ADaM, DTHCAUS as supplied; 2. else the
preferred term of the first adverse event with a fatal outcome (AEOUT = FATAL or AESDTH = Y), in the data's order;
3. else `Not reported`. A subject who has not died has none.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, read_coded
from longwatch.derive.cutoff import keep_started
from longwatch.standards.dataset import SourceData

NOT_REPORTED = "Not reported"
PRIMARY = "PRCDTH"


def read_stated_causes(data: SourceData, subjects: Subjects, cutoff: date) -> pl.Series:
    """By row of ADSL, the primary cause that DD states; missing where it states none."""
    dd = read_coded(data, "DD", subjects, ("DDDTC", "DDTESTCD", "DDSTRESC", "DDORRES"))
    dd = keep_started(dd, "DDDTC", cutoff)
    results = [pl.col(name).cast(pl.String) for name in ("DDSTRESC", "DDORRES") if name in dd.columns]
    if "DDTESTCD" not in dd.columns or not results:
        return pl.Series("stated", [None], dtype=pl.String).new_from_index(0, len(subjects))
    primary = dd.filter((pl.col("DDTESTCD").cast(pl.String) == PRIMARY).fill_null(False))
    stated = primary.select("subject", stated=pl.coalesce(results)).drop_nulls("stated")
    return subjects.lay_out(stated.unique("subject", keep="first", maintain_order=True))["stated"]


def derive_dthcaus(adsl: pl.DataFrame, adae: pl.DataFrame, stated: pl.Series | None) -> pl.DataFrame:
    """ADSL with DTHCAUS. `stated`: causes by row of ADSL. Expects row i of ADSL to be the subject with code i."""
    fatal = pl.any_horizontal(
        pl.lit(False),
        *(
            (pl.col(name) == value).fill_null(False)
            for name, value in (("AEOUT", "FATAL"), ("AESDTH", "Y"))
            if name in adae.columns
        ),
    )
    events = adae.select(
        subject=pl.col("USUBJID").to_physical().filter(fatal), term=pl.col("AEDECOD").filter(fatal).cast(pl.String)
    )
    term = (
        pl.select(subject=pl.int_range(adsl.height, dtype=pl.UInt32))
        .join(events.unique("subject", keep="first", maintain_order=True), on="subject", how="left")
        .sort("subject")["term"]
    )
    known = [term] if stated is None else [stated.cast(pl.String), term]
    cause = pl.coalesce(*(pl.lit(series) for series in known), pl.lit(NOT_REPORTED))
    return adsl.with_columns(DTHCAUS=pl.when(pl.col("DTHFL") == "Y").then(cause))
