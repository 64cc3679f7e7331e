"""The numbers of a table as analyses: which of them share records, method, groups and population (see `ars`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeGuard

from longwatch.tables.ars_terms import PATTERNS, RELATIONS, Json
from longwatch.tables.conditions import Clause, Compound, Condition, of_dataset, parse_filter
from longwatch.tables.result import Provenance, Statistic, TableResult

TREATMENTS = ("TRT01A", "TRT01P")
TERMS = ("AEBODSYS", "AEDECOD")
"""Variables whose values are groups that the data brings, wherever a filter names one of their values."""

Clauses = tuple[Clause, ...]
Line = tuple[str, str]


@dataclass(frozen=True)
class Method:
    """Statistics computed together. `relations`: by statistic, its roles, each with the method and statistic that play
    it; a method of None is this one."""

    statistics: tuple[str, ...]
    numerator: str = ""

    @property
    def id(self) -> str:
        """`M_n_pct`; `M_SIZE` for the N of a column."""
        if self.statistics == ("N",):
            return "M_SIZE"
        of = f"_of_{self.numerator}" if self.numerator else ""
        return "M_" + "_".join(self.statistics) + of

    def operation_id(self, statistic: str) -> str:
        """`M_n_pct_2`."""
        return f"{self.id}_{self.statistics.index(statistic) + 1}"

    def relations(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Each relation: its statistic, its id, its role, the statistic it points to, the operation it points to."""
        for statistic in self.statistics:
            for role, other in RELATIONS.get(statistic, ()):
                if role == "NUMERATOR" and other not in self.statistics and other != self.numerator:
                    continue
                own = other in self.statistics
                operation = self.operation_id(other) if own else Method((other,)).operation_id(other)
                yield statistic, f"{self.operation_id(statistic)}_{role[:3]}", role, other, operation

    def as_json(self) -> Json:
        """The method with its operations."""
        operations: list[Json] = []
        for order, statistic in enumerate(self.statistics, start=1):
            made: Json = {"id": self.operation_id(statistic), "name": statistic, "order": order}
            if statistic in PATTERNS:
                made["resultPattern"] = PATTERNS[statistic]
            related = [
                {"id": name, "referencedOperationRole": {"controlledTerm": role}, "operationId": operation}
                for owner, name, role, _, operation in self.relations()
                if owner == statistic
            ]
            if related:
                made["referencedOperationRelationships"] = related
            operations.append(made)
        return {"id": self.id, "name": ", ".join(self.statistics), "operations": operations}


Result = tuple[str, str, tuple[str, ...], float | None, str]
"""Statistic, column, group values, value, text."""


@dataclass(eq=False)
class Analysis:
    """One analysis. `arms`: by arm, the condition that is its group; `by_arm`: results by arm, or one over the arms.
    `references`: relation ids with the analysis whose operation they point to."""

    label: str
    dataset: str
    variable: str
    population: Clauses
    subset: Clauses
    having: str
    treatment: str
    by_arm: bool
    arms: dict[str, Clauses]
    group_dataset: str
    group_variables: tuple[str, ...]
    line: Line
    method: Method
    results: list[Result] = field(default_factory=list)
    references: list[tuple[str, Analysis]] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """Where a number belongs: what tells its analysis from others, and its groups there."""

    source: Provenance
    subset: Clauses
    treatment: str
    by_arm: bool
    group_dataset: str
    groups: tuple[tuple[str, str], ...]
    line: Line


_NUMERATORS = {"pct": "n", "quotient": "days_followed", "infusion_share": "infusions_followed", "event_share": "events"}
"""Of a number that stands apart from what it is a share of, the statistic that is its numerator."""


def read_analyses(table: TableResult) -> list[Analysis]:
    """The analyses of a table, in the order of its numbers; each number of the table is one result of one of them."""
    reader = _Reader(table)
    found: dict[object, Analysis] = {}
    for items in _bundles(table):
        place = reader.place(items[0])
        names = tuple(item.statistic for item in items)
        numerators = {"rate": reader.numerator, **_NUMERATORS}
        method = Method(names, numerators.get(names[0], ""))
        variables = tuple(name for name, _ in place.groups)
        variable = place.source.variables[-1] if place.source.variables else ""
        # What stands in no arm's column (a comparison, a mark of a figure) is an analysis of its own.
        column = "" if place.by_arm else items[0].column
        key = (place.source.dataset, variable, place.subset, place.source.having, place.treatment, place.by_arm,
               column, variables, place.line, method)  # fmt: skip
        analysis = found.get(key)
        if analysis is None:
            analysis = found[key] = Analysis(
                reader.label(items[0], variables), place.source.dataset, variable, reader.population, place.subset,
                place.source.having, place.treatment, place.by_arm, reader.arms, place.group_dataset, variables,
                place.line, method,
            )  # fmt: skip
        groups = tuple(value for _, value in place.groups)
        analysis.results += [(item.statistic, item.column, groups, item.value, item.text) for item in items]
    _refer(list(found.values()))
    return list(found.values())


def _bundles(table: TableResult) -> Iterator[list[Statistic]]:
    """Numbers that stand together: one line, one column, the same records."""
    for _, items in groupby(table.statistics, lambda item: (item.row_group, item.row, item.column, item.provenance)):
        bundle = list(items)
        size = next((number for number, item in enumerate(bundle) if item.statistic != "N"), len(bundle))
        yield from (part for part in (bundle[:size], bundle[size:]) if part)


def _refer(analyses: Sequence[Analysis]) -> None:
    """Say for each relation of a method which analysis has the operation: itself, or the one of the same groups (an
    N: the one of the line, else of the column)."""
    alone = {
        (each.method.statistics[0], each.by_arm, each.group_variables, each.line): each
        for each in reversed(analyses)
        if len(each.method.statistics) == 1
    }
    for analysis in analyses:
        for _, relation, _, other, _ in analysis.method.relations():
            if other in analysis.method.statistics:
                analysis.references.append((relation, analysis))
                continue
            places = (
                [((), analysis.line), ((), ("", ""))] if other == "N" else [(analysis.group_variables, analysis.line)]
            )
            found = (alone.get((other, analysis.by_arm, *place)) for place in places)
            analysis.references.append((relation, next(each for each in found if each is not None)))


class _Reader:
    """Reads the numbers of a table by what its N tell: population, arms, treatment variable."""

    def __init__(self, table: TableResult) -> None:
        self._labels = {(row.row_group, row.row): row.label for row in reversed(table.rows)}
        self._columns: dict[str, Clauses] = {}
        self.population: Clauses = ()
        for item in table.statistics:
            if _is_size(item):
                clauses = _clauses(item.provenance)
                self._columns[item.column] = tuple(clause for clause in clauses if _is_arm(clause))
                self.population = tuple(clause for clause in clauses if not _is_arm(clause))
        self.arms = {name: clauses for name, clauses in self._columns.items() if clauses}
        named = (_variable(clause) for clauses in self.arms.values() for clause in clauses)
        self.treatment = next((variable for variable in named if variable in TREATMENTS), "")
        self.numerator = "events" if any(item.statistic == "events" for item in table.statistics) else "n"
        self._groups: dict[Line, tuple[str, tuple[tuple[str, str], ...]]] = {}
        for item in table.statistics:
            if item.statistic != "person_years":
                _, groups = self._split(item)
                self._groups.setdefault((item.row_group, item.row), (item.provenance.dataset, groups))

    def place(self, item: Statistic) -> _Place:
        """Where a number belongs. Person-years to a first event have the groups of that event."""
        subset, groups = self._split(item)
        dataset, line = item.provenance.dataset, (item.row_group, item.row)
        if item.statistic == "person_years":
            dataset, groups = self._groups.get(line, (dataset, groups))
        counted = item.column in self._columns
        treatment = self.treatment if not counted or self._columns[item.column] else ""
        return _Place(
            item.provenance,
            subset,
            treatment,
            counted and bool(treatment),
            dataset,
            groups,
            _line_of(item, groups),
        )

    def label(self, item: Statistic, variables: tuple[str, ...]) -> str:
        """What an analysis is of, in words."""
        if item.statistic == "N":
            return f"Subjects, {item.column}" if not self._columns[item.column] else "Subjects by arm"
        of = "by " + " and ".join(variables) if variables else self._label_of(item)
        where = "" if item.column in self.arms else f", {item.column}"
        return f"{of}: {item.statistic}{where}"

    def _label_of(self, item: Statistic) -> str:
        line = (item.row_group, item.row)
        return self._labels.get(line) or item.row or item.row_group or "All"

    def _split(self, item: Statistic) -> tuple[Clauses, tuple[tuple[str, str], ...]]:
        """The conditions of a number, without population and arm: subset and groups."""
        known = {*self.population, *self._columns.get(item.column, ())}
        rest = [clause for clause in _clauses(item.provenance) if clause not in known]
        driven = {*TERMS, *item.provenance.variables[1:]} - {*TREATMENTS}
        subset: list[Clause] = []
        groups: list[tuple[str, str]] = []
        for clause in rest:
            if (
                isinstance(clause, Condition)
                and clause.comparator == "EQ"
                and clause.values
                and clause.variable in driven
            ):
                groups.append((clause.variable, clause.values[0]))
            else:
                subset.append(clause)
        return tuple(subset), tuple(groups)


def _line_of(item: Statistic, groups: tuple[tuple[str, str], ...]) -> Line:
    """What tells an analysis from others of the same groups: nothing where the groups say all, as SOC and PT do; the
    row group where it is none of them, such as an interval of follow-up; without groups the line itself."""
    if not groups:
        return item.row_group, item.row
    known = {"", *(name for name, _ in groups), *(value for _, value in groups)}
    return ("" if item.row_group in known else item.row_group), ""


def _is_size(item: Statistic) -> bool:
    """Whether a number is the N of a column."""
    return item.statistic == "N" and not (item.row_group or item.row)


def _clauses(source: Provenance) -> Clauses:
    """The conditions on the records of a number, and on their subjects."""
    of_subjects = (of_dataset(clause, "ADSL") for clause in parse_filter(source.subjects))
    return (*of_subjects, *parse_filter(source.filter))


def _is_value(clause: Clause) -> TypeGuard[Condition]:
    """Whether a condition says that a variable has one value."""
    return isinstance(clause, Condition) and clause.comparator == "EQ" and bool(clause.values)


def _is_arm(clause: Clause) -> bool:
    """Whether a condition says which arm: `TRT01A = 'Placebo'`, or `(TRT01A = 'Not assigned' OR TRT01A IS NULL)`; and
    of which study, where several are pooled."""
    if isinstance(clause, Compound):
        return all(isinstance(part, Condition) and part.variable in TREATMENTS for part in clause.parts)
    return _is_value(clause) and clause.variable in (*TREATMENTS, "STUDYID")


def _variable(clause: Clause) -> str:
    return clause.variable if isinstance(clause, Condition) else _variable(clause.parts[0])
