"""Tables and queries of a database: PostgreSQL as it runs, and SQLite files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import psycopg
import pytest

from connectors.places import database
from connectors.places.fetching import FetchLimits
from connectors.places.sources import find_deliveries
from connectors.places.visit import Access, Visit
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.study import SourceSpec
from models.source_database import open_source_database

QUICK = FetchLimits(attempts=2, wait_seconds=0, connect_seconds=2, statement_seconds=60)

AE = """
CREATE SCHEMA edc;
CREATE SEQUENCE edc.counter;
CREATE TABLE edc.ae (
    studyid text, usubjid varchar(20), aeseq integer, aeterm text, aestdtc date, aeser char(1), aedose numeric(8, 2),
    aeweight double precision, aetoxgr smallint, aeongo boolean, entered timestamp, seen timestamptz, aetm time,
    "AESPID" uuid, nothing bigint
);
INSERT INTO edc.ae VALUES
    ('S', 'S-001', 10, 'Headache', '2026-01-31', 'N', 1.50, 0.1, 1, true, '2026-01-31 09:30', '2026-01-31 09:30+01',
     '09:30', '6f0e4d5e-3f64-4e6f-9d0a-0a0b0c0d0e0f', NULL),
    ('S', 'S-001', 2, '', NULL, 'Y', NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL),
    ('S', 'S-002', 1, NULL, '2026-02-01', 'N', 100, 1e-300, 3, NULL, '2026-02-01 00:00:00.25', NULL, NULL, NULL, NULL);
CREATE TABLE edc.dm (usubjid text, armcd text);
INSERT INTO edc.dm VALUES ('S-001', 'A'), ('S-002', 'B');
"""


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[str]:
    """The URL of a database of one's own with two tables in the schema edc."""
    name = f"edc_{os.urandom(4).hex()}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    url = database_url(postgres_url, name)
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(AE)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


def database_url(server: str, name: str) -> str:
    address, mark, options = server.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{options}"


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture
def store(tmp_path: Path) -> FolderSnapshotStore:
    return FolderSnapshotStore(tmp_path / "store", Access(limits=QUICK, open_database=open_source_database))


def frozen(store: FolderSnapshotStore, url: str, **options: Any) -> str:
    source = SourceSpec.model_validate({"path": url, **options})
    return store.freeze([source], str(store.root.parent), lambda _message: None).id


def lines(store: FolderSnapshotStore, snapshot_id: str, name: str) -> list[Any]:
    return [orjson.loads(line) for line in store.read_file(snapshot_id, name).splitlines()]


def refusal(store: FolderSnapshotStore, url: str, **options: Any) -> SourceError:
    with pytest.raises(SourceError) as refused:
        frozen(store, url, **options)
    assert refused.value.next_step
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    return refused.value


# What is frozen


def test_types_dates_missing_and_digits_are_kept(store: FolderSnapshotStore, postgres: str) -> None:
    """As Dataset-JSON: an empty text differs from a missing one, a decimal keeps its digits, an instant is in UTC."""
    snapshot = frozen(store, postgres, tables={"AE": "edc.ae"})
    header, *rows = lines(store, snapshot, "ae.ndjson")
    assert {column["name"]: column["dataType"] for column in header["columns"]} == {
        "STUDYID": "string", "USUBJID": "string", "AESEQ": "integer", "AETERM": "string", "AESTDTC": "date",
        "AESER": "string", "AEDOSE": "decimal", "AEWEIGHT": "double", "AETOXGR": "integer", "AEONGO": "boolean",
        "ENTERED": "datetime", "SEEN": "datetime", "AETM": "time", "AESPID": "string", "NOTHING": "integer",
    }  # fmt: skip
    assert header["records"] == 3
    assert rows == [
        ["S", "S-001", 10, "Headache", "2026-01-31", "N", "1.50", 0.1, 1, True, "2026-01-31T09:30:00",
         "2026-01-31T08:30:00Z", "09:30:00", "6f0e4d5e-3f64-4e6f-9d0a-0a0b0c0d0e0f", None],
        ["S", "S-001", 2, "", None, "Y", None, None, None, False, None, None, None, None, None],
        ["S", "S-002", 1, None, "2026-02-01", "N", "100.00", 1e-300, 3, None, "2026-02-01T00:00:00.250000", None, None,
         None, None],
    ]  # fmt: skip
    typed = store.open(snapshot).datasets["AE"].frame.collect()
    assert typed["AETERM"].to_list() == ["Headache", "", None]
    assert typed["AEDOSE"].to_list() == [1.5, None, 100.0]
    assert typed["AESTDTC"].to_list() == ["2026-01-31", None, "2026-02-01"]
    assert typed.schema["NOTHING"] == pl.Float64


def test_the_lines_are_in_the_order_of_their_bytes(store: FolderSnapshotStore, postgres: str) -> None:
    """So `LC_ALL=C sort` proves it."""
    content = store.read_file(frozen(store, postgres, tables={"AE": "edc.ae"}), "ae.ndjson")
    rows = content.splitlines()[1:]
    assert rows == sorted(rows)


def test_the_same_rows_are_the_same_snapshot(
    store: FolderSnapshotStore, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever order the server gives them, by table or by query, sorted in memory or over several runs on disk."""
    first = frozen(store, postgres, tables={"DM": "edc.dm"})
    execute(postgres, "CREATE TABLE edc.dm2 AS SELECT * FROM edc.dm ORDER BY usubjid DESC")
    assert frozen(store, postgres, tables={"DM": "edc.dm2"}) == first
    query = 'select usubjid, armcd as "ARMCD" from edc.dm order by 1 desc;'
    assert frozen(store, postgres, queries={"DM": query}) == first
    monkeypatch.setattr(database, "SPOOL_BYTES", 1)
    assert frozen(store, postgres, tables={"DM": "edc.dm"}) == first
    execute(postgres, "UPDATE edc.dm SET armcd = 'C' WHERE usubjid = 'S-002'")
    assert frozen(store, postgres, tables={"DM": "edc.dm"}) != first
    assert list((store.root / "staging").iterdir()) == []


def test_a_row_that_stands_twice_stays_twice(store: FolderSnapshotStore, postgres: str) -> None:
    execute(postgres, "INSERT INTO edc.dm VALUES ('S-001', 'A')")
    assert len(lines(store, frozen(store, postgres, tables={"DM": "edc.dm"}), "dm.ndjson")) == 1 + 3


def test_an_empty_table_has_its_columns(store: FolderSnapshotStore, postgres: str) -> None:
    execute(postgres, "DELETE FROM edc.ae")
    snapshot = store.open(frozen(store, postgres, tables={"AE": "edc.ae"}))
    assert snapshot.datasets["AE"].rows == 0
    assert snapshot.datasets["AE"].frame.collect_schema()["AEDOSE"] == pl.Float64


def test_a_query_says_percent_colon_and_cast_as_sql_does(store: FolderSnapshotStore, postgres: str) -> None:
    query = "select aeterm::text as aeterm, 'a:b' as aecat from edc.ae where aeterm like 'Head%' and '10:30' = '10:30'"
    assert lines(store, frozen(store, postgres, queries={"AE": query}), "ae.ndjson")[1:] == [["Headache", "a:b"]]


def test_domains_agree_with_each_other(store: FolderSnapshotStore, postgres: str) -> None:
    """What is changed between the first and the second domain is in neither: one transaction sees one state."""
    with ExitStack() as closing:
        work = store.root.parent / "work"
        work.mkdir()
        source = SourceSpec.model_validate({"path": postgres, "tables": {"AE": "edc.ae", "DM": "edc.dm"}})
        visit = Visit(store.access, work, work, closing, lambda _message: None)
        ae, dm = find_deliveries([source], visit)
        before = b"".join(ae.place.chunks(ae.name))
        execute(postgres, "INSERT INTO edc.dm VALUES ('S-003', 'A')", "DELETE FROM edc.ae")
        assert b"S-003" not in b"".join(dm.place.chunks(dm.name))
        assert b"".join(ae.place.chunks(ae.name)) == before


# What is refused


@pytest.mark.parametrize(
    ("options", "error_id", "word"),
    [
        ({"tables": {"AE": "edc.nowhere"}}, "LW-SRC-124", "edc.nowhere"),
        ({"tables": {"AE": "nowhere.ae"}}, "LW-SRC-124", "nowhere"),
        ({"queries": {"AE": "select colour from edc.ae"}}, "LW-SRC-124", "colour"),
        ({"queries": {"AE": "select from where"}}, "LW-SRC-127", "syntax error"),
        ({"queries": {"AE": "select 1; drop table edc.ae"}}, "LW-SRC-127", "multiple commands"),
        ({"queries": {"AE": "with gone as (delete from edc.ae returning 1) select * from gone"}}, "LW-SRC-128", ""),
        ({"queries": {"AE": "select nextval('edc.counter')"}}, "LW-SRC-128", ""),
        ({"queries": {"AE": "select pg_sleep(30)"}}, "LW-SRC-126", ""),
        ({"queries": {"AE": "select aeterm, 1 as AETERM from edc.ae"}}, "LW-SRC-130", "AETERM"),
        ({"queries": {"AE": "select '{}'::json as extra"}}, "LW-SRC-131", "EXTRA"),
        ({"queries": {"AE": "select 'x'::bytea as extra"}}, "LW-SRC-131", "EXTRA"),
        ({"queries": {"AE": "select interval '1 day' as extra"}}, "LW-SRC-131", "EXTRA"),
        ({"queries": {"AE": "select 'NaN'::float8 as extra"}}, "LW-SRC-131", "EXTRA"),
        ({"queries": {"AE": "select 'NaN'::numeric as extra"}}, "LW-SRC-131", "EXTRA"),
        ({"queries": {"AE": "select 9007199254740993 as extra"}}, "LW-SRC-131", "EXTRA"),
        ({"queries": {"AE": "select date 'infinity' as extra"}}, "LW-SRC-131", ""),
        ({"queries": {"AE": "select generate_series(1, 2000) as aeseq"}}, "LW-SRC-132", "1,000"),
        ({"queries": {"AE": "select repeat('x', 60000) as aeterm"}}, "LW-SRC-100", "50,000"),
    ],
)
def test_refusals_by_cause(
    store: FolderSnapshotStore, postgres: str, options: dict[str, Any], error_id: str, word: str
) -> None:
    limits = FetchLimits(attempts=1, statement_seconds=1, rows=1000, total_bytes=50_000)
    store.access = Access(limits=limits, open_database=open_source_database)
    error = refusal(store, postgres, **options)
    assert error.error_id == error_id
    assert word in str(error)
    assert "AE" in error.where or error_id == "LW-SRC-120"


def test_a_failed_conversion_does_not_repeat_the_value(store: FolderSnapshotStore, postgres: str) -> None:
    """PostgreSQL would say: invalid input syntax for type integer: "Headache"."""
    error = refusal(store, postgres, queries={"AE": "select aeterm::integer from edc.ae"})
    assert error.error_id == "LW-SRC-129"
    assert "22P02" in str(error)
    assert "Headache" not in str(error)


def test_a_user_who_may_not_read_that(store: FolderSnapshotStore, postgres: str) -> None:
    role = f"reader_{os.urandom(4).hex()}"
    execute(postgres, f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA edc TO {role}")
    try:
        url = postgres.replace("://postgres:@", f"://{role}@").replace("://postgres@", f"://{role}@")
        assert role in url
        assert refusal(store, url, tables={"AE": "edc.ae"}).error_id == "LW-SRC-125"
    finally:
        execute(postgres, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_server_or_database_that_is_not_there(store: FolderSnapshotStore, postgres: str) -> None:
    """Port 9 of this machine: nothing listens there."""
    tables = {"AE": "edc.ae"}
    assert refusal(store, "postgresql://reader@127.0.0.1:9/edc", tables=tables).error_id == "LW-SRC-120"
    assert refusal(store, database_url(postgres, "nowhere"), tables=tables).error_id == "LW-SRC-123"
    stranger = postgres.replace("://postgres:@", "://nobody@").replace("://postgres@", "://nobody@")
    assert refusal(store, stranger, tables=tables).error_id == "LW-SRC-122"
    assert refusal(store, "ingres://reader@127.0.0.1/edc", tables=tables).error_id == "LW-SRC-121"
    assert refusal(store, "mysql://reader@127.0.0.1/edc", tables=tables).error_id == "LW-SRC-121"


def test_a_connection_is_tried_again(store: FolderSnapshotStore) -> None:
    """But nothing after it: a second transaction would see another state."""
    tried: list[str] = []

    def unreachable(url: str, *_rest: object) -> Any:
        tried.append(url)
        raise SourceError(database.UNREACHABLE, "no")

    store.access = Access(limits=QUICK, open_database=unreachable)
    with pytest.raises(SourceError, match="LW-SRC-120"):
        frozen(store, "postgresql://reader@127.0.0.1/edc", tables={"AE": "edc.ae"})
    assert len(tried) == QUICK.attempts


# SQLite


@pytest.fixture
def sqlite(store: FolderSnapshotStore) -> str:
    """A file beside the study file, named relative to it."""
    with sqlite3.connect(store.root.parent / "edc.db") as connection:
        connection.execute("CREATE TABLE ae (usubjid TEXT, aeseq INTEGER, dose NUMERIC, mixed)")
        connection.execute("INSERT INTO ae VALUES ('S-001', 1, 1.5, 'x'), ('S-002', NULL, 2, 3)")
    connection.close()
    return "sqlite:///edc.db"


def test_an_sqlite_file(store: FolderSnapshotStore, sqlite: str) -> None:
    """Its columns have the types of their values."""
    snapshot = frozen(store, sqlite, queries={"AE": "select usubjid, aeseq, dose from ae"})
    header, *rows = lines(store, snapshot, "ae.ndjson")
    assert [column["dataType"] for column in header["columns"]] == ["string", "integer", "double"]
    assert rows == [["S-001", 1, 1.5], ["S-002", None, 2]]


def test_what_an_sqlite_file_refuses(store: FolderSnapshotStore, sqlite: str) -> None:
    """A missing file is not made; a column of several types is not guessed at."""
    assert refusal(store, "sqlite:///none.db", tables={"AE": "ae"}).error_id == "LW-SRC-120"
    assert not (store.root.parent / "none.db").exists()
    assert refusal(store, sqlite, tables={"AE": "ae"}).error_id == "LW-SRC-131"
    assert refusal(store, sqlite, tables={"AE": "dm"}).error_id == "LW-SRC-124"
    assert refusal(store, sqlite, queries={"AE": "select * from"}).error_id == "LW-SRC-127"
    (store.root.parent / "text.db").write_text("no database " * 100)
    assert refusal(store, "sqlite:///text.db", tables={"AE": "ae"}).error_id == "LW-SRC-121"


def test_an_sqlite_query_without_end_is_stopped(store: FolderSnapshotStore, sqlite: str) -> None:
    store.access = Access(limits=FetchLimits(statement_seconds=0.5), open_database=open_source_database)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    assert refusal(store, sqlite, queries={"AE": endless}).error_id == "LW-SRC-126"
