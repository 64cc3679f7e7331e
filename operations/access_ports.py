"""What knowing who acts needs from the world, as Protocols (see `operations.ports`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from longwatch.evidence.accounts import AccountRow, RoleGrant, SessionRow
    from longwatch.evidence.audit import AuditEvent


class Passwords(Protocol):
    """Passwords, of which only hashes are kept."""

    def hash(self, password: str) -> str:
        """Slow on purpose; another text each time."""
        ...

    def is_right(self, hashed: str | None, password: str) -> bool:
        """Whether a password has this hash; where there is none, False after the same time."""
        ...


class SessionFile(Protocol):
    """Where the token of this user's session is."""

    def read(self) -> str | None:
        """The token; None where nobody is logged in."""
        ...

    def write(self, token: str) -> None:
        """Keep a token, for its owner's eyes only."""
        ...

    def remove(self) -> None:
        """Forget it."""
        ...


class AccountTransaction(Protocol):
    """The part of a transaction of the registers that is about accounts. The guard refuses all of it but `is_closed`:
    `operations.accounts` and `operations.sessions` ask for themselves."""

    def add_account(self, account: AccountRow, event: AuditEvent) -> bool:
        """False where the name was ever used by another."""
        ...

    def change_account(self, name: str, event: AuditEvent | None, **values: Any) -> None: ...
    def grant_role(self, grant: RoleGrant, event: AuditEvent) -> None: ...
    def end_roles(self, name: str, grants: Sequence[RoleGrant], event: AuditEvent) -> None: ...
    def open_session(self, session: SessionRow, event: AuditEvent) -> None: ...
    def use_session(self, session_id: str, at: datetime) -> None: ...
    def end_sessions(self, name: str, event: AuditEvent, session_id: str | None = None) -> int:
        """One open session of an account, or all; how many ended."""
        ...

    def is_closed(self) -> bool:
        """Whether a role was ever granted: then accounts are needed."""
        ...

    def account(self, name: str, *, for_change: bool = False) -> AccountRow | None: ...
    def accounts(self, *, for_change: bool = False) -> list[AccountRow]: ...
    def roles(self, name: str | None = None) -> list[RoleGrant]:
        """Those that ended included."""
        ...

    def session(self, session_id: str) -> SessionRow | None: ...
