"""Asking for a password: unseen at a terminal, else a line of standard input."""

from __future__ import annotations

import getpass
import sys

from longwatch.errors import StudyError


def ask_password(prompt: str, *, twice: bool = False) -> str:
    """A password. `twice`: at a terminal it is asked again, so that a slip of the finger is noticed.

    What was typed before is not said again: it may be a password in the wrong field. Raises StudyError LW-CLI-013 where
    none is given, LW-CLI-014 where the second is another.
    """
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass(f"{prompt}: ")
        if twice and password != getpass.getpass(f"{prompt}, again: "):
            raise StudyError("LW-CLI-014", "the two are not the same", where=prompt, next_step="run the command again")
    if not password:
        raise StudyError(
            "LW-CLI-013",
            "no password was given",
            where="password",
            next_step="type it; on standard input an account, where one is asked, and the password are a line each",
        )
    return password


def ask_account(prompt: str) -> str:
    """The name of an account, typed by whoever signs; else a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return input(f"{prompt}: ").strip()
