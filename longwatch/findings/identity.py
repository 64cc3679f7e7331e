"""What makes a record the same record in the next snapshot, and a finding the same finding.

The locator of a record (USUBJID with --SEQ) is only valid within its snapshot: sequence numbers are given anew, rows
move. The identity of a record is its dataset and its subject, and of the following the first that is filled and that no
other record of the subject in that dataset shares:

1. the sponsor's id, --SPID;
2. the reference id, --REFID;
3. the topic (--TERM, --TRT or --TESTCD; VISITNUM in SV, ETCD in SE, TSPARMCD in TS, QNAM in SUPP--; none in DM) and the
   start date (--STDTC, else --DTC); a missing start date is a value like others, a missing topic is not;
4. the same with what tells tests of one time apart (VISITNUM, --CAT, --SPEC, --LOC, --LAT, --POS, --METHOD, --TPTNUM,
   --TPT) or qualifiers of one subject (IDVAR, IDVARVAL);
5. its whole content, without --SEQ and the study days (--DY, --STDY, --ENDY); records that are equal in it are
   numbered.

The order of rows and of columns, sequence numbers, and columns that are empty do not enter. A record of a supplemental
dataset that points to its parent by a sequence number is not told apart by that number; by another variable it is.

A finding's fingerprint is SHA-256 of its rule and the identities of its records, sorted; values that merely stand in
the record do not enter in cases 1 to 4, so a value that changes and still fails keeps its finding. Where none of 1 to 4
tells the record apart (CDISCPILOT01 repeats subject, term and start date in 310 of 1,191 adverse events), a changed
value makes it another record here; the matching of records between snapshots (CONTRACTS.md) is what carries it over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl

from longwatch.standards.hashing import sha256_of
from longwatch.standards.sdtm import DomainClass, domain_of, is_supplemental

ROW = "_ROW"
IDENTITY = "_IDENTITY"
SUBJECT = "USUBJID"

_UNIT = "\x1f"
_TWO_LETTERS = re.compile(r"^[A-Z][A-Z0-9]$")
_WITHOUT_PREFIX = frozenset({DomainClass.RELATIONSHIP, DomainClass.LONG_TERM})
_TOPICS = {"SV": ("VISITNUM",), "SE": ("ETCD",), "TS": ("TSPARMCD",), "DM": ()}
_TELLING = (
    "IDVAR",
    "IDVARVAL",
    "VISITNUM",
    "--CAT",
    "--SPEC",
    "--LOC",
    "--LAT",
    "--POS",
    "--METHOD",
    "--TPTNUM",
    "--TPT",
)
_LOCATORS = {
    "SV": ("VISITNUM",),
    "SUPP": ("RDOMAIN", "IDVAR", "IDVARVAL", "QNAM"),
    "RELREC": ("RDOMAIN", "IDVAR", "IDVARVAL", "RELID"),
    "TA": ("ARMCD", "TAETORD"),
    "TE": ("ETCD",),
    "TI": ("IETESTCD",),
    "TS": ("TSPARMCD", "TSSEQ"),
    "TV": ("VISITNUM", "ARMCD"),
}


def as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text: numbers in their shortest form (`1`, `0.5`), dates as ISO 8601, missing stays missing."""
    value = pl.col(column)
    if dtype == pl.String:
        return value
    text = value.cast(pl.String)
    if not dtype.is_float():
        return text
    whole = (value == value.round(0)) & (value.abs() < 1e15)
    shortest = pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    return pl.when(value.is_not_nan()).then(shortest).alias(column)


def prefix_of(dataset: str) -> str:
    """The letters that a dataset's variables begin with: the code of its domain (of a split dataset its parent's), or
    its own name where that has two letters; empty where its variables have no such letters (SUPP--, RELREC, LOT …)."""
    domain = domain_of(dataset)
    if domain is None:
        return dataset if _TWO_LETTERS.match(dataset) else ""
    return "" if domain.domain_class in _WITHOUT_PREFIX else domain.code


def locator_columns(dataset: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The variables that locate a record within its snapshot (spec A.2): USUBJID and --SEQ, or what the dataset has in
    its place; empty where it has none of them."""
    prefix = prefix_of(dataset)
    own = _LOCATORS.get(dataset) or (_LOCATORS["SUPP"] if is_supplemental(dataset) else (f"{prefix}SEQ",))
    return tuple(name for name in (SUBJECT, *own) if name in columns)


def compute_identities(dataset: str, records: pl.DataFrame) -> pl.DataFrame:
    """The identity of each record: columns `_ROW` and `_IDENTITY`.

    Expects all records of the subjects concerned (uniqueness is judged among them), blank text as null, with `_ROW`.
    Cases: see the module. Records without USUBJID are told apart in the whole dataset.
    """
    schema = records.schema
    prefix = prefix_of(dataset)
    texts = records.select(pl.col(ROW), *(as_text(name, dtype) for name, dtype in schema.items() if name != ROW))
    if {"IDVAR", "IDVARVAL"} <= set(schema):
        by_number = pl.col("IDVAR").str.ends_with("SEQ").fill_null(False)
        texts = texts.with_columns(pl.when(by_number).then(None).otherwise(pl.col("IDVARVAL")).alias("IDVARVAL"))
    scope = [pl.col(SUBJECT)] if SUBJECT in schema else [pl.lit(0)]
    head = pl.concat_str(
        pl.lit(dataset), pl.col(SUBJECT).fill_null("") if SUBJECT in schema else pl.lit(""), separator=_UNIT
    )
    choices = []
    for key in _keys(dataset, prefix, frozenset(schema)):
        alone = pl.len().over([*scope, *key]) == 1
        filled = pl.col(key[0]).is_not_null() if key else pl.lit(True)
        choices.append(pl.when(alone & filled).then(pl.concat_str(head, _pairs(key), separator=_UNIT)))
    content = pl.concat_str(head, _pairs(_content(dataset, prefix, schema)), separator=_UNIT)
    return (
        texts.with_columns(pl.coalesce([*choices, content]).alias(IDENTITY))
        .sort(ROW)
        .with_columns(pl.int_range(1, pl.len() + 1).over(IDENTITY).alias("_TIE"))
        .select(
            ROW,
            pl.when(pl.col("_TIE") == 1)
            .then(pl.col(IDENTITY))
            .otherwise(pl.concat_str(IDENTITY, pl.lit("again="), pl.col("_TIE"), separator=_UNIT)),
        )
    )


def compute_fingerprint(rule_id: str, identities: Iterable[str]) -> str:
    """SHA-256 of rule id and record identities, whatever their order. Source: CONTRACTS.md, finding."""
    return sha256_of([rule_id, sorted(identities)])


def _keys(dataset: str, prefix: str, columns: frozenset[str]) -> list[tuple[str, ...]]:
    """What may tell records of a subject apart, in the order of the module's cases 1 to 4."""
    keys: list[tuple[str, ...]] = [
        (f"{prefix}{suffix}",) for suffix in ("SPID", "REFID") if f"{prefix}{suffix}" in columns
    ]
    supplemental = is_supplemental(dataset)
    topics = _TOPICS.get(
        dataset, ("QNAM",) if supplemental else tuple(f"{prefix}{s}" for s in ("TERM", "TRT", "TESTCD"))
    )
    topic = next((name for name in topics if name in columns), None)
    if dataset == "DM":
        return [*keys, ()]
    if topic is None:
        return keys
    start = next((name for name in (f"{prefix}STDTC", f"{prefix}DTC") if prefix and name in columns), None)
    first = (topic, start) if start else (topic,)
    telling = tuple(name.replace("--", prefix) for name in _TELLING)
    more = tuple(name for name in telling if name in columns and name not in first)
    return [*keys, first, *([(*first, *more)] if more else [])]


def _content(dataset: str, prefix: str, schema: Iterable[str]) -> tuple[str, ...]:
    """The variables that are content, sorted by name."""
    left_out = {ROW, SUBJECT, *(f"{prefix}{suffix}" for suffix in ("SEQ", "DY", "STDY", "ENDY") if prefix)}
    return tuple(sorted(name for name in schema if name not in left_out))


def _pairs(names: Sequence[str]) -> pl.Expr:
    """`NAME=value` of the columns that are filled, one after the other."""
    if not names:
        return pl.lit("")
    return pl.concat_str(
        [pl.concat_str(pl.lit(f"{name}="), pl.col(name)) for name in names], separator=_UNIT, ignore_nulls=True
    )
