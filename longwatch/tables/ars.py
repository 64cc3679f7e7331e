"""Outputs as a reporting event of the CDISC Analysis Results Standard v1 (spec G).

How a table becomes analyses: numbers of one line and column from the same records are one method; the lines that differ
only in a SOC, PT or characteristic are one analysis, with that variable as a data-driven grouping; any other line is an
analysis of its own, its condition a data subset. Arms are the groups of the treatment grouping; `Total` is an analysis
without it; a comparison names it without results by group. The population is the analysis set. Everything comes from
the provenance of the numbers, nothing is counted again.
"""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.standards.hashing import canonical_json
from longwatch.study import Study
from longwatch.tables.ars_analysis import Analysis, read_analyses
from longwatch.tables.ars_terms import EXTENSIONS, PURPOSE, REASON, Json, where, words_of
from longwatch.tables.conditions import Clause
from longwatch.tables.heads import titles_of
from longwatch.tables.result import TableResult


def results_ars(tables: Sequence[TableResult], study: Study, file: str = "") -> bytes:
    """The reporting event of these outputs as canonical JSON. `file`: the PDF that prints them, beside it."""
    return canonical_json(make_reporting_event(tables, study, file))


def make_reporting_event(tables: Sequence[TableResult], study: Study, file: str = "") -> Json:
    """The reporting event. Ids come from output codes and the order of the numbers."""
    event = _Event()
    outputs: list[Json] = []
    contents: list[Json] = []
    codes: dict[str, int] = {}
    for order, table in enumerate(tables, start=1):
        codes[table.code] = codes.get(table.code, 0) + 1
        code = table.code if codes[table.code] == 1 else f"{table.code}_{codes[table.code]}"
        made = event.add(table, code)
        outputs.append(_output(table, code, file))
        items = [
            {"name": str(analysis["name"]), "level": 2, "order": place, "analysisId": analysis["id"]}
            for place, analysis in enumerate(made, start=1)
        ]
        contents.append(
            {
                "name": table.title,
                "level": 1,
                "order": order,
                "outputId": f"OUT_{code}",
                "sublist": {"listItems": items},
            }
        )
    return {
        "id": f"RE_{study.id}",
        "name": f"{study.id}: {study.study.title}",
        "version": 1,
        "mainListOfContents": {"name": "Outputs", "contentsList": {"listItems": contents}},
        "terminologyExtensions": EXTENSIONS,
        "analysisSets": event.sets(),
        "dataSubsets": event.subsets(),
        "analysisGroupings": event.groupings(),
        "methods": event.methods(),
        "analyses": event.analyses,
        "outputs": outputs,
    }


class _Event:
    """What the analyses of all tables share, each thing once."""

    def __init__(self) -> None:
        self.analyses: list[Json] = []
        self._sets: dict[tuple[Clause, ...], tuple[str, str]] = {}
        self._subsets: dict[tuple[str, tuple[Clause, ...]], str] = {}
        self._arms: dict[str, dict[str, tuple[Clause, ...]]] = {}
        self._driven: dict[tuple[str, str], str] = {}
        self._methods: dict[str, Json] = {}

    def add(self, table: TableResult, code: str) -> list[Json]:
        """The analyses of a table."""
        found = read_analyses(table)
        ids = {id(analysis): f"AN_{code}_{number}" for number, analysis in enumerate(found, start=1)}
        made = [self._analysis(table, analysis, ids) for analysis in found]
        self.analyses += made
        return made

    def _analysis(self, table: TableResult, analysis: Analysis, ids: dict[int, str]) -> Json:
        groupings = [self._treatment_grouping(analysis)] if analysis.treatment else []
        driven = [self._driven_grouping(analysis.group_dataset, name) for name in analysis.group_variables]
        method = analysis.method
        self._methods.setdefault(method.id, method.as_json())
        references = [
            {"referencedOperationRelationshipId": relation, "analysisId": ids[id(other)]}
            for relation, other in analysis.references
        ]
        made: Json = {
            "id": ids[id(analysis)],
            "name": f"{table.name}: {analysis.label}",
            "version": 1,
            "reason": {"sponsorTermId": REASON},
            "purpose": {"sponsorTermId": PURPOSE},
            "dataset": analysis.dataset,
            "variable": analysis.variable,
            "analysisSetId": self._set(table, analysis.population),
            "methodId": method.id,
            "orderedGroupings": [
                {"order": order, "groupingId": grouping, "resultsByGroup": by_group}
                for order, (grouping, by_group) in enumerate([*groupings, *((name, True) for name in driven)], start=1)
            ],
            "results": [self._result(analysis, *item) for item in analysis.results],
        }
        if analysis.subset:
            made["dataSubsetId"] = self._subset(analysis)
        if analysis.having:
            made["description"] = f"Subjects whose records together meet: {analysis.having}"
        if references:
            made["referencedAnalysisOperations"] = references
        return made

    def _result(
        self, analysis: Analysis, statistic: str, column: str, groups: tuple[str, ...], value: float | None, text: str
    ) -> Json:
        placed: list[Json] = []
        if analysis.treatment and analysis.by_arm:
            placed.append(
                {"groupingId": f"GF_{analysis.treatment}", "groupId": self._arm_id(analysis.treatment, column)}
            )
        elif analysis.treatment:
            placed.append({"groupingId": f"GF_{analysis.treatment}"})
        placed += [
            {"groupingId": self._driven_grouping(analysis.group_dataset, name), "groupValue": group}
            for name, group in zip(analysis.group_variables, groups, strict=True)
        ]
        made: Json = {"operationId": analysis.method.operation_id(statistic), "formattedValue": text}
        if placed:
            made["resultGroups"] = placed
        if value is not None:
            made["rawValue"] = repr(value)
        return made

    def _treatment_grouping(self, analysis: Analysis) -> tuple[str, bool]:
        known = self._arms.setdefault(analysis.treatment, {})
        for name, clauses in analysis.arms.items():
            known.setdefault(name, clauses)
        return f"GF_{analysis.treatment}", analysis.by_arm

    def _arm_id(self, treatment: str, column: str) -> str:
        return f"GF_{treatment}_{list(self._arms[treatment]).index(column) + 1}"

    def _driven_grouping(self, dataset: str, variable: str) -> str:
        return self._driven.setdefault((dataset, variable), f"GF_{dataset}_{variable}")

    def _set(self, table: TableResult, population: tuple[Clause, ...]) -> str:
        return self._sets.setdefault(population, (f"AS_{len(self._sets) + 1}", _set_name(table)))[0]

    def _subset(self, analysis: Analysis) -> str:
        key = (analysis.dataset, analysis.subset)
        return self._subsets.setdefault(key, f"DS_{len(self._subsets) + 1}")

    def sets(self) -> list[Json]:
        return [{"id": name, "name": words, **where(clauses, "ADSL")} for clauses, (name, words) in self._sets.items()]

    def subsets(self) -> list[Json]:
        return [
            {"id": name, "name": f"{dataset}: {words_of(clauses)}", **where(clauses, dataset)}
            for (dataset, clauses), name in self._subsets.items()
        ]

    def groupings(self) -> list[Json]:
        arms: list[Json] = [
            {
                "id": f"GF_{variable}",
                "name": "Treatment",
                "dataDriven": False,
                "groupingDataset": "ADSL",
                "groupingVariable": variable,
                "groups": [
                    {
                        "id": self._arm_id(variable, name),
                        "name": name,
                        **where(clauses, "ADSL", order=order),
                    }
                    for order, (name, clauses) in enumerate(groups.items(), start=1)
                ],
            }
            for variable, groups in self._arms.items()
        ]
        driven: list[Json] = [
            {
                "id": name,
                "name": variable,
                "dataDriven": True,
                "groupingDataset": dataset,
                "groupingVariable": variable,
            }
            for (dataset, variable), name in self._driven.items()
        ]
        return arms + driven

    def methods(self) -> list[Json]:
        return list(self._methods.values())


def _set_name(table: TableResult) -> str:
    return "; ".join((table.population, *(item.words for item in table.restrictions if item.subjects)))


def _output(table: TableResult, code: str, file: str) -> Json:
    texts = (("Title", titles_of(table)), ("Rowlabel Header", (table.stub,)), ("Footnote", table.footnotes))
    sections = [
        {
            "sectionType": kind,
            "orderedSubSections": [
                {"order": order, "subSection": {"id": f"D_{code}_{kind.replace(' ', '')}_{order}", "text": text}}
                for order, text in enumerate(lines, start=1)
            ],
        }
        for kind, lines in texts
        if lines
    ]
    display = {
        "id": f"D_{code}",
        "name": table.name,
        "version": 1,
        "displayTitle": table.title,
        "displaySections": sections,
    }
    made: Json = {
        "id": f"OUT_{code}",
        "name": table.title,
        "version": 1,
        "displays": [{"order": 1, "display": display}],
    }
    if file:
        made["fileSpecifications"] = [{"name": file, "fileType": {"controlledTerm": "pdf"}, "location": file}]
    return made
