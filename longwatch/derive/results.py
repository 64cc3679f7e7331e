"""Results of a findings domain (LB, VS) as an analysis needs them: values, units, ranges, days (spec A.2, A.8)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, by_value, code_text, read_coded
from longwatch.derive.cutoff import keep_started
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day, earliest_day, earliest_second, latest_day

TEXTS = {
    "TESTCD": "PARAMCD", "TEST": "TEST", "CAT": "PARCAT1", "SPEC": "SPEC", "STRESC": "AVALC", "STRESU": "AVALU",
    "NRIND": "ANRIND", "TPT": "ATPT", "FAST": "FAST", "TOXGR": "ATOXGR", "LOBXFL": "LOBXFL", "BLFL": "BLFL",
    "DTC": "DTC", "STAT": "STAT",
}  # fmt: skip
NUMBERS = {"SEQ": "SEQ", "STRESN": "AVAL", "STNRLO": "ANRLO", "STNRHI": "ANRHI", "TPTNUM": "ATPTN"}
"""Variables of the domain without its letters, and what they are called here."""


def read_results(data: SourceData, domain: str, subjects: Subjects, cutoff: date) -> pl.DataFrame:
    """The results known at the cut-off, one row per record with a result, in source order.

    Columns: `subject`, what TEXTS and NUMBERS name, VISIT, VISITNUM (missing where the domain lacks them), ADT (the
    complete day of --DTC), `first`, `last` (the days that --DTC can mean), `second` (of the day; −1 without a time).

    - AVAL: --STRESN; of a domain without --STRESN the number that --STRESC is. AVALC: --STRESC, else AVAL as text.
    - Left out: a record not done (--STAT) or without a result (neither --STRESN nor --STRESC); one that was taken
      after D (by its earliest possible day); one of no subject of ADSL. No such domain → no rows.
    """
    texts = {f"{domain}{name}": column for name, column in TEXTS.items()}
    numbers = {f"{domain}{name}": column for name, column in NUMBERS.items()}
    read = read_coded(data, domain, subjects, [*texts, "VISIT"], [*numbers, "VISITNUM"])
    read = keep_started(read, f"{domain}DTC", cutoff)
    read = read.rename({**texts, **numbers}, strict=False)
    lacks_numbers = "AVAL" not in read.columns
    read = read.with_columns(
        *(pl.lit(None, pl.Enum([])).alias(name) for name in (*TEXTS.values(), "VISIT") if name not in read.columns),
        *(pl.lit(None, pl.Float64).alias(name) for name in (*NUMBERS.values(), "VISITNUM") if name not in read.columns),
    )
    if lacks_numbers:
        read = read.with_columns(by_value(read["AVALC"], pl.col("text").cast(pl.Float64, strict=False).alias("AVAL")))
    if not _is_text(data, domain, f"{domain}STRESC"):
        written = read.select(AVALC=pl.col("AVAL").cast(pl.String).str.strip_suffix(".0"))
        read = read.with_columns(code_text(written))
    done = (pl.col("AVAL").is_not_null() | pl.col("AVALC").is_not_null()) & pl.col("STAT").is_null()
    read = read.filter(done).drop("STAT")
    text = pl.col("text")
    return read.with_columns(
        by_value(
            read["DTC"],
            complete_day(text).alias("ADT"),
            earliest_day(text).alias("first"),
            latest_day(text).alias("last"),
            earliest_second(text).fill_null(-1).alias("second"),
        )
    )


def _is_text(data: SourceData, domain: str, column: str) -> bool:
    if domain not in data:
        return True
    return data.datasets[domain].frame.collect_schema().get(column) == pl.String
