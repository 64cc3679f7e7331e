"""ODM-XML 1.3.2 clinical data: a snapshot of what an EDC system holds, value by value.

The long form has one row per value, in the file's order, with the keys of ODM as its columns. Which values make which
dataset is for the study to say (`longwatch.standards.odm_mapping`).

Source: CDISC ODM 1.3.2, sections 2.4 (file types), 2.8 (keys) and 3.1.4 (clinical data).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from longwatch.errors import SourceError
from longwatch.standards.odm_elements import (
    ODM_NAMESPACES,
    TYPED_ITEMS,
    at_start,
    check_is_odm,
    check_is_snapshot,
    check_transaction,
)
from longwatch.standards.odm_metadata import OdmMetadata, read_odm_metadata
from longwatch.standards.xml_reading import read_events

LONG_SCHEMA = pl.Schema(
    {
        name: pl.String()
        for name in (
            "StudyOID", "MetaDataVersionOID", "SubjectKey", "LocationOID", "StudyEventOID", "StudyEventRepeatKey",
            "FormOID", "FormRepeatKey", "ItemGroupOID", "ItemGroupRepeatKey", "ItemOID", "Value", "MeasurementUnitOID",
        )
    }
)  # fmt: skip
"""The long form: the keys of ODM, a key that is not given is null. `LocationOID` is the subject's site."""

_BATCH_VALUES = 50_000
_LEVELS = {
    "ClinicalData": ("", ("StudyOID", "MetaDataVersionOID")),
    "SubjectData": ("StudyOID", ("SubjectKey",)),
    "StudyEventData": ("SubjectKey", ("StudyEventOID", "StudyEventRepeatKey")),
    "FormData": ("StudyEventOID", ("FormOID", "FormRepeatKey")),
    "ItemGroupData": ("FormOID", ("ItemGroupOID", "ItemGroupRepeatKey")),
}
"""Element to the key of the element that it must stand in, and the keys that it gives, the first of them always."""

_ENDS = TYPED_ITEMS | _LEVELS.keys()


@dataclass(frozen=True)
class OdmSnapshot:
    """An ODM file: its values in the long form (`LONG_SCHEMA`), and what its metadata says about them, if anything."""

    values: pl.DataFrame
    metadata: OdmMetadata


def read_odm(source: bytes | BinaryIO, where: str = "ODM") -> OdmSnapshot:
    """An ODM snapshot, whole, in memory; rules and errors as in `read_odm_values` and `read_odm_metadata`."""
    metadata = read_odm_metadata(source, where)
    values = pl.concat([LONG_SCHEMA.to_frame(), *read_odm_values(at_start(source), where)])
    return OdmSnapshot(values, metadata)


def read_odm_values(source: bytes | BinaryIO, where: str = "ODM") -> Iterator[pl.DataFrame]:
    """The values of an ODM snapshot in the long form, in the file's order, in batches.

    A value is kept exactly as written, as text. Missing: an item without a value, or with `IsNull`, is a row whose
    Value is null; an item that is not there has no row, nor has an item group without items. Reference data, audit
    records, signatures and annotations are not values.

    Raises SourceError: LW-XML-001 to LW-XML-010 (see `read_events`), LW-ODM-001 (not ODM), LW-ODM-002 (no snapshot),
    LW-ODM-003 (a change instead of a record), LW-ODM-004 (an element without its key, or out of its place),
    LW-ODM-005 (Dataset-XML).
    """
    values = _Values(where)
    events = read_events(source, where=where, prefixes=ODM_NAMESPACES, text_of=_ENDS)
    for starts, name, attributes, text, line in events:
        if starts:
            values.start(name, attributes, line)
        else:
            values.end(name, text)
            if len(values.rows) >= _BATCH_VALUES and name == "ItemGroupData":
                yield values.take()
    if values.rows:
        yield values.take()


class _Values:
    """The rows of the long form as they are met, under the keys of the elements that are open."""

    def __init__(self, where: str) -> None:
        self.rows: list[list[str | None]] = []
        self._where = where
        self._keys: dict[str, str | None] = dict.fromkeys(LONG_SCHEMA.names()[:-3])
        self._group_keys: list[str | None] = []
        self._in_group = False
        self._has_text = False
        self._has_root = False
        self._in_reference_data = False

    def take(self) -> pl.DataFrame:
        """The rows so far, which are then forgotten."""
        rows, self.rows = self.rows, []
        columns = zip(*rows, strict=True)
        named = zip(LONG_SCHEMA.names(), columns, strict=True)
        return pl.DataFrame([pl.Series(name, values, dtype=pl.String) for name, values in named])

    def start(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        """The start of one element."""
        if name == "ItemData" or name in TYPED_ITEMS:
            if self._in_group:
                self._item(name, attributes, line)
        elif name in _LEVELS:
            self._open(name, attributes, line)
        elif name == "MeasurementUnitRef":
            if self._in_group and self.rows:
                self.rows[-1][-1] = attributes.get("MeasurementUnitOID")
        elif name == "SiteRef":
            self._keys["LocationOID"] = attributes.get("LocationOID")
        elif name == "ReferenceData":
            self._in_reference_data = True
        elif not self._has_root:
            self._root(name, attributes)

    def end(self, name: str, text: str) -> None:
        """The end of one element that has keys, or whose text is its value."""
        if name in _LEVELS:
            self._in_group = False
            for key in _LEVELS[name][1]:
                self._keys[key] = None
            if name == "SubjectData":
                self._keys["LocationOID"] = None
        elif self._in_group and self._has_text:
            self.rows[-1][-2] = text

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        self._has_root = True
        check_is_odm(name, self._where, "ODM clinical data")
        if "data:DatasetXMLVersion" in attributes:
            raise SourceError(
                "LW-ODM-005",
                "this is Dataset-XML, not clinical data of an EDC system",
                where=self._where,
                expected="ODM with SubjectData",
                next_step="read the file as Dataset-XML",
            )
        check_is_snapshot(attributes, self._where)

    def _open(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        if self._in_reference_data and name == "ItemGroupData":
            return
        check_transaction(attributes, line, self._where)
        parent, keys = _LEVELS[name]
        if not attributes.get(keys[0]) or (parent and self._keys[parent] is None):
            raise self._misplaced(name, keys[0], line)
        for key in keys:
            self._keys[key] = attributes.get(key)
        if name == "ClinicalData":
            self._in_reference_data = False
        elif name == "ItemGroupData":
            self._in_group = True
            self._group_keys = list(self._keys.values())

    def _item(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        check_transaction(attributes, line, self._where)
        item = attributes.get("ItemOID")
        if not item:
            raise self._misplaced(name, "ItemOID", line)
        is_null = attributes.get("IsNull") == "Yes"
        self._has_text = name != "ItemData" and not is_null
        self.rows.append([*self._group_keys, item, None if is_null else attributes.get("Value"), None])

    def _misplaced(self, name: str, key: str, line: int) -> SourceError:
        return SourceError(
            "LW-ODM-004",
            f"line {line:,}: {name} has no {key}, or stands in the wrong place",
            where=self._where,
            expected="ClinicalData > SubjectData > StudyEventData > FormData > ItemGroupData > ItemData",
            next_step="ask the data provider for ODM 1.3.2 clinical data",
        )
