"""A database as a source: opened once, read in one transaction that sees one state and cannot write."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    literal_column,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from models.engine import POSTGRES
from models.source_refusals import not_readable, refusals_in_words, too_slow, unreachable

ROWS_AT_ONCE = 5_000
# As SQLAlchemy finds parameters in a text; a query of a study file has none.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_ISOLATIONS = ("REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE")

_POSTGRES_TYPES = {
    "bool": "boolean", "int2": "integer", "int4": "integer", "int8": "integer", "numeric": "decimal",
    "float4": "double", "float8": "double", "date": "date", "time": "time", "timestamp": "datetime",
    "timestamptz": "datetime",
}  # fmt: skip


class SourceRows:
    """An answer, fetched piece by piece from the server."""

    def __init__(self, connection: Connection, statement: Any, where: str, deadline: float) -> None:
        self._where = where
        self._deadline = deadline
        self._result = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE).execute(statement)
        postgres = connection.dialect.name == "postgresql"
        described = self._result.cursor.description if self._result.cursor else ()
        self.columns: Sequence[tuple[str, str | None]] = [
            (str(column[0]), _postgres_type(int(str(column[1]))) if postgres else None) for column in described
        ]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for rows in self._result.partitions(ROWS_AT_ONCE):
            if time.monotonic() > self._deadline:
                raise too_slow(self._where)
            yield from rows

    def close(self) -> None:
        """Give the cursor back."""
        self._result.close()


class SourceDatabase:
    """An open database. `note`: what is to be told where its kind cannot promise one state; else empty."""

    def __init__(self, connection: Connection, seconds: float, note: str) -> None:
        self._connection = connection
        self._seconds = seconds
        self.note = note

    @contextmanager
    def table(self, name: str, where: str) -> Iterator[SourceRows]:
        """All rows of `table` or `schema.table`, written as the database stores the name."""
        schema, _, bare = name.rpartition(".")
        statement: Any = select(literal_column("*")).select_from(table(bare, schema=schema or None))
        with self._answer(statement, where) as rows:
            yield rows

    @contextmanager
    def query(self, sql: str, where: str) -> Iterator[SourceRows]:
        """The rows of one query."""
        with self._answer(text(_PARAMETER.sub(r"\\:\1", sql.strip().rstrip(";"))), where) as rows:
            yield rows

    @contextmanager
    def _answer(self, statement: Any, where: str) -> Iterator[SourceRows]:
        deadline = time.monotonic() + self._seconds
        with refusals_in_words(where), _sqlite_deadline(self._connection, deadline):
            rows = SourceRows(self._connection, statement, where, deadline)
            try:
                yield rows
            finally:
                rows.close()


@contextmanager
def open_source_database(
    url: str, password: str | None, base: Path, connect_seconds: float, statement_seconds: float
) -> Iterator[SourceDatabase]:
    """Open the database of a URL to read. `base`: the folder that a relative SQLite path starts from.

    Cases: PostgreSQL: read only, REPEATABLE READ, instants in UTC. SQLite: the file opened read only. Another kind
    whose driver is installed: the strictest of REPEATABLE READ, SNAPSHOT and SERIALIZABLE that it offers.

    Raises SourceError: LW-SRC-120 (it cannot be reached), LW-SRC-121 (not a database that can be read here),
    LW-SRC-122 (it refuses this user), LW-SRC-123 (no such database); inside, those of `models.source_refusals`. The
    original is never chained: it may repeat a row or the URL.
    """
    parsed, engine = _engine(url, password, base, connect_seconds)
    where = parsed.set(query={}).render_as_string(hide_password=True)
    try:
        connection = _connected(engine, where)
        try:
            with refusals_in_words(where):
                note = _begin(connection, statement_seconds)
            yield SourceDatabase(connection, statement_seconds, note)
        finally:
            connection.close()
    finally:
        engine.dispose()


def _engine(url: str, password: str | None, base: Path, seconds: float) -> tuple[URL, Engine]:
    try:
        parsed = make_url(url)
        if parsed.drivername in POSTGRES:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if password is not None:
            parsed = parsed.set(password=password)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return parsed, _sqlite_engine(parsed, base, seconds)
        arguments: dict[str, Any] = {}
        if parsed.drivername == "postgresql+psycopg":
            arguments = {"connect_timeout": max(2, round(seconds)), "application_name": "longwatch"}
            arguments["client_encoding"] = "utf8"
        return parsed, create_engine(parsed, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise not_readable(url.partition("://")[0], "no such kind of database") from None
    except ImportError as missing:
        raise not_readable(url.partition("://")[0], f"its driver {missing.name or ''} is not installed") from None


def _sqlite_engine(url: URL, base: Path, seconds: float) -> Engine:
    """The file read only: SQLite would make a missing one."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise not_readable("sqlite", "no file is named")
    path = (base / url.database).resolve()
    if not path.is_file():
        raise unreachable(str(path), "there is no such file")

    def opened() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=seconds, isolation_level=None, check_same_thread=False
        )

    engine = create_engine("sqlite://", creator=opened, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _connected(engine: Engine, where: str) -> Connection:
    with refusals_in_words(where, connecting=True):
        return engine.connect()


def _begin(connection: Connection, seconds: float) -> str:
    """Begin the one transaction; what is to be told of it."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
        return ""
    if connection.dialect.name == "sqlite":
        # The first read fixes what the transaction sees.
        connection.execute(text("SELECT count(*) FROM sqlite_master"))
        return ""
    try:
        offered = connection.dialect.get_isolation_level_values(connection.connection.dbapi_connection)  # type: ignore[arg-type]
    except NotImplementedError:
        offered = ()
    chosen = next((level for level in _ISOLATIONS if level in offered), None)
    if chosen is None:
        return "this kind of database cannot promise one state over several tables"
    connection.execution_options(isolation_level=chosen)
    return ""


@contextmanager
def _sqlite_deadline(connection: Connection, deadline: float) -> Iterator[None]:
    """SQLite has no time-out of statements: it asks now and then whether to go on."""
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _postgres_type(oid: int) -> str:
    from psycopg import adapters

    known = adapters.types.get(oid)
    return _POSTGRES_TYPES.get(known.name, "string") if known else "string"
