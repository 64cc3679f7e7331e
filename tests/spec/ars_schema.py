"""The ARS v1 model as a JSON Schema: the required attributes and enumerations that spec G lists, for every entity that
a reporting event of ours has. Longwatch's own and CDISC's example files are held against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
Json = dict[str, Any]


def _entity(*required: str, **properties: Schema) -> Schema:
    """An object with these attributes; those not named here may stand beside them."""
    return {"type": "object", "required": list(required), "properties": properties}


def _list(of: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/$defs/{of}"}}


def _term(*values: str) -> Schema:
    """A controlled term of these, or a sponsor's term by its id."""
    return {
        "type": "object",
        "oneOf": [
            {"required": ["controlledTerm"], "properties": {"controlledTerm": {"enum": list(values)}}},
            {"required": ["sponsorTermId"], "properties": {"sponsorTermId": TEXT}},
        ],
    }


TEXT: Schema = {"type": "string", "minLength": 1}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
REF = {"$ref": "#/$defs/where"}
_PLACED = {"id": TEXT, "name": TEXT, "level": WHOLE, "order": WHOLE}

DEFINITIONS: dict[str, Schema] = {
    "contents": _entity("name", "contentsList", name=TEXT, contentsList={"$ref": "#/$defs/nested"}),
    "nested": _entity("listItems", listItems=_list("item")),
    "item": _entity(
        "name", "level", "order", name=TEXT, level=WHOLE, order=WHOLE, outputId=TEXT, analysisId=TEXT,
        sublist={"$ref": "#/$defs/nested"},
    ),
    "condition": _entity(
        "comparator", dataset=TEXT, variable=TEXT, value={"type": "array", "items": {"type": "string"}},
        comparator={"enum": ["EQ", "NE", "GT", "GE", "LT", "LE", "IN", "NOTIN"]},
    ),
    "compound": _entity("logicalOperator", logicalOperator={"enum": ["AND", "OR", "NOT"]}, whereClauses=_list("where")),
    "where": {
        **_entity("level", "order", level=WHOLE, order=WHOLE, condition={"$ref": "#/$defs/condition"},
                  compoundExpression={"$ref": "#/$defs/compound"}),
        "oneOf": [{"required": ["condition"]}, {"required": ["compoundExpression"]}, {"required": ["subClauseId"]}],
    },
    "named": {"allOf": [_entity("id", "name", "level", "order", **_PLACED), REF]},
    "grouping": _entity("id", "name", "dataDriven", id=TEXT, name=TEXT, dataDriven=YES_NO, groups=_list("group"),
                        groupingDataset=TEXT, groupingVariable=TEXT),
    "group": _entity("id", "name", "level", "order", **_PLACED, condition={"$ref": "#/$defs/condition"},
                     compoundExpression={"$ref": "#/$defs/compound"}),
    "method": _entity("id", "name", "operations", id=TEXT, name=TEXT, operations=_list("operation")),
    "operation": _entity("id", "name", "order", id=TEXT, name=TEXT, order=WHOLE, resultPattern=TEXT,
                         referencedOperationRelationships=_list("relation")),
    "relation": _entity("id", "referencedOperationRole", "operationId", id=TEXT, operationId=TEXT, analysisId=TEXT,
                        referencedOperationRole=_term("NUMERATOR", "DENOMINATOR")),
    "analysis": _entity(
        "id", "name", "reason", "purpose", "methodId", id=TEXT, name=TEXT, methodId=TEXT, dataset=TEXT, variable=TEXT,
        analysisSetId=TEXT, dataSubsetId=TEXT, orderedGroupings=_list("ordered"), results=_list("result"),
        referencedAnalysisOperations=_list("reference"),
        reason=_term("SPECIFIED IN PROTOCOL", "SPECIFIED IN SAP", "DATA DRIVEN", "REQUESTED BY REGULATORY AGENCY"),
        purpose=_term("PRIMARY OUTCOME MEASURE", "SECONDARY OUTCOME MEASURE", "EXPLORATORY OUTCOME MEASURE"),
    ),
    "ordered": _entity("order", "groupingId", "resultsByGroup", order=WHOLE, groupingId=TEXT, resultsByGroup=YES_NO),
    "reference": _entity("referencedOperationRelationshipId", "analysisId", analysisId=TEXT,
                         referencedOperationRelationshipId=TEXT),
    "result": _entity("operationId", operationId=TEXT, resultGroups=_list("result_group"), rawValue={"type": "string"},
                      formattedValue={"type": "string"}),
    "result_group": _entity("groupingId", groupingId=TEXT, groupId=TEXT, groupValue={"type": "string"}),
    "output": _entity("id", "name", "displays", id=TEXT, name=TEXT, displays=_list("shown"),
                      fileSpecifications=_list("file")),
    "shown": _entity("order", "display", order=WHOLE, display={"$ref": "#/$defs/display"}),
    "display": _entity("id", "name", id=TEXT, name=TEXT, displayTitle=TEXT, displaySections=_list("section")),
    "section": _entity(
        "sectionType", orderedSubSections={"type": "array"},
        sectionType={"enum": ["Header", "Title", "Rowlabel Header", "Legend", "Abbreviation", "Footnote", "Footer"]},
    ),
    "file": _entity("name", "fileType", name=TEXT, fileType=_term("pdf", "rtf", "txt")),
    "terms": _entity("id", "enumeration", id=TEXT, enumeration=TEXT, sponsorTerms=_list("sponsor_term")),
    "sponsor_term": _entity("id", "submissionValue", id=TEXT, submissionValue=TEXT),
}  # fmt: skip
SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": DEFINITIONS,
    **_entity(
        "id", "name", "mainListOfContents", id=TEXT, name=TEXT, mainListOfContents={"$ref": "#/$defs/contents"},
        analysisSets=_list("named"), dataSubsets=_list("named"), analysisGroupings=_list("grouping"),
        methods=_list("method"), analyses=_list("analysis"), outputs=_list("output"),
        terminologyExtensions=_list("terms"),
    ),
}  # fmt: skip


def objects_in(content: object) -> Iterator[Json]:
    """Every object of a file, at any depth."""
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from objects_in(part)


REFERENCES = {
    "analysisId": "analyses", "outputId": "outputs", "methodId": "methods", "analysisSetId": "analysisSets",
    "dataSubsetId": "dataSubsets", "groupingId": "analysisGroupings",
}  # fmt: skip


def dangling(event: Json) -> list[str]:
    """References to what is not there, and ids that stand twice."""
    kinds = {name: [item["id"] for item in event.get(name, [])] for name in REFERENCES.values()}
    kinds["groups"] = [group["id"] for grouping in event["analysisGroupings"] for group in grouping.get("groups", [])]
    operations = [operation for method in event["methods"] for operation in method["operations"]]
    kinds["operations"] = [operation["id"] for operation in operations]
    related = [each for item in operations for each in item.get("referencedOperationRelationships", [])]
    kinds["relations"] = [each["id"] for each in related]
    extensions = event.get("terminologyExtensions", [])
    kinds["terms"] = [term["id"] for extension in extensions for term in extension["sponsorTerms"]]
    wanted = {**REFERENCES, "groupId": "groups", "operationId": "operations", "sponsorTermId": "terms",
              "referencedOperationRelationshipId": "relations"}  # fmt: skip
    twice = [f"{name} twice: {each}" for name, ids in kinds.items() for each in set(ids) if ids.count(each) > 1]
    known = {name: set(ids) for name, ids in kinds.items()}
    return twice + [
        f"{attribute}: {item[attribute]}"
        for item in objects_in(event)
        for attribute, kind in wanted.items()
        if attribute in item and item[attribute] not in known[kind]
    ]
