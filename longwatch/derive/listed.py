"""What a listing of adverse events shows beside ADAE: the text as it was collected, and a name for each record."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, read_coded
from longwatch.derive.cutoff import forget_later, keep_started
from longwatch.standards.dataset import SourceData

COLLECTED = ("AETERM", "AESTDTC", "AEENDTC")
NO_SEQUENCE = "without AESEQ"


def read_collected(data: SourceData, subjects: Subjects, cutoff: date) -> pl.DataFrame:
    """AETERM, AESTDTC and AEENDTC of AE as they were collected, those of them that the data has; one row per record of
    `read_adverse_events`, in its order. An AEENDTC that can only lie after the cut-off is missing: not known then."""
    ae = keep_started(read_coded(data, "AE", subjects, COLLECTED), "AESTDTC", cutoff)
    return forget_later(ae, "AEENDTC", cutoff).drop("subject")


def derive_line_names(adae: pl.DataFrame) -> pl.DataFrame:
    """Adds LINENO, the place of a record among those of its subject in source order (from 1), and LINEID, its name
    there: AESEQ; where a subject has an AESEQ twice (rule KY01), the second one has ` (2)` behind it."""
    sequence = pl.col("AESEQ").cast(pl.Int64, strict=False).cast(pl.String).fill_null(NO_SEQUENCE)
    adae = adae.with_columns(LINENO=pl.int_range(pl.len()).over("USUBJID") + 1, LINEID=sequence).with_columns(
        again=pl.int_range(pl.len()).over("USUBJID", "LINEID") + 1
    )
    repeated = pl.format("{} ({})", "LINEID", "again")
    return adae.with_columns(LINEID=pl.when(pl.col("again") > 1).then(repeated).otherwise("LINEID")).drop("again")
