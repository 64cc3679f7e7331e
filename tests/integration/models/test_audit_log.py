"""The audit log may only be added to, and its positions have no gaps (spec F.1, 11.10(e))."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from threading import Barrier

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from models import SqlRegisters
from tests.integration.models.register_values import event, finding, open_study, row

COLUMNS = "position, at, actor, action, entity, entity_id, new, reason"
EVENT = "'2026-01-01 00:00:00', 'eve', 'a', 'b', 'c', '{}', ''"


ATTACKS = [
    "UPDATE audit_events SET actor = 'eve' WHERE position = 1",
    "UPDATE audit_events SET reason = 'none'",
    "DELETE FROM audit_events WHERE position = 5",
    "DELETE FROM audit_events",
    # after 6 events: one position left out, one that is taken, none
    f"INSERT INTO audit_events ({COLUMNS}) VALUES (8, {EVENT})",
    f"INSERT INTO audit_events ({COLUMNS}) VALUES (3, {EVENT})",
    f"INSERT INTO audit_events ({COLUMNS}) VALUES (0, {EVENT})",
    f"INSERT INTO audit_events ({COLUMNS}) VALUES (3, {EVENT}) ON CONFLICT (position) DO UPDATE SET actor = 'eve'",
    "UPDATE finding_history SET found = '{}'",
    "DELETE FROM finding_history",
]
SQLITE_ATTACKS = [
    f"INSERT OR REPLACE INTO audit_events ({COLUMNS}) VALUES (3, {EVENT})",
    "UPDATE OR REPLACE audit_events SET position = 3 WHERE position = 4",
    "INSERT OR REPLACE INTO finding_history SELECT * FROM finding_history",
]
POSTGRES_ATTACKS = [
    "TRUNCATE audit_events",
    "TRUNCATE finding_history CASCADE",
    "TRUNCATE accounts, audit_events CASCADE",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_database_refuses_every_change_of_the_log(url: str, attack: str) -> None:
    """Also by hand, past Longwatch: each attack raises, and log and history are as before."""
    attack_and_compare(url, attack)


@pytest.mark.parametrize("attack", SQLITE_ATTACKS)
def test_sqlite_refuses_to_replace(sqlite_database: str, attack: str) -> None:
    """OR REPLACE deletes without asking the triggers of DELETE."""
    attack_and_compare(sqlite_database, attack)


@pytest.mark.postgres
@pytest.mark.parametrize("attack", POSTGRES_ATTACKS)
def test_postgresql_refuses_to_truncate(postgres_database: str, attack: str) -> None:
    """TRUNCATE deletes without asking the triggers of rows."""
    attack_and_compare(postgres_database, attack)


def attack_and_compare(url: str, attack: str) -> None:
    """Carry an attack out past Longwatch on registers with 6 events and one finding."""
    with closing(SqlRegisters(url)) as registers:
        open_study(registers)
        with registers.transaction() as register:
            register.record_findings("run-1", [row(finding(1))], event("data validated"))
        with registers.transaction() as register:
            before = register.events(), register.findings("ISLET-1")
        engine = create_engine(make_url(url))
        refused = pytest.raises(DBAPIError, match=r"may only be added to|not the next position")
        with refused, engine.begin() as connection:
            connection.execute(text(attack))
        engine.dispose()
        with registers.transaction() as register:
            assert (register.events(), register.findings("ISLET-1")) == before


def test_positions_have_no_gaps_when_many_write_at_once(registers: SqlRegisters) -> None:
    """8 threads, 25 transactions each with 1 to 3 events; one in five ends in an exception and leaves nothing."""
    open_study(registers)
    start = Barrier(8)

    def write(thread: int) -> int:
        chance, written = random.Random(thread), 0
        start.wait()
        for number in range(25):
            count, crashes = chance.randint(1, 3), chance.random() < 0.2
            try:
                with registers.transaction() as register:
                    for part in range(count):
                        register.record_read(event("archive listed", f"{thread}-{number}-{part}"))
                    if chance.random() < 0.3:
                        register.events(1)
                    if crashes:
                        raise ZeroDivisionError
                written += count
            except ZeroDivisionError:
                continue
        return written

    with ThreadPoolExecutor(8) as threads:
        total = sum(threads.map(write, range(8)))
    with registers.transaction() as register:
        records = register.events(100_000)[::-1]
    assert [record.position for record in records] == list(range(1, total + 6))
    # The events of one transaction stand together, in their order.
    names = [tuple(map(int, record.event.entity_id.split("-"))) for record in records[5:]]
    groups = [name[:2] for index, name in enumerate(names) if index == 0 or names[index - 1][:2] != name[:2]]
    assert len(groups) == len(set(groups))
    assert all(after[2] == before[2] + 1 for before, after in pairwise(names) if after[2])
