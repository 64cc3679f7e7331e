"""Accounts, their roles and sessions, as the registers keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, text, update

from longwatch.evidence.accounts import AccountKind, AccountRow, Role, RoleGrant, SessionRow
from models.tables import account_roles, accounts, sessions
from models.work import Work


def read(work: Work, name: str) -> AccountRow | None:
    """The account of a name."""
    rows = work.read(select(accounts).where(accounts.c.name == name))
    return _account(rows[0]) if rows else None


def lock(work: Work, name: str) -> AccountRow | None:
    """The account of a name, which nobody else changes until the transaction ends."""
    rows = work.lock(select(accounts).where(accounts.c.name == name).with_for_update(key_share=True))
    return _account(rows[0]) if rows else None


def read_all(work: Work) -> list[AccountRow]:
    """All accounts, by name."""
    return [_account(row) for row in work.read(select(accounts).order_by(accounts.c.name))]


def add(work: Work, account: AccountRow) -> bool:
    """A new account; False where the name is taken."""
    return work.add_if_absent(accounts, values_of(account))


def change(work: Work, name: str, values: dict[str, Any]) -> None:
    """Other values of an account."""
    work.change(update(accounts).where(accounts.c.name == name).values(values))


def has_any_role(work: Work) -> bool:
    """Whether a role was ever granted: from then on the registers are closed."""
    return bool(work.read(select(account_roles.c.account).limit(1)))


def read_roles(work: Work, name: str | None = None) -> list[RoleGrant]:
    """The roles of an account, or of all, those that ended included; oldest first."""
    query = select(account_roles).order_by(account_roles.c.granted_at, account_roles.c.account, account_roles.c.role)
    rows = work.read(query if name is None else query.where(account_roles.c.account == name))
    return [RoleGrant(**{**row._mapping, "role": Role(row.role)}) for row in rows]


def lock_roles(work: Work) -> None:
    """Others that change accounts wait until the transaction ends: so there is one first administrator, and always one
    left. The table is locked, not its rows: at the beginning there is none."""
    if work.is_postgres:
        work.change(text("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE"))
    else:
        work.lock(select(accounts.c.name))


def add_role(work: Work, grant: RoleGrant) -> None:
    """A role that begins."""
    work.change(insert(account_roles).values({**asdict(grant), "role": grant.role.value}))


def end_roles(work: Work, name: str, grants: Sequence[RoleGrant], at: datetime, by: str) -> None:
    """The end of roles of an account."""
    for grant in grants:
        same = (
            account_roles.c.account == name,
            account_roles.c.role == grant.role.value,
            account_roles.c.study_id == grant.study_id,
            account_roles.c.ended_at.is_(None),
        )
        work.change(update(account_roles).where(*same).values(ended_at=at, ended_by=by))


def read_session(work: Work, session_id: str) -> SessionRow | None:
    """A session."""
    rows = work.read(select(sessions).where(sessions.c.id == session_id))
    return SessionRow(**rows[0]._mapping) if rows else None


def add_session(work: Work, session: SessionRow) -> None:
    """A session that begins."""
    work.change(insert(sessions).values(asdict(session)))


def use_session(work: Work, session_id: str, at: datetime) -> None:
    """When it was last used."""
    work.change(update(sessions).where(sessions.c.id == session_id).values(used_at=at))


def end_sessions(work: Work, name: str, at: datetime, session_id: str | None = None) -> int:
    """The end of one open session of an account, or of all; how many there were."""
    same = [sessions.c.account == name, sessions.c.ended_at.is_(None)]
    if session_id is not None:
        same.append(sessions.c.id == session_id)
    return work.change(update(sessions).where(*same).values(ended_at=at))


def values_of(account: AccountRow) -> dict[str, Any]:
    """As columns."""
    return {**asdict(account), "kind": account.kind.value}


def _account(row: Row[Any]) -> AccountRow:
    return AccountRow(**{**row._mapping, "kind": AccountKind(row.kind)})
