"""Passwords proved, sessions opened and ended.

A wrong password is counted before it is known to be wrong, so that many at the same time are many. Each failure, lock,
login and logout is an audit event. What is said to whoever fails does not tell whether the account exists,
unless it is locked.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from longwatch.errors import AccessError, StudyError
from longwatch.evidence.accounts import (
    LOCKED_FOR,
    MOST_FAILURES,
    ONE_TIME_LIFE,
    AccountKind,
    AccountRow,
    SessionRow,
    check_new_password,
    locked_until,
)
from longwatch.evidence.audit import AuditEvent
from operations.access import token_id
from operations.ports import Adapters

_UNKNOWN = "unknown"
"""What the audit trail calls a name that is no account's: people type passwords into the wrong field."""


@dataclass(frozen=True)
class LoggedIn:
    """What a login came to. `token`: None where the password must be changed first."""

    account: AccountRow
    token: str | None


def login(adapters: Adapters, name: str, password: str, life: timedelta, oldest_password: timedelta) -> LoggedIn:
    """Open a session by a password. `life`: how long it lasts at most; `oldest_password`: an older one must be changed
    (zero: never).

    Raises what `prove_password` raises.
    """
    account = prove_password(adapters, name, password)
    now = adapters.clock()
    is_old = bool(oldest_password) and account.password_at is not None and now - account.password_at > oldest_password
    if account.one_time or is_old:
        return LoggedIn(account, None)
    return LoggedIn(account, open_session(adapters, account, life, "logged in", account.name))


def open_session(adapters: Adapters, account: AccountRow, life: timedelta, action: str, actor: str) -> str:
    """A session and its token, which is told once and not kept."""
    token, now = secrets.token_urlsafe(32), adapters.clock()
    session = SessionRow(token_id(token), account.name, now, now, now + life)
    said = {"session": session.id[:12], "expires_at": session.expires_at}
    with adapters.access.unguarded.transaction() as register:
        _check_still(register.account(account.name, for_change=True), account)
        register.open_session(session, AuditEvent(now, actor, action, "account", account.name, None, said))
    return token


def logout(adapters: Adapters, token: str) -> bool:
    """End the session of a token; False where it is none that is open."""
    session_id, now = token_id(token), adapters.clock()
    with adapters.access.unguarded.transaction() as register:
        session = register.session(session_id)
        if session is None:
            return False
        said = {"session": session_id[:12]}
        event = AuditEvent(now, session.account, "logged out", "account", session.account, None, said)
        return register.end_sessions(session.account, event, session_id) > 0


def change_password(adapters: Adapters, name: str, old: str, new: str) -> None:
    """A person's own password; every session of the account ends.

    Raises what `prove_password` raises, StudyError LW-ACC-011 where the new one is too easy to guess or is the old one.
    """
    check_new_password(new, name)
    account = prove_password(adapters, name, old)
    if old == new:
        raise StudyError(
            "LW-ACC-012", "the new password is the old one", where=f"account {name}", next_step="take another one"
        )
    now = adapters.clock()
    event = AuditEvent(now, name, "password changed", "account", name, {"one_time": account.one_time}, {})
    hashed = adapters.passwords.hash(new)
    with adapters.access.unguarded.transaction() as register:
        _check_still(register.account(name, for_change=True), account)
        register.change_account(name, event, password=hashed, password_at=now, one_time=False)
        register.end_sessions(name, AuditEvent(now, name, "sessions ended", "account", name))


def prove_password(adapters: Adapters, name: str, password: str) -> AccountRow:
    """The account that a name and its password prove.

    Raises AccessError LW-ACC-004 where they do not, LW-ACC-005 where the account is locked after too many tries,
    LW-ACC-006 where a one-time password was not used in time.
    """
    registers, now = adapters.access.unguarded, adapters.clock()
    with registers.transaction() as register:
        account = register.account(name, for_change=True)
        usable = account is not None and account.password is not None and account.disabled_at is None
        if account is not None and account.is_locked(now):
            register.record_read(AuditEvent(now, name, "login refused", "account", name, None, {"locked": True}))
        elif account is not None and usable:
            # Counted and locked before it is known whether it is right: many guesses at once are many.
            tried = account.failures + 1
            register.change_account(name, None, failures=tried, locked_until=locked_until(tried, now))
    if account is not None and account.is_locked(now):
        raise AccessError(
            "LW-ACC-005",
            "the account is locked after too many wrong passwords",
            where=f"account {name}",
            expected=f"at most {MOST_FAILURES} in a row",
            found=f"locked until {account.locked_until:%Y-%m-%d %H:%M} UTC",
            next_step=f"wait {LOCKED_FOR.seconds // 60} minutes, or let an administrator unlock it "
            "(`longwatch account unlock`)",
        )
    is_right = adapters.passwords.is_right(account.password if account and usable else None, password)
    if account is None or not is_right:
        _record_failure(adapters, name, account if usable else None)
        raise _wrong()
    if account.one_time and account.password_at is not None and now - account.password_at > ONE_TIME_LIFE:
        raise AccessError(
            "LW-ACC-006",
            "the one-time password was not used in time",
            where=f"account {name}",
            expected=f"within {ONE_TIME_LIFE.days} days",
            next_step="let an administrator give a new one (`longwatch account reset`)",
        )
    with registers.transaction() as register:
        register.change_account(name, None, failures=0, locked_until=None)
    return account


def _check_still(now: AccountRow | None, proved: AccountRow) -> None:
    """LW-ACC-004 where the account was reset or disabled since its password was proved."""
    if now is None or now.password != proved.password or now.disabled_at is not None:
        raise _wrong()


def _wrong() -> AccessError:
    return AccessError(
        "LW-ACC-004",
        "name or password is wrong, or the account has no password",
        where="login",
        next_step="type both again; an administrator can give a new one-time password (`longwatch account reset`)",
    )


def check_is_person(account: AccountRow) -> None:
    """AccessError LW-ACC-007 unless it is a person with a password of its own: others cannot sign."""
    if account.kind is not AccountKind.PERSON or account.password is None or account.one_time:
        raise AccessError(
            "LW-ACC-007",
            "this account cannot sign",
            where=f"account {account.name}",
            expected="a person who is logged in with a password of their own",
            found="a one-time password" if account.one_time else "no password",
            next_step="make the registers' accounts first (`longwatch account init`), and log in",
        )


def _record_failure(adapters: Adapters, name: str, account: AccountRow | None) -> None:
    now = adapters.clock()
    if account is None:
        event = AuditEvent(now, _UNKNOWN, "login failed", "account", _UNKNOWN)
        with adapters.access.unguarded.transaction() as register:
            register.record_read(event)
        return
    with adapters.access.unguarded.transaction() as register:
        counted = register.account(name, for_change=True)
        failures = counted.failures if counted else account.failures + 1
        until = locked_until(failures, now)
        register.record_read(AuditEvent(now, name, "login failed", "account", name, None, {"failures": failures}))
        if until is not None:
            event = AuditEvent(now, name, "account locked", "account", name, None, {"until": until})
            register.change_account(name, event, locked_until=until)
