"""What define.xml, Dataset-XML and ODM have in common: they are all ODM documents.

Source: CDISC ODM 1.3.2; Define-XML and Dataset-XML are extensions of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from longwatch.errors import SourceError
from longwatch.standards.codelist import Codelist, Term
from longwatch.standards.xml_elements import Element

ODM_NAMESPACES = {
    "http://www.cdisc.org/ns/odm/v1.2": "",
    "http://www.cdisc.org/ns/odm/v1.3": "",
    "http://www.cdisc.org/ns/def/v1.0": "def",
    "http://www.cdisc.org/ns/def/v2.0": "def",
    "http://www.cdisc.org/ns/def/v2.1": "def",
    "http://www.cdisc.org/ns/Dataset-XML/v1.0": "data",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://ncicb.nci.nih.gov/xml/odm/EVS/CDISC": "nciodm",
}
"""Namespace to the prefix that Longwatch uses, whatever prefix a document uses; ODM's own names have none."""

TYPED_ITEMS = frozenset(
    f"ItemData{kind}"
    for kind in (
        "Any", "String", "Integer", "Float", "Boolean", "URI", "HexBinary", "Base64Binary", "HexFloat", "Base64Float",
        "Date", "Time", "Datetime", "PartialDate", "PartialTime", "PartialDatetime", "IncompleteDate", "IncompleteTime",
        "IncompleteDatetime", "DurationDatetime", "IntervalDatetime",
    )
)  # fmt: skip
"""Items whose value is the text in them; that of a plain ItemData is its attribute Value."""

_NCI_CODE = "nci:ExtCodeID"


@dataclass(frozen=True)
class MetadataProblem:
    """Something in a description of data that contradicts itself, by its line. The rest is read all the same."""

    line: int
    what: str


def at_start(source: bytes | BinaryIO) -> bytes | BinaryIO:
    """The same source, from its beginning, for another reading. A file must be one that can be gone back in."""
    if not isinstance(source, bytes):
        source.seek(0)
    return source


def check_is_odm(root: str, where: str, kind: str) -> None:
    """The first element must be ODM's. `kind` says what was wanted. Raises SourceError LW-ODM-001."""
    if root != "ODM":
        raise SourceError(
            "LW-ODM-001",
            f"this is XML, but not {kind}",
            where=where,
            expected="the first element ODM, of ODM 1.2 or 1.3",
            found=root[:80],
            next_step="check that it is the right file",
        )


def check_is_snapshot(attributes: Mapping[str, str], where: str) -> None:
    """The attributes of the element ODM must say that the file holds the data as they are, not a list of changes.

    Raises SourceError LW-ODM-002.
    """
    file_type = attributes.get("FileType", "")
    if file_type != "Snapshot":
        raise SourceError(
            "LW-ODM-002",
            "the file is no snapshot of the data",
            where=where,
            expected='FileType="Snapshot"',
            found=repr(file_type[:40]),
            next_step="export the data as a snapshot: changes (Transactional) cannot be read",
        )


def check_transaction(attributes: Mapping[str, str], line: int, where: str) -> None:
    """A record of a snapshot is there: its TransactionType is Insert or not given. Raises SourceError LW-ODM-003."""
    transaction = attributes.get("TransactionType", "Insert")
    if transaction != "Insert":
        raise SourceError(
            "LW-ODM-003",
            f"line {line:,}: a snapshot holds a change instead of a record",
            where=where,
            expected="TransactionType Insert, or none",
            found=transaction[:40],
            next_step="export the data as they are now, without their history",
        )


def translated_text(element: Element | None) -> str:
    """The text of a Description, Decode, Question or Symbol: English where it has that, else its first language."""
    if element is None:
        return ""
    texts = list(element.all("TranslatedText"))
    english = [each for each in texts if each.get("xml:lang").lower().split("-")[0] in ("en", "")]
    return next((each.text for each in (*english, *texts)), element.text)


def described(element: Element) -> str:
    """The text of an element's Description, empty where it has none."""
    return translated_text(element.first("Description"))


def whole_number(element: Element, attribute: str, problems: list[MetadataProblem]) -> int | None:
    """An attribute that is a whole number; None where it is absent, or is none, which is then a problem."""
    written = element.get(attribute).strip()
    if not written:
        return None
    if re.fullmatch(r"[+-]?[0-9]{1,9}", written):
        return int(written)
    problems.append(MetadataProblem(element.line, f"{attribute} of {named(element)} is not a whole number"))
    return None


def named(element: Element) -> str:
    """An element as a person would name it: `ItemDef IT.AE.AETERM`."""
    name = next((element.get(key) for key in ("OID", "ItemOID", "CodedValue", "ID") if element.get(key)), "")
    return f"{element.name} {name[:80]}".strip()


def codelist_from(element: Element, problems: list[MetadataProblem]) -> Codelist:
    """A CodeList with its terms (CodeListItem, EnumeratedItem) in the file's order, or its external dictionary."""
    external = element.first("ExternalCodeList")
    extensible = element.get("nciodm:CodeListExtensible")
    return Codelist(
        oid=element.get("OID"),
        name=element.get("Name"),
        data_type=element.get("DataType"),
        terms=tuple(_term(each, problems) for each in element.all("CodeListItem", "EnumeratedItem")),
        dictionary=external.get("Dictionary") if external else "",
        dictionary_version=external.get("Version") if external else "",
        extensible=extensible == "Yes" if extensible else None,
        non_standard=element.get("def:IsNonStandard") == "Yes",
        standard=element.get("def:StandardOID"),
        code=_nci_code(element),
    )


def _term(element: Element, problems: list[MetadataProblem]) -> Term:
    return Term(
        value=element.get("CodedValue"),
        decode=translated_text(element.first("Decode")),
        order=whole_number(element, "OrderNumber", problems),
        rank=_rank(element, problems),
        extended=element.get("def:ExtendedValue") == "Yes",
        code=_nci_code(element),
    )


def _rank(element: Element, problems: list[MetadataProblem]) -> float | None:
    written = element.get("Rank") or element.get("def:Rank")
    if not written:
        return None
    try:
        rank = float(written)
    except ValueError:
        rank = math.nan
    if math.isfinite(rank):
        return rank
    problems.append(MetadataProblem(element.line, f"Rank of {named(element)} is not a number"))
    return None


def _nci_code(element: Element) -> str:
    return next((each.get("Name") for each in element.all("Alias") if each.get("Context") == _NCI_CODE), "")
