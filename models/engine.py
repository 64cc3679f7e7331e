"""A database by its URL: SQLite as a file, PostgreSQL by psycopg, each set so that what is committed stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from longwatch.errors import StoreError

CHANGES = "longwatch_changes"
"""Execution option of a connection: its transaction will change something (SQLite takes the write lock at once)."""

POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


def parse_url(text: str) -> URL:
    """The database that a setting names.

    Cases: `sqlite:///file`; `postgresql://…` (also `postgres://…`), always by psycopg 3. Anything else, a text that is
    no URL, and SQLite without a file: StoreError LW-REG-001. The text itself is not repeated: it may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _not_ours("not a URL") from None
    if url.drivername in POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise _not_ours(f"{url.drivername}://…")
    if not url.database or url.database == ":memory:":
        raise _not_ours("SQLite without a file: registers are kept")
    return url


def _not_ours(found: str) -> StoreError:
    return StoreError(
        "LW-REG-001",
        "the registers' URL does not name a database that Longwatch can use",
        where="LONGWATCH_DATABASE_URL",
        expected="sqlite:///folder/file.db or postgresql://user@host/database",
        found=found,
        next_step="correct the setting",
    )


def place_of(url: URL) -> str:
    """The URL as it may be shown: without its password."""
    return url.render_as_string(hide_password=True)


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for PostgreSQL, and for SQLite's own `file:…` form, which names more."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return None
    return Path(url.database)


def make_engine(url: URL, lock_timeout: float) -> Engine:
    """An engine that opens nothing yet. `lock_timeout`: seconds to wait for another process before giving up.

    SQLite: write-ahead log, `synchronous=FULL`, foreign keys on; a changing transaction begins IMMEDIATE, so that it
    waits for its turn at the start and cannot fail half-way. PostgreSQL: READ COMMITTED; constraints and row locks do
    the rest (DESIGN.md, decision 5). Parameters never appear in errors or logs: they may be a patient's values.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": lock_timeout})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    defaults = {"connect_timeout": 10, "application_name": "longwatch"}
    engine = create_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        connect_args={name: value for name, value in defaults.items() if name not in url.query},
    )

    def prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {int(lock_timeout * 1000)}")
        connection.autocommit = False

    event.listen(engine, "connect", prepare)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    changes = connection.get_execution_options().get(CHANGES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if changes else "BEGIN")
