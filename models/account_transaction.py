"""The part of a transaction that is about accounts, roles and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from longwatch.evidence.accounts import AccountRow, RoleGrant, SessionRow
from longwatch.evidence.audit import AuditEvent
from models import accounts as account_rows
from models.tables import accounts
from models.work import Work


class SqlAccountTransaction:
    """Who there is and who may do what; and the events that the whole transaction will write at its end."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._events: list[AuditEvent] = []

    def ensure_account(self, account: AccountRow, event: AuditEvent) -> None:
        """Register an account at its first act. One that is known stays as it is, and nothing is recorded."""
        known = select(accounts.c.name).where(accounts.c.name == account.name)
        # SQLite: the lock before the look, for its trigger refuses the second of two; PostgreSQL: the insert waits.
        if not self._work.lock(known) and account_rows.add(self._work, account):
            self._record(event)

    def add_account(self, account: AccountRow, event: AuditEvent) -> bool:
        """Register an account of its own; False where the name was ever used by another."""
        known = account_rows.lock(self._work, account.name)
        if known is None and account_rows.add(self._work, account):
            self._record(event)
            return True
        # Who waited for another that was adding it finds what that one added.
        known = known or account_rows.lock(self._work, account.name)
        if known is None or known.authenticated:
            return False
        values = account_rows.values_of(replace(account, created_at=known.created_at))
        account_rows.change(self._work, account.name, values)
        self._record(event)
        return True

    def change_account(self, name: str, event: AuditEvent | None, **values: Any) -> None:
        """Other values of an account. Without an event only what is no decision of anybody: that a password was tried,
        before it is known whether it was right (the next step records that)."""
        account_rows.change(self._work, name, values)
        if event is not None:
            self._record(event)

    def grant_role(self, grant: RoleGrant, event: AuditEvent) -> None:
        """A role that begins."""
        account_rows.add_role(self._work, grant)
        self._record(event)

    def end_roles(self, name: str, grants: Sequence[RoleGrant], event: AuditEvent) -> None:
        """Roles that end."""
        account_rows.end_roles(self._work, name, grants, event.at, event.actor)
        self._record(event)

    def open_session(self, session: SessionRow, event: AuditEvent) -> None:
        """A session that begins."""
        account_rows.add_session(self._work, session)
        self._record(event)

    def use_session(self, session_id: str, at: datetime) -> None:
        """When a session was last used; no event, since it changes nothing that anybody relies on later."""
        account_rows.use_session(self._work, session_id, at)

    def end_sessions(self, name: str, event: AuditEvent, session_id: str | None = None) -> int:
        """One open session of an account ends, or all; how many did. Where there was none, nothing is recorded."""
        ended = account_rows.end_sessions(self._work, name, event.at, session_id)
        if ended:
            self._record(event)
        return ended

    def is_closed(self) -> bool:
        """Whether a role was ever granted."""
        return account_rows.has_any_role(self._work)

    def account(self, name: str, *, for_change: bool = False) -> AccountRow | None:
        """The account of a name; `for_change`: which others wait for."""
        return account_rows.lock(self._work, name) if for_change else account_rows.read(self._work, name)

    def accounts(self, *, for_change: bool = False) -> list[AccountRow]:
        """All accounts, by name; `for_change`: others that change accounts wait."""
        if for_change:
            account_rows.lock_roles(self._work)
        return account_rows.read_all(self._work)

    def roles(self, name: str | None = None) -> list[RoleGrant]:
        """The roles of an account, or of all, those that ended included, oldest first."""
        return account_rows.read_roles(self._work, name)

    def session(self, session_id: str) -> SessionRow | None:
        """A session by its id."""
        return account_rows.read_session(self._work, session_id)

    def _record(self, event: AuditEvent) -> None:
        self._events.append(event)
