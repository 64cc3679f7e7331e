"""One transaction on one connection, opened by the first statement that needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Row, Select, Table, text

from models.engine import CHANGES, place_of
from models.refusals import in_our_words

STREAM_ROWS = 5_000

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Work:
    """The statements of one transaction.

    Reading alone takes no lock that a writer waits for. On SQLite the first change after reads ends the reading
    transaction and begins a writing one, so what was read before may have changed since: the same as READ COMMITTED on
    PostgreSQL. Correctness rests on unique constraints, conditional updates and row locks, not on earlier reads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._changes = False
        self.place = place_of(engine.url)

    @property
    def is_postgres(self) -> bool:
        """Whether the database is PostgreSQL (else SQLite)."""
        return self._engine.dialect.name == "postgresql"

    def hold_still(self) -> None:
        """The first statement: reads see one moment (SQLite's always do; PostgreSQL's do in REPEATABLE READ)."""
        if self.is_postgres:
            with in_our_words(self.place):
                self._open(changes=False).execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    def read(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """All rows of a query."""
        with in_our_words(self.place):
            return self._open(changes=False).execute(statement, parameters).all()

    def stream(self, statement: Select[Any]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query as they come, a batch at a time: for more than memory should hold. Values are as the
        driver gives them, without conversion; on SQLite by the driver's own cursor, which takes half the time."""
        dialect = self._engine.dialect
        with in_our_words(self.place, dialect.loaded_dbapi.Error):
            connection = self._open(changes=False)
            if not self.is_postgres:
                text_of = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
                # Begins the transaction where none is open yet.
                connection.exec_driver_sql("SELECT 1")
                driver: Any = connection.connection.driver_connection
                with closing(driver.cursor()) as cursor:
                    cursor.execute(text_of)
                    while rows := cursor.fetchmany(STREAM_ROWS):
                        yield from rows
                return
            result = connection.execute(statement.execution_options(stream_results=True, yield_per=STREAM_ROWS))
            for batch in result.partitions():
                yield from map(tuple, batch)

    def lock(self, statement: Executable) -> Sequence[Row[Any]]:
        """All rows of a query that other writers now wait for (SQLite: the whole database is held)."""
        with in_our_words(self.place):
            return self._open(changes=True).execute(statement).all()

    def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Carry out a statement; how many rows it changed."""
        with in_our_words(self.place):
            # SQLAlchemy otherwise forgets the count of an INSERT that it gave a RETURNING of its own.
            counted = {"preserve_rowcount": True}
            return self._open(changes=True).execute(statement, parameters, execution_options=counted).rowcount

    def add_if_absent(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Add a row unless one of its key is there; whether it was added. Waits for whoever is adding it right now."""
        statement: Any
        if self.is_postgres:
            from sqlalchemy.dialects import postgresql

            statement = postgresql.insert(table).on_conflict_do_nothing()
        else:
            from sqlalchemy.dialects import sqlite

            statement = sqlite.insert(table).on_conflict_do_nothing()
        return self.change(statement, values) == 1

    def load(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Add many rows, values in the order of `columns`: COPY on PostgreSQL, one prepared statement on SQLite."""
        if not rows:
            return
        dialect = self._engine.dialect
        names = ", ".join(dialect.identifier_preparer.quote(name) for name in columns)
        converters = {
            index: convert
            for index, name in enumerate(columns)
            if (convert := table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        if converters:
            rows = [_converted(row, converters) for row in rows]
        with in_our_words(self.place, dialect.loaded_dbapi.Error):
            connection = self._open(changes=True)
            if self.is_postgres:
                driver: Any = connection.connection.driver_connection
                with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join("?" for _ in columns)
                connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))

    def commit(self) -> None:
        """Make it last."""
        if self._connection is not None:
            with in_our_words(self.place):
                self._connection.commit()

    def close(self) -> None:
        """Give the connection back; what is not committed is undone."""
        if self._connection is not None:
            with in_our_words(self.place):
                self._connection.close()
            self._connection = None

    def _open(self, *, changes: bool) -> Connection:
        if self._connection is not None and changes and not self._changes and not self.is_postgres:
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**{CHANGES: changes})
            self._changes = changes
        return self._connection


def _converted(row: tuple[Any, ...], converters: Mapping[int, Callable[[Any], Any]]) -> tuple[Any, ...]:
    values = list(row)
    for index, convert in converters.items():
        values[index] = convert(values[index])
    return tuple(values)
