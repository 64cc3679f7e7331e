"""define.xml 2.1 of the bundled study: every dataset and variable, with type, length, label and keys."""

from __future__ import annotations

from xml.etree import ElementTree

import polars as pl

from simulation.layout import layouts
from simulation.parameters import STUDY_ID, TITLE
from simulation.trial_design import PROTOCOL, SDTMIG

_ODM = "http://www.cdisc.org/ns/odm/v1.3"
_DEF = "http://www.cdisc.org/ns/def/v2.1"
_XLINK = "http://www.w3.org/1999/xlink"
_CREATED = "2026-01-01T00:00:00"


def define_xml(frames: dict[str, pl.DataFrame]) -> bytes:
    """The define.xml of these datasets. Code lists and methods are not described."""
    for prefix, uri in (("", _ODM), ("def", _DEF), ("xlink", _XLINK)):
        ElementTree.register_namespace(prefix, uri)
    odm = ElementTree.Element(
        f"{{{_ODM}}}ODM",
        {
            "ODMVersion": "1.3.2",
            "FileType": "Snapshot",
            "FileOID": f"{STUDY_ID}.define",
            "CreationDateTime": _CREATED,
            f"{{{_DEF}}}Context": "Submission",
        },
    )
    study = _child(odm, "Study", OID=STUDY_ID)
    names = _child(study, "GlobalVariables")
    for tag, text in (("StudyName", STUDY_ID), ("StudyDescription", TITLE), ("ProtocolName", PROTOCOL)):
        _child(names, tag).text = text
    version = _child(study, "MetaDataVersion", OID="MDV.1", Name=f"{STUDY_ID} data definitions")
    version.set(f"{{{_DEF}}}DefineVersion", "2.1.0")
    standards = ElementTree.SubElement(version, f"{{{_DEF}}}Standards")
    ElementTree.SubElement(
        standards, f"{{{_DEF}}}Standard", OID="STD.1", Name="SDTMIG", Type="IG", Version=SDTMIG, Status="Final"
    )
    for name in frames:
        _item_group(version, name)
    for name, frame in frames.items():
        _items(version, name, frame)
    ElementTree.indent(odm)
    text = ElementTree.tostring(odm, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _child(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, f"{{{_ODM}}}{tag}", attributes)


def _item_group(version: ElementTree.Element, name: str) -> None:
    layout = layouts()[name]
    has_domain = any(column.name == "DOMAIN" for column in layout.columns)
    has_subject = any(column.name == "USUBJID" for column in layout.columns)
    group = _child(
        version,
        "ItemGroupDef",
        OID=f"IG.{name}",
        Name=name,
        Repeating="No" if name == "DM" else "Yes",
        IsReferenceData="No" if has_subject else "Yes",
        SASDatasetName=name,
        Purpose="Tabulation",
        **({"Domain": name} if has_domain else {}),
    )
    group.set(f"{{{_DEF}}}Structure", "One record per " + ", ".join(c.name for c in layout.columns if c.key))
    group.set(f"{{{_DEF}}}ArchiveLocationID", f"LF.{name}")
    _describe(group, layout.label)
    for order, column in enumerate(layout.columns, start=1):
        required = column.name in {"STUDYID", "DOMAIN", "USUBJID", f"{name}SEQ"}
        reference = _child(
            group,
            "ItemRef",
            ItemOID=f"IT.{name}.{column.name}",
            OrderNumber=str(order),
            Mandatory="Yes" if required else "No",
        )
        if column.key:
            reference.set("KeySequence", str(column.key))
    if layout.sdtm_class:
        ElementTree.SubElement(group, f"{{{_DEF}}}Class", Name=layout.sdtm_class)
    leaf = ElementTree.SubElement(group, f"{{{_DEF}}}leaf", ID=f"LF.{name}")
    leaf.set(f"{{{_XLINK}}}href", f"{name.lower()}.xpt")
    ElementTree.SubElement(leaf, f"{{{_DEF}}}title").text = f"{name.lower()}.xpt"


def _items(version: ElementTree.Element, name: str, frame: pl.DataFrame) -> None:
    for column in layouts()[name].columns:
        length = 8 if column.is_number else int(str(frame[column.name].str.len_bytes().max() or 1))
        item = _child(
            version,
            "ItemDef",
            OID=f"IT.{name}.{column.name}",
            Name=column.name,
            DataType="float" if column.is_number else "text",
            Length=str(max(length, 1)),
            SASFieldName=column.name,
        )
        _describe(item, column.label)


def _describe(parent: ElementTree.Element, text: str) -> None:
    description = _child(parent, "Description")
    words = _child(description, "TranslatedText")
    words.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    words.text = text
