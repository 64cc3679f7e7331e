"""From the values of an ODM snapshot to datasets: which item is which variable, said item by item, never guessed.

Nothing is taken over that the mapping does not name; codes become terms only where the mapping says which.

Source: CDISC ODM 1.3.2, section 2.8 (an item's value is identified by its keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from longwatch.errors import SourceError, StudyError
from longwatch.standards.number_text import numbers_of
from longwatch.standards.odm_metadata import OdmMetadata
from longwatch.standards.sdtm import is_numeric

RowLevel = Literal["subject", "event", "form", "item group"]

_KEYS_OF: dict[RowLevel, tuple[str, ...]] = {
    "subject": ("StudyOID", "SubjectKey"),
    "event": ("StudyEventOID", "StudyEventRepeatKey"),
    "form": ("FormOID", "FormRepeatKey"),
    "item group": ("ItemGroupOID", "ItemGroupRepeatKey"),
}
_ALONG = ("MetaDataVersionOID", "LocationOID")


@dataclass(frozen=True)
class FromItem:
    """The value of an item. `terms` replaces codes by terms; a value without one stays as it is. `number`: whether it
    is one; None: where SDTM makes the variable a number."""

    item: str
    terms: Mapping[str, str] = field(default_factory=dict)
    number: bool | None = None


@dataclass(frozen=True)
class FromUnit:
    """The unit that stands with an item's value (MeasurementUnitRef), replaced by `terms` as in `FromItem`."""

    item: str
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FromKey:
    """A key under which the record stands (`SubjectKey`, `StudyEventOID`, `LocationOID` …), replaced by `terms` as in
    `FromItem`."""

    key: str
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Constant:
    """The same text in every record (STUDYID, DOMAIN)."""

    text: str


@dataclass(frozen=True)
class RecordNumber:
    """1, 2, 3, … within the subject, in the file's order (--SEQ)."""


VariableSource = FromItem | FromUnit | FromKey | Constant | RecordNumber


@dataclass(frozen=True)
class OdmDataset:
    """How one dataset is made: from the values of these item groups (in these forms; none named: in any), one record
    per what, and where each variable comes from, in the order of the columns."""

    item_groups: tuple[str, ...]
    variables: Mapping[str, VariableSource]
    forms: tuple[str, ...] = ()
    one_row_per: RowLevel = "item group"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that identify a record of this dataset."""
        levels = list(_KEYS_OF)
        return tuple(key for level in levels[: levels.index(self.one_row_per) + 1] for key in _KEYS_OF[level])


def map_odm(
    long: pl.DataFrame | pl.LazyFrame, mapping: Mapping[str, OdmDataset], metadata: OdmMetadata | None = None
) -> dict[str, pl.DataFrame]:
    """The datasets of a mapping, one row per record, in the file's order.

    `long`: values as `read_odm_values` gives them. `metadata`: the file's own names; where it has any, every id in the
    mapping must be among them. A record is there as soon as one value of its item groups is, mapped or not. Missing:
    an item without a value in a record is null. Numbers are `Float64`, everything else is `String`, kept exactly.

    Raises StudyError: LW-ODM-006 (the mapping names an id that the file does not define), LW-ODM-007 (a key that the
    records of the dataset have not). Raises SourceError: LW-ODM-008 (an item has several values in one record),
    LW-ODM-009 (a number that is none).
    """
    if metadata is not None:
        for name, dataset in mapping.items():
            _check_ids(name, dataset, metadata)
    return {name: _map_dataset(long.lazy(), name, dataset) for name, dataset in mapping.items()}


def _map_dataset(long: pl.LazyFrame, name: str, dataset: OdmDataset) -> pl.DataFrame:
    _check_keys(name, dataset)
    chosen = pl.col("ItemGroupOID").is_in(dataset.item_groups)
    if dataset.forms:
        chosen &= pl.col("FormOID").is_in(dataset.forms)
    values = long.filter(chosen).collect()
    _check_single_values(values, name, dataset)
    records = values.group_by((pl.col(key).alias(f"key {key}") for key in dataset.keys), maintain_order=True).agg(
        _value(source).alias(variable)
        for variable, source in dataset.variables.items()
        if not isinstance(source, RecordNumber)
    )
    in_subject = pl.int_range(1, pl.len() + 1).over("key StudyOID", "key SubjectKey").cast(pl.Float64)
    records = records.with_columns(
        in_subject.alias(variable) for variable, source in dataset.variables.items() if isinstance(source, RecordNumber)
    ).select(*dataset.variables)
    return records.with_columns(
        _numbers(records[variable], name)
        for variable, source in dataset.variables.items()
        if _is_number(source, name, variable)
    )


def _value(source: FromItem | FromUnit | FromKey | Constant) -> pl.Expr:
    if isinstance(source, Constant):
        return pl.lit(source.text, dtype=pl.String)
    if isinstance(source, FromKey):
        value = pl.col(source.key).first()
    else:
        column = "MeasurementUnitOID" if isinstance(source, FromUnit) else "Value"
        value = pl.col(column).filter(pl.col("ItemOID") == source.item).first()
    return value.replace(dict(source.terms)) if source.terms else value


def _is_number(source: VariableSource, dataset: str, variable: str) -> bool:
    if isinstance(source, FromItem) and source.number is not None:
        return source.number
    return not isinstance(source, RecordNumber) and is_numeric(dataset, variable)


def _numbers(texts: pl.Series, dataset: str) -> pl.Series:
    numbers, wrong = numbers_of(texts)
    if wrong is not None:
        raise SourceError(
            "LW-ODM-009",
            f"{dataset}, record {wrong + 1:,}: {texts.name} is a number in this dataset, but not here",
            where="the values of the ODM file",
            expected="a decimal number",
            next_step="ask the data provider to correct the value, or map it as text",
        )
    return numbers


def _check_single_values(values: pl.DataFrame, name: str, dataset: OdmDataset) -> None:
    items = {source.item for source in dataset.variables.values() if isinstance(source, FromItem | FromUnit)}
    several = (
        values.filter(pl.col("ItemOID").is_in(items))
        .group_by(*dataset.keys, "ItemOID", maintain_order=True)
        .len()
        .filter(pl.col("len") > 1)
    )
    if several.height:
        first = several.row(0, named=True)
        raise SourceError(
            "LW-ODM-008",
            f"{name}: {several.height:,} items have several values in one record",
            where="the values of the ODM file",
            expected=f"one value per item and {dataset.one_row_per}",
            found=f"{first['len']:,} values of {first['ItemOID']} in the first of them",
            next_step="set one_row_per to a finer level, or ask for an export with its repeat keys",
        )


def _check_keys(name: str, dataset: OdmDataset) -> None:
    has = (*dataset.keys, *_ALONG)
    for variable, source in dataset.variables.items():
        if isinstance(source, FromKey) and source.key not in has:
            raise StudyError(
                "LW-ODM-007",
                f"{name}.{variable}: a record of this dataset has no such key",
                where="the mapping of the ODM source",
                expected=", ".join(has),
                found=source.key,
                next_step="name one of these keys, or set one_row_per to a finer level",
            )


def _check_ids(name: str, dataset: OdmDataset, metadata: OdmMetadata) -> None:
    items = [source.item for source in dataset.variables.values() if isinstance(source, FromItem | FromUnit)]
    for kind, named, known in (
        ("item group", dataset.item_groups, metadata.item_groups),
        ("form", dataset.forms, metadata.forms),
        ("item", items, metadata.items),
    ):
        unknown = [oid for oid in named if oid not in known]
        if known and unknown:
            raise StudyError(
                "LW-ODM-006",
                f"{name}: the ODM file does not define this {kind}",
                where="the mapping of the ODM source",
                expected=f"an id of the file's metadata, such as {next(iter(known))}",
                found=", ".join(unknown[:5]),
                next_step="correct the id in the study file",
            )
