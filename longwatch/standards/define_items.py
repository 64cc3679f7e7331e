"""The variables of a define.xml: what an ItemDef says, together with what the reference to it says.

Source: CDISC Define-XML 1.0, 2.0, 2.1 (ItemRef, ItemDef, ValueListDef, WhereClauseDef).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from longwatch.standards.codelist import Codelist
from longwatch.standards.define_model import (
    Condition,
    DefinedDataset,
    DefinedVariable,
    Method,
    Origin,
    ValueItem,
    ValueList,
    WhereClause,
)
from longwatch.standards.odm_elements import MetadataProblem, described, named, whole_number
from longwatch.standards.xml_elements import Element


class DefinedItems:
    """The ItemDefs, value lists and where clauses of a define.xml, collected while it is read and joined afterwards.

    `codelists`, `methods` and `comments` are what the variables may refer to, complete when the reading is; a reference
    that leads nowhere is added to `problems`.
    """

    def __init__(
        self,
        codelists: Mapping[str, Codelist],
        methods: Mapping[str, Method],
        comments: Mapping[str, str],
        problems: list[MetadataProblem],
    ) -> None:
        self._codelists = codelists
        self._methods = methods
        self._comments = comments
        self._problems = problems
        self._items: dict[str, tuple[int, DefinedVariable]] = {}
        self._lists: dict[str, Element] = {}
        self._clauses: dict[str, Element] = {}

    def take(self, element: Element) -> None:
        """One ItemDef, def:ValueListDef or def:WhereClauseDef. The first of an id is kept; another one is a problem."""
        oid = element.get("OID")
        trees = self._lists if element.name == "def:ValueListDef" else self._clauses
        if oid in (self._items if element.name == "ItemDef" else trees):
            self._problems.append(MetadataProblem(element.line, f"{named(element)} is defined twice"))
        elif element.name == "ItemDef":
            self._items[oid] = (element.line, _item(element, self._problems))
        else:
            trees[oid] = element

    def check_references(self) -> None:
        """Every id that an ItemDef names must be defined; another one is a problem."""
        for oid, (line, item) in self._items.items():
            for kind, target, defined in (
                ("CodeList", item.codelist, self._codelists),
                ("method", item.method, self._methods),
                ("def:ValueListDef", item.value_list, self._lists),
                ("def:CommentDef", item.comment_id, self._comments),
            ):
                if target and target not in defined:
                    self._problems.append(_leads_nowhere(line, f"ItemDef {oid}", f"{kind} {target}"))

    def variables(self, group: Element) -> tuple[DefinedVariable, ...]:
        """The variables of an ItemGroupDef: by OrderNumber where each has one, else in the file's order."""
        return _in_order([variable for _, variable in self._referred(group)])

    def value_lists(self, datasets: tuple[DefinedDataset, ...]) -> dict[str, ValueList]:
        """Every value list by its id. `datasets` says to which dataset the variable of a condition belongs, where that
        is one dataset's alone."""
        owners: dict[str, tuple[str, str]] = {}
        for dataset in datasets:
            for variable in dataset.variables:
                shared = variable.oid in owners
                owners[variable.oid] = ("" if shared else dataset.name, variable.name)
        clauses = {oid: self._clause(element, owners) for oid, element in self._clauses.items()}
        return {oid: ValueList(oid, self._value_items(each, clauses)) for oid, each in self._lists.items()}

    def comment(self, element: Element) -> str:
        """The comment of a dataset or variable: as an attribute (1.0), or the text of the comment that it names."""
        comment_id = element.get("def:CommentOID")
        if comment_id and comment_id not in self._comments:
            self._problems.append(_leads_nowhere(element.line, named(element), f"def:CommentDef {comment_id}"))
        return self._comments.get(comment_id, element.get("Comment").strip())

    def _referred(self, holder: Element) -> list[tuple[Element, DefinedVariable]]:
        found = []
        for reference in holder.all("ItemRef"):
            _, item = self._items.get(reference.get("ItemOID"), (0, None))
            if item is None:
                self._problems.append(
                    _leads_nowhere(reference.line, named(reference), f"ItemDef {reference.get('ItemOID')}")
                )
            else:
                found.append((reference, self._variable(reference, item)))
        return found

    def _variable(self, reference: Element, item: DefinedVariable) -> DefinedVariable:
        method = reference.get("MethodOID")
        if method and method not in self._methods:
            self._problems.append(_leads_nowhere(reference.line, named(reference), f"method {method}"))
        return replace(
            item,
            mandatory=reference.get("Mandatory") == "Yes",
            order=whole_number(reference, "OrderNumber", self._problems),
            key_sequence=whole_number(reference, "KeySequence", self._problems),
            role=reference.get("Role"),
            method=method or item.method,
            comment=self._comments.get(item.comment_id, item.comment),
        )

    def _value_items(self, holder: Element, clauses: Mapping[str, WhereClause]) -> tuple[ValueItem, ...]:
        items = []
        for reference, variable in self._referred(holder):
            where = []
            for each in reference.all("def:WhereClauseRef"):
                clause = clauses.get(each.get("WhereClauseOID"))
                if clause is None:
                    self._problems.append(
                        _leads_nowhere(
                            reference.line, named(reference), f"def:WhereClauseDef {each.get('WhereClauseOID')}"
                        )
                    )
                else:
                    where.append(clause)
            items.append(ValueItem(variable, tuple(where)))
        return tuple(items)

    def _clause(self, element: Element, owners: Mapping[str, tuple[str, str]]) -> WhereClause:
        return WhereClause(
            element.get("OID"),
            tuple(self._condition(each, named(element), owners) for each in element.all("RangeCheck")),
        )

    def _condition(self, check: Element, clause: str, owners: Mapping[str, tuple[str, str]]) -> Condition:
        item_oid = check.get("def:ItemOID")
        dataset, variable = owners.get(item_oid, ("", ""))
        if not variable:
            self._problems.append(_leads_nowhere(check.line, clause, f"the variable {item_oid}"))
        values = tuple(each.text for each in check.all("CheckValue"))
        return Condition(item_oid, dataset, variable, check.get("Comparator"), values)


def _leads_nowhere(line: int, referring: str, target: str) -> MetadataProblem:
    return MetadataProblem(line, f"{referring} names {target[:120]}, which is not defined")


def _item(element: Element, problems: list[MetadataProblem]) -> DefinedVariable:
    codelist = element.first("CodeListRef")
    values = element.first("def:ValueListRef")
    return DefinedVariable(
        oid=element.get("OID"),
        name=element.get("Name"),
        label=element.get("def:Label") or described(element),
        data_type=element.get("DataType"),
        length=whole_number(element, "Length", problems),
        significant_digits=whole_number(element, "SignificantDigits", problems),
        display_format=element.get("def:DisplayFormat"),
        codelist=codelist.get("CodeListOID") if codelist else "",
        value_list=values.get("ValueListOID") if values else "",
        method=element.get("def:ComputationMethodOID"),
        origins=_origins(element),
        comment=element.get("Comment").strip(),
        comment_id=element.get("def:CommentOID"),
    )


def _origins(element: Element) -> tuple[Origin, ...]:
    if written := element.get("Origin"):
        return (Origin(written),)
    return tuple(
        Origin(each.get("Type"), each.get("Source"), described(each), _pages(each))
        for each in element.all("def:Origin")
    )


def _pages(origin: Element) -> str:
    pages = (
        page.get("PageRefs") for document in origin.all("def:DocumentRef") for page in document.all("def:PDFPageRef")
    )
    return " ".join(page for page in pages if page)


def _in_order(variables: list[DefinedVariable]) -> tuple[DefinedVariable, ...]:
    if any(variable.order is None for variable in variables):
        return tuple(variables)
    return tuple(sorted(variables, key=lambda variable: variable.order or 0))
