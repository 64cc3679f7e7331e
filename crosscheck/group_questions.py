"""Questions on lists of terms and on subgroups: the lists as a table of terms, joined by SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from crosscheck.questions import SUBSETS, Asked, Counted, by_row, numbers_by_arm, overview, quote, start
from longwatch.standards.event_groups import AESI, EventGroups
from longwatch.study import AesiSpec
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

_SCHEMA = dict.fromkeys(("kind", "id", "name", "organ_system", "scope", "term"), pl.String)
Row = tuple[str, str, str, str, str, str]


def read_lists(asked: Asked, groups: EventGroups) -> None:
    """The table `listed`: a row per list, scope (narrow, broad, SOC, and a letter for each category) and term. AESIs
    are put together here, by what the study file says of them; `listed_window` has the days of those with a window."""
    lists = [group for group in groups.groups if group.kind != AESI]
    rows: list[Row] = []
    for group in lists:
        head = (group.kind, group.id, group.name, group.organ_system)
        rows += [(*head, "narrow", term) for term in group.narrow]
        rows += [(*head, "broad", term) for term in (*group.narrow, *group.broad)]
        rows += [(*head, letter, term) for letter, terms in group.categories.items() for term in terms]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    for spec in asked.study.aesi:
        frame = pl.concat([frame, _of_interest(spec, frame)])
    asked.engine.register("listed_in_memory", frame.to_arrow())
    asked.engine.execute("CREATE TABLE listed AS SELECT * FROM listed_in_memory")
    windows = [
        (spec.name, spec.window.after == "first_infusion", *spec.window.days)
        for spec in asked.study.aesi
        if spec.window is not None
    ]
    asked.engine.execute("CREATE TABLE listed_window (name VARCHAR, of_first BOOLEAN, low INT, high INT)")
    if windows:
        asked.engine.executemany("INSERT INTO listed_window VALUES (?, ?, ?, ?)", windows)
    asked.algorithms = {(group.kind, group.name): group.algorithm for group in lists if group.algorithm}


def _of_interest(spec: AesiSpec, lists: pl.DataFrame) -> pl.DataFrame:
    names = [name.upper() for name in spec.groups]
    is_named = pl.col("name").str.to_uppercase().is_in(names) | pl.col("id").str.to_uppercase().is_in(names)
    terms = lists.filter(is_named, pl.col("kind") != AESI, pl.col("scope") == spec.scope)["term"].to_list()
    rows = [(scope, term.upper()) for term in (*terms, *spec.terms) for scope in ("narrow", "broad")]
    rows += [("SOC", soc.upper()) for soc in spec.socs]
    return pl.DataFrame([(AESI, spec.name, spec.name, "", *row) for row in rows], schema=_SCHEMA, orient="row")


def by_list(kind: str, only: str, scopes: tuple[str, ...]) -> Callable[[Asked, TableResult], Answer]:
    """AET02_OCMQ and its like: all events, each list in each scope, events in no list."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        condition, variables = SUBSETS[only]
        counted = start(asked, table, "safety")
        known = asked.has(f"(SELECT count(*) FROM listed WHERE kind = '{kind}') > 0")
        if not known or (variables and not asked.collected(*variables)):
            return Answer(counted.values)
        with_events = table.parameters["events"] == "true"
        chosen = f"FROM emergent WHERE {condition} IS TRUE"
        numbers = "arm, count(DISTINCT USUBJID), count(*)"

        def count(query: str, group: str = "", row: str = "", empty: bool = False) -> None:
            found = by_row(asked.rows(query), 1)
            n, events = found.get(("1",), [{}, {}])
            if n or empty:
                counted.count(group, row, n, events if with_events else None)

        count(f"SELECT 1, {numbers} {chosen} GROUP BY ALL", empty=True)
        lists = asked.rows(
            "SELECT name, organ_system, count(*) FILTER (scope = 'broad') > count(*) FILTER (scope = 'narrow')"
            f" FROM listed WHERE kind = '{kind}' GROUP BY ALL"
        )
        for name, organ_system, has_broad in lists:
            for scope in scopes:
                if scope == "broad" and not has_broad:
                    continue
                terms = (
                    f"SELECT term FROM listed WHERE kind = '{kind}' AND name = {quote(str(name))} AND scope = '{scope}'"
                )
                query = f"SELECT 1, {numbers} {chosen} AND upper(pt) IN ({terms}) GROUP BY ALL"
                count(query, str(organ_system), f"{name} ({scope})")
            _count_by_algorithm(asked, counted, kind, str(name), str(organ_system), scopes)
        widest = scopes[-1]
        outside = f"upper(pt) NOT IN (SELECT term FROM listed WHERE kind = '{kind}' AND scope = '{widest}')"
        title = f"In no {kind} ({widest})"
        count(f"SELECT 1, {numbers} {chosen} AND {outside} GROUP BY ALL", title)
        rows = by_row(asked.rows(f"SELECT pt, {numbers} {chosen} AND {outside} GROUP BY ALL"), 1)
        for (pt,), (n, events) in rows.items():
            counted.count(title, pt, n, events if with_events else None)
        return Answer(counted.values)

    return answer


def _count_by_algorithm(
    asked: Asked, counted: Counted, kind: str, name: str, organ_system: str, scopes: tuple[str, ...]
) -> None:
    algorithm = asked.algorithms.get((kind, name))
    if algorithm is None or len(scopes) < 2:
        return
    met = algorithm.fold(
        lambda letter: f"bool_or(scope = '{letter}')", lambda operator, parts: f"({f' {operator} '.join(parts)})"
    )
    of_list = f"listed WHERE kind = '{kind}' AND name = {quote(name)} AND length(scope) = 1"
    joined = f"emergent e JOIN (SELECT scope, term FROM {of_list}) l ON upper(e.pt) = l.term"
    if not asked.has(f"(SELECT count(*) FROM {joined}) > 0"):
        return
    subjects = f"SELECT arm, USUBJID FROM {joined} GROUP BY ALL HAVING {met}"
    counted.count(
        organ_system, f"{name} (algorithm)", numbers_by_arm(asked, f"SELECT arm, count(*) FROM ({subjects}) GROUP BY 1")
    )


def without_terms(question: Callable[[Asked, TableResult], Answer]) -> Callable[[Asked, TableResult], Answer]:
    """AEFG01, AEFG_OCMQ: the lines of SOCs, or of lists, alone; none where nothing is compared."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        found = question(asked, replace(table, parameters={**table.parameters, "events": "false"}))
        compared = any(item.statistic == "risk_difference" for item in table.statistics)
        of_lists = table.code != "AEFG01"
        return Answer(
            {
                (group, row, column, name): value
                for (group, row, column, name), value in found.values.items()
                if (name == "N" and not group) or (compared and (row.endswith(")") if of_lists else group and not row))
            }
        )

    return answer


def of_interest(asked: Asked, table: TableResult) -> Answer:
    """AESI01: the overview of the events of one AESI, subjects with several, outcomes, PTs."""
    if not asked.study.aesi_of_events:
        return Answer(start(asked, table, "safety").values)
    answer = overview(asked, table)
    counted = start(asked, table, "safety")
    several = "SELECT arm, USUBJID FROM emergent GROUP BY ALL HAVING count(*) > 1"
    counted.count(
        "More than one such TEAE", "", numbers_by_arm(asked, f"SELECT arm, count(*) FROM ({several}) GROUP BY 1")
    )
    parts = {"By preferred term": "pt"}
    if asked.collected("AEOUT"):
        parts["By outcome"] = "coalesce(AEOUT, 'Not reported')"
    for group, value in parts.items():
        rows = asked.rows(f"SELECT {value}, arm, count(DISTINCT USUBJID) FROM emergent GROUP BY ALL")
        for (row,), (n,) in by_row(rows, 1).items():
            counted.count(group, row, n)
    return Answer({**answer.values, **counted.values})


BLOCKS = {
    "": "TEAE",
    "serious": "Serious TEAE",
    "fatal": "TEAE leading to death",
    "withdrawn": "TEAE leading to withdrawal of study treatment",
}


def by_subgroup(*kinds: str) -> Callable[[Asked, TableResult], Answer]:
    """AET01_SG and its like: subjects with an event of a kind, of all and of each subgroup with its own N."""

    def answer(asked: Asked, table: TableResult) -> Answer:
        counted = start(asked, table, "safety")
        known = {str(name) for name, *_ in asked.rows("DESCRIBE subject")}
        wanted = asked.study.subgroups
        if table.code.startswith(AESI) and not asked.study.aesi_of_events:
            return Answer(counted.values)
        for kind in kinds:
            condition, variables = SUBSETS[kind]
            if variables and not asked.collected(*variables):
                continue
            had = f"USUBJID IN (SELECT USUBJID FROM emergent WHERE {condition} IS TRUE)"
            every = f"SELECT counted_arm, count(*) FROM subject WHERE safety AND {had} GROUP BY 1"
            counted.count(BLOCKS[kind], "", numbers_by_arm(asked, every))
            for variable in wanted:
                if variable in known and asked.has(f'(SELECT count("{variable}") FROM every_subject) > 0'):
                    _count_values(asked, counted, BLOCKS[kind], variable, had)
        unknown = {variable for variable in wanted if variable not in known}
        missing = {
            item.row_group for item in table.statistics if item.row.split(":")[0] in unknown and item.text != "NA"
        }
        return Answer(counted.values, frozenset(missing))

    return answer


def _count_values(asked: Asked, counted: Counted, block: str, variable: str, had: str) -> None:
    rows = asked.rows(
        f"SELECT coalesce(\"{variable}\"::VARCHAR, 'Missing'), counted_arm, count(*), count(*) FILTER ({had})"
        " FROM subject WHERE safety GROUP BY ALL"
    )
    for (value,), (sizes, n) in by_row(rows, 1).items():
        row = f"{variable}: {value}"
        within = dict(zip((column for column, *_ in counted.columns(sizes)), counted.columns(sizes), strict=True))
        for column, subjects, _ in counted.columns(n):
            size = within[column][1]
            counted.values[block, row, column, "N"] = size
            counted.values[block, row, column, "n"] = subjects
            counted.values[block, row, column, "pct"] = 100 * subjects / size if size else None
