"""Every test of the registers runs on SQLite and on a real PostgreSQL, each on a database of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from models import SqlRegisters


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    server = make_url(postgres_url).set(drivername="postgresql+psycopg")
    name = f"longwatch_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """The URL of an SQLite database that is not made yet."""
    return f"sqlite:///{tmp_path / 'registers.sqlite3'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, once of each kind."""
    database: str = request.getfixturevalue(f"{request.param}_database")
    return database


@pytest.fixture
def registers(url: str) -> Iterator[SqlRegisters]:
    """Registers on an empty database."""
    opened = SqlRegisters(url)
    yield opened
    opened.close()
