"""What can go wrong with a database: each cause its own id, one line with a next step, never a password."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import models
from longwatch.errors import IntegrityError, LongwatchError, StoreError
from models import SqlRegisters
from tests.integration.models.register_values import event, open_study

SECRET = "s3cret"


def refusal(use: object) -> LongwatchError:
    """The error that using the registers ends in, checked for its form."""
    with pytest.raises(LongwatchError) as refused:
        use()  # type: ignore[operator]
    error = refused.value
    assert "\n" not in str(error)
    assert error.next_step
    assert SECRET not in str(error)
    assert error.__cause__ is None or isinstance(error.__cause__, OSError)
    return error


@pytest.mark.parametrize(
    "url",
    [
        "registers.db",
        "",
        "mysql://dana:s3cret@host/db",
        "oracle://dana:s3cret@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+psycopg2://dana:s3cret@host/db",
        "postgresql://dana:s3cret@host:port/db",
    ],
)
def test_a_url_that_names_no_usable_database(url: str) -> None:
    error = refusal(lambda: SqlRegisters(url))
    assert (type(error), error.error_id) == (StoreError, "LW-REG-001")


@pytest.mark.parametrize("use", ["upgrade", "check"])
def test_a_file_in_the_way_of_the_folder(tmp_path: Path, use: str) -> None:
    (tmp_path / "data").write_text("a file")
    registers = SqlRegisters(f"sqlite:///{tmp_path / 'data' / 'deep' / 'registers.sqlite3'}")
    error = refusal(getattr(registers, use))
    assert (type(error), error.error_id) == (StoreError, "LW-REG-023")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    error = refusal(SqlRegisters(f"sqlite:///{tmp_path}").upgrade)
    assert (type(error), error.error_id) == (StoreError, "LW-REG-002")


def test_check_makes_nothing(tmp_path: Path) -> None:
    """`doctor` may be asked before the first use: no file appears."""
    file = tmp_path / "data" / "registers.sqlite3"
    assert "not made yet" in SqlRegisters(f"sqlite:///{file}").check()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """It is left as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("these are notes, not a database, and they go on for a while\n" * 50)
    before = file.read_bytes()
    registers = SqlRegisters(f"sqlite:///{file}")
    for use in (registers.check, registers.upgrade):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-REG-009")
    assert file.read_bytes() == before
    registers.close()


def test_a_damaged_database(tmp_path: Path) -> None:
    """Pages overwritten behind its back: an integrity failure, not an empty answer."""
    file = tmp_path / "registers.sqlite3"
    registers = SqlRegisters(f"sqlite:///{file}")
    open_study(registers)
    registers.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    error = refusal(lambda: open_study(registers))
    assert (type(error), error.error_id) == (IntegrityError, "LW-REG-010")
    registers.close()


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """Its Alembic revision is not one of ours."""
    file = tmp_path / "other.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('beef01')"))
    engine.dispose()
    assert refusal(SqlRegisters(f"sqlite:///{file}").upgrade).error_id == "LW-REG-007"


def test_another_process_that_does_not_let_go(url: str) -> None:
    """Waits as long as it is told to, then says so; nothing is changed, and reading goes on meanwhile."""
    patient = SqlRegisters(url)
    open_study(patient)
    hasty = SqlRegisters(url, lock_timeout=0.2)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with patient.transaction() as register:
            register.record_read(event("archive listed"))
            register.events()
            held.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(20)

        def write() -> None:
            with hasty.transaction() as register:
                register.record_read(event("archive listed"))

        error = refusal(write)
        with hasty.transaction() as register:
            assert len(register.runs()) == 1
    finally:
        let_go.set()
        holder.join()
    assert (type(error), error.error_id) == (StoreError, "LW-REG-005")
    with hasty.transaction() as register:
        assert len(register.events()) == 6
    patient.close()
    hasty.close()


def test_a_disk_without_room(tmp_path: Path) -> None:
    """A process that may write no file beyond 300 kB: one line, exit, and the registers hold what they held before."""
    file = tmp_path / "registers.sqlite3"
    registers = SqlRegisters(f"sqlite:///{file}")
    open_study(registers)
    registers.close()
    program = (
        "import resource, sys\n"
        "from longwatch.errors import StoreError\nfrom models import SqlRegisters\n"
        "from tests.integration.models.register_values import event\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "registers = SqlRegisters(sys.argv[1])\n"
        "try:\n"
        "    with registers.transaction() as register:\n"
        "        for number in range(5000):\n"
        "            register.record_read(event('archive listed', 'x' * 1000))\n"
        "except StoreError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{file}"],
        capture_output=True,
        text=True,
        cwd=Path(models.__file__).parents[1],
        check=False,
    )
    assert done.stdout.startswith("LW-REG-008: "), done.stderr
    with registers.transaction() as register:
        assert len(register.events()) == 5
    registers.close()


def test_a_database_that_may_only_be_read(tmp_path: Path) -> None:
    """SQLite opened read-only: reading works, a change is refused."""
    file = tmp_path / "registers.sqlite3"
    writable = SqlRegisters(f"sqlite:///{file}")
    open_study(writable)
    registers = SqlRegisters(f"sqlite:///file:{file}?mode=ro&uri=true")
    with registers.transaction() as register:
        assert len(register.runs()) == 1
    error = refusal(lambda: open_study_again(registers))
    assert (type(error), error.error_id) == (StoreError, "LW-REG-006")
    writable.close()
    registers.close()


def open_study_again(registers: SqlRegisters) -> None:
    """A change that the registers would allow."""
    with registers.transaction() as register:
        register.record_read(event("archive listed"))


def test_no_server_there() -> None:
    """Nothing listens on that port of this machine."""
    registers = SqlRegisters("postgresql://dana:s3cret@127.0.0.1:1/longwatch")
    for use in (registers.check, registers.upgrade):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-REG-002")
        assert "dana:***@127.0.0.1:1" in str(error)


@pytest.mark.postgres
def test_no_such_database_on_the_server(postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="not_there", password=SECRET)
    error = refusal(SqlRegisters(url.render_as_string(hide_password=False)).upgrade)
    assert (type(error), error.error_id) == (StoreError, "LW-REG-004")


@pytest.mark.postgres
def test_no_such_user_on_the_server(postgres_url: str) -> None:
    url = make_url(postgres_url).set(username="not_there", password=SECRET)
    error = refusal(SqlRegisters(url.render_as_string(hide_password=False)).upgrade)
    assert (type(error), error.error_id) == (StoreError, "LW-REG-003")


@pytest.mark.postgres
def test_a_user_without_the_right_to_write(postgres_database: str) -> None:
    """A role that may read only: reading works, a change is refused."""
    owner = SqlRegisters(postgres_database)
    open_study(owner)
    role = f"reader_{os.getpid()}"
    engine = create_engine(make_url(postgres_database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
    reader = SqlRegisters(make_url(postgres_database).set(username=role).render_as_string())
    try:
        with reader.transaction() as register:
            assert len(register.runs()) == 1
        error = refusal(lambda: open_study_again(reader))
        assert (type(error), error.error_id) == (StoreError, "LW-REG-006")
    finally:
        reader.close()
        with engine.connect() as connection:
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))
        engine.dispose()
        owner.close()


@pytest.mark.postgres
def test_a_server_that_ends_the_connection(postgres_database: str) -> None:
    """In the middle of a transaction: nothing of it stays, and the next one works on a new connection."""
    registers = SqlRegisters(postgres_database)
    open_study(registers)
    engine = create_engine(make_url(postgres_database), isolation_level="AUTOCOMMIT")

    def be_cut_off() -> None:
        with registers.transaction() as register, engine.connect() as connection:
            register.record_read(event("archive listed"))
            register.events()
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'longwatch'")
            )

    error = refusal(be_cut_off)
    assert (type(error), error.error_id) == (StoreError, "LW-REG-012")
    with registers.transaction() as register:
        assert len(register.events()) == 5
    engine.dispose()
    registers.close()


@pytest.mark.postgres
def test_two_transactions_that_wait_for_each_other(postgres_database: str) -> None:
    """PostgreSQL ends one of the two; that one is told to run again. (SQLite lets only one change at a time.)"""
    with closing(SqlRegisters(postgres_database)) as registers:
        open_study(registers)
        engine = create_engine(make_url(postgres_database))
        with engine.connect() as other, other.begin() as held:
            other.execute(text("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE"))

            def wait_for_each_other() -> None:
                with registers.transaction() as register:
                    register.record_read(event("archive listed"))
                    register.events()
                    waiting.start()
                    register.reports()

            def take_turn() -> None:
                try:
                    other.execute(text("SET LOCAL deadlock_timeout = '10s'"))
                    other.execute(text("LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE"))
                finally:
                    held.rollback()

            waiting = threading.Thread(target=take_turn)
            error = refusal(wait_for_each_other)
            waiting.join()
        engine.dispose()
    assert (type(error), error.error_id) == (StoreError, "LW-REG-011")
