"""Who may do what: accounts, roles, rights, and the rules of passwords, locks and sessions.

A right is held through a role that was granted for one study or for all of them; what is not granted is refused (21 CFR
11.10(d), 11.10(g)). Rights that no study bounds (the audit trail, the care of the archive, accounts) need a role that
was granted for all studies. Accounts are never deleted and their names never used again (11.100(a)).

Registers in which nobody was made an administrator yet are *open*: whoever uses them acts under the name of the
operating-system user, unauthenticated, and may do all but sign. The first administrator closes them for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from longwatch.errors import StudyError

ALL_STUDIES = "*"
"""In the place of a study's id: every study, those to come included."""


class AccountKind(StrEnum):
    """A person has a password and can sign; a service has tokens of a limited life and cannot."""

    PERSON = "person"
    SERVICE = "service"


class Role(StrEnum):
    """The roles of spec F.1."""

    DATA_MANAGER = "data manager"
    STATISTICIAN = "statistician"
    REGULATORY = "regulatory"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What can be allowed."""

    READ = "read"
    RUN = "run"
    FINDINGS = "decide on findings"
    REPORT = "archive reports"
    REVIEW = "sign as reviewed"
    RELEASE = "sign as released"
    AUDIT = "read the audit trail"
    CARE = "care for the archive"
    ACCOUNTS = "manage accounts"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.DATA_MANAGER: frozenset({Right.READ, Right.RUN, Right.FINDINGS}),
    Role.STATISTICIAN: frozenset({Right.READ, Right.RUN, Right.REPORT, Right.REVIEW}),
    Role.REGULATORY: frozenset({Right.READ, Right.RUN, Right.REPORT, Right.REVIEW, Right.RELEASE}),
    Role.AUDITOR: frozenset({Right.READ, Right.AUDIT, Right.CARE}),
    Role.ADMINISTRATOR: frozenset({Right.CARE, Right.ACCOUNTS}),
}
"""What each role may do. An auditor changes nothing; an administrator sees and changes no study data."""


@dataclass(frozen=True)
class AccountRow:
    """An acting account. `authenticated`: it is known by password or token, not only by the operating system's word.

    `password`: its Argon2 hash, None where it has none. `one_time`: the password must be changed at the next login.
    `failures`: wrong passwords in a row.
    """

    name: str
    authenticated: bool
    created_at: datetime
    full_name: str = ""
    kind: AccountKind = AccountKind.PERSON
    password: str | None = field(default=None, repr=False)
    password_at: datetime | None = None
    one_time: bool = False
    failures: int = 0
    locked_until: datetime | None = None
    disabled_at: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """After too many wrong passwords, for a while."""
        return self.locked_until is not None and now < self.locked_until

    def state(self, now: datetime) -> str:
        """One word for the list of accounts."""
        if self.disabled_at is not None:
            return "disabled"
        if self.is_locked(now):
            return "locked"
        if not self.authenticated:
            return "unauthenticated"
        return "one-time password" if self.one_time else "active"


@dataclass(frozen=True)
class RoleGrant:
    """A role that an account has, or had, for a study or for all."""

    account: str
    role: Role
    study_id: str
    granted_at: datetime
    granted_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None

    def held_at(self, moment: datetime) -> bool:
        """Whether it was in force then."""
        return self.granted_at <= moment and (self.ended_at is None or moment < self.ended_at)

    def in_words(self) -> str:
        """`data manager of ISLET-1`."""
        return f"{self.role} of {'all studies' if self.study_id == ALL_STUDIES else self.study_id}"


@dataclass(frozen=True)
class SessionRow:
    """A time in which an account is known by a token. `id`: the token's SHA-256; the token itself is not kept."""

    id: str
    account: str
    opened_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


def allows(grants: Iterable[RoleGrant], right: Right, study_id: str | None) -> bool:
    """Whether grants in force give a right. `study_id` None: on everything, which needs a role for all studies."""
    return any(
        right in RIGHTS[grant.role] and grant.study_id in (ALL_STUDIES, study_id)
        for grant in grants
        if grant.ended_at is None
    )


MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
ONE_TIME_LIFE = timedelta(days=7)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
USED_EVERY = timedelta(minutes=5)
"""How exactly the last use of a session is written down."""

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


def check_account_name(name: str) -> None:
    """StudyError LW-ACC-010 unless it is 2 to 32 of a to z, 0 to 9 and . _ - that begin with a letter."""
    if not _NAME.fullmatch(name):
        raise StudyError(
            "LW-ACC-010",
            "this is no name of an account",
            where=repr(name[:40]),
            expected="2 to 32 of a-z, 0-9 and . _ - beginning with a letter",
            next_step="choose another; the person's own name goes into --full-name",
        )


def check_new_password(password: str, name: str) -> None:
    """StudyError LW-ACC-011 unless it is long enough and does not hold the account's name.

    Length counts, no mixture of kinds is asked for (NIST SP 800-63B, 5.1.1.2).
    """
    wrong = ""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        wrong = f"{len(password)} characters"
    elif name.lower() in password.lower():
        wrong = "the account's name in it"
    elif len(set(password)) < 5:
        wrong = "hardly any different characters"
    if wrong:
        raise StudyError(
            "LW-ACC-011",
            "this password is too easy to guess",
            where=f"account {name}",
            expected=f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, without the account's name",
            found=wrong,
            next_step="take several words that do not belong together",
        )


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when an account with so many wrong passwords in a row takes none; None: it still does."""
    return now + LOCKED_FOR if failures >= MOST_FAILURES else None
