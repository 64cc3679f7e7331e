"""Accounts: who there is, with which roles for which studies. Every change is an audit event.

The first administrator closes the registers; from then on only administrators change accounts, and one is always left.
Nobody changes the own roles, disables, unlocks or resets the own account. What is disabled keeps its history.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from longwatch.errors import StudyError
from longwatch.evidence.accounts import (
    ALL_STUDIES,
    AccountKind,
    AccountRow,
    Right,
    Role,
    RoleGrant,
    check_account_name,
    check_new_password,
)
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.replay import account_values, grant_values
from operations.audited import make_event
from operations.ports import Adapters, RegisterTransaction
from operations.sessions import open_session

_WORD_BYTES = 12


@dataclass(frozen=True)
class AccountShown:
    """An account with its roles at a moment."""

    account: AccountRow
    roles: tuple[RoleGrant, ...]


def close_registers(adapters: Adapters, name: str, full_name: str, password: str) -> AccountRow:
    """The first administrator, a person with a password of their own: from now on accounts are needed.

    Raises StudyError LW-ACC-013 where there is one already, LW-ACC-010, LW-ACC-011, LW-ACC-014.
    """
    check_account_name(name)
    check_new_password(password, name)
    now = adapters.clock()
    account = AccountRow(name, True, now, _full_name(full_name), password=adapters.passwords.hash(password),
                         password_at=now)  # fmt: skip
    grant = RoleGrant(name, Role.ADMINISTRATOR, ALL_STUDIES, now, name)
    with adapters.access.unguarded.transaction() as register:
        register.accounts(for_change=True)
        added = not register.is_closed() and register.add_account(account, _added(account, name))
        if added:
            register.grant_role(grant, _granted(grant))
    if not added:
        raise StudyError(
            "LW-ACC-013",
            "these registers have their administrator already",
            where=f"account {name}",
            next_step="log in (`longwatch login`); an administrator adds accounts (`longwatch account add`)",
        )
    return account


def add_account(
    adapters: Adapters,
    name: str,
    full_name: str,
    kind: AccountKind,
    roles: Sequence[Role],
    studies: Sequence[str],
) -> tuple[AccountRow, str | None]:
    """A new account, and its one-time password (a service has none). `studies`: ids, or ALL_STUDIES.

    Raises AccessError LW-ACC-003, StudyError LW-ACC-010, LW-ACC-014, LW-ACC-015 (the name was used), LW-ACC-016.
    """
    adapters.access.require(Right.ACCOUNTS)
    check_account_name(name)
    now, actor = adapters.clock(), adapters.actor.name
    password = secrets.token_urlsafe(_WORD_BYTES) if kind is AccountKind.PERSON else None
    account = AccountRow(
        name,
        True,
        now,
        _full_name(full_name),
        kind,
        adapters.passwords.hash(password) if password else None,
        now if password else None,
        one_time=password is not None,
    )
    grants = [RoleGrant(name, role, study, now, actor) for role in roles for study in _check_bounds(role, studies)]
    with adapters.access.unguarded.transaction() as register:
        if not register.is_closed():
            raise _open()
        added = register.add_account(account, _added(account, actor))
        if added:
            for grant in grants:
                register.grant_role(grant, _granted(grant))
    if not added:
        raise StudyError(
            "LW-ACC-015",
            "this name belongs, or belonged, to another account",
            where=f"account {name}",
            next_step="choose another name: no name is used twice",
        )
    return account, password


def list_accounts(adapters: Adapters, on: datetime | None = None) -> list[AccountShown]:
    """Every account there is, or was at a moment, with the roles it has, or had then.

    Raises AccessError LW-ACC-003 unless the acting account manages accounts or reads the audit trail.
    """
    if not adapters.access.allows(Right.AUDIT):
        adapters.access.require(Right.ACCOUNTS)
    moment = on or adapters.clock()
    with adapters.access.unguarded.transaction() as register:
        accounts, roles = register.accounts(), register.roles()
        event = make_event(adapters, "accounts listed", "accounts", "all", {"on": moment})
        register.record_read(event)
    return [
        AccountShown(
            replace(account, disabled_at=None) if _ended_later(account, moment) else account,
            tuple(grant for grant in roles if grant.account == account.name and grant.held_at(moment)),
        )
        for account in accounts
        if account.created_at <= moment
    ]


def grant_role(adapters: Adapters, name: str, role: Role, studies: Sequence[str], reason: str) -> None:
    """Give an account a role for studies. What it has already is left as it is."""
    now, actor = adapters.clock(), adapters.actor.name
    wanted = [RoleGrant(name, role, study, now, actor) for study in _check_bounds(role, studies)]
    with _changing(adapters, name) as (register, _account, held):
        for grant in wanted:
            if (grant.role, grant.study_id) not in {(each.role, each.study_id) for each in held}:
                register.grant_role(grant, _granted(grant, reason))


def end_role(adapters: Adapters, name: str, role: Role, studies: Sequence[str], reason: str) -> None:
    """Take a role from an account, for studies. Raises StudyError LW-ACC-018 where it has none of them."""
    with _changing(adapters, name) as (register, _account, held):
        ending = [grant for grant in held if grant.role is role and grant.study_id in studies]
        if not ending:
            raise StudyError(
                "LW-ACC-018",
                "the account does not have this role there",
                where=f"account {name}",
                expected=f"{role} of {', '.join(studies)}",
                found=", ".join(grant.in_words() for grant in held) or "no role",
                next_step="see `longwatch account list`",
            )
        said = {"roles": [grant_values(grant) for grant in ending]}
        event = replace(make_event(adapters, "role ended", "account", name, {}, reason), old=said)
        register.end_roles(name, ending, event)


def disable_account(adapters: Adapters, name: str, reason: str) -> None:
    """The account can do nothing any more; its sessions and roles end, its history stays."""
    with _changing(adapters, name) as (register, _account, held):
        event = make_event(adapters, "account disabled", "account", name, {}, reason)
        register.change_account(name, event, disabled_at=event.at)
        register.end_sessions(name, make_event(adapters, "sessions ended", "account", name, {}, reason))
        if held:
            said = {"roles": [grant_values(grant) for grant in held]}
            ended = replace(make_event(adapters, "role ended", "account", name, {}, reason), old=said)
            register.end_roles(name, held, ended)


def enable_account(adapters: Adapters, name: str, reason: str) -> str | None:
    """A disabled account again, without roles; a person gets a new one-time password, which is returned."""
    return _new_one_time_password(adapters, name, "account enabled", reason)


def reset_password(adapters: Adapters, name: str, reason: str) -> str | None:
    """A new one-time password, for who lost theirs; the account is unlocked and its sessions end."""
    return _new_one_time_password(adapters, name, "password reset", reason)


def unlock_account(adapters: Adapters, name: str, reason: str) -> None:
    """Take the lock of too many wrong passwords away."""
    with _changing(adapters, name) as (register, account, _held):
        event = make_event(adapters, "account unlocked", "account", name, {}, reason)
        event = replace(event, old={"failures": account.failures, "locked_until": account.locked_until})
        register.change_account(name, event, failures=0, locked_until=None)


def make_token(adapters: Adapters, name: str, life: timedelta) -> str:
    """A token by which a service acts until its end. Raises StudyError LW-ACC-019 for a person: they log in."""
    with _changing(adapters, name) as (_register, account, _held):
        if account.kind is not AccountKind.SERVICE:
            raise StudyError(
                "LW-ACC-019",
                "a person has no token",
                where=f"account {name}",
                expected="an account that was added with --service",
                next_step="let the person log in, or add an account for the service",
            )
    return open_session(adapters, account, life, "token made", adapters.actor.name)


def _new_one_time_password(adapters: Adapters, name: str, action: str, reason: str) -> str | None:
    with _changing(adapters, name) as (register, account, _held):
        password = secrets.token_urlsafe(_WORD_BYTES) if account.kind is AccountKind.PERSON else None
        event = make_event(adapters, action, "account", name, {"one_time": password is not None}, reason)
        values: dict[str, Any] = {"disabled_at": None} if action == "account enabled" else {}
        if password is not None:
            values |= {"password": adapters.passwords.hash(password), "password_at": event.at, "one_time": True}
        register.change_account(name, event, failures=0, locked_until=None, **values)
        register.end_sessions(name, make_event(adapters, "sessions ended", "account", name, {}, reason))
    return password


@contextmanager
def _changing(adapters: Adapters, name: str) -> Iterator[tuple[RegisterTransaction, AccountRow, list[RoleGrant]]]:
    """An account that is changed by an administrator who is another one: the transaction, the account, its roles.

    Afterwards an administrator is left, or all is undone. Raises AccessError LW-ACC-003, StudyError LW-ACC-016 (no such
    account), LW-ACC-017 (the own account), LW-ACC-020 (the last administrator), LW-ACC-022 (open registers).
    """
    adapters.access.require(Right.ACCOUNTS)
    with adapters.access.unguarded.transaction() as register:
        if not register.is_closed():
            raise _open()
        register.accounts(for_change=True)
        account = register.account(name)
        if account is None or not account.authenticated:
            raise StudyError(
                "LW-ACC-016",
                "there is no such account",
                where=f"account {name}",
                next_step="see `longwatch account list`",
            )
        if name == adapters.actor.name:
            raise StudyError(
                "LW-ACC-017",
                "nobody changes the rights of the own account",
                where=f"account {name}",
                next_step="let another administrator do it; the own password: `longwatch account password`",
            )
        yield register, account, [each for each in register.roles(name) if each.ended_at is None]
        _check_one_is_left(register, name)


def _check_one_is_left(register: RegisterTransaction, name: str) -> None:
    disabled = {account.name for account in register.accounts() if account.disabled_at is not None}
    administrators = {
        grant.account for grant in register.roles() if grant.role is Role.ADMINISTRATOR and grant.ended_at is None
    }
    if not administrators - disabled:
        raise StudyError(
            "LW-ACC-020",
            "no administrator would be left",
            where=f"account {name}",
            next_step="make another one first (`longwatch account grant`)",
        )


def _full_name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise StudyError(
            "LW-ACC-014",
            "the account has no printed name",
            where="--full-name",
            expected="the person's name as it stands under a signature, or what the service does",
            next_step="give it",
        )
    return name


def _check_bounds(role: Role, studies: Sequence[str]) -> Sequence[str]:
    """An administrator's rights are bounded by no study."""
    if role is Role.ADMINISTRATOR:
        return (ALL_STUDIES,)
    if not studies:
        raise StudyError(
            "LW-ACC-021",
            "it is not said for which study the role is",
            where=role.value,
            next_step="give --study STUDY-ID (it may be given again), or --all-studies",
        )
    return tuple(dict.fromkeys(studies))


def _open() -> StudyError:
    return StudyError(
        "LW-ACC-022",
        "these registers have no accounts yet: whoever uses them acts unauthenticated",
        next_step="make the first administrator: `longwatch account init`",
    )


def _ended_later(account: AccountRow, moment: datetime) -> bool:
    return account.disabled_at is not None and account.disabled_at > moment


def _added(account: AccountRow, actor: str) -> AuditEvent:
    said = account_values(account)
    return AuditEvent(account.created_at, actor, "account added", "account", account.name, None, said)


def _granted(grant: RoleGrant, reason: str = "") -> AuditEvent:
    return AuditEvent(
        grant.granted_at, grant.granted_by, "role granted", "account", grant.account, None, grant_values(grant), reason
    )
