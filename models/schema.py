"""The schema of the registers: which revision a database has, and raising it to the one this code works with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from longwatch.errors import StoreError
from models.engine import CHANGES, place_of
from models.refusals import in_our_words

REVISIONS = ("r0001", "r0002", "r0003", "r0004")
"""Every revision that the migrations know, oldest first. Kept here so that Alembic is imported only to migrate."""

HEAD = REVISIONS[-1]

_UPGRADE_LOCK = 7_610_002
_READ_REVISION = text("SELECT version_num FROM alembic_version")


def bring_up_to_date(engine: Engine) -> str | None:
    """Raise the schema to HEAD; what it was before (None: no registers yet).

    Cases: at HEAD: one SELECT, nothing else; older or none: migrated in one transaction, one process at a time, the
    others wait and find it done; a revision that this code does not know: StoreError LW-REG-007, nothing is touched.
    """
    with in_our_words(place_of(engine.url)):
        before = read_revision(engine)
        if before == HEAD:
            return before
        check_known(engine, before)
        with engine.connect().execution_options(**{CHANGES: True}) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            before = _read_revision_if_any(connection)
            check_known(engine, before)
            if before != HEAD:
                _migrate(connection)
        return before


def read_revision(engine: Engine) -> str | None:
    """The revision of a database; None where it holds no registers. The database must be there."""
    try:
        with engine.connect() as connection:
            return connection.execute(_READ_REVISION).scalar()
    except (OperationalError, ProgrammingError) as refused:
        if _says_no_such_table(refused):
            return None
        raise


def check_known(engine: Engine, revision: str | None) -> None:
    """StoreError LW-REG-007 where a newer Longwatch, or another program, made the schema."""
    if revision is not None and revision not in REVISIONS:
        raise StoreError(
            "LW-REG-007",
            "the registers were made by a newer Longwatch, or by another program",
            where=place_of(engine.url),
            expected=f"schema revision {HEAD} or older",
            found=revision,
            next_step="use the newer Longwatch, or point LONGWATCH_DATABASE_URL to another database",
        )


def _says_no_such_table(refused: OperationalError | ProgrammingError) -> bool:
    if getattr(refused.orig, "sqlstate", None) is not None:
        return getattr(refused.orig, "sqlstate", None) == "42P01"
    return "no such table" in str(refused.orig)


def _read_revision_if_any(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(_READ_REVISION).scalar()
    return revision


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
