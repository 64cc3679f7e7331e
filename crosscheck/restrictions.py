"""A restricted output, in SQL: views of the subjects and events that it is made of.

Whatever is made of the whole trial has a name that begins with `every_`, and a row per subject or of one; without that
word it is a view of the subjects that the output is made of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from crosscheck.questions import quote
from longwatch.tables.result import Restriction

SUBSETS = {
    "serious": "AESER = 'Y'",
    "withdrawn": "AEACN = 'DRUG WITHDRAWN'",
    "fatal": "(AEOUT = 'FATAL' OR AESDTH = 'Y')",
    "related": "related",
}
SCALES = {"AETOXGR": "'12345'", "AESEV": "'MILDMODERATESEVERE'"}
"""By variable, its values one after the other: a value is worse the later it stands."""
LISTS = ("AESI", "OCMQ", "SMQ", "CQ")
EVENT_COLUMNS = {"AEBODSYS": "soc", "AEDECOD": "pt"}
RELATED = {"RELATED": "related IS TRUE", "NOT RELATED": "related IS FALSE", "": "related IS NULL"}
EVENTS = frozenset({"emergent", "started"})
"""What has a row per adverse event, with the same variables of it."""
_CONDITION = re.compile(r"([A-Z][A-Z0-9_]*)\s*(>=|<=|=|>|<)\s*(.*)", re.DOTALL)


def look_at(engine: duckdb.DuckDBPyConnection, restrictions: Sequence[Restriction]) -> bool:
    """Make the views. False where a variable is not among those that are computed again: then nothing is answered."""
    known = {table: _columns(engine, table) for table in ("every_subject", "every_emergent")} if restrictions else {}
    where: dict[str, list[str]] = {"subjects": [], "events": []}
    for item in restrictions:
        kind = "subjects" if item.subjects else "events"
        condition = _condition(item.asked, kind, known["every_subject" if item.subjects else "every_emergent"])
        if not condition:
            return False
        where[kind].append(f"({condition}) IS TRUE")
    subjects, events = (" AND ".join(where[kind]) or "true" for kind in ("subjects", "events"))
    engine.execute(f"CREATE OR REPLACE VIEW subject AS SELECT * FROM every_subject WHERE {subjects}")
    for name in _made(engine) & EVENTS:
        engine.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT e.* FROM every_{name} e"
            f" SEMI JOIN subject USING (USUBJID) WHERE {events}"
        )
    look_through(engine)
    return True


def look_through(engine: duckdb.DuckDBPyConnection) -> None:
    """A view of everything else that is made of the whole trial, of the subjects that `subject` holds when it is asked;
    so it is made once."""
    views = {str(name) for (name,) in engine.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    for name in _made(engine) - EVENTS - {"subject"} - views:
        engine.execute(f"CREATE VIEW {name} AS SELECT e.* FROM every_{name} e SEMI JOIN subject USING (USUBJID)")


def _made(engine: duckdb.DuckDBPyConnection) -> set[str]:
    """What there is of the whole trial."""
    found = engine.execute(
        "SELECT table_name[7:] FROM information_schema.tables"
        " WHERE table_schema = current_schema() AND starts_with(table_name, 'every_')"
    )
    return {str(name) for (name,) in found.fetchall()}


def _columns(engine: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {str(name): str(kind) for name, kind, *_ in engine.execute(f"DESCRIBE {table}").fetchall()}


def _condition(asked: str, kind: str, columns: dict[str, str]) -> str:
    if asked in SUBSETS:
        return SUBSETS[asked]
    found = _CONDITION.fullmatch(asked)
    if found is None:
        return ""
    variable, sign, text = found[1], found[2], found[3].strip()
    if kind == "events" and variable in LISTS and sign == "=":
        name = text.removesuffix("(broad)").rstrip()
        scope = "narrow" if name == text else "broad"
        of_list = f"FROM listed WHERE kind = '{variable}' AND {quote(name.upper())} IN (upper(name), upper(id))"
        chosen = (
            f"(upper(pt) IN (SELECT term {of_list} AND scope = '{scope}')"
            f" OR upper(soc) IN (SELECT term {of_list} AND scope = 'SOC'))"
        )
        if variable != "AESI" or "since_last" not in columns:
            return chosen
        since = "CASE WHEN w.of_first THEN since_first ELSE since_last END"
        return (
            f"{chosen} AND NOT EXISTS (FROM listed_window w WHERE upper(w.name) = {quote(name.upper())}"
            f" AND ({since} BETWEEN w.low AND w.high) IS NOT TRUE)"
        )
    if kind == "events" and variable == "AREL":
        values = [RELATED.get(value, "") for value in _values(text)] if sign == "=" else [""]
        return " OR ".join(values) if all(values) else ""
    column = EVENT_COLUMNS.get(variable, variable) if kind == "events" else variable
    if column not in columns:
        return ""
    if kind == "events" and sign != "=":
        order = SCALES[variable]
        return f"contains({order}, {column}) AND strpos({order}, {column}) {sign} strpos({order}, {quote(text)})"
    if columns[column] != "VARCHAR" and text:
        return f'"{column}" {sign} {text}'
    return " OR ".join(f'"{column}" = {quote(value)}' if value else f'"{column}" IS NULL' for value in _values(text))


def _values(text: str) -> list[str]:
    """Values parted by a bar; a doubled bar is one within a value."""
    return [part.strip().replace("||", "|") for part in re.split(r"(?<!\|)\|(?!\|)", text)]
