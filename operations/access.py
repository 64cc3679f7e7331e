"""Who acts, and what that account may do: refused unless allowed (spec F.1; 21 CFR 11.10(d), 11.10(g)).

Cases: registers in which no role was ever granted are open: whoever uses them acts under the operating-system user's
name (or LONGWATCH_USER), unauthenticated. Else the account is that of the session whose token is in the session file;
it must be known, in force and its account not disabled. A token proves the account as long as its session lasts; a
signature asks for the password again (`operations.release_report`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from longwatch.errors import AccessError
from longwatch.evidence.accounts import (
    USED_EVERY,
    AccountKind,
    AccountRow,
    Right,
    RoleGrant,
    SessionRow,
    allows,
)
from longwatch.evidence.audit import AuditEvent
from longwatch.standards.hashing import sha256_of_bytes

if TYPE_CHECKING:
    from operations.ports import Clock, Registers


class Access:
    """The acting account of this process, found when it is first asked for.

    `unguarded`: the registers without a guard, for what must work before anybody is known (login) and for accounts.
    """

    def __init__(
        self,
        unguarded: Registers,
        clock: Clock,
        unauthenticated_name: Callable[[], str],
        read_token: Callable[[], str | None],
        idle: timedelta,
    ) -> None:
        self.unguarded = unguarded
        self._clock = clock
        self._unauthenticated_name = unauthenticated_name
        self._read_token = read_token
        self._idle = idle
        self._recorded: AccessError | None = None

    @cached_property
    def is_closed(self) -> bool:
        """Whether accounts are needed."""
        with self.unguarded.transaction() as register:
            return register.is_closed()

    @cached_property
    def account(self) -> AccountRow:
        """Who acts. Raises AccessError LW-ACC-001 where no session is open, LW-ACC-002 where it is over."""
        if not self.is_closed:
            return AccountRow(self._unauthenticated_name(), authenticated=False, created_at=self._clock())
        token = self._read_token()
        if token is None:
            raise AccessError(
                "LW-ACC-001",
                "nobody is logged in, and these registers are only for accounts",
                next_step="`longwatch login`; a service gets its token by `longwatch account token`",
            )
        return self._of_session(token_id(token))

    @cached_property
    def grants(self) -> tuple[RoleGrant, ...]:
        """The roles in force of the acting account."""
        with self.unguarded.transaction() as register:
            return tuple(grant for grant in register.roles(self.account.name) if grant.ended_at is None)

    def allows(self, right: Right, study_id: str | None = None) -> bool:
        """Whether the acting account may; `study_id` None: with everything."""
        return not self.is_closed or allows(self.grants, right, study_id)

    def check(self, right: Right, study_id: str | None = None) -> None:
        """AccessError LW-ACC-003 unless the acting account may. Whoever catches it last calls `record`."""
        if not self.allows(right, study_id):
            raise self.refusal(right.value, study_id)

    def require(self, right: Right, study_id: str | None = None) -> None:
        """As `check`, and the refusal is an audit event. Never inside a transaction."""
        try:
            self.check(right, study_id)
        except AccessError as refused:
            self.record(refused)
            raise

    def refusal(self, wanted: str, study_id: str | None) -> AccessError:
        """LW-ACC-003."""
        held = ", ".join(grant.in_words() for grant in self.grants)
        return AccessError(
            "LW-ACC-003",
            f"this account may not {wanted}",
            where=f"account {self.account.name}, {f'study {study_id}' if study_id else 'all studies'}",
            found=held or "no role",
            next_step="let an administrator grant a role that may (`longwatch account grant`), or let somebody do it "
            "who has one",
        )

    def record(self, refused: AccessError) -> None:
        """The audit event of a refusal, once."""
        if refused.error_id != "LW-ACC-003" or refused is self._recorded:
            return
        self._recorded = refused
        said = {"where": refused.where, "what": refused.what}
        event = AuditEvent(self._clock(), self.account.name, "access refused", "account", self.account.name, None, said)
        with self.unguarded.transaction() as register:
            register.record_read(event)

    def _of_session(self, session_id: str) -> AccountRow:
        now = self._clock()
        with self.unguarded.transaction() as register:
            session = register.session(session_id)
            account = register.account(session.account) if session else None
            if (
                session is None
                or account is None
                or account.disabled_at
                or not self._is_in_force(session, account, now)
            ):
                raise AccessError(
                    "LW-ACC-002",
                    "the session is over",
                    where=f"account {account.name}" if account else "",
                    found="the account is disabled" if account and account.disabled_at else "",
                    next_step="`longwatch login`; a service gets its token by `longwatch account token`",
                )
            if now - session.used_at > USED_EVERY:
                register.use_session(session_id, now)
        return account

    def _is_in_force(self, session: SessionRow, account: AccountRow, now: datetime) -> bool:
        idle = account.kind is AccountKind.PERSON and now - session.used_at > self._idle
        return account.disabled_at is None and session.ended_at is None and now < session.expires_at and not idle


def token_id(token: str) -> str:
    """What the registers keep of a token."""
    return sha256_of_bytes(token.encode())
