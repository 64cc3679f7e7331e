"""What an ODM file says about its own values: the names of visits, forms and items, their types and codes.

Source: CDISC ODM 1.3.2, section 3.1.3 (metadata) and 3.1.5 (admin data).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from longwatch.standards.codelist import Codelist
from longwatch.standards.odm_elements import (
    ODM_NAMESPACES,
    MetadataProblem,
    check_is_odm,
    codelist_from,
    described,
    translated_text,
    whole_number,
)
from longwatch.standards.xml_elements import Element, read_elements

_OPENED = frozenset(
    {"Study", "GlobalVariables", "BasicDefinitions", "MetaDataVersion", "AdminData", "ClinicalData", "ReferenceData"}
)


@dataclass(frozen=True)
class OdmItem:
    """One question of a form: its name, the ODM data type, length, the question as asked, its codelist and units (ids),
    the name that SAS and SDTM data have for it, where the file says so, and its aliases by their context."""

    oid: str
    name: str
    data_type: str = ""
    length: int | None = None
    question: str = ""
    label: str = ""
    codelist: str = ""
    units: tuple[str, ...] = ()
    sas_name: str = ""
    sdtm_name: str = ""
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OdmItemGroup:
    """A set of items that are asked together: its name, its SDTM domain where stated, whether it repeats, its items."""

    oid: str
    name: str
    domain: str = ""
    repeating: bool = False
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class OdmMetadata:
    """The names in an ODM file, each by its id; all empty where the file holds data alone.

    `versions` are the ids of its MetaDataVersions: where two of them define one id, the later in the file counts.
    """

    study_oid: str = ""
    study_name: str = ""
    protocol_name: str = ""
    versions: tuple[str, ...] = ()
    events: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    item_groups: Mapping[str, OdmItemGroup] = field(default_factory=dict)
    items: Mapping[str, OdmItem] = field(default_factory=dict)
    codelists: Mapping[str, Codelist] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[MetadataProblem, ...] = ()


def read_odm_metadata(source: bytes | BinaryIO, where: str = "ODM") -> OdmMetadata:
    """The names in an ODM file. They stand before the data, where the reading stops: a large file costs no more.

    Raises SourceError: LW-XML-001 to LW-XML-011 (see `read_elements`), LW-ODM-001 (not ODM).
    """
    elements = read_elements(source, where=where, prefixes=ODM_NAMESPACES, opened=_OPENED)
    check_is_odm(next(elements).name, where, "ODM")
    study_oid = ""
    texts: dict[str, str] = {}
    versions: list[str] = []
    names: dict[str, dict[str, str]] = {
        "StudyEventDef": {}, "FormDef": {}, "MeasurementUnit": {}, "Location": {},
    }  # fmt: skip
    groups: dict[str, OdmItemGroup] = {}
    items: dict[str, OdmItem] = {}
    codelists: dict[str, Codelist] = {}
    problems: list[MetadataProblem] = []
    for element in elements:
        oid = element.get("OID")
        match element.name:
            case "ClinicalData" | "ReferenceData":
                break
            case "Study":
                study_oid = study_oid or oid
            case "StudyName" | "ProtocolName":
                texts.setdefault(element.name, element.text)
            case "MetaDataVersion":
                versions.append(oid)
            case "StudyEventDef" | "FormDef" | "Location":
                names[element.name][oid] = element.get("Name")
            case "MeasurementUnit":
                names[element.name][oid] = translated_text(element.first("Symbol")) or element.get("Name")
            case "ItemGroupDef":
                groups[oid] = _item_group(element)
            case "ItemDef":
                items[oid] = _item(element, problems)
            case "CodeList":
                codelists[oid] = codelist_from(element, problems)
    return OdmMetadata(
        study_oid=study_oid,
        study_name=texts.get("StudyName", ""),
        protocol_name=texts.get("ProtocolName", ""),
        versions=tuple(versions),
        events=names["StudyEventDef"],
        forms=names["FormDef"],
        item_groups=groups,
        items=items,
        codelists=codelists,
        units=names["MeasurementUnit"],
        locations=names["Location"],
        problems=tuple(problems),
    )


def _item_group(element: Element) -> OdmItemGroup:
    return OdmItemGroup(
        oid=element.get("OID"),
        name=element.get("Name"),
        domain=element.get("Domain"),
        repeating=element.get("Repeating") == "Yes",
        items=tuple(each.get("ItemOID") for each in element.all("ItemRef")),
    )


def _item(element: Element, problems: list[MetadataProblem]) -> OdmItem:
    codelist = element.first("CodeListRef")
    return OdmItem(
        oid=element.get("OID"),
        name=element.get("Name"),
        data_type=element.get("DataType"),
        length=whole_number(element, "Length", problems),
        question=translated_text(element.first("Question")),
        label=described(element),
        codelist=codelist.get("CodeListOID") if codelist else "",
        units=tuple(each.get("MeasurementUnitOID") for each in element.all("MeasurementUnitRef")),
        sas_name=element.get("SASFieldName"),
        sdtm_name=element.get("SDSVarName"),
        aliases=tuple((each.get("Context"), each.get("Name")) for each in element.all("Alias")),
    )
