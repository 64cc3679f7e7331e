"""The second opinion on a pool: each study's subjects and events by SQL of its own study file, then all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb

from crosscheck.catalogue import FROM_SDTM_ONLY, QUESTIONS
from crosscheck.group_questions import read_lists
from crosscheck.questions import Asked, quote
from crosscheck.restrictions import look_at
from crosscheck.second_opinion import intervention_of, open_engine, prepare
from crosscheck.window_questions import add_windows, asks_for_windows
from longwatch.standards.event_groups import EventGroups
from longwatch.study import Study
from longwatch.tables.opinion import Answer, AskedStudy, Cell, Opinion, compare_all
from longwatch.tables.result import Restriction, TableResult

POOL = "pool "


def ask_pooled_opinion(
    tables: Sequence[TableResult], parts: Sequence[AskedStudy], study: Study, groups: EventGroups, per_study: bool
) -> tuple[Opinion, ...]:
    """The opinion on each output of a pool. `study`: the one that stands for all; `per_study`: whether a subject of two
    studies is counted in each."""
    with open_engine() as engine:
        windows = asks_for_windows(tables)
        asked = [
            _prepare(engine, part, f"part_{number}", per_study, windows) for number, part in enumerate(parts, start=1)
        ]
        engine.execute("USE memory.main")
        for name in ("subject", "emergent"):
            union = " UNION ALL BY NAME ".join(f"SELECT * FROM {each.schema}pooled_{name}" for each in asked)
            engine.execute(f"CREATE TABLE every_{name} AS {union}")
        whole = Asked(engine, study, parts[0].data, supplied=False, parts=tuple(asked))
        read_lists(whole, groups)
        return compare_all(tables, (_answer(table, whole, [part.study.id for part in parts]) for table in tables))


def _prepare(engine: duckdb.DuckDBPyConnection, part: AskedStudy, schema: str, per_study: bool, windows: bool) -> Asked:
    engine.execute(f"CREATE SCHEMA {schema}")
    engine.execute(f"USE memory.{schema}")
    asked = replace(prepare(engine, part.data, part.study, part.cutoff), schema=f"{schema}.")
    if windows:
        add_windows(asked, intervention_of(part.study, part.data))
    cases = " ".join(f"WHEN {quote(own)} THEN {quote(pool)}" for own, pool in part.headings.items())
    to_pool = "CASE {0} " + cases + " WHEN 'Not assigned' THEN 'Not assigned' END"
    name = f"{quote(part.study.id + ': ')} || USUBJID" if per_study else "USUBJID"
    arms = ", ".join(f"{to_pool.format(arm)} AS {arm}" for arm in ("planned_arm", "actual_arm", "counted_arm"))
    own = f"{name} AS USUBJID, {quote(part.study.id)} AS STUDYID"
    columns = {str(column) for column, *_ in asked.rows("DESCRIBE every_subject")}
    without = ", ".join(sorted({"USUBJID", "planned_arm", "actual_arm", "counted_arm", "STUDYID"} & columns))
    engine.execute(
        f"CREATE TABLE pooled_subject AS SELECT * FROM (SELECT * EXCLUDE ({without}), {arms}, {own} FROM every_subject)"
        " WHERE planned_arm IS NOT NULL OR actual_arm IS NOT NULL"
    )
    engine.execute(
        f"CREATE TABLE pooled_emergent AS SELECT e.* EXCLUDE (USUBJID, arm), s.counted_arm AS arm, s.USUBJID, s.STUDYID"
        f" FROM (SELECT *, {name} AS own FROM every_emergent) e JOIN pooled_subject s ON e.own = s.USUBJID"
    )
    return asked


def _answer(table: TableResult, asked: Asked, studies: Sequence[str]) -> Answer | None:
    supplied = any(part.supplied for part in asked.parts)
    question = None if supplied and table.code in FROM_SDTM_ONLY else QUESTIONS.get(table.code)
    restrictions = tuple(item for item in table.restrictions if not item.asked.startswith(POOL))
    if question is None or not look_at(asked.engine, restrictions):
        return None
    pooled = question(asked, table)
    values = dict(pooled.values)
    for study in studies:
        if not any(item.column.endswith(f", {study}") for item in table.statistics):
            continue
        inside = Restriction(f"STUDYID={study}", study, subjects="STUDYID")
        if not look_at(asked.engine, (*restrictions, inside)):
            return None
        values.update(_of_study(question(asked, _alone(table)), pooled, study, asked))
    return Answer(values, pooled.not_computed)


def _alone(table: TableResult) -> TableResult:
    """What a question is told of the output of one study: every term, no Total."""
    parameters = {name: value for name, value in table.parameters.items() if name != "at_least"}
    return replace(
        table,
        parameters={**parameters, **({"at_least": "0"} if "at_least" in table.parameters else {})},
        statistics=tuple(item for item in table.statistics if item.column != "Total"),
    )


def _of_study(answer: Answer, pooled: Answer, study: str, asked: Asked) -> Iterator[tuple[Cell, float | int | None]]:
    """The answers of one study under its columns; what it has no row for is zero of its N."""
    sizes = {column: value for (group, row, column, name), value in answer.values.items()
             if name == "N" and not (group or row)}  # fmt: skip
    for group, row, column, name in pooled.values:
        if column not in sizes:
            continue
        cell = (group, row, column, name)
        if cell in answer.values:
            value = answer.values[cell]
        elif name == "pct":
            value = 0.0 if sizes[column] and (group, row, column, "N") not in pooled.values else None
        elif name in ("n", "N", "events"):
            value = 0
        else:
            continue
        yield (group, row, f"{column}, {study}", name), value
