"""CDISC Dataset-XML 1.0: one dataset as ODM, one ItemGroupData per record.

The file names variables by the ids of its define.xml and carries neither names nor types of its own. An item that is
missing is left out of its record, so the columns are known only when the whole file has been seen: it is read twice,
once for what it holds and once for its records, and never held.

Source: CDISC Dataset-XML 1.0.0 (ODM 1.3.2); spec A.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from longwatch.standards.define_model import Define, DefinedDataset
from longwatch.standards.number_text import numbers_of
from longwatch.standards.odm_elements import (
    ODM_NAMESPACES,
    TYPED_ITEMS,
    at_start,
    check_is_odm,
    check_is_snapshot,
    check_transaction,
)
from longwatch.standards.sdtm import is_numeric
from longwatch.standards.xml_reading import read_events

_BATCH_CELLS = 500_000
_VARIABLES_LIMIT = 10_000


@dataclass(frozen=True)
class DatasetXml:
    """What a Dataset-XML file holds: its dataset, its variables and, in their order, the items they come from.

    `oid` is the dataset's id in define.xml, `study_oid` and `metadata_oid` the study and the define.xml that the file
    names.
    """

    name: str
    oid: str
    label: str
    variables: tuple[Variable, ...]
    item_oids: tuple[str, ...]
    rows: int
    study_oid: str
    metadata_oid: str

    @property
    def schema(self) -> pl.Schema:
        """The columns of every batch of records: numbers are `Float64`, everything else is `String`."""
        return pl.Schema({each.name: pl.Float64() if each.type == "number" else pl.String() for each in self.variables})


def describe_dataset_xml(
    source: bytes | BinaryIO, define: Define | None = None, where: str = "Dataset-XML"
) -> DatasetXml:
    """What a Dataset-XML file holds, and whether it is one.

    Names, labels, lengths and formats come from define.xml where it is given and describes the item; else the name is
    the last part of the item's id (`IT.AE.AETERM`: AETERM). Numbers are the variables that define.xml types integer or
    float; where it says nothing, those that SDTM makes numbers. Order: as in define.xml, all its variables; then what
    is not described, each after the item that it follows in its record.

    Raises SourceError: LW-XML-001 to LW-XML-010 (see `read_events`), LW-ODM-001 (not ODM), LW-ODM-002 (no snapshot),
    LW-ODM-003 (a change instead of a record), LW-DSX-001 (ODM, but no Dataset-XML 1.0), LW-DSX-002 (a second dataset),
    LW-DSX-003 (an item twice in a record), LW-DSX-004 (an item without id or value), LW-DSX-005 (no records),
    LW-DSX-006 (two items of one name), LW-DSX-008 (too many variables).
    """
    seen = _Seen(where)
    for _, name, attributes, _, line in read_events(source, where=where, prefixes=ODM_NAMESPACES):
        seen.take(name, attributes, line)
    if not seen.dataset:
        raise SourceError(
            "LW-DSX-005",
            "the file holds no records, so that it names no dataset",
            where=where,
            expected="at least one ItemGroupData with an ItemGroupOID",
            next_step="ask the data provider for the file with its records, or leave the dataset out",
        )
    datasets = define.datasets if define else ()
    defined = next((dataset for dataset in datasets if dataset.oid == seen.dataset), None)
    name = defined.name if defined else _last_part(seen.dataset)
    columns = _columns(seen.items, defined, name)
    _check_names(columns, where)
    return DatasetXml(
        name=name,
        oid=seen.dataset,
        label=defined.label if defined else "",
        variables=tuple(columns.values()),
        item_oids=tuple(columns),
        rows=seen.rows,
        study_oid=seen.study,
        metadata_oid=seen.metadata,
    )


def records_of_dataset_xml(
    source: bytes | BinaryIO, described: DatasetXml, where: str = "Dataset-XML"
) -> Iterator[pl.DataFrame]:
    """The records of a Dataset-XML file in the file's order, in batches of at most half a million values.

    `described` is what `describe_dataset_xml` said about the same bytes; `source` is read from where it stands. Text is
    kept exactly. Missing: an item that is left out, or `IsNull`, is null; an empty text is an empty text; for a number
    it is null.

    Raises SourceError LW-DSX-007 (a number that is none), and what the reading of XML raises.
    """
    place = {oid: position for position, oid in enumerate(described.item_oids)}
    empty: list[str | None] = [None] * len(place)
    records: list[list[str | None]] = []
    record = empty
    at_most = max(_BATCH_CELLS // max(len(place), 1), 1)
    before = 0
    typed_item = ""
    events = read_events(source, where=where, prefixes=ODM_NAMESPACES, text_of=TYPED_ITEMS)
    for starts, name, attributes, text, _ in events:
        if name == "ItemData":
            record[place[attributes["ItemOID"]]] = attributes.get("Value")
        elif name == "ItemGroupData":
            if len(records) == at_most:
                yield _batch(records, described, before, where)
                before += len(records)
                records = []
            record = empty.copy()
            records.append(record)
        elif name in TYPED_ITEMS:
            if starts:
                typed_item = attributes["ItemOID"] if attributes.get("IsNull") != "Yes" else ""
            elif typed_item:
                record[place[typed_item]] = text
    yield _batch(records, described, before, where)


def read_dataset_xml(
    source: bytes | BinaryIO, define: Define | None = None, where: str = "Dataset-XML"
) -> tuple[DatasetXml, pl.DataFrame]:
    """A Dataset-XML file with all its records in memory, one row per record; rules and errors as in
    `describe_dataset_xml` and `records_of_dataset_xml`."""
    described = describe_dataset_xml(source, define, where)
    return described, pl.concat(records_of_dataset_xml(at_start(source), described, where))


class _Seen:
    """What the first reading of a Dataset-XML file has seen: the dataset, its items in order, how many records."""

    def __init__(self, where: str) -> None:
        self.dataset = self.study = self.metadata = ""
        self.rows = 0
        self.items: list[str] = []
        self._where = where
        self._known: set[str] = set()
        self._in_record: set[str] = set()
        self._before = ""
        self._has_root = False

    def take(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        """The start of one element."""
        if name == "ItemData" or name in TYPED_ITEMS:
            self._item(name, attributes, line)
        elif name == "ItemGroupData":
            self._record(attributes, line)
        elif not self._has_root:
            self._root(name, attributes)
        elif name in ("ClinicalData", "ReferenceData"):
            self.study = attributes.get("StudyOID", "")
            self.metadata = attributes.get("MetaDataVersionOID", "")

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        self._has_root = True
        check_is_odm(name, self._where, "Dataset-XML")
        version = attributes.get("data:DatasetXMLVersion", "")
        if version != "1.0" and not version.startswith("1.0."):
            raise SourceError(
                "LW-DSX-001",
                "this is ODM, but not Dataset-XML 1.0",
                where=self._where,
                expected="data:DatasetXMLVersion 1.0.0",
                found=repr(version[:40]),
                next_step="check that it is the right file; clinical data of an EDC system is read as ODM",
            )
        check_is_snapshot(attributes, self._where)

    def _record(self, attributes: Mapping[str, str], line: int) -> None:
        check_transaction(attributes, line, self._where)
        dataset = attributes.get("ItemGroupOID", "")
        if self.dataset and dataset != self.dataset:
            raise self._refused("LW-DSX-002", line, "a second dataset begins", f"only {self.dataset}", dataset)
        self.dataset = dataset
        self.rows += 1
        self._in_record.clear()
        self._before = ""

    def _item(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        item = attributes.get("ItemOID", "")
        if not item or not ("Value" in attributes or name in TYPED_ITEMS or attributes.get("IsNull") == "Yes"):
            raise self._refused("LW-DSX-004", line, "an item has no id or no value", "ItemOID and Value", item)
        if item in self._in_record:
            what = f"an item stands twice in record {self.rows:,}"
            raise self._refused("LW-DSX-003", line, what, "each item once", item)
        self._in_record.add(item)
        if item not in self._known:
            self._known.add(item)
            if len(self.items) == _VARIABLES_LIMIT:
                raise self._refused("LW-DSX-008", line, "too many variables", f"at most {_VARIABLES_LIMIT:,}", "more")
            self.items.insert(self.items.index(self._before) + 1 if self._before else 0, item)
        self._before = item

    def _refused(self, error_id: str, line: int, what: str, expected: str, found: str) -> SourceError:
        return SourceError(
            error_id,
            f"line {line:,}: {what}",
            where=self._where,
            expected=expected,
            found=found[:80],
            next_step="ask the data provider for Dataset-XML 1.0, one dataset per file",
        )


def _columns(items: list[str], defined: DefinedDataset | None, dataset: str) -> dict[str, Variable]:
    """Item to variable, in the order of the columns."""
    columns = {}
    for each in defined.variables if defined else ():
        kind = "number" if each.is_number else "text"
        columns[each.oid] = Variable(each.name, each.label, kind, each.length, each.display_format or None)
    for item in items:
        if item not in columns:
            name = _last_part(item)
            columns[item] = Variable(name, type="number" if is_numeric(dataset, name) else "text")
    return columns


def _check_names(columns: dict[str, Variable], where: str) -> None:
    owners: dict[str, str] = {}
    for oid, variable in columns.items():
        if variable.name in owners:
            raise SourceError(
                "LW-DSX-006",
                f"two items have the name {variable.name}",
                where=where,
                expected="one item per variable",
                found=f"{owners[variable.name]}, {oid}",
                next_step="give the define.xml that names these items apart",
            )
        owners[variable.name] = oid


def _last_part(oid: str) -> str:
    return oid.rpartition(".")[2]


def _batch(records: list[list[str | None]], described: DatasetXml, before: int, where: str) -> pl.DataFrame:
    columns = zip(*records, strict=True)
    return pl.DataFrame(
        [
            _column(pl.Series(variable.name, values, dtype=pl.String), variable, before, where)
            for variable, values in zip(described.variables, columns, strict=True)
        ]
    )


def _column(texts: pl.Series, variable: Variable, before: int, where: str) -> pl.Series:
    if variable.type != "number":
        return texts
    numbers, wrong = numbers_of(texts)
    if wrong is not None:
        raise SourceError(
            "LW-DSX-007",
            f"record {before + wrong + 1:,}: {variable.name} is a number in this dataset, but not here",
            where=where,
            expected="a decimal number",
            next_step="ask the data provider to correct the value, or define.xml",
        )
    return numbers
