"""Secrets of sources: read where the study file says they are, when they are needed, and never said."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from longwatch.errors import SourceError
from longwatch.study import SecretAt

MOST_BYTES = 16 * 1024


def read_secret(at: SecretAt, base: Path, where: str) -> SecretStr:
    """The secret of a variable, or of the one line of a file; the blanks and the line's end around it are not part.

    Raises SourceError LW-SRC-103 (the variable is not set or empty), LW-SRC-104 (the file cannot be read), LW-SRC-105
    (the file is not one line of text).
    """
    if at.env:
        value = os.environ.get(at.env, "").strip()
        if not value:
            raise SourceError(
                "LW-SRC-103",
                f"the variable {at.env}, which holds the secret, is not set or empty",
                where=where,
                next_step="set it where Longwatch runs, or correct `env:` in the study file",
            )
        return SecretStr(value)
    path = base / Path(at.file).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as refused:
        raise SourceError(
            "LW-SRC-104",
            f"the file with the secret cannot be read ({refused.strerror or type(refused).__name__})",
            where=f"{where}, {path}",
            next_step="check the path and who may read it, or correct `file:` in the study file",
        ) from None
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > MOST_BYTES or len(text.splitlines()) != 1:
        raise SourceError(
            "LW-SRC-105",
            "the file with the secret is not one line of text",
            where=f"{where}, {path}",
            next_step="write only the secret into it",
        )
    return SecretStr(text)
