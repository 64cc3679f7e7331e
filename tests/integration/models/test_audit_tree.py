"""The tree over the audit log: grown with it in each transaction, equal on both databases, made for old registers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import AuditEvent, EventFilter
from longwatch.evidence.merkle import MerkleTree, compute_root
from models import SqlRegisters, schema
from tests.integration.models.register_values import NOON, event, open_study

LATER = NOON + timedelta(days=30)


def tree_of(registers: SqlRegisters) -> MerkleTree:
    """The tree of the events, computed anew; it must be the one that is kept."""
    tree = MerkleTree()
    with registers.transaction() as register:
        register.hold_still()
        for stored in register.stored_events():
            tree.append(stored.entry())
        assert register.log_size() == tree.size
        assert [register.tree_level(level) for level in range(tree.levels + 1)] == [
            *(tree.level(level) for level in range(tree.levels)), b"",
        ]  # fmt: skip
        for size in range(tree.size + 1):
            assert compute_root(register.tree_node, size) == tree.root(size)
    return tree


def write(registers: SqlRegisters, *events: AuditEvent) -> None:
    """Events in one transaction."""
    with registers.transaction() as register:
        for each in events:
            register.record_read(each)


def test_the_tree_grows_with_the_log(registers: SqlRegisters) -> None:
    """By one, by many, after a rollback, and from eight threads at once."""
    open_study(registers)
    assert tree_of(registers).size == 5
    write(registers, event("archive listed"))
    write(registers, *(event("archive listed", str(number)) for number in range(10)))
    with suppress(ZeroDivisionError), registers.transaction() as register:
        register.record_read(event("archive listed"))
        register.events(1)
        raise ZeroDivisionError
    assert tree_of(registers).size == 16
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: write(registers, event("archive listed", str(number))), range(24)))
    assert tree_of(registers).size == 40


@pytest.mark.postgres
def test_both_databases_have_the_same_roots(sqlite_database: str, postgres_database: str) -> None:
    """Registers may move from one to the other without losing what was signed: moments of any zone and precision, text
    of any script, values of any kind."""
    events = [
        AuditEvent(NOON, "dana", "a", "b", "c", {"x": 1}, {"y": [1.5, None, True], "ä": "頭痛 \"'\\ \n"}, "wegen µ"),
        AuditEvent(datetime(2026, 3, 1, tzinfo=UTC), "", "", "", "", None, {}, ""),
        AuditEvent(
            datetime(2026, 3, 1, 1, 2, 3, 4, timezone(timedelta(hours=9))), "é", "\t", "%", "_", {}, {"n": -1}, " "
        ),
    ]
    roots = []
    for url in (sqlite_database, postgres_database):
        with closing(SqlRegisters(url)) as registers:
            write(registers, *events)
            roots.append(tree_of(registers).root())
    assert roots[0] == roots[1]


def test_registers_of_before_get_their_tree(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema is raised from r0002 with events in it: they are as they were, and the tree is theirs."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "HEAD", "r0002")
        patch.setattr("models.registers.HEAD", "r0002")
        patch.setattr("models.audit_log.append", append_without_tree)
        patch.setattr("models.accounts.values_of", values_before_accounts)
        with closing(SqlRegisters(url)) as old:
            open_study(old)
            for number in range(20):
                write(old, event("archive listed", str(number), old={"n": number}))
    with closing(SqlRegisters(url)) as registers:
        assert tree_of(registers).size == 25
        write(registers, event("archive listed"))
        assert tree_of(registers).size == 26


def values_before_accounts(account):  # type: ignore[no-untyped-def]
    """The columns of an account before it could have a password (r0004)."""
    return {name: getattr(account, name) for name in ("name", "authenticated", "created_at")}


def append_without_tree(work, events):  # type: ignore[no-untyped-def]
    """As Longwatch wrote events before there was a tree."""
    from sqlalchemy import func, insert, select

    from models.tables import audit_events

    ((last,),) = work.lock(select(func.coalesce(func.max(audit_events.c.position), 0)))
    fields = ("at", "actor", "action", "entity", "entity_id", "old", "new", "reason")
    rows = [
        {"position": last + place} | {name: getattr(each, name) for name in fields}
        for place, each in enumerate(events, 1)
    ]
    work.change(insert(audit_events), rows)


def test_a_reader_who_holds_still_sees_one_moment(registers: SqlRegisters) -> None:
    """What others add meanwhile is not seen: the log and its tree stay those of one moment."""
    open_study(registers)
    with registers.transaction() as register:
        register.hold_still()
        assert register.log_size() == 5
        write(registers, event("archive listed"))
        assert (register.log_size(), len(register.tree_level(0)) // 32) == (5, 5)
        assert len(list(register.stored_events())) == 5
    assert tree_of(registers).size == 6


ATTACKS = ["UPDATE audit_tree SET level = 9", "DELETE FROM audit_tree WHERE level = 0"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_database_refuses_every_change_of_the_tree(registers: SqlRegisters, url: str, attack: str) -> None:
    open_study(registers)
    engine = create_engine(make_url(url))
    with pytest.raises(DBAPIError, match="may only be added to"), engine.begin() as connection:
        connection.execute(text(attack))
    engine.dispose()
    assert tree_of(registers).size == 5


def test_sqlite_refuses_to_replace_a_hash(sqlite_database: str) -> None:
    with closing(SqlRegisters(sqlite_database)) as registers:
        open_study(registers)
        engine = create_engine(sqlite_database)
        with pytest.raises(DBAPIError, match="may only be added to"), engine.begin() as connection:
            connection.execute(text("INSERT OR REPLACE INTO audit_tree SELECT level, number, x'00' FROM audit_tree"))
        engine.dispose()
        assert tree_of(registers).size == 5


@pytest.mark.postgres
def test_postgresql_refuses_to_truncate_the_tree(postgres_database: str) -> None:
    with closing(SqlRegisters(postgres_database)) as registers:
        open_study(registers)
        engine = create_engine(make_url(postgres_database))
        with pytest.raises(DBAPIError, match="may only be added to"), engine.begin() as connection:
            connection.execute(text("TRUNCATE audit_tree"))
        engine.dispose()
        assert tree_of(registers).size == 5


def test_nothing_is_recorded_on_a_log_that_was_cut(sqlite_database: str) -> None:
    """Whoever cut it dropped the trigger; the next writer notices, and writes nothing."""
    with closing(SqlRegisters(sqlite_database)) as registers:
        open_study(registers)
        engine = create_engine(sqlite_database)
        with engine.begin() as connection:
            connection.execute(text("DROP TRIGGER audit_events_no_delete"))
            connection.execute(text("DELETE FROM audit_events WHERE position = 5"))
        engine.dispose()
        with pytest.raises(IntegrityError, match=r"LW-REG-025: .*Next: "):
            write(registers, event("archive listed"))
        with registers.transaction() as register:
            assert register.log_size() == 4


FILTERS = [
    (EventFilter(), ["f", "e", "d", "c", "b", "a"]),
    (EventFilter(actor="eve"), ["f", "e"]),
    (EventFilter(action="report archived"), ["b"]),
    (EventFilter(entity="report", entity_id="1"), ["d", "b"]),
    (EventFilter(entity_id="%"), []),
    (EventFilter(since=LATER), ["f"]),
    (EventFilter(until=LATER), ["e", "d", "c", "b", "a"]),
    (EventFilter(since=NOON, until=NOON), []),
    (EventFilter(text="WAIVED"), ["c"]),
    (EventFilter(text="confirmed"), ["c"]),
    (EventFilter(text="pdf_sha"), ["b"]),
    (EventFilter(text="_"), ["b"]),
    (EventFilter(actor="dana", text="1"), ["d", "b"]),
]


@pytest.fixture
def recorded(registers: SqlRegisters) -> SqlRegisters:
    """Six events; the letter is in `new`."""
    rows = [
        (NOON, "dana", "run started", "run", "r", "", {}),
        (NOON, "dana", "report archived", "report", "11", "", {"pdf_sha256": "d"}),
        (NOON, "dana", "finding waived", "finding", "f", "the site confirmed it", {}),
        (NOON, "dana", "report retrieved", "report", "12", "", {}),
        (NOON, "eve", "archive listed", "archive", "all", "", {}),
        (LATER, "eve", "archive listed", "archive", "all", "", {}),
    ]
    for letter, (at, actor, action, entity, entity_id, reason, new) in zip("abcdef", rows, strict=True):
        write(registers, AuditEvent(at, actor, action, entity, entity_id, None, {**new, "letter": letter}, reason))
    return registers


@pytest.mark.parametrize(("wanted", "letters"), FILTERS)
def test_events_are_found_by_what_is_asked(recorded: SqlRegisters, wanted: EventFilter, letters: list[str]) -> None:
    """Newest first; different filters hold together; what a pattern would mean is taken as it stands."""
    with recorded.transaction() as register:
        assert [record.event.new["letter"] for record in register.events(None, wanted)] == letters
        assert [record.event.new["letter"] for record in register.events(2, wanted)] == letters[:2]
