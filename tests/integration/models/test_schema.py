"""The schema: made at first use, the same as the tables say, never touched when it is newer."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text

import models
from longwatch.errors import StoreError
from models import SqlRegisters
from models.schema import HEAD, REVISIONS
from models.tables import metadata
from tests.integration.models.register_values import open_study


def test_first_use_makes_the_registers(registers: SqlRegisters) -> None:
    with registers.transaction() as register:
        assert register.reports() == []
    assert registers.check().endswith(f"at schema revision {HEAD}")


def test_upgrade_by_url_can_be_repeated(url: str) -> None:
    assert models.upgrade(url) == HEAD
    assert models.upgrade(url) == HEAD


def test_migrations_make_what_the_tables_say(registers: SqlRegisters, url: str) -> None:
    """No column, type, key or index is in one and not in the other."""
    registers.upgrade()
    engine = create_engine(make_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_known_revisions_are_those_of_the_migrations() -> None:
    """`REVISIONS` spares Alembic's import; it must name every step there is, in order."""
    config = Config()
    config.set_main_option("script_location", str(Path(models.__file__).parent / "migrations"))
    steps = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == REVISIONS


def test_a_newer_schema_is_refused_and_left_alone(registers: SqlRegisters, url: str) -> None:
    """LW-REG-007; the rows of the newer Longwatch stay as they are."""
    open_study(registers)
    engine = create_engine(make_url(url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    newer = SqlRegisters(url)
    for use in (newer.upgrade, newer.check, lambda: open_study(newer)):
        with pytest.raises(StoreError, match=r"LW-REG-007: .*newer Longwatch.*expected .*found r9999.*Next: "):
            use()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_events")).scalar() == 5
    newer.close()
    engine.dispose()


def test_a_failed_migration_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps run in one transaction: after a fault in the middle the database is as before; the next use works."""
    from alembic import op

    def fail(*_args: object) -> None:
        raise RuntimeError("power cut")

    registers = SqlRegisters(url)
    with monkeypatch.context() as patch:
        patch.setattr(op, "create_index", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            registers.upgrade()
    assert "schema revision none" in registers.check()
    registers.upgrade()
    open_study(registers)
    registers.close()


def test_many_processes_may_come_first(url: str) -> None:
    """Four processes meet an empty database: one makes the schema, the others wait and use it."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        assert pool.map(models.upgrade, [url] * 4, chunksize=1) == [HEAD] * 4
    registers = SqlRegisters(url)
    open_study(registers)
    registers.close()


def test_reading_does_not_import_what_only_migrating_needs(registers: SqlRegisters, url: str) -> None:
    """`longwatch archive list` must answer at once: no Alembic, no ORM, where the schema is there."""
    registers.upgrade()
    program = (
        "import sys\nfrom models import SqlRegisters\n"
        "with SqlRegisters(sys.argv[1]).transaction() as register: register.reports()\n"
        "print([name for name in ('alembic', 'sqlalchemy.orm', 'mako') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, url],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(models.__file__).parents[1],
    )
    assert done.stdout.strip() == "[]"
