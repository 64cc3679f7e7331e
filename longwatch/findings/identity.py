"""What makes a record the same record in the next snapshot, and a finding the same finding.

The locator of a record (USUBJID with --SEQ) is only valid within its snapshot: sequence numbers are given anew, rows
move. The identity of a record is its dataset and its subject, and of the following the first that is filled and that no
other record of the subject in that dataset shares:

1. the sponsor's id, --SPID;
2. the reference id, --REFID;
3. the topic and the start date that SDTM gives the dataset (`standards.sdtm`: AETERM and AESTDTC, LBTESTCD and LBDTC,
   VISITNUM in SV, QNAM in SUPP--; DM has none and needs none); a missing start date is a value like others, a missing
   topic is not;
4. the same with what tells tests of one time apart (VISITNUM, --CAT, --SPEC, --LOC, --LAT, --POS, --METHOD, --TPTNUM,
   --TPT) or qualifiers of one subject (IDVAR, IDVARVAL);
5. its whole content, without --SEQ and the study days (--DY, --STDY, --ENDY); records that are equal in it are
   twins: the findings of a rule on them are numbered among each other (`number_twins`).

The order of rows and of columns, sequence numbers, and columns that are empty do not enter. A record of a supplemental
dataset that points to its parent by a sequence number is not told apart by that number; by another variable it is.

A finding's fingerprint is SHA-256 of its rule and the identities of its records, sorted; values that merely stand in
the record do not enter in cases 1 to 4, so a value that changes and still fails keeps its finding. Where none of 1 to 4
tells the record apart (CDISCPILOT01 repeats subject, term and start date in 310 of 1,191 adverse events), a changed
value makes it another record here; the matching of records between snapshots (CONTRACTS.md) is what carries it over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from longwatch.standards.hashing import sha256_of
from longwatch.standards.sdtm import (
    is_supplemental,
    natural_key,
    sequence_variable,
    start_among,
    study_day_variables,
    topic_among,
    variable_prefix,
)

ROW = "_ROW"
IDENTITY = "_IDENTITY"
SUBJECT = "USUBJID"

_UNIT = "\x1f"
_AGAIN = "again="
_OF_ONE_TIME = ("VISITNUM", "--CAT", "--SPEC", "--LOC", "--LAT", "--POS", "--METHOD", "--TPTNUM", "--TPT")
_TELLING = ("IDVAR", "IDVARVAL", *_OF_ONE_TIME)
_LINKS = {
    "SUPP": (SUBJECT, "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM"),
    "RELREC": (SUBJECT, "RDOMAIN", "IDVAR", "IDVARVAL", "RELID"),
}


def as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text: numbers in their shortest form (`1`, `0.5`), dates as ISO 8601, missing stays missing.

    Of a number 15 significant digits count, as many as every transport format keeps: a visit 1.3 that a program added
    up to 1.3000000000000003 is the visit 1.3.
    """
    value = pl.col(column)
    if dtype == pl.String:
        return value
    if not dtype.is_float():
        return value.cast(pl.String)
    text = value.round_sig_figs(15).cast(pl.String)
    whole = (value == value.round(0)) & (value.abs() < 1e15)
    shortest = pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    return pl.when(value.is_not_nan()).then(shortest).alias(column)


def locator_columns(dataset: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The variables that locate a record within its snapshot (spec A.2): what names a row of the dataset, else USUBJID
    and --SEQ; empty where the dataset has none of them."""
    own = _LINKS.get(dataset) or (_LINKS["SUPP"] if is_supplemental(dataset) else natural_key(dataset))
    names = own or (SUBJECT, sequence_variable(dataset) or "")
    return tuple(name for name in names if name in columns)


def compute_identities(dataset: str, records: pl.DataFrame) -> pl.DataFrame:
    """The identity of each record: columns `_ROW` and `_IDENTITY`, in no order.

    Expects all records of the subjects concerned (uniqueness is judged among them), blank text as null, with `_ROW`.
    Cases: see the module. Records without USUBJID are told apart in the whole dataset.
    """
    schema = records.schema
    texts = records.select(pl.col(ROW), *(as_text(name, dtype) for name, dtype in schema.items() if name != ROW))
    if {"IDVAR", "IDVARVAL"} <= set(schema):
        by_number = pl.col("IDVAR").str.ends_with("SEQ").fill_null(False)
        texts = texts.with_columns(pl.when(by_number).then(None).otherwise(pl.col("IDVARVAL")).alias("IDVARVAL"))
    scope = [pl.col(SUBJECT)] if SUBJECT in schema else [pl.lit(0)]
    head = pl.concat_str(
        pl.lit(dataset), pl.col(SUBJECT).fill_null("") if SUBJECT in schema else pl.lit(""), separator=_UNIT
    )
    choices = [pl.lit(None, pl.String)]
    for key in _keys(dataset, frozenset(schema)):
        alone = pl.len().over([*scope, *key]) == 1
        filled = pl.col(key[0]).is_not_null() if key else pl.lit(True)
        choices.append(pl.when(alone & filled).then(pl.concat_str(head, _pairs(key), separator=_UNIT)))
    chosen = texts.with_columns(pl.coalesce(choices).alias(IDENTITY))
    told_apart = chosen.filter(pl.col(IDENTITY).is_not_null()).select(ROW, IDENTITY)
    content = pl.concat_str(head, _pairs(_content(dataset, schema)), separator=_UNIT)
    others = chosen.filter(pl.col(IDENTITY).is_null()).sort(ROW).select(ROW, content.alias(IDENTITY))
    tie = pl.int_range(1, pl.len() + 1).over(IDENTITY)
    numbered = pl.concat_str(IDENTITY, pl.lit(_AGAIN), tie, separator=_UNIT)
    return pl.concat([told_apart, others.with_columns(pl.when(tie > 1).then(numbered).otherwise(IDENTITY))])


def without_number(identity: str) -> str:
    """The identity of a record without the number that tells it from its twins (case 5)."""
    return identity.partition(f"{_UNIT}{_AGAIN}")[0]


def number_twins(places: Sequence[tuple[tuple[str, ...], tuple[int, ...]]]) -> list[tuple[str, ...]]:
    """Identities of findings of one rule, each given with the rows of its records, told apart where they are equal.

    Records that are equal in content cannot be told apart by anything that stays from one snapshot to the next. So what
    counts is how many of them a rule finds, not which: the findings are numbered among each other, in the order of
    their rows. Findings on the same rows stay one.
    """
    different: dict[tuple[str, ...], dict[tuple[int, ...], int]] = {}
    for identities, rows in sorted(places, key=lambda place: place[1]):
        of_these = different.setdefault(identities, {})
        of_these.setdefault(rows, len(of_these) + 1)
    numbers = [different[identities][rows] for identities, rows in places]
    return [
        identities if number == 1 else (*identities, f"{_AGAIN}{number}")
        for (identities, _), number in zip(places, numbers, strict=True)
    ]


def compute_fingerprint(rule_id: str, identities: Iterable[str]) -> str:
    """SHA-256 of rule id and record identities, whatever their order. Source: CONTRACTS.md, finding."""
    return sha256_of([rule_id, sorted(identities)])


def _keys(dataset: str, columns: frozenset[str]) -> list[tuple[str, ...]]:
    """What may tell records of a subject apart, in the order of the module's cases 1 to 4."""
    prefix = variable_prefix(dataset)
    ids = (f"{prefix}SPID", f"{prefix}REFID") if prefix else ()
    keys: list[tuple[str, ...]] = [(name,) for name in ids if name in columns]
    if dataset == "DM":
        return [*keys, ()]
    topic, start = topic_among(dataset, columns), start_among(dataset, columns)
    if topic is None:
        return keys
    first = (topic, start) if start else (topic,)
    telling = (name.replace("--", prefix) for name in _TELLING)
    more = tuple(name for name in telling if name in columns and name not in first)
    return [*keys, first, *([(*first, *more)] if more else [])]


def _content(dataset: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The variables that are content, sorted by name."""
    left_out = {ROW, SUBJECT, sequence_variable(dataset), *study_day_variables(dataset)}
    return tuple(sorted(name for name in columns if name not in left_out))


def _pairs(names: Sequence[str]) -> pl.Expr:
    """`NAME=value` of the columns that are filled, one after the other."""
    if not names:
        return pl.lit("")
    return pl.concat_str(
        [pl.concat_str(pl.lit(f"{name}="), pl.col(name)) for name in names], separator=_UNIT, ignore_nulls=True
    )
