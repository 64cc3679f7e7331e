"""What a database refuses, in words: each cause its own id, one line, a next step, and never a value of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, TimeoutError

from longwatch.errors import IntegrityError, LongwatchError, StoreError


class _Cause(NamedTuple):
    error_id: str
    what: str
    next_step: str
    kind: type[LongwatchError] = StoreError


_UNREACHABLE = _Cause(
    "LW-REG-002",
    "the registers' database cannot be reached",
    "check that the path or server of LONGWATCH_DATABASE_URL exists and answers, then run again",
)
_LOGIN = _Cause(
    "LW-REG-003",
    "the database server refuses this user",
    "correct user and password in LONGWATCH_DATABASE_URL, or have the user admitted in pg_hba.conf",
)
_NO_DATABASE = _Cause(
    "LW-REG-004",
    "the server has no such database",
    "create it (createdb) or correct its name in LONGWATCH_DATABASE_URL",
)
_LOCKED = _Cause(
    "LW-REG-005",
    "another process holds the registers and did not let go in time",
    "wait for the other run to end, then run again; nothing was changed",
)
_PERMISSION = _Cause(
    "LW-REG-006",
    "this user may not write the registers",
    "give the account that runs Longwatch the right to create and write there",
)
_FULL = _Cause(
    "LW-REG-008",
    "the disk of the registers is full or fails",
    "free space or replace the disk, then run again; nothing was changed",
)
_NOT_DATABASE = _Cause(
    "LW-REG-009",
    "the file is not an SQLite database",
    "point LONGWATCH_DATABASE_URL to another file; this one was left as it is",
)
_CORRUPT = _Cause(
    "LW-REG-010",
    "the database file is damaged",
    "stop, keep the file as it is, and restore the registers from a backup",
    IntegrityError,
)
_CONFLICT = _Cause(
    "LW-REG-011",
    "another process changed the same rows at the same time",
    "run again; nothing was changed",
)
_LOST = _Cause(
    "LW-REG-012",
    "the database server ended the connection",
    "check the server, then run again; nothing was changed",
)
_UNKNOWN_THING = _Cause(
    "LW-REG-013",
    "a row names an account, study, snapshot, run or report that is not registered",
    "register what it names first; nothing was changed",
    IntegrityError,
)
_TWICE = _Cause(
    "LW-REG-014",
    "a row of that id is already registered",
    "use a new id; nothing was changed",
    IntegrityError,
)
_APPEND_ONLY = _Cause(
    "LW-REG-015",
    "the database refused to change what may only be added to (audit log, history of findings)",
    "find out who tried; nothing was changed",
    IntegrityError,
)
_NOT_ALLOWED = _Cause(
    "LW-REG-016",
    "a row is not one that the registers may hold",
    "send this message to the developers; nothing was changed",
    IntegrityError,
)

APPEND_ONLY_STATE = "LW015"
"""The SQLSTATE that our PostgreSQL triggers raise with."""

# By the name of SQLite's result code, the longest beginning that fits (https://sqlite.org/rescode.html).
_SQLITE = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_CANTOPEN": _UNREACHABLE,
    "SQLITE_READONLY": _PERMISSION,
    "SQLITE_PERM": _PERMISSION,
    "SQLITE_AUTH": _PERMISSION,
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": _FULL,
    "SQLITE_NOTADB": _NOT_DATABASE,
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_CONSTRAINT_FOREIGNKEY": _UNKNOWN_THING,
    "SQLITE_CONSTRAINT_UNIQUE": _TWICE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": _TWICE,
    "SQLITE_CONSTRAINT_TRIGGER": _APPEND_ONLY,
    "SQLITE_CONSTRAINT": _NOT_ALLOWED,
}

# By SQLSTATE or its class (PostgreSQL manual, appendix A).
_POSTGRES = {
    APPEND_ONLY_STATE: _APPEND_ONLY,
    "08": _UNREACHABLE,
    "25006": _PERMISSION,
    "28": _LOGIN,
    "3D": _NO_DATABASE,
    "42501": _PERMISSION,
    "23503": _UNKNOWN_THING,
    "23505": _TWICE,
    "23": _NOT_ALLOWED,
    "40": _CONFLICT,
    "53": _FULL,
    "55P03": _LOCKED,
    "57P": _LOST,
    "58": _FULL,
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
}

# A refused connection carries no SQLSTATE: libpq gives only the server's words.
_POSTGRES_LOGIN_WORDS = ("authentication failed", "no pg_hba.conf entry", "no password supplied", "role ")


@contextmanager
def in_our_words(place: str, driver_error: type[Exception] = DBAPIError) -> Iterator[None]:
    """What a database refuses inside the block leaves it as one of our errors.

    `driver_error`: the driver's own base error, where the block speaks to the driver directly. A refusal that is none
    of the known causes passes unchanged: it is a fault of ours. The original is not chained: PostgreSQL repeats the
    failing row, which may be a patient's.
    """
    try:
        yield
    except TimeoutError:
        raise _error(_LOCKED, place, "all connections of this process are in use") from None
    except (DBAPIError, driver_error) as refused:
        original = refused.orig if isinstance(refused, DBAPIError) else refused
        lost = isinstance(refused, DBAPIError) and refused.connection_invalidated
        cause = _cause_of(original, lost)
        if cause is None:
            raise
        raise _error(cause, place, _found(original)) from None


def _cause_of(refused: BaseException | None, lost: bool) -> _Cause | None:
    name = getattr(refused, "sqlite_errorname", None)
    if name is not None:
        return _by_longest_beginning(_SQLITE, name)
    state = getattr(refused, "sqlstate", None)
    if state is not None:
        return _by_longest_beginning(_POSTGRES, state)
    if not any(kind.__name__ == "OperationalError" for kind in type(refused).__mro__):
        return None
    if lost:
        return _LOST
    words = str(refused)
    if "does not exist" in words and "database " in words:
        return _NO_DATABASE
    if any(word in words for word in _POSTGRES_LOGIN_WORDS):
        return _LOGIN
    return _UNREACHABLE


def _by_longest_beginning(causes: dict[str, _Cause], code: str) -> _Cause | None:
    fitting = [beginning for beginning in causes if code.startswith(beginning)]
    return causes[max(fitting, key=len)] if fitting else None


def _found(refused: BaseException | None) -> str:
    """What the database said; of a broken constraint only its name, since the rest repeats the row."""
    diagnosis = getattr(refused, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None)
    if constraint:
        return str(constraint)
    primary = getattr(diagnosis, "message_primary", None)
    return next((line.strip() for line in str(primary or refused).splitlines() if line.strip()), "no further word")


def _error(cause: _Cause, place: str, found: str) -> LongwatchError:
    return cause.kind(cause.error_id, cause.what, where=place, found=found, next_step=cause.next_step)
