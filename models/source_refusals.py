"""What a database that is a source refuses, in words: by cause, and never a value of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from longwatch.errors import SourceError


class _Cause(NamedTuple):
    error_id: str
    what: str
    next_step: str


_UNREACHABLE = _Cause(
    "LW-SRC-120", "the database does not answer, or breaks off", "check host, port and network; pull again"
)
_NOT_READABLE = _Cause(
    "LW-SRC-121",
    "this is no database that can be read here",
    "correct the address (postgresql://user@host/name, sqlite:///file.db), or have its driver installed",
)
_LOGIN = _Cause(
    "LW-SRC-122", "the database refuses this user", "check the user in `path:` and the secret that `password:` names"
)
_NO_DATABASE = _Cause("LW-SRC-123", "the server has no such database", "correct its name in `path:`")
_NO_TABLE = _Cause(
    "LW-SRC-124",
    "there is no such table or column",
    "correct `tables:` or `queries:`; names are written as the database stores them, with their schema",
)
_PERMISSION = _Cause("LW-SRC-125", "this user may not read that", "have the user granted SELECT on it")
_SLOW = _Cause(
    "LW-SRC-126",
    "the database took too long",
    "make the query quicker, pull at a quieter hour, or raise LONGWATCH_SOURCE_STATEMENT_SECONDS",
)
_WRONG = _Cause("LW-SRC-127", "the database does not understand the query", "correct it in `queries:`")
_WRITES = _Cause("LW-SRC-128", "the query would change the database", "give a query that only reads")
_REFUSED = _Cause(
    "LW-SRC-129", "the database refused", "look the code up in its manual, or try the query there; pull again"
)
_NOT_CARRIED = _Cause(
    "LW-SRC-131",
    "a date is one that a dataset cannot carry",
    "convert it in a query: cast(… as text), or leave the column out",
)

# By SQLSTATE or its class, the longest beginning that fits (PostgreSQL manual, appendix A).
_STATES = {
    "08": _UNREACHABLE, "57P": _UNREACHABLE, "53300": _UNREACHABLE, "28": _LOGIN, "3D": _NO_DATABASE,
    "42P01": _NO_TABLE, "42703": _NO_TABLE, "3F": _NO_TABLE, "42501": _PERMISSION, "57014": _SLOW, "42": _WRONG,
    "25006": _WRITES,
}  # fmt: skip
# What SQLite and a refused connection to PostgreSQL say has no code of its own.
_WORDS = {
    "no such table": _NO_TABLE, "no such column": _NO_TABLE, "syntax error": _WRONG, "incomplete input": _WRONG,
    "one statement at a time": _WRONG, "interrupted": _SLOW, "readonly database": _WRITES,
    "authentication failed": _LOGIN, "no pg_hba.conf entry": _LOGIN, "no password supplied": _LOGIN,
    'role "': _LOGIN, "access denied for user": _LOGIN, 'database "': _NO_DATABASE, "unknown database": _NO_DATABASE,
    "not a database": _NOT_READABLE, "unable to open database": _UNREACHABLE,
    "data-modifying": _WRITES, "after year 10k": _NOT_CARRIED, "before year 1": _NOT_CARRIED,
}  # fmt: skip
_SAID = {_NO_TABLE, _WRONG, _PERMISSION, _NO_DATABASE}
"""Causes whose words name tables and columns; those of others may repeat a value."""


def unreachable(where: str, found: str) -> SourceError:
    """LW-SRC-120."""
    return _error(_UNREACHABLE, where, found)


def not_readable(where: str, found: str) -> SourceError:
    """LW-SRC-121."""
    return _error(_NOT_READABLE, where, found)


def too_slow(where: str) -> SourceError:
    """LW-SRC-126."""
    return _error(_SLOW, where, "")


@contextmanager
def refusals_in_words(where: str, *, connecting: bool = False) -> Iterator[None]:
    """What a database refuses inside becomes the SourceError of its cause; `connecting`: else it is unreachable."""
    try:
        yield
    except DBAPIError as refused:
        raise _error(*_cause(refused, where, connecting)) from None
    except SQLAlchemyError as failed:
        raise _error(_REFUSED, where, type(failed).__name__) from None


def _cause(refused: DBAPIError, where: str, connecting: bool) -> tuple[_Cause, str, str]:
    original = refused.orig
    state = str(getattr(original, "sqlstate", None) or "")
    fitting = [beginning for beginning in _STATES if state.startswith(beginning)]
    words = str(original).lower()
    cause = _STATES[max(fitting, key=len)] if fitting else None
    if cause is None:
        cause = next((known for part, known in _WORDS.items() if part in words), None)
    if cause is None and (connecting or refused.connection_invalidated):
        cause = _UNREACHABLE
    if cause is None:
        cause = _REFUSED
    return cause, where, _found(original, state, cause)


def _found(original: BaseException | None, state: str, cause: _Cause) -> str:
    if cause in _SAID:
        diagnosis = getattr(original, "diag", None)
        said = str(getattr(diagnosis, "message_primary", None) or original)
        return next((line.strip() for line in said.splitlines() if line.strip()), "")[:160]
    return f"SQLSTATE {state}" if state else type(original).__name__


def _error(cause: _Cause, where: str, found: str) -> SourceError:
    return SourceError(cause.error_id, cause.what, where=where, found=found, next_step=cause.next_step)
