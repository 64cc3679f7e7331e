"""A question before what cannot be taken back, or touches much."""

from __future__ import annotations

import sys

import typer

from longwatch.errors import StudyError


def ask_back(words: str, where: str, beside: str = "") -> None:
    """Say what is meant, and go on only where somebody says yes. `beside`: what else may be done than to say it.
    Raises StudyError LW-CLI-011 where nobody can."""
    if not sys.stdin.isatty():
        raise StudyError(
            "LW-CLI-011",
            f"{words}, and nobody is there to confirm it",
            where=where,
            next_step=f"add --yes where that is meant{beside}",
        )
    typer.confirm(f"{words}. Go on?", abort=True)
