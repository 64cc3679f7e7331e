"""Tables and queries of a database, each frozen as Dataset-JSON (NDJSON): one file per domain.

The same rows give the same bytes whatever their order: the lines are sorted by their bytes (`LC_ALL=C sort`), and
nothing of time, server or program is written (docs/adr/0008). Column names are put in capitals, as SQL does not tell
them apart.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import orjson

from connectors.places.fetching import Budget, Passing, persist
from connectors.places.secrets import read_secret
from longwatch.errors import SourceError
from longwatch.study import SourceSpec

if TYPE_CHECKING:
    from connectors.places.visit import Visit

EXACT = 2**53
SPOOL_BYTES = 32 * 1024 * 1024
PIECE_BYTES = 1024 * 1024
TOLD_ROWS = 250_000
UNREACHABLE = "LW-SRC-120"
NO_DATE = "1970-01-01T00:00:00"
"""Dataset-JSON wants a time of creation; a true one would make each pull another snapshot. The registers have it."""

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"), (int, "integer"), (float, "double"), (Decimal, "decimal"), (datetime, "datetime"),
    (date, "date"), (time, "time"), (str, "string"), (UUID, "string"),
)  # fmt: skip
_PLAIN = {str, bool, type(None)}
_TOGETHER = {frozenset(("integer", "decimal")): "decimal", frozenset(("integer", "double")): "double"}


class Rows(Protocol):
    """An answer: its columns, the Dataset-JSON type of each where the database itself says one, and its rows."""

    @property
    def columns(self) -> Sequence[tuple[str, str | None]]: ...
    def __iter__(self) -> Iterator[Sequence[Any]]: ...


class OpenDatabase(Protocol):
    """A database in one transaction that only reads and sees one state.

    `note`: what is to be told about that state; empty where it is one.
    """

    @property
    def note(self) -> str: ...
    def table(self, name: str, where: str) -> AbstractContextManager[Rows]: ...
    def query(self, sql: str, where: str) -> AbstractContextManager[Rows]: ...


class DatabaseOpener(Protocol):
    """Opens one. Raises SourceError, LW-SRC-120 where it cannot be reached."""

    def __call__(
        self, url: str, password: str | None, base: Path, connect_seconds: float, statement_seconds: float
    ) -> AbstractContextManager[OpenDatabase]: ...


@dataclass
class DatabasePlace:
    """The tables and queries of a source, named as their domains. It stays open until the pull ends."""

    source: SourceSpec
    visit: Visit
    _opened: OpenDatabase | None = None

    @property
    def where(self) -> str:
        """The database's URL, without password and options."""
        return self.source.shown

    def names(self) -> tuple[str, ...]:
        """One file per domain. The database is opened.

        Raises SourceError LW-SRC-103 to 105 (the secret), LW-SRC-120 to 123 (it cannot be reached, is of a kind that
        cannot be read, refuses this user, is not there).
        """
        limits = self.visit.access.limits
        opener = self.visit.access.open_database
        if opener is None:
            raise ValueError("this store was not given a way to open databases")
        at = self.source.password
        password = read_secret(at, self.visit.base, self.where).get_secret_value() if at else None

        def enter() -> OpenDatabase:
            try:
                return self.visit.closing.enter_context(
                    opener(
                        self.source.path, password, self.visit.base, limits.connect_seconds, limits.statement_seconds
                    )
                )
            except SourceError as refused:
                raise Passing(refused) if refused.error_id == UNREACHABLE else refused from None

        self._opened = persist(enter, limits)
        if self._opened.note:
            self.visit.progress(f"{self.where}: {self._opened.note}")
        return tuple(sorted(f"{domain.lower()}.ndjson" for domain in {**self.source.tables, **self.source.queries}))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The rows of a domain as Dataset-JSON, sorted.

        Raises SourceError LW-SRC-124 to 129 (no such table, permission, too slow, a wrong query, one that writes,
        another refusal), LW-SRC-130 (two columns of one name), LW-SRC-131 (a type that cannot be carried), LW-SRC-132
        (too many rows), LW-SRC-100 (too much). Nothing is tried again: that would be another state of the database.
        """
        domain = name.removesuffix(".ndjson").upper()
        database = self._opened
        if database is None:
            raise ValueError("names() opens the database")
        where = f"{self.where}, {domain}"
        table = self.source.tables.get(domain)
        answer = database.table(table, where) if table else database.query(self.source.queries[domain], where)
        spool = _Spool(self.visit, where)
        with spool.files:
            with answer as rows:
                kinds = spool.fill(rows)
            yield _header(domain, kinds, spool.count)
            yield from spool.sorted_pieces()


@dataclass
class _Spool:
    """Rows as lines in sorted runs on disk, so that memory stays flat."""

    visit: Visit
    where: str
    count: int = 0
    files: ExitStack = field(default_factory=ExitStack)
    _runs: list[Path] = field(default_factory=list)
    _lines: list[bytes] = field(default_factory=list)
    _size: int = 0

    def fill(self, rows: Rows) -> list[tuple[str, str]]:
        """Take every row; the columns with their types."""
        columns = _checked_columns(rows.columns, self.where)
        limits = self.visit.access.limits
        budget = Budget(limits)
        converted: dict[tuple[type, ...], list[tuple[int, str]]] = {}
        for row in rows:
            values, shape = list(row), tuple(map(type, row))
            if shape not in converted:
                converted[shape] = [
                    (place, columns[place][0]) for place, kind in enumerate(shape) if kind not in _PLAIN
                ]
            for place, name in converted[shape]:
                values[place] = self._carried(values[place], name)
            line = orjson.dumps(values) + b"\n"
            budget.spend(len(line), self.where)
            self._add(line)
            self.count += 1
            if self.count > limits.rows:
                raise SourceError(
                    "LW-SRC-132",
                    "there are more rows than one table or query may deliver",
                    where=self.where,
                    expected=f"at most {limits.rows:,}",
                    next_step="check the query's joins; LONGWATCH_SOURCE_ROWS allows more",
                )
            if self.count % TOLD_ROWS == 0:
                self.visit.progress(f"fetching {self.where}: {self.count:,} rows")
        return [
            (name, _kind_of(name, declared, {shape[place] for shape in converted} - {type(None)}, self.where))
            for place, (name, declared) in enumerate(columns)
        ]

    def sorted_pieces(self) -> Iterator[bytes]:
        """All lines in the order of their bytes."""
        self._lines.sort()
        opened = [self.files.enter_context(path.open("rb")) for path in self._runs]
        piece: list[bytes] = []
        size = 0
        for line in heapq.merge(*opened, self._lines):
            piece.append(line)
            size += len(line)
            if size >= PIECE_BYTES:
                yield b"".join(piece)
                piece, size = [], 0
        if piece:
            yield b"".join(piece)

    def _add(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size >= SPOOL_BYTES:
            self._lines.sort()
            path = self.visit.work / f"rows-{id(self)}-{len(self._runs)}"
            self.files.callback(path.unlink, missing_ok=True)
            path.write_bytes(b"".join(self._lines))
            self._runs.append(path)
            self._lines, self._size = [], 0

    def _carried(self, value: Any, name: str) -> Any:
        """A value as Dataset-JSON has it; texts, missing ones and truth values need no change. Decimals keep their
        digits as text; an instant is written in UTC."""
        if isinstance(value, int):
            if abs(value) > EXACT:
                raise _not_carried(self.where, name, "a whole number beyond what a double holds exactly")
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                raise _not_carried(self.where, name, "a number that is infinite or none")
            return value
        if isinstance(value, Decimal):
            if not value.is_finite():
                raise _not_carried(self.where, name, "a number that is infinite or none")
            return format(value, "f")
        if isinstance(value, datetime):
            if value.tzinfo is not None:
                return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
            return value.isoformat()
        if isinstance(value, date) or (isinstance(value, time) and value.tzinfo is None):
            return value.isoformat()
        if isinstance(value, UUID):
            return str(value)
        raise _not_carried(self.where, name, type(value).__name__)


def _checked_columns(columns: Sequence[tuple[str, str | None]], where: str) -> list[tuple[str, str | None]]:
    named = [(name.upper(), kind) for name, kind in columns]
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1 or not name})
    if twice:
        raise SourceError(
            "LW-SRC-130",
            "a column's name stands twice or is empty",
            where=where,
            expected="one name per column, capitals or not",
            found=", ".join(name or "(empty)" for name in twice[:5]),
            next_step="name each column of the query by `as`",
        )
    return named


def _kind_of(name: str, declared: str | None, types: set[type], where: str) -> str:
    """The Dataset-JSON type of a column: as its values are; where all are missing, as the database says, else text."""
    kinds = {next(kind for python, kind in _KINDS if issubclass(each, python)) for each in types}
    if not kinds:
        return declared or "string"
    if len(kinds) == 1:
        return kinds.pop()
    together = _TOGETHER.get(frozenset(kinds))
    if together is None:
        raise _not_carried(where, name, f"values of several types ({', '.join(sorted(kinds))})")
    return together


def _not_carried(where: str, name: str, found: str) -> SourceError:
    return SourceError(
        "LW-SRC-131",
        f"{name} holds what a dataset cannot carry",
        where=where,
        expected="one of text, number, truth value, date, time, datetime",
        found=found,
        next_step="convert it in a query: cast(… as text), or leave the column out",
    )


def _header(domain: str, kinds: Sequence[tuple[str, str]], count: int) -> bytes:
    columns = [
        {"itemOID": f"IT.{domain}.{name}", "name": name, "label": name, "dataType": kind}
        | ({"targetDataType": "decimal"} if kind == "decimal" else {})
        for name, kind in kinds
    ]
    document = {
        "datasetJSONCreationDateTime": NO_DATE,
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": f"IG.{domain}",
        "records": count,
        "name": domain,
        "label": domain,
        "columns": columns,
    }
    return orjson.dumps(document) + b"\n"
