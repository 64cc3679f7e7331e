"""Clinical events of CE that a study follows beside its adverse events: graft loss, hypoglycaemia (spec A.2, D.4)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.cutoff import keep_started
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day, latest_day

_TEXTS = ("CEDECOD", "CETERM", "CEOCCUR", "CESTDTC")


def read_clinical_events(
    data: SourceData, subjects: Subjects, cutoff: date, terms: Collection[str]
) -> pl.DataFrame | None:
    """Records of CE that started by D: row (of the subject), seq, term, and the days that the start can mean, first and
    last (missing: not known). None: the data has no CE with a term.

    Term: CEDECOD, else CETERM; it is one of `terms`, in any case. Records that say that it did not happen
    (CEOCCUR = N) are none.
    """
    if "CE" not in data or not {"CEDECOD", "CETERM"} & set(data.datasets["CE"].columns):
        return None
    ce = keep_started(read_coded(data, "CE", subjects, _TEXTS, ("CESEQ",)), "CESTDTC", cutoff)
    has = set(ce.columns)
    named = [pl.col(name).cast(pl.String) for name in ("CEDECOD", "CETERM") if name in has]
    wanted = {term.upper() for term in terms}
    ce = ce.with_columns(term=pl.coalesce(named))
    chosen = pl.col("term").str.to_uppercase().is_in(list(wanted)).fill_null(False)
    if "CEOCCUR" in has:
        chosen &= (pl.col("CEOCCUR") != "N").fill_null(True)
    ce = ce.filter(chosen)
    text, unknown = pl.col("text"), pl.lit(None, pl.Date)
    ce = ce.with_columns(
        seq=pl.col("CESEQ") if "CESEQ" in has else pl.lit(None, pl.Float64), first=unknown, last=unknown
    )
    if "CESTDTC" in has:
        ce = ce.with_columns(by_value(ce["CESTDTC"], earliest_day(text).alias("first"), latest_day(text).alias("last")))
    return ce.select(pl.col("subject").cast(pl.UInt32).alias("row"), "seq", "term", "first", "last")
