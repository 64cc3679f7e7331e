"""The registers as one thing: a database by its URL, ready at first use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from longwatch.errors import StoreError
from models.engine import make_engine, parse_url, place_of, sqlite_file
from models.refusals import in_our_words
from models.schema import HEAD, bring_up_to_date, check_known, read_revision
from models.transaction import SqlTransaction
from models.work import Work

LOCK_TIMEOUT = 30.0
"""Seconds that a process waits for another one before it says so."""


class SqlRegisters:
    """Accounts, studies, snapshots, runs, findings, reports and the audit log, on SQLite or PostgreSQL.

    Nothing is opened before the first transaction; that one makes or raises the schema. Threads and processes may
    share the database. Raises StoreError LW-REG-001 where the URL names no database that can be used.
    """

    def __init__(self, url: str, lock_timeout: float = LOCK_TIMEOUT) -> None:
        self._url = parse_url(url)
        self._engine = make_engine(self._url, lock_timeout)
        self._ready = False
        self._preparing = Lock()

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """All or nothing. Ends with commit; with an exception, rollback.

        Raises StoreError LW-REG-002 to LW-REG-012 by cause (`refusals`), IntegrityError LW-REG-010 and from
        LW-REG-013 on where something kept is damaged or a rule of the registers would be broken.
        """
        self.upgrade()
        work = Work(self._engine)
        try:
            transaction = SqlTransaction(work)
            yield transaction
            transaction.commit()
        finally:
            work.close()

    def check(self) -> str:
        """Where the registers are and their schema revision, without making or changing anything.

        An SQLite file that is not there yet is no fault where it can be made. Raises StoreError as `transaction` does.
        """
        place = place_of(self._url)
        file = sqlite_file(self._url)
        if file is not None and not file.exists():
            _check_can_be_made(file, place)
            return f"{place}: not made yet (will be at first use)"
        with in_our_words(place):
            revision = read_revision(self._engine)
        check_known(self._engine, revision)
        if revision == HEAD:
            return f"{place} at schema revision {HEAD}"
        return f"{place} at schema revision {revision or 'none'} (will be raised to {HEAD} at first use)"

    def upgrade(self) -> str:
        """Make the registers, or raise their schema to this code's; the revision they then have."""
        with self._preparing:
            if not self._ready:
                file = sqlite_file(self._url)
                if file is not None:
                    _make_folder(file, place_of(self._url))
                bring_up_to_date(self._engine)
                self._ready = True
        return HEAD

    def close(self) -> None:
        """Give all connections back. The registers can be used again afterwards."""
        self._engine.dispose()


def upgrade(url: str) -> str:
    """Make the registers of a URL, or raise their schema to this code's; the revision they then have."""
    registers = SqlRegisters(url)
    try:
        return registers.upgrade()
    finally:
        registers.close()


def _make_folder(file: Path, place: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise _no_folder(file, place, refused.strerror or type(refused).__name__) from refused


def _check_can_be_made(file: Path, place: str) -> None:
    nearest = next(folder for folder in file.absolute().parents if folder.exists())
    if not nearest.is_dir():
        raise _no_folder(file, place, f"{nearest} is no folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _no_folder(file, place, f"no right to write in {nearest}")


def _no_folder(file: Path, place: str, found: str) -> StoreError:
    return StoreError(
        "LW-REG-023",
        "the folder of the registers cannot be made or written",
        where=place,
        expected=f"a writable folder {file.parent}",
        found=found,
        next_step="make it, give the account that runs Longwatch the right to write there, or choose another",
    )
