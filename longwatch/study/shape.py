"""How the files of a source become SDTM-shaped: their columns by a column map, ODM by a mapping item by item.

A typed copy is made anew where any of this changes (CONTRACTS.md, typed copy), and a report key changes with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from longwatch.standards.hashing import sha256_of
from longwatch.study.part import Part

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,31}$"
DATASET = r"^[A-Z][A-Z0-9]{1,7}$"
RECORD_NUMBER = "record number"
DATE_PARTS = re.compile(r"YYYY|MMM|MM|DD|HH|MI|SS|[A-Za-z]+")
_KNOWN_PARTS = frozenset({"YYYY", "MMM", "MM", "DD", "HH", "MI", "SS"})

VariableName = Annotated[str, Field(pattern=VARIABLE)]
DatasetName = Annotated[str, Field(pattern=DATASET)]
Oid = Annotated[str, Field(min_length=1)]


class OdmVariable(Part):
    """Where one variable of an ODM dataset comes from; a plain text is the id of an item.

    `item`: its value; `unit`: the unit that stands with it; `key`: a key of the record (SubjectKey, StudyEventOID,
    LocationOID, …); `text`: the same in every record; `record_number`: 1, 2, 3, … within the subject. `terms` replaces
    codes by terms; a value without one stays. `number`: whether the value is one, by default where SDTM makes it one.
    """

    item: Oid | None = None
    unit: Oid | None = None
    key: Oid | None = None
    text: str | None = None
    record_number: Literal[True] | None = None
    terms: Mapping[str, str] = {}
    number: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def read_short_form(cls, value: Any) -> Any:
        """`IT.AETERM` is the item; `record number` is that."""
        if isinstance(value, str):
            return {"record_number": True} if value == RECORD_NUMBER else {"item": value}
        return value

    @model_validator(mode="after")
    def check_one_source(self) -> OdmVariable:
        """A variable comes from one place; terms and number belong to what is read."""
        named = [each for each in ("item", "unit", "key", "text", "record_number") if getattr(self, each) is not None]
        if len(named) != 1:
            raise ValueError(
                f"a variable has one of item, unit, key, text or record_number, not {', '.join(named) or 'none'}"
            )
        if self.terms and named[0] in ("text", "record_number"):
            raise ValueError(f"{named[0]} takes no terms")
        if self.number is not None and named[0] != "item":
            raise ValueError("number: is for items")
        return self


class OdmDatasetSpec(Part):
    """How one dataset is made from ODM clinical data: from the values of these item groups (in these forms; none named:
    in any), one record per what, and its variables in the order of the columns."""

    item_groups: Annotated[tuple[Oid, ...], Field(min_length=1)]
    forms: tuple[Oid, ...] = ()
    one_row_per: Literal["subject", "event", "form", "item group"] = "item group"
    label: str = ""
    variables: Annotated[Mapping[VariableName, OdmVariable], Field(min_length=1)]


class Shape(Part):
    """How the files of one source become SDTM-shaped; nothing said: as they are.

    `columns`: the name of a column in the file → the variable it is. `drop`: columns that are left out. `types`: what a
    variable is where neither file nor standard says: text, number, date (ISO 8601, partial dates too), or a date as
    it is written, in DD, MM or MMM, YYYY, HH, MI, SS (`DD-MMM-YYYY`). A date in a variable whose name ends in DTC is
    ISO 8601 text, as SDTM has it; else it is a date. `constants`: variables that the export lacks, the same in every
    record. `missing`: texts that mean that nothing is there (NA). All of these hold for every file of the source.
    `odm`: what of ODM clinical data becomes which dataset.
    """

    columns: Mapping[str, VariableName] = {}
    drop: tuple[str, ...] = ()
    types: Mapping[VariableName, str] = {}
    constants: Mapping[VariableName, str] = {}
    missing: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    odm: Mapping[DatasetName, OdmDatasetSpec] = {}

    @field_validator("types")
    @classmethod
    def check_types(cls, types: Mapping[str, str]) -> Mapping[str, str]:
        """Known words, or a date with a year, in parts that are known."""
        for variable, kind in types.items():
            if kind in ("text", "number", "date"):
                continue
            parts = DATE_PARTS.findall(kind)
            if "YYYY" not in parts or not _KNOWN_PARTS.issuperset(parts) or len(set(parts)) < len(parts):
                raise ValueError(
                    f"{variable}: {kind!r} is not text, number, date, or a date as it is written, such as "
                    "DD-MMM-YYYY or MM/DD/YYYY HH:MI"
                )
        return types

    @model_validator(mode="after")
    def check_names(self) -> Shape:
        """No variable from two places; nothing both taken and dropped; a column map or an ODM mapping, not both."""
        targets = [*self.columns.values(), *self.constants]
        twice = sorted({name for name in targets if targets.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is made from two columns")
        both = sorted(set(self.columns) & set(self.drop))
        if both:
            raise ValueError(f"{', '.join(both)} stands in columns and in drop")
        typed = sorted(set(self.types) & set(self.constants))
        if typed:
            raise ValueError(f"{', '.join(typed)} is a constant, which is text")
        if self.odm and (self.columns or self.drop or self.types or self.constants or self.missing):
            raise ValueError("columns, drop, types, constants and missing are for tables; ODM is mapped by odm alone")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether files are taken as they are."""
        return not self.model_dump(exclude_defaults=True)

    @property
    def text(self) -> str:
        """What is said, as JSON in its own order, which is that of the columns made; empty where nothing is."""
        return "" if self.is_plain else self.model_dump_json(exclude_defaults=True)

    @property
    def digest(self) -> str:
        """SHA-256 of what is said; empty where nothing is."""
        return sha256_of(self.text) if self.text else ""


PLAIN = Shape()
"""Files are taken as they are."""
