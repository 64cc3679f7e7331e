"""define.xml, the contents page of submitted data, in its versions 1.0, 2.0 and 2.1.

What differs between the versions, and is the same in a `Define`:

| fact | 1.0 | 2.0 | 2.1 |
|---|---|---|---|
| standard | attributes of MetaDataVersion | the same | def:Standards |
| label | def:Label | Description | Description |
| class | def:Class | def:Class | element def:Class, with def:SubClass |
| keys | def:DomainKeys, a list of names | KeySequence of the ItemRef | the same |
| method | def:ComputationMethod, named by the variable | MethodDef, named by the ItemRef | the same |
| comment | attribute Comment | def:CommentDef | the same |
| origin | attribute Origin | def:Origin | def:Origin with Source |
| value level | ItemDefs named by the value | with def:WhereClauseDef | the same |

A reference that leads nowhere, an id given twice and a number that is none do not stop the reading: they are the
Define's `problems`. Analysis results (ARM) are not read.

Source: CDISC Define-XML 1.0, 2.0, 2.1; spec A.9.
"""

from __future__ import annotations

import re
from typing import BinaryIO, TypeVar

from longwatch.errors import SourceError
from longwatch.standards.codelist import Codelist
from longwatch.standards.define_items import DefinedItems
from longwatch.standards.define_model import Define, DefinedDataset, DefinedVariable, Method, Standard
from longwatch.standards.odm_elements import (
    ODM_NAMESPACES,
    MetadataProblem,
    check_is_odm,
    codelist_from,
    described,
    named,
)
from longwatch.standards.xml_elements import Element, read_elements

_OPENED = frozenset({"Study", "GlobalVariables", "MetaDataVersion", "ClinicalData", "ReferenceData"})
T = TypeVar("T")
_VERSION = re.compile(r"(1\.0|2\.0|2\.1)(\.\d+)?")


def parse_define(content: bytes | BinaryIO, where: str = "define.xml") -> Define:
    """What a define.xml says, in the file's order.

    `content`: the bytes, or a file open for reading bytes. `where` names it in errors.

    Raises SourceError: LW-XML-001 to LW-XML-011 (see `read_events`), LW-ODM-001 (not ODM), LW-DEF-001 (ODM, but no
    define.xml), LW-DEF-002 (a version of define.xml that is not read), LW-DEF-003 (more than one description in it).
    """
    parts = _Parts(where)
    elements = read_elements(content, where=where, prefixes=ODM_NAMESPACES, opened=_OPENED)
    root = next(elements)
    check_is_odm(root.name, where, "a define.xml")
    for element in elements:
        if element.name in ("ClinicalData", "ReferenceData"):
            break
        parts.take(element)
    return parts.whole(root)


class _Parts:
    """A define.xml as far as it was read."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._metadata: Element | None = None
        self._texts: dict[str, str] = {}
        self._study_oid = ""
        self._standards: list[Standard] = []
        self._groups: dict[str, Element] = {}
        self._codelists: dict[str, Codelist] = {}
        self._methods: dict[str, Method] = {}
        self._comments: dict[str, str] = {}
        self._problems: list[MetadataProblem] = []
        self._items = DefinedItems(self._codelists, self._methods, self._comments, self._problems)

    def take(self, element: Element) -> None:
        """One definition, as it comes."""
        oid = element.get("OID")
        match element.name:
            case "Study":
                self._study_oid = oid
            case "MetaDataVersion":
                self._open(element)
            case "StudyName" | "StudyDescription" | "ProtocolName":
                self._texts[element.name] = element.text
            case "def:Standards":
                self._standards.extend(_standard(each) for each in element.all("def:Standard"))
            case "ItemGroupDef":
                self._keep(self._groups, element, element)
            case "ItemDef" | "def:ValueListDef" | "def:WhereClauseDef":
                self._items.take(element)
            case "CodeList":
                self._keep(self._codelists, element, codelist_from(element, self._problems))
            case "MethodDef":
                self._keep(self._methods, element, _method(element))
            case "def:ComputationMethod":
                self._keep(self._methods, element, Method(oid, element.get("Name"), "", element.text))
            case "def:CommentDef":
                self._keep(self._comments, element, described(element))

    def whole(self, root: Element) -> Define:
        """The definitions, each with what it refers to."""
        metadata = self._metadata
        if metadata is None:
            raise self._no_define("no MetaDataVersion")
        items = self._items
        items.check_references()
        datasets = tuple(self._dataset(group) for group in self._groups.values())
        return Define(
            version=metadata.get("def:DefineVersion").strip(),
            study_name=self._texts.get("StudyName", ""),
            study_oid=self._study_oid,
            study_description=self._texts.get("StudyDescription", ""),
            protocol_name=self._texts.get("ProtocolName", ""),
            metadata_oid=metadata.get("OID"),
            name=metadata.get("Name"),
            created=root.get("CreationDateTime"),
            context=root.get("def:Context"),
            standards=tuple(self._standards),
            datasets=datasets,
            codelists=self._codelists,
            methods=self._methods,
            comments=self._comments,
            value_lists=items.value_lists(datasets),
            problems=tuple(sorted(self._problems, key=lambda problem: problem.line)),
        )

    def _open(self, metadata: Element) -> None:
        if self._metadata is not None:
            raise SourceError(
                "LW-DEF-003",
                f"line {metadata.line:,}: a second description begins",
                where=self._where,
                expected="one Study with one MetaDataVersion",
                next_step="ask the data provider for the define.xml of this study alone",
            )
        version = metadata.get("def:DefineVersion").strip()
        if not version:
            raise self._no_define("a MetaDataVersion without def:DefineVersion")
        if not _VERSION.fullmatch(version):
            raise SourceError(
                "LW-DEF-002",
                f"line {metadata.line:,}: this version of define.xml is not read",
                where=self._where,
                expected="def:DefineVersion 1.0, 2.0 or 2.1",
                found=version[:40],
                next_step="ask the data provider for define.xml 2.1",
            )
        self._metadata = metadata
        if name := metadata.get("def:StandardName"):
            self._standards.append(Standard(name, metadata.get("def:StandardVersion")))

    def _no_define(self, found: str) -> SourceError:
        return SourceError(
            "LW-DEF-001",
            "this is ODM, but not a define.xml",
            where=self._where,
            expected="a MetaDataVersion with def:DefineVersion",
            found=found,
            next_step="check that it is the right file",
        )

    def _keep(self, kept: dict[str, T], element: Element, thing: T) -> None:
        """The first thing of an id is kept; another one is a problem."""
        if element.get("OID") in kept:
            self._problems.append(MetadataProblem(element.line, f"{named(element)} is defined twice"))
        else:
            kept[element.get("OID")] = thing

    def _dataset(self, group: Element) -> DefinedDataset:
        variables = self._items.variables(group)
        class_element = group.first("def:Class")
        subclasses = class_element.all("def:SubClass") if class_element else ()
        file = group.first("def:leaf")
        comment_id = group.get("def:CommentOID")
        return DefinedDataset(
            oid=group.get("OID"),
            name=group.get("Name"),
            label=group.get("def:Label") or described(group),
            domain=group.get("Domain"),
            dataset_class=class_element.get("Name") if class_element else group.get("def:Class"),
            subclasses=tuple(each.get("Name") for each in subclasses),
            structure=group.get("def:Structure"),
            purpose=group.get("Purpose"),
            repeating=group.get("Repeating") == "Yes",
            reference_data=group.get("IsReferenceData") == "Yes",
            has_no_data=group.get("def:HasNoData") == "Yes",
            keys=_keys(group, variables),
            variables=variables,
            standard=group.get("def:StandardOID"),
            comment=self._items.comment(group),
            comment_id=comment_id,
            file=file.get("xlink:href") if file else "",
        )


def _keys(group: Element, variables: tuple[DefinedVariable, ...]) -> tuple[str, ...]:
    if listed := group.get("def:DomainKeys"):
        return tuple(re.split(r"[\s,]+", listed.strip(" ,\n")))
    keys = [variable for variable in variables if variable.key_sequence is not None]
    return tuple(variable.name for variable in sorted(keys, key=lambda variable: variable.key_sequence or 0))


def _standard(element: Element) -> Standard:
    return Standard(
        name=element.get("Name"),
        version=element.get("Version"),
        type=element.get("Type"),
        status=element.get("Status"),
        publishing_set=element.get("PublishingSet"),
        oid=element.get("OID"),
    )


def _method(element: Element) -> Method:
    expressions = tuple(each.text for each in element.all("FormalExpression"))
    return Method(element.get("OID"), element.get("Name"), element.get("Type"), described(element), expressions)
