"""Passwords as Argon2id hashes (RFC 9106, its second recommended choice), by argon2-cffi; and the file of a session."""

from __future__ import annotations

import os
import uuid
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from longwatch.errors import StoreError

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class ArgonPasswords:
    """Hashes and checks passwords. Fits the port `Passwords`."""

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher()

    def hash(self, password: str) -> str:
        """With a salt of its own and the parameters in the text."""
        return self._hasher.hash(password)

    def is_right(self, hashed: str | None, password: str) -> bool:
        """Whether a password has this hash. Where there is none it is False, after the same time."""
        from argon2.exceptions import InvalidHashError, VerificationError

        if hashed is None:
            self._hasher.hash(password)
            return False
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


class SessionFile:
    """The token of a session in a file that only its owner reads. Fits the port `SessionFile`."""

    def __init__(self, file: Path) -> None:
        self.place = str(file)
        self._file = file

    def read(self) -> str | None:
        """The token; None where nobody is logged in. StoreError LW-ACC-030 where the file cannot be read."""
        try:
            return self._file.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as refused:
            raise self._refused(refused) from refused

    def write(self, token: str) -> None:
        """In one step, readable by its owner only. StoreError LW-ACC-030."""
        staged = self._file.with_name(f".{self._file.name}.{uuid.uuid4().hex}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
                opened.write(f"{token}\n")
            staged.replace(self._file)
        except OSError as refused:
            staged.unlink(missing_ok=True)
            raise self._refused(refused) from refused

    def remove(self) -> None:
        """Log out here. StoreError LW-ACC-030."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as refused:
            raise self._refused(refused) from refused

    def _refused(self, refused: Exception) -> StoreError:
        said = refused.strerror if isinstance(refused, OSError) else "no token in it"
        return StoreError(
            "LW-ACC-030",
            f"the session's file cannot be used ({said})",
            where=self.place,
            next_step="check whose file it is, or name another one in LONGWATCH_SESSION",
        )
