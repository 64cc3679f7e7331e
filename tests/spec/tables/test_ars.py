"""Outputs as a CDISC ARS v1 reporting event (spec G): schema, ids, groups, denominators, values."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.ars import make_reporting_event, results_ars
from longwatch.tables.catalogue import OUTPUTS, make_table
from longwatch.tables.conditions import Compound, Condition, parse_filter
from longwatch.tables.result import TableResult
from tests.spec.ars_schema import SCHEMA, dangling

EXAMPLES = ("Common_Safety_Displays", "FDA_Standard_Safety_Table_2")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def tables(pilot: AnalysisDatasets, pilot_study: Study) -> list[TableResult]:
    """Every output of CDISCPILOT01, demographics with p-values."""
    more: dict[str, dict[str, object]] = {"DMT01": {"p_values": True}}
    return [make_table(code, pilot, pilot_study, more.get(code)) for code in OUTPUTS]


@pytest.fixture(scope="module")
def event(tables: list[TableResult], pilot_study: Study) -> Json:
    """Their reporting event, as it is written."""
    read: Json = json.loads(results_ars(tables, pilot_study, "report.pdf"))
    return read


@pytest.fixture(scope="module")
def small(tables: list[TableResult], pilot_study: Study) -> Json:
    """The event of two short outputs, to be broken."""
    read: Json = json.loads(results_ars([table for table in tables if table.code in ("DMT01", "AET07")], pilot_study))
    return read


def errors_of(event: Json) -> list[str]:
    """What the schema says."""
    return [f"{error.json_path}: {error.message[:80]}" for error in Draft202012Validator(SCHEMA).iter_errors(event)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_cdiscs_own_examples_pass_the_schema(shared_data: Path, name: str) -> None:
    """So the schema is not ours alone, and every id of theirs is found by the check for ids."""
    example = json.loads((shared_data / "ars" / f"{name}.json").read_text(encoding="utf-8"))
    assert errors_of(example) == []
    assert dangling(example) == []


def test_our_event_passes_the_schema_and_its_ids_resolve(event: Json) -> None:
    """Every output of the catalogue in one event."""
    assert errors_of(event) == []
    assert dangling(event) == []
    assert [output["id"] for output in event["outputs"]] == [f"OUT_{code}" for code in OUTPUTS]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("analyses", 0, "methodId"), None),
        (("analyses", 0, "reason"), {"controlledTerm": "BECAUSE"}),
        (("dataSubsets", 0, "order"), None),
        (("analysisGroupings", 0, "dataDriven"), "no"),
        (("outputs", 0, "displays", 0, "display", "displaySections", 0, "sectionType"), "Top"),
    ],
)
def test_the_schema_can_fail(small: Json, path: tuple[Any, ...], value: object) -> None:
    """What is required and missing, or no term of its list, is found."""
    broken = copy.deepcopy(small)
    *way, last = path
    place: Any = broken
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert errors_of(broken)


def test_an_id_of_nothing_is_found(small: Json) -> None:
    """And one that stands twice."""
    broken = copy.deepcopy(small)
    broken["analyses"][0]["analysisSetId"] = "AS_99"
    broken["methods"].append(broken["methods"][0])
    assert {"analysisSetId: AS_99", f"methods twice: {broken['methods'][0]['id']}"} <= set(dangling(broken))


def test_every_number_is_one_result(event: Json, tables: list[TableResult]) -> None:
    """Per output: as many results as numbers, with the same printed texts and, to the last digit, the same values."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    output_of = {
        item["analysisId"]: entry["outputId"]
        for entry in event["mainListOfContents"]["contentsList"]["listItems"]
        for item in entry["sublist"]["listItems"]
    }
    for analysis in event["analyses"]:
        for result in analysis["results"]:
            found[output_of[analysis["id"]]].append((result.get("rawValue", ""), result["formattedValue"]))
    for table in tables:
        wanted = sorted(("" if item.value is None else repr(item.value), item.text) for item in table.statistics)
        assert sorted(found[f"OUT_{table.code}"]) == wanted


def test_every_operation_has_a_result_in_every_group_combination(event: Json) -> None:
    """Once, and with a group for every grouping of the analysis, in its order."""
    operations = {method["id"]: {item["id"] for item in method["operations"]} for method in event["methods"]}
    for analysis in event["analyses"]:
        by_groups: dict[str, list[str]] = defaultdict(list)
        for result in analysis["results"]:
            groups = result.get("resultGroups", [])
            assert [each["groupingId"] for each in groups] == [
                each["groupingId"] for each in analysis["orderedGroupings"]
            ]
            for group, grouping in zip(groups, analysis["orderedGroupings"], strict=True):
                assert (len(group) == 2) is grouping["resultsByGroup"]
            by_groups[json.dumps(groups)].append(result["operationId"])
        for names in by_groups.values():
            assert sorted(names) == sorted(operations[analysis["methodId"]]), analysis["name"]


def results_of(event: Json) -> dict[tuple[str, str, str], float]:
    """Each raw value by analysis, operation and groups."""
    return {
        (analysis["id"], result["operationId"], json.dumps(result.get("resultGroups", []))): float(result["rawValue"])
        for analysis in event["analyses"]
        for result in analysis["results"]
        if "rawValue" in result
    }


@pytest.mark.parametrize(("statistic", "factor"), [("pct", 100), ("rate", 100)])
def test_percent_and_rate_are_numerator_over_denominator(event: Json, statistic: str, factor: float) -> None:
    """Followed through the references alone: relation → analysis → operation → the result of the same groups."""
    operations = {item["id"]: item for method in event["methods"] for item in method["operations"]}
    values = results_of(event)
    treatment = {item["id"] for item in event["analysisGroupings"] if item["name"] == "Treatment"}
    compared = 0
    for analysis in event["analyses"]:
        at = {item["referencedOperationRelationshipId"]: item["analysisId"]
              for item in analysis.get("referencedAnalysisOperations", [])}  # fmt: skip
        for result in analysis["results"]:
            operation = operations[result["operationId"]]
            if operation["name"] != statistic or "rawValue" not in result:
                continue
            groups = result.get("resultGroups", [])
            arm = [group for group in groups if group["groupingId"] in treatment]
            parts = {}
            for relation in operation["referencedOperationRelationships"]:
                key = (at[relation["id"]], relation["operationId"])
                whole = (*key, json.dumps(groups))
                parts[relation["referencedOperationRole"]["controlledTerm"]] = values.get(
                    whole, values.get((*key, json.dumps(arm)))
                )
            n, of = parts["NUMERATOR"], parts["DENOMINATOR"]
            assert n is not None
            assert of is not None
            assert float(result["rawValue"]) == pytest.approx(factor * n / of, abs=1e-9)
            compared += 1
    assert compared > 1000


def test_conditions_are_the_filters(event: Json) -> None:
    """Leading to death: an OR inside an AND, levels counted from the outside; the safety population as analysis set."""
    [safety] = [item for item in event["analysisSets"] if item["name"] == "Safety population"]
    assert safety["condition"] == {"dataset": "ADSL", "variable": "SAFFL", "comparator": "EQ", "value": ["Y"]}
    [fatal] = [item for item in event["dataSubsets"]
               if item["name"] == "ADAE: TRTEMFL = Y and (AEOUT = FATAL or AESDTH = Y)"]  # fmt: skip
    first, either = fatal["compoundExpression"]["whereClauses"]
    assert first["condition"]["variable"] == "TRTEMFL"
    assert (either["level"], either["order"]) == (2, 2)
    assert either["compoundExpression"]["logicalOperator"] == "OR"
    assert [item["level"] for item in either["compoundExpression"]["whereClauses"]] == [3, 3]


def test_a_comparison_is_over_the_arms_it_compares(event: Json) -> None:
    """Its subset names both; treatment groups it without results of its own by arm."""
    found = next(item for item in event["analyses"] if item["methodId"] == "M_p_fisher")
    subset = next(item for item in event["dataSubsets"] if item["id"] == found["dataSubsetId"])
    assert "TRT01P in Xanomeline Low Dose, Placebo" in subset["name"]
    assert found["orderedGroupings"] == [{"order": 1, "groupingId": "GF_TRT01P", "resultsByGroup": False}]


def test_an_output_asked_twice_has_ids_of_its_own(pilot: AnalysisDatasets, pilot_study: Study) -> None:
    """A template may print one output with different parameters."""
    twice = [make_table("AET10", pilot, pilot_study, {"at_least": share}) for share in (5.0, 10.0)]
    made = make_reporting_event(twice, pilot_study)
    assert dangling(made) == []
    assert [output["id"] for output in made["outputs"]] == ["OUT_AET10", "OUT_AET10_2"]  # type: ignore[index, attr-defined]


A, B, C = (Condition(name, "EQ", ("Y",)) for name in "ABC")


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", ()),
        ("A = 'Y'", (A,)),
        ("A = 'Y' AND B = 'Y' AND A = 'Y'", (A, B)),
        ("A = 'Y' AND (B = 'Y' OR C = 'Y')", (A, Compound("OR", (B, C)))),
        ("A = 'Y' OR B = 'Y' AND C = 'Y'", (Compound("OR", (A, Compound("AND", (B, C)))),)),
        ("NOT (A = 'Y')", (Compound("NOT", (A,)),)),
        ("A IN ('x', 'y''s')", (Condition("A", "IN", ("x", "y's")),)),
        ("A NOT IN ('x')", (Condition("A", "NOTIN", ("x",)),)),
        ("A IS NULL AND B IS NOT NULL", (Condition("A", "EQ", ()), Condition("B", "NE", ()))),
        ("A = 'x AND (y' AND B >= 3", (Condition("A", "EQ", ("x AND (y",)), Condition("B", "GE", ("3",)))),
    ],
)
def test_a_filter_reads_back(text: str, clauses: tuple[Any, ...]) -> None:
    """OR binds weaker than AND; a literal may hold anything."""
    assert parse_filter(text) == clauses


@pytest.mark.parametrize(
    "text", ["A", "A = ", "A = B", "A LIKE 'x'", "A = 'Y' B", "(A = 'Y'", "A NOT = 'Y'", "A = 'x", "AND"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    """No condition is guessed."""
    with pytest.raises(ValueError):
        parse_filter(text)
