"""Links carried by their matched parents: supplemental qualifiers, comments, RELREC (CONTRACTS.md).

A link points to its parent by IDVAR and IDVARVAL, mostly by a sequence number, which another snapshot gives anew. So a
link is looked up in its own snapshot, and its parent gets one name in both snapshots once it is matched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from longwatch.evidence.record_keys import PARENT, RELATIONSHIP, SUBJECT
from longwatch.evidence.record_match import HASH_SEED, RecordMatch
from longwatch.findings.identity import as_text

UNIT = "_UNIT"
ROW = "_ROW"
"""Of a parent: the dataset it is in, and its row position there."""

_LINK = "_LINK"
_POINTER = ("RDOMAIN", "IDVAR", "IDVARVAL")
_SEPARATOR = "|"


def locate_parents(links: pl.DataFrame, domains: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """The parent of each link: columns `_UNIT` and `_ROW`, one row per link in its order.

    `domains`: by domain code (RDOMAIN) its records with `_UNIT` and `_ROW`. Cases: the one record of the subject whose
    variable IDVAR has the value IDVARVAL (a number by value, text without outer blanks) → its dataset and position; no
    such record, more than one (--GRPID, VISIT), no IDVAR (a link to the subject), no pointer variables → both missing.
    """
    none = pl.DataFrame({_LINK: range(links.height)}, schema={_LINK: pl.UInt32})
    if not set(_POINTER) <= set(links.columns):
        return none.select(pl.lit(None, pl.String).alias(UNIT), pl.lit(None, pl.UInt32).alias(ROW))
    subject = [SUBJECT] if SUBJECT in links.columns else []
    pointers = links.select(
        *subject, *(pl.col(name).cast(pl.String).str.strip_chars() for name in _POINTER)
    ).with_row_index(_LINK)
    found = [pl.DataFrame(schema={_LINK: pl.UInt32, UNIT: pl.String, ROW: pl.UInt32})]
    pointed = pointers.drop_nulls(_POINTER).partition_by("RDOMAIN", "IDVAR", as_dict=True, maintain_order=True)
    for (domain, variable), part in pointed.items():
        records = domains.get(str(domain))
        schema = records.collect_schema() if records is not None else pl.Schema()
        if records is None or variable not in schema or not set(subject) <= set(schema):
            continue
        key = [*subject, "IDVARVAL"]
        dtype = schema[str(variable)]
        parents = (
            records.select(*subject, as_text(str(variable), dtype).str.strip_chars().alias("IDVARVAL"), UNIT, ROW)
            .filter(pl.len().over(key) == 1)
            .collect()
        )
        value = pl.col("IDVARVAL")
        if dtype.is_numeric():
            part = part.with_columns(value.cast(pl.Float64, strict=False))
            part = part.with_columns(as_text("IDVARVAL", pl.Float64()))
        found.append(part.join(parents, on=key).select(_LINK, UNIT, ROW))
    return none.join(pl.concat(found), on=_LINK, how="left", maintain_order="left").select(UNIT, ROW)


def name_parents(
    dataset: str, links: pl.DataFrame, located: pl.DataFrame, names: Mapping[str, pl.Series]
) -> pl.DataFrame:
    """The links with `_PARENT`, the name of the record that each points to, and for RELREC `_RELATIONSHIP`.

    `located`: as `locate_parents` gives it. `names`: by dataset, one name per row position (`record_names`). A link
    whose parent was not located keeps its own words as the name: RDOMAIN, IDVAR, IDVARVAL. Without the pointer
    variables nothing is added.
    """
    if not set(_POINTER) <= set(links.columns):
        return links
    own_words = pl.concat_str(
        [pl.col(name).cast(pl.String).str.strip_chars().fill_null("") for name in _POINTER],
        separator=_SEPARATOR,
    )
    named = located.join(_by_row(names, "_NAME", pl.String()), on=[UNIT, ROW], how="left", maintain_order="left")
    carried = (
        links.with_columns(named["_NAME"]).with_columns(pl.coalesce("_NAME", own_words).alias(PARENT)).drop("_NAME")
    )
    if dataset != "RELREC":
        return carried
    scope = [name for name in (SUBJECT, "RELID") if name in carried.columns]
    together = pl.col(PARENT).sort().str.join(_SEPARATOR)
    return carried.with_columns((together.over(scope) if scope else together).alias(RELATIONSHIP))


def record_names(unit: str, match: RecordMatch, old_rows: int, new_rows: int) -> tuple[pl.Series, pl.Series]:
    """One name per record of the older and of the newer snapshot; a matched pair has the same name, no others do."""
    olds = pl.int_range(old_rows, dtype=pl.UInt32, eager=True)
    numbers = pl.DataFrame({"new": pl.int_range(new_rows, dtype=pl.UInt32, eager=True)}).join(
        match.pairs.select("new", "old"), on="new", how="left", maintain_order="left"
    )
    fresh = pl.col("new") + old_rows
    names = numbers.select(pl.coalesce("old", fresh.cast(pl.UInt32)))["old"]
    label = pl.lit(f"{unit}#")
    return (
        pl.select((label + olds.cast(pl.String)).alias("name"))["name"],
        pl.select((label + names.cast(pl.String)).alias("name"))["name"],
    )


def link_marks(
    dataset: str, links: pl.DataFrame, located: pl.DataFrame, contents: Mapping[str, pl.Series]
) -> pl.DataFrame:
    """What each link says of its parent, as a number: columns `_UNIT`, `_ROW`, `_MARK`; located links only.

    Cases: RELREC → the contents of all records of the relationship, which `contents` has by dataset as the hash of each
    row; supplemental qualifiers and comments → all that `links` has besides the pointer. It serves to tell identical
    records apart, never to call records equal.
    """
    if dataset == "RELREC":
        scope = [name for name in (SUBJECT, "RELID") if name in links.columns]
        ends = located.join(_by_row(contents, "_MARK", pl.UInt64()), on=[UNIT, ROW], how="left", maintain_order="left")
        # Wrapping sums do not depend on the order of the ends.
        total = pl.col("_MARK").sum()
        marks = ends.with_columns(links.select(scope)).select(UNIT, ROW, total.over(scope) if scope else total)
    else:
        said = links.drop(SUBJECT, *_POINTER, strict=False).select(pl.lit(dataset).alias("_OF"), pl.all())
        marks = located.with_columns(said.hash_rows(HASH_SEED).alias("_MARK"))
    return marks.drop_nulls(UNIT)


def marks_by_record(marks: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """What all links of a record say together: columns `_UNIT`, `_ROW`, `_MARK`, one row per record that has links."""
    empty = pl.DataFrame(schema={UNIT: pl.String, ROW: pl.UInt32, "_MARK": pl.UInt64})
    together = pl.col("_MARK").sort().cast(pl.String).str.join(_SEPARATOR)
    return pl.concat([empty, *marks]).group_by(UNIT, ROW).agg(together)


def _by_row(values: Mapping[str, pl.Series], name: str, dtype: pl.DataType) -> pl.DataFrame:
    """One value per row position of some datasets, as one table: `_UNIT`, `_ROW` and the value."""
    tables = [pl.DataFrame(schema={UNIT: pl.String, ROW: pl.UInt32, name: dtype})]
    tables += [
        pl.DataFrame({name: series}).select(
            pl.lit(unit).alias(UNIT), pl.int_range(pl.len(), dtype=pl.UInt32).alias(ROW), name
        )
        for unit, series in values.items()
    ]
    return pl.concat(tables)
