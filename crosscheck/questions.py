"""One question per output: every row that its table prints, answered by SQL on `subject` and `emergent`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from longwatch.standards.algorithm import Algorithm
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, TreatmentBasis
from longwatch.tables.opinion import Answer, Cell
from longwatch.tables.result import TableResult

TOTAL, NOT_ASSIGNED = "Total", "Not assigned"
YEAR = "365.25"
SERIOUSNESS = ("AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE", "AESCAN", "AESOD")
SEVERITIES: tuple[str, ...] = ("MILD", "MODERATE", "SEVERE")
FATAL = "(AEOUT = 'FATAL' OR AESDTH = 'Y')"
SUBSETS = {
    "serious": ("AESER = 'Y'", ("AESER",)),
    "withdrawn": ("AEACN = 'DRUG WITHDRAWN'", ("AEACN",)),
    "fatal": (FATAL, ("AEOUT", "AESDTH")),
    "related": ("related", ("related",)),
    "": ("true", ()),
}


@dataclass
class Asked:
    """The engine with its tables, and what is asked about: the study, and whether its ADaM was supplied. `subject` and
    `emergent` hold what the output is made of; `every_subject` and `every_emergent` the whole trial, in `schema` where
    it is one of the `parts` of a pool. `algorithms`: of lists of terms, by kind and name. `measured`: the domains whose
    results have been made."""

    engine: duckdb.DuckDBPyConnection
    study: Study
    data: SourceData
    supplied: bool
    algorithms: Mapping[tuple[str, str], Algorithm] = field(default_factory=dict)
    schema: str = ""
    parts: tuple[Asked, ...] = ()
    measured: set[str] = field(default_factory=set)

    @property
    def basis(self) -> str:
        """`actual` or `planned`: the arm that tables of the safety population count by."""
        return "actual" if self.study.treatment.basis is TreatmentBasis.ACTUAL else "planned"

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        return self.engine.execute(query).fetchall()

    def has(self, condition: str) -> bool:
        """Whether a condition on `emergent` or a query's single value is true."""
        return bool(self.engine.execute(f"SELECT {condition}").fetchall()[0][0])

    def source(self) -> frozenset[str]:
        """The variables of events that the data has; of a pool: that every study has."""
        if self.parts:
            return frozenset.intersection(*(part.source() for part in self.parts))
        return frozenset(self.data.datasets["ADAE" if self.supplied else "AE"].columns)

    def collected(self, *variables: str) -> list[str]:
        """Those of the variables of events that the trial ever fills, or could fill where it has no event at all; of a
        pool: that each study with events fills."""
        if self.parts:
            events = [
                part for part in self.parts if part.has(f"(SELECT count(*) FROM {part.schema}every_emergent) > 0")
            ]
            return [name for name in variables if all(part.collected(name) for part in events or self.parts)]
        source = self.source()
        nothing = self.has(f"(SELECT count(*) FROM {self.schema}every_emergent) = 0")
        mapped = bool(self.study.relatedness.related or self.study.relatedness.not_related)
        found = []
        for name in variables:
            there = ("AREL" in source or ("AEREL" in source and mapped)) if name == "related" else name in source
            if there and (nothing or self.has(f"(SELECT count({name}) FROM {self.schema}every_emergent) > 0")):
                found.append(name)
        return found


@dataclass
class Counted:
    """Answers in the making: the columns that a table prints, with their N."""

    sizes: Mapping[str, int]
    total: bool
    values: dict[Cell, float | int | None] = field(default_factory=dict)

    def columns(self, by_arm: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
        """Column, its count and its N."""
        for arm, size in self.sizes.items():
            yield arm, by_arm.get(arm, 0), size
        if self.total:
            yield TOTAL, sum(by_arm.values()), sum(self.sizes.values())

    def count(self, group: str, row: str, subjects: Mapping[str, int], events: Mapping[str, int] | None = None) -> None:
        """n and percent of a row, and events where they are counted."""
        for column, n, size in self.columns(subjects):
            self.values[group, row, column, "n"] = n
            self.values[group, row, column, "pct"] = 100 * n / size if size else None
        for column, n, _ in self.columns(events or {}) if events is not None else ():
            self.values[group, row, column, "events"] = n


def quote(value: str) -> str:
    """A value as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def start(asked: Asked, table: TableResult, condition: str, planned: bool = False) -> Counted:
    """The N of each arm in a population; `Not assigned` where somebody of it is on no arm."""
    arm = "planned_arm" if planned else "counted_arm"
    found = numbers_by_arm(
        asked, f"SELECT coalesce({arm}, '{NOT_ASSIGNED}'), count(*) FROM subject WHERE {condition} IS TRUE GROUP BY 1"
    )
    sizes = {item.name: found.get(item.name, 0) for item in asked.study.treatment.arms}
    if found.get(NOT_ASSIGNED):
        sizes[NOT_ASSIGNED] = found[NOT_ASSIGNED]
    counted = Counted(sizes, any(item.column == TOTAL for item in table.statistics))
    for column, n, _ in counted.columns(sizes):
        counted.values["", "", column, "N"] = n
    return counted


def numbers_by_arm(asked: Asked, query: str) -> dict[str, int]:
    """The rows of a query that gives an arm and a number."""
    return {str(arm): int(str(number)) for arm, number in asked.rows(query)}


def by_row(rows: Iterable[tuple[object, ...]], keys: int) -> dict[tuple[str, ...], list[dict[str, int]]]:
    """Rows of keys, arm, numbers: each number by arm, under its keys."""
    found: dict[tuple[str, ...], list[dict[str, int]]] = {}
    for row in rows:
        key, arm, numbers = tuple(map(str, row[:keys])), str(row[keys]), row[keys + 1 :]
        each = found.setdefault(key, [{} for _ in numbers])
        for by_arm, number in zip(each, numbers, strict=True):
            by_arm[arm] = int(str(number))
    return found


def terms(only: str) -> Callable[[Asked, TableResult], Answer]:
    """AET02 and its subsets: all events, SOCs, PTs within their SOC."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        condition, variables = SUBSETS[only]
        counted = start(asked, table, "safety")
        if variables and not asked.collected(*variables):
            return Answer(counted.values)
        rows = asked.rows(
            "SELECT CASE WHEN grouping(soc) = 1 THEN '' ELSE soc END, CASE WHEN grouping(pt) = 1 THEN '' ELSE pt END,"
            f" arm, count(DISTINCT USUBJID), count(*) FROM emergent WHERE {condition} IS TRUE"
            " GROUP BY GROUPING SETS ((arm), (soc, arm), (soc, pt, arm))"
        )
        found = by_row(rows, 2)
        with_events = table.parameters.get("events") == "true"
        found.setdefault(("", ""), [{}, {}])
        common = {key for key, (n, _) in found.items() if key[1] and reaches(table, counted, n)}
        kept = {("", ""), *common, *((soc, "") for soc, _ in common)}
        for (soc, pt), (n, events) in found.items():
            if (soc, pt) not in kept:
                continue
            counted.count(soc, pt, n, events if with_events else None)
        return Answer(counted.values)

    return answer


def reaches(table: TableResult, counted: Counted, subjects: Mapping[str, int]) -> bool:
    """Whether the subjects of any arm are as many as the output's threshold wants, which may be none."""
    share = Decimal(table.parameters.get("at_least", "0"))
    return any(n and 100 * n >= share * counted.sizes.get(arm, 0) for arm, n in subjects.items())


def overview(asked: Asked, table: TableResult) -> Answer:
    """AET01: each line is a condition; a line whose variable was not collected has no answer."""
    counted = start(asked, table, "safety")
    for (group, row), condition in _overview_lines(asked):
        found = by_row(
            asked.rows(
                f"SELECT 1, arm, count(DISTINCT USUBJID) FROM emergent WHERE ({condition}) IS TRUE GROUP BY arm"
            ),
            1,
        )
        counted.count(group, row, found.get(("1",), [{}])[0])
    for (group, row), n in _worst_lines(asked):
        counted.count(group, row, n)
    return Answer(counted.values)


def _overview_lines(asked: Asked) -> Iterator[tuple[tuple[str, str], str]]:
    serious, related = bool(asked.collected("AESER")), bool(asked.collected("related"))
    fatal = [FATALITIES[name] for name in asked.collected("AEOUT", "AESDTH")]
    yield ("TEAE", ""), "true"
    if related:
        yield ("Related TEAE", ""), "related"
    if serious:
        yield ("Serious TEAE", ""), "AESER = 'Y'"
        any_serious = asked.has("(SELECT count(*) FROM every_emergent WHERE AESER = 'Y') > 0")
        source = asked.source()
        for name in SERIOUSNESS:
            if name in source and (asked.collected(name) or not any_serious):
                yield ("Serious TEAE", name), f"AESER = 'Y' AND {name} = 'Y'"
    if serious and related:
        yield ("Related serious TEAE", ""), "AESER = 'Y' AND related"
    if fatal:
        yield ("TEAE leading to death", ""), f"({' OR '.join(fatal)})"
        if related:
            yield ("Related TEAE leading to death", ""), f"({' OR '.join(fatal)}) AND related"
    if asked.collected("AEACN"):
        yield ("TEAE leading to withdrawal of study treatment", ""), "AEACN = 'DRUG WITHDRAWN'"
        group = "Action taken with study treatment"
        for (value,) in asked.rows("SELECT DISTINCT AEACN FROM emergent WHERE AEACN IS NOT NULL"):
            yield (group, str(value)), "AEACN = '" + str(value).replace("'", "''") + "'"
        if asked.has("(SELECT count(*) FROM emergent WHERE AEACN IS NULL) > 0"):
            yield (group, "Not reported"), "AEACN IS NULL"


FATALITIES = {"AEOUT": "AEOUT = 'FATAL'", "AESDTH": "AESDTH = 'Y'"}


def _worst_lines(asked: Asked) -> Iterator[tuple[tuple[str, str], dict[str, int]]]:
    """Each subject once, at the worst severity; the grades where no severity was collected."""
    if asked.collected("AESEV"):
        variable, scale = "AESEV", SEVERITIES
    elif asked.collected("AETOXGR"):
        variable, scale = "AETOXGR", GRADES
    else:
        return
    group = "By maximum severity"
    found = _worst(asked, variable, scale, "''", "''")
    for value in (*scale, NOT_REPORTED):
        yield (group, value), found.get(("", "", value), [{}])[0]


GRADES: tuple[str, ...] = ("1", "2", "3", "4", "5")
NOT_REPORTED = "Not reported"


def _worst(
    asked: Asked, variable: str, scale: tuple[str, ...], soc: str, pt: str, missing: str = "NULL"
) -> dict[tuple[str, ...], list[dict[str, int]]]:
    """Subjects by SOC, PT and worst value of a scale. Both scales are in the order of their text. `missing`: what an
    event without a value counts as."""
    values = ", ".join(f"'{value}'" for value in scale)
    return by_row(
        asked.rows(
            f"SELECT soc, pt, coalesce(worst, '{NOT_REPORTED}'), arm, count(*) FROM ("
            f"SELECT {soc} AS soc, {pt} AS pt, arm, USUBJID,"
            f" max(CASE WHEN {variable} IN ({values}) THEN {variable} ELSE {missing} END) AS worst"
            " FROM emergent GROUP BY ALL) GROUP BY ALL"
        ),
        3,
    )


def worst_of_terms(
    variable: str, scale: tuple[str, ...], words: Callable[[str], str], missing: str = "NULL"
) -> Callable[..., Answer]:
    """AET03, AET03_WORST, AET04: all events, SOCs, PTs; below each the subjects at their worst there."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        counted = start(asked, table, "safety")
        if not asked.collected(variable) or not asked.has("(SELECT count(*) FROM emergent) > 0"):
            return Answer(counted.values)
        rows = asked.rows("SELECT soc, pt, arm, count(DISTINCT USUBJID) FROM emergent GROUP BY ALL")
        common = {key for key, (n,) in by_row(rows, 2).items() if reaches(table, counted, n)}
        kept = {("", ""), *common, *((soc, "") for soc, _ in common)}
        for soc, pt in (("''", "''"), ("soc", "''"), ("soc", "pt")):
            lines: dict[tuple[str, str], dict[str, int]] = {}
            for (soc_name, pt_name, value), (n,) in _worst(asked, variable, scale, soc, pt, missing).items():
                if (soc_name, pt_name) not in kept:
                    continue
                said = value if value == NOT_REPORTED else words(value)
                counted.count(soc_name, f"{pt_name}: {said}" if pt_name else said, n)
                together = lines.setdefault((soc_name, pt_name), {})
                for arm, number in n.items():
                    together[arm] = together.get(arm, 0) + number
            for (soc_name, pt_name), n in lines.items():
                counted.count(soc_name, pt_name, n)
        return Answer(counted.values)

    return answer


def common(asked: Asked, table: TableResult) -> Answer:
    """AET10: PTs that a share of any arm had, SOC aside."""
    counted = start(asked, table, "safety")
    with_events = table.parameters.get("events") == "true"
    found = by_row(asked.rows("SELECT pt, arm, count(DISTINCT USUBJID), count(*) FROM emergent GROUP BY ALL"), 1)
    for (pt,), (n, events) in found.items():
        if reaches(table, counted, n):
            counted.count("", pt, n, events if with_events else None)
    return Answer(counted.values)


def rates(every: bool) -> Callable[[Asked, TableResult], Answer]:
    """AET05: subjects over the time to their first event; AET05_ALL: events over the whole time."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        counted = start(asked, table, "safety")
        followed = "coalesce(greatest(FUPDUR + date_diff('day', REFDT, TRTSDT), 0), 0)"
        days = numbers_by_arm(
            asked, f"SELECT counted_arm, sum({followed})::BIGINT FROM subject WHERE safety GROUP BY 1"
        )
        at = f"least(greatest(coalesce(date_diff('day', REFDT, start_day), 0) + 1, 1), {followed})"
        for pt in ("''", "pt"):
            found = by_row(
                asked.rows(
                    "SELECT pt, arm, count(*), sum(events)::BIGINT, sum(after)::BIGINT FROM ("
                    f"SELECT {pt} AS pt, arm, USUBJID, count(*) AS events, any_value({followed}) - min({at}) AS after"
                    f" FROM emergent WHERE {followed} > 0 GROUP BY ALL) GROUP BY ALL"
                ),
                1,
            )
            if pt == "''":
                found.setdefault(("",), [{}, {}, {}])
            for (name,), (subjects, events, after) in found.items():
                if name and not reaches(table, counted, subjects):
                    continue
                lost = {} if every else after
                time = {arm: number - lost.get(arm, 0) for arm, number in days.items()}
                _rate(counted, name, events if every else subjects, time, "events" if every else "n")
        return Answer(counted.values)

    return answer


def _rate(counted: Counted, row: str, counts: Mapping[str, int], days: Mapping[str, int], name: str) -> None:
    time = {column: number for column, number, _ in counted.columns(days)}
    for column, n, _ in counted.columns(counts):
        years = time[column] / float(YEAR)
        counted.values["", row, column, name] = n
        counted.values["", row, column, "person_years"] = years
        counted.values["", row, column, "rate"] = 100 * n / years if years else None
